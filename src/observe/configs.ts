// Two configurations compared, property by property: the one that is declared now with the one that was applied.
import type { JsonObject, JsonValue } from '../spec/parse/value.ts';
import { isObject } from '../spec/parse/value.ts';
import { pointerPart } from '../spec/parse/position.ts';

/** A property that is another one in the other configuration. Pointers are those of the declared one. */
export interface ConfigDifference {
  readonly pointer: string;
  /** Its pointer in the configuration that has it: the applied one when it is no longer declared. */
  readonly property: string;
  readonly removed: boolean;
  readonly declared: string;
  readonly applied: string;
}

/** Lists whose elements are known by a member, whatever their order. */
const keyed: Readonly<Record<string, string>> = { '/linux/namespaces': 'type', '/process/rlimits': 'type',
  '/linux/devices': 'path', '/mounts': 'destination' };

/** Of these the order matters. */
const ordered = '/mounts';

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
  const removed = now === undefined;
  const name = removed ? `${pointer.slice(pointer.lastIndexOf('/') + 1)} ` : '';
  found.push({ pointer: removed ? parent : pointer, property: pointer, removed, declared: `${name}${textOf(now)}`,
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
  const names = namesOf(now, keyOf), oldNames = namesOf(before, keyOf);
  const known = new Set(names), places = new Map(oldNames.map((name, index) => [name, index]));
  now.forEach((value, index) => {
    const old = places.get(names[index]!);
    compare(value, old === undefined ? undefined : before[old], `${pointer}/${index}`, pointer, found);
  });
  before.forEach((value, index) => {
    if (known.has(oldNames[index]!)) return;
    found.push({ pointer, property: `${pointer}/${index}`, removed: true, declared: 'none', applied: textOf(value) });
  });
  if (pointer !== ordered) return;
  const common = names.filter((name) => places.has(name)).join(' ');
  const oldCommon = oldNames.filter((name) => known.has(name)).join(' ');
  if (common !== oldCommon)
    found.push({ pointer, property: pointer, removed: false, declared: common, applied: oldCommon });
}

/** The names of elements, each once: of two of one name the second is another one. */
function namesOf(list: JsonValue[], keyOf: (value: JsonValue) => string): string[] {
  const seen = new Map<string, number>();
  return list.map((value) => {
    const name = keyOf(value);
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name} (${count})`;
  });
}

/** A value as JSON text; `none` when it is absent. */
export function textOf(value: JsonValue | undefined): string {
  if (value === undefined) return 'none';
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
}
