import { pointerPath } from './position.ts';

/** A JSON value as the parser gives it. */
export type JsonValue = null | boolean | number | bigint | string | Inexact | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

/**
 * A number that is no integer literal (it has a fraction or an exponent), or one with so many digits that no field can
 * hold it. No field of a configuration takes one, so its value is never computed: `1.0` and `1e3` are refused as well.
 */
export class Inexact {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }

  /** In JSON output such a number is a text. */
  toJSON(): string {
    return this.text;
  }
}

/** Whether a value is an object with members. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Inexact);
}

/** A value by its JSON pointer. */
export function findValue(root: JsonValue, pointer: string): JsonValue | undefined {
  let value: JsonValue | undefined = root;
  for (const part of pointerPath(pointer)) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as JsonObject)[part];
  }
  return value;
}
