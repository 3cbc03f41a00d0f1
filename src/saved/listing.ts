// A plan as plain data for people and policies: what `plan --json` prints and a saved plan holds.
import { printable } from '../diagnostic/marks.ts';
import { concernOf } from '../plan/explain.ts';
import type { Operation, Plan } from '../generated/plan.ts';
import { isObject, type JsonObject, type JsonValue } from '../spec/parse/value.ts';

/** An operation with its concern and, where it comes from the configuration, its line there; `op` and `from` are texts. */
export type ListedOperation = JsonObject;

/** The programs of a plan by name. */
export type Listing = Readonly<Record<string, readonly ListedOperation[]>>;

/** How a plan is listed. */
export interface ListingOptions {
  /** The line of a pointer in the configuration, 0 where it has none. */
  readonly lineOf: (pointer: string) => number;
  /** Digest of a text, for programs of the kernel. */
  readonly digest: (text: string) => string;
  /** Leaves out the values of environment variables, of the program and of hooks. */
  readonly redactEnv: boolean;
}

/** What stands for a value that is left out. */
const redacted = '(redacted)';

/** Lists a plan. Programs of the kernel become their size and digest, integers beyond 2^53 texts. */
export function listPlan({ programs }: Plan, options: ListingOptions): Listing {
  const lists = (Object.entries(programs) as [string, readonly Operation[]][]).map(([name, list]) => {
    const listed = list.map((operation): ListedOperation => {
      const line = options.lineOf(operation.from);
      const own = plain(operation, options) as ListedOperation;
      return { concern: concernOf(operation.from), ...(line === 0 ? {} : { line }), ...own };
    });
    return [name, listed] as const;
  });
  return Object.fromEntries(lists);
}

function plain(value: unknown, options: ListingOptions): JsonValue {
  if (value instanceof Uint8Array) return { bytes: value.length, digest: options.digest(textOf(value)) };
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map((item) => plain(item, options));
  if (typeof value !== 'object' || value === null) return value as JsonValue;
  const members: JsonObject = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    members[key] = key === 'env' && options.redactEnv
      ? (member as readonly string[]).map(nameOf)
      : plain(member, options);
  }
  return members;
}

/** A listing without the values of environment variables. */
export function redactListing(listing: Listing): Listing {
  return changed(listing as JsonObject,
    (key, value) => key === 'env' && Array.isArray(value) ? (value as string[]).map(nameOf) : undefined) as Listing;
}

/** A listing from anywhere as a terminal may show it. */
export function printableListing(listing: Listing): Listing {
  return changed(listing as JsonObject,
    (_, value) => typeof value === 'string' ? printable(value.trimEnd().replaceAll('\n', ' ')) : undefined) as Listing;
}

/** A copy in which values are replaced for which `change` has another one. */
function changed(
  value: JsonValue,
  change: (key: string, value: JsonValue) => JsonValue | undefined,
  key = '',
): JsonValue {
  const other = change(key, value);
  if (other !== undefined) return other;
  if (Array.isArray(value)) return value.map((item) => changed(item, change, key));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, changed(member, change, name)]));
}

/** A variable without its value. */
function nameOf(entry: string): string {
  const end = entry.indexOf('=');
  return end < 0 ? entry : `${entry.slice(0, end + 1)}${redacted}`;
}

/** Each byte as the character of its number. */
export function textOf(bytes: Uint8Array): string {
  const step = 4096;
  let text = '';
  for (let begin = 0; begin < bytes.length; begin += step)
    text += String.fromCharCode(...bytes.subarray(begin, begin + step));
  return text;
}
