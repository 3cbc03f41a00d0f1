// What encoding/json of Go takes and a JSON schema does not: null for what is not set, keys in another case.
import { diagnose } from '../diagnostic/diagnose.ts';
import type { Diagnostic } from '../diagnostic/types.ts';
import { pointerPath } from './parse/position.ts';
import type { JsonObject, JsonValue } from './parse/value.ts';
import { dropNulls } from './validate.ts';

/**
 * Changes a value so that these errors of its form go, as far as they come from that.
 *
 * @returns whether it is worth a second look
 */
export function forgive(value: JsonValue, errors: readonly Diagnostic[]): boolean {
  dropNulls(value);
  const missing = diagnose('missing').code;
  for (const { code, at, message } of errors) {
    if (code === missing && at !== undefined) renameKey(value, at.pointer, /"([^"]+)"/.exec(message)?.[1] ?? '');
  }
  return true;
}

/** Gives a key its right case, when the object at the pointer has it in another. */
function renameKey(root: JsonValue, pointer: string, key: string): void {
  let at: JsonValue | undefined = root;
  for (const part of pointerPath(pointer)) at = typeof at === 'object' && at !== null ? (at as JsonObject)[part] : undefined;
  if (typeof at !== 'object' || at === null || Array.isArray(at)) return;
  const members = at as JsonObject;
  const other = Object.keys(members).find((name) => name !== key && name.toLowerCase() === key.toLowerCase());
  if (other === undefined || members[key] !== undefined) return;
  members[key] = members[other]!;
  delete members[other];
}
