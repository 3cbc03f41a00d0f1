// What an update makes of the resources that a container has: absent and zero leave a value alone, lists with one
// entry for each device, page size or interface take the new entries in.
import type { Resources } from '../../generated/config.ts';
import { pointerPart } from '../../spec/parse/position.ts';

/** JSON pointer of the resources in a configuration. */
export const resourcesPointer = '/linux/resources';

/** Resources after an update. */
export interface Merged {
  readonly resources: Resources;
  /** JSON pointers of the values that the update gives, in the new configuration, to those in the update itself. */
  readonly given: ReadonlyMap<string, string>;
}

type Value = object | string | number | bigint | boolean | null | undefined;
type Members = Record<string, Value>;

/** Merges an update into the resources that were there. Neither is changed. */
export function mergeResources(kept: Resources | undefined, update: Resources): Merged {
  const given = new Map<string, string>();
  const resources = mergeMembers((kept ?? {}) as Members, update as Members, resourcesPointer, '', given) as Resources;
  const { memory } = resources;
  // Memory without a limit needs memory and swap without one.
  if (given.has(`${resourcesPointer}/memory/limit`) && Number(memory!.limit) < 0 &&
    !given.has(`${resourcesPointer}/memory/swap`))
  {
    given.set(`${resourcesPointer}/memory/swap`, '/memory/limit');
    return { resources: { ...resources, memory: { ...memory, swap: -1 } }, given };
  }
  return { resources, given };
}

/** Whether the update gives the value at a pointer of the new configuration, or something in it. */
export function isGiven(merged: Merged, pointer: string): boolean {
  if (merged.given.has(pointer)) return true;
  for (const given of merged.given.keys()) if (given.startsWith(`${pointer}/`)) return true;
  return false;
}

function mergeMembers(kept: Members, update: Members, to: string, from: string, given: Map<string, string>): Members {
  const result: Members = Object.assign(Object.create(null) as Members, kept);
  for (const key of Object.keys(update)) {
    const value = update[key];
    const pointer = `${to}/${pointerPart(key)}`;
    const source = `${from}/${pointerPart(key)}`;
    if (Array.isArray(value)) {
      if (value.length > 0)
        result[key] = mergeList(key, (kept[key] ?? []) as Members[], value as Members[], pointer, source, given);
    } else if (typeof value === 'object' && value !== null) {
      result[key] = mergeMembers((kept[key] ?? {}) as Members, value as Members, pointer, source, given);
    } else if (isSet(key, value)) {
      result[key] = value;
      given.set(pointer, source);
    }
  }
  return result;
}

/** Whether a value is one to set. Zero has a meaning of its own only for swappiness, idle and burst. */
function isSet(key: string, value: Value): boolean {
  if (key === 'swappiness' || key === 'idle' || key === 'burst') return value !== undefined && value !== null;
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value) !== 0;
  return value !== undefined && value !== null && value !== '' && value !== false;
}

function mergeList(
  name: string,
  kept: readonly Members[],
  update: readonly Members[],
  to: string,
  from: string,
  given: Map<string, string>,
): Members[] {
  // Device rules have an order: the new list replaces the old one.
  if (name === 'devices') {
    update.forEach((_rule, index) => given.set(`${to}/${index}`, `${from}/${index}`));
    return [...update];
  }
  const result = [...kept];
  update.forEach((entry, index) => {
    const known = result.findIndex((other) => identity(other) === identity(entry));
    const place = known < 0 ? result.length : known;
    result[place] = known < 0 ? entry : { ...result[place], ...entry };
    given.set(`${to}/${place}`, `${from}/${index}`);
  });
  return result;
}

/** What an entry of a list is about. */
function identity(entry: Members): string {
  return String(entry['pageSize'] ?? entry['name'] ?? `${entry['major']}:${entry['minor']}`);
}
