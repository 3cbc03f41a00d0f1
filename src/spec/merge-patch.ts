// JSON Merge Patch (RFC 7386).
import { isObject, type JsonObject, type JsonValue } from './parse/value.ts';

/** A value with a patch applied: members of objects are merged, null removes one, all else replaces. Neither is changed. */
export function mergePatch(base: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isObject(patch)) return patch;
  // A map, for a member may be called __proto__.
  const members = new Map(isObject(base) ? Object.entries(base) : []);
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) members.delete(key);
    else members.set(key, mergePatch(members.get(key), change));
  }
  return Object.fromEntries(members) as JsonObject;
}
