// The file of a saved plan: a JSON text that says what it holds for, and the plan in the form of `plan --json`. It ends in its own
// SHA-256. Nothing of it is ever executed: it is compared with what the engine makes of the same configuration (verify.ts).
import type { Host } from '../engine/protocol.ts';
import { parseDocument } from '../spec/parse/parse.ts';
import { isObject, type JsonObject, type JsonValue } from '../spec/parse/value.ts';
import type { HostFacts } from '../generated/protocol.ts';
import { readHostFacts } from '../generated/read-protocol.ts';
import type { Flags } from '../plan/context.ts';
import type { Listing } from './listing.ts';

/** The form that this version writes and reads. */
export const savedForm = 1;

/** Which directory the root file system is, by device and inode; null when there was none. */
export type RootIdentity = { readonly path: string; readonly identity: string } | null;

/** What a plan is bound to besides the host. */
export interface SavedHead {
  readonly savedPlan: number;
  /** Version of veloci. */
  readonly veloci: string;
  /** Hash of the schema of plans. */
  readonly schema: string;
  /** The boot (/proc/sys/kernel/random/boot_id), and microseconds since then. */
  readonly boot: string;
  readonly time: number;
  /** 32 hexadecimal digits that no other plan has. */
  readonly nonce: string;
  /** The only container that it is for; null = any one. */
  readonly id: string | null;
  /** The runtime under whose name it was made; null = its own. */
  readonly peer: string | null;
  readonly bundle: string;
  readonly config: { readonly name: string; readonly sha256: string };
  readonly root: RootIdentity;
  readonly flags: Omit<Flags, 'detach'>;
  readonly env: 'redacted' | 'included';
}

/** A saved plan. All but the facts must be made again, letter for letter, when it is used. */
export interface SavedPlan extends SavedHead {
  /** Digest of the encoded plan: that of its bytes as characters. */
  readonly digest: string;
  readonly summary: readonly (readonly [label: string, words: string])[];
  readonly plan: Listing;
  /** What the plan may depend on of the host. */
  readonly facts: HostFacts;
}

const before = ',\n "sha256": "';
const behind = '"\n}\n';
const digits = 64;

/** The file of a saved plan. */
export function savedText(saved: SavedPlan, host: Pick<Host, 'sha256'>): string {
  const body = JSON.stringify(saved, null, 1).slice(0, -'\n}'.length);
  return body + before + host.sha256(body) + behind;
}

/** The first member of the file. */
const beginning = '{\n "savedPlan": ';

/** Whether bytes begin like a saved plan: configurations do not. */
export function isSavedPlan(bytes: Uint8Array): boolean {
  return beginning.length <= bytes.length &&
    [...beginning].every((letter, index) => bytes[index] === letter.charCodeAt(0));
}

/** Why a file is no saved plan that can be read. */
export class NotSaved extends Error {}

/**
 * Reads the file of a saved plan. It may come from anybody: only its form is known afterwards.
 *
 * @returns what it holds, and its whole text
 * @throws NotSaved with the reason in words
 */
export function readSaved(bytes: Uint8Array, host: Pick<Host, 'scan' | 'sha256'>): { saved: SavedPlan; text: string } {
  if (!isSavedPlan(bytes)) throw new NotSaved('it does not begin like one');
  const document = parseDocument(bytes, host, 'plan');
  if ('error' in document) throw new NotSaved(document.text === undefined ? 'it is not UTF-8' : document.error.message);
  const { text, value } = document;
  if (!isObject(value)) throw new NotSaved('it is no JSON object');
  if (value['savedPlan'] !== savedForm)
    throw new NotSaved(`its form is ${String(value['savedPlan'])}; this version of veloci reads ${savedForm}`);
  const end = text.length - behind.length - digits;
  if (!text.endsWith(behind) || text.slice(end - before.length, end) !== before)
    throw new NotSaved('its end is missing');
  if (host.sha256(text.slice(0, end - before.length)) !== text.slice(end, end + digits))
    throw new NotSaved('its content is not that of its SHA-256: it was damaged or changed');
  return { saved: checked(value), text };
}

type Check = (value: JsonValue | undefined) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isTextOrNull: Check = (value) => value === null || isText(value);
const isCount: Check = (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isPair: Check = (value) => Array.isArray(value) && value.length === 2 && value.every(isText);

function has(members: Readonly<Record<string, Check>>): Check {
  return (value) => isObject(value) && Object.entries(members).every(([name, check]) => check(value[name]));
}

const isOperation: Check = (value) => {
  if (!has({ op: isText, from: isText, concern: isText })(value)) return false;
  const { line } = value as JsonObject;
  return line === undefined || isCount(line);
};

const form: Readonly<Record<string, Check>> = {
  veloci: isText,
  schema: isText,
  boot: isText,
  time: isCount,
  nonce: (value) => typeof value === 'string' && /^[0-9a-f]{32}$/.test(value),
  id: isTextOrNull,
  peer: isTextOrNull,
  bundle: (value) => typeof value === 'string' && value.startsWith('/'),
  config: has({ name: isText, sha256: isText }),
  root: (value) => value === null || has({ path: isText, identity: isText })(value),
  flags: (value) => isObject(value),
  env: (value) => value === 'redacted' || value === 'included',
  digest: isText,
  summary: (value) => Array.isArray(value) && value.every(isPair),
  plan: (value) =>
    isObject(value) && Object.values(value).every((list) => Array.isArray(list) && list.every(isOperation)),
};

function checked(value: JsonObject): SavedPlan {
  for (const [name, check] of Object.entries(form))
    if (!check(value[name])) throw new NotSaved(`its member "${name}" is not what it should be`);
  try {
    readHostFacts(value['facts']);
  } catch {
    throw new NotSaved('its member "facts" is not what it should be');
  }
  return value as unknown as SavedPlan;
}
