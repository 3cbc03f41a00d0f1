// What encoding/json of Go takes and a JSON schema does not: null for what is not set, keys in another case.
import type { SchemaError } from '../generated/validate.ts';
import { Inexact, isObject, findValue, type JsonObject, type JsonValue } from './parse/value.ts';

/** Changes a value so that those of these errors go that come from null members and from the case of required keys. */
export function forgive(value: JsonValue, errors: readonly SchemaError[]): void {
  dropNulls(value);
  for (const { keyword, instancePath, params } of errors) {
    const object = keyword === 'required' ? findValue(value, instancePath) : undefined;
    if (isObject(object)) renameKey(object, String(params['missingProperty']));
  }
}

/** Removes members that are null: encoders write them for what is not set. */
export function dropNulls(value: JsonValue): void {
  if (typeof value !== 'object' || value === null || value instanceof Inexact) return;
  for (const [key, member] of Object.entries(value)) {
    if (member === null) delete (value as JsonObject)[key];
    else dropNulls(member);
  }
}

/** Gives a key its right case, when the object has it in another. */
function renameKey(object: JsonObject, key: string): void {
  const other = Object.keys(object).find((name) => name.toLowerCase() === key.toLowerCase());
  if (other === undefined || other === key) return;
  object[key] = object[other]!;
  delete object[other];
}
