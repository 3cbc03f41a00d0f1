// Readers of JSON that others have written: each says what is missing, where a cast would go on with undefined.

/** An object's members, none of them known yet. */
export type Members = Readonly<Record<string, unknown>>;

/**
 * Takes a value for an object.
 * @param what where it comes from, for the error
 * @throws Error when it is none
 */
export function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} is no object`);
  return Object.fromEntries(Object.entries(value));
}

/**
 * Parses a text as an object.
 * @throws Error when it is none
 */
export function readObject(text: string, what: string): Record<string, unknown> {
  return objectOf(JSON.parse(text), what);
}

/**
 * A member that is a text.
 * @throws Error when it is none
 */
export function textMember(object: Members, name: string, what: string): string {
  const value = object[name];
  if (typeof value !== 'string') throw new Error(`${name} of ${what} is no text`);
  return value;
}

/**
 * An object whose members are all texts.
 * @throws Error when one is none
 */
export function textsOf(value: unknown, what: string): Record<string, string> {
  const object = objectOf(value, what);
  return Object.fromEntries(Object.keys(object).map((name) => [name, textMember(object, name, what)]));
}
