// Two configurations compared, property by property: the one that is declared now with the one that was applied.
import type { JsonObject, JsonValue } from '../spec/parse/value.ts';
import { isObject } from '../spec/parse/value.ts';
import { pointerPart } from '../spec/parse/position.ts';

/** A property that is another one in the other configuration. Pointers are those of the declared one. */
export interface ConfigDifference {
  readonly pointer: string;
  readonly declared: string;
  readonly applied: string;
}

/** Lists whose elements are known by a member, whatever their order. */
const keyed: Readonly<Record<string, string>> = { '/linux/namespaces': 'type', '/process/rlimits': 'type',
  '/linux/devices': 'path' };

/** Lists that are sets. */
const sets = /^\/process\/capabilities\/|^\/process\/user\/additionalGids$|^\/linux\/(masked|readonly)Paths$/;

/** What is other in a configuration than in the one before. */
export function compareConfigs(declared: JsonValue, applied: JsonValue): ConfigDifference[] {
  const found: ConfigDifference[] = [];
  compare(declared, applied, '', '', found);
  return found;
}

function compare(
  now: JsonValue | undefined,
  before: JsonValue | undefined,
  pointer: string,
  parent: string,
  found: ConfigDifference[],
): void {
  if (isObject(now) && isObject(before)) return compareObjects(now, before, pointer, found);
  if (Array.isArray(now) && Array.isArray(before)) return compareLists(now, before, pointer, found);
  if (textOf(now) === textOf(before)) return;
  // What is no longer declared has no place but what it was in.
  const name = now === undefined ? `${pointer.slice(pointer.lastIndexOf('/') + 1)} ` : '';
  found.push({ pointer: now === undefined ? parent : pointer, declared: `${name}${textOf(now)}`,
    applied: `${name}${textOf(before)}` });
}

function compareObjects(now: JsonObject, before: JsonObject, pointer: string, found: ConfigDifference[]): void {
  for (const key of new Set([...Object.keys(now), ...Object.keys(before)]))
    compare(now[key], before[key], `${pointer}/${pointerPart(key)}`, pointer, found);
}

function compareLists(now: JsonValue[], before: JsonValue[], pointer: string, found: ConfigDifference[]): void {
  const key = keyed[pointer];
  const keyOf = key !== undefined
    ? (value: JsonValue): string => (isObject(value) ? textOf(value[key]) : textOf(value))
    : sets.test(pointer)
    ? textOf
    : undefined;
  if (keyOf === undefined) {
    for (let index = 0; index < Math.max(now.length, before.length); index++)
      compare(now[index], before[index], `${pointer}/${index}`, pointer, found);
    return;
  }
  const old = new Map(before.map((value) => [keyOf(value), value]));
  now.forEach((value, index) => compare(value, old.get(keyOf(value)), `${pointer}/${index}`, pointer, found));
  const kept = new Set(now.map(keyOf));
  for (const [name, value] of old) {
    if (!kept.has(name)) found.push({ pointer, declared: 'none', applied: textOf(value) });
  }
}

function textOf(value: JsonValue | undefined): string {
  if (value === undefined) return 'none';
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
}
