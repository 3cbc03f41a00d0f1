import { pointerOf } from './position.ts';
import { Scanner, type Fault } from './scanner.ts';
import type { JsonObject, JsonValue } from './value.ts';

/** Deepest nesting of arrays and objects. */
const deepest = 64;

/** Result of {@link parseExact}: the value, or the first fault with the pointer of the value it lies in. */
export type Parsed = { readonly value: JsonValue } | { readonly fault: Fault; readonly pointer: string };

type Open =
  | { readonly object: JsonObject; readonly seen: Set<string>; key: string | undefined }
  | { readonly array: JsonValue[] };

/**
 * Parses a JSON text (RFC 8259) without losing a digit: integers are numbers when they are safe, else bigints; numbers
 * with a fraction or an exponent are {@link Inexact}. Refuses duplicate keys, NUL characters, half surrogate pairs,
 * more than 64 levels and text after the value. Keys such as `__proto__` are ordinary. Does not recurse.
 */
export function parseExact(text: string): Parsed {
  const scanner = new Scanner(text);
  const stack: Open[] = [];
  const failed = (): Parsed => ({
    fault: scanner.fault as Fault,
    pointer: pointerOf(
      stack.map((open) => ('array' in open ? open.array.length : open.key)).filter((part) => part !== undefined),
    ),
  });
  if (text.charCodeAt(0) === 0xfeff) scanner.offset = 1;
  if (Number.isNaN(scanner.next())) {
    scanner.fail('jsonEmpty', 0, 1, {});
    return failed();
  }
  for (;;) {
    const value = begin(scanner, stack);
    if (value === undefined) {
      if (scanner.fault !== undefined) return failed();
      continue; // An array or an object was opened, its first value follows.
    }
    const result = finish(scanner, stack, value);
    if (scanner.fault !== undefined) return failed();
    if (result !== undefined) return { value: result };
  }
}

/** Reads a value; of a non-empty array or object only the opening, which goes to the stack (gives undefined). */
function begin(scanner: Scanner, stack: Open[]): JsonValue | undefined {
  const code = scanner.next();
  switch (code) {
    case 34:
      return scanner.string();
    case 116:
      return scanner.word('true', true);
    case 102:
      return scanner.word('false', false);
    case 110:
      return scanner.word('null', null);
    case 91:
    case 123:
      break;
    default:
      if (code === 45 || (code >= 48 && code <= 57)) return scanner.number();
      return scanner.unexpected('a value', insideOf(stack),
        code === 93 || code === 125 ? 'remove the comma before it' : valueRemedy(code));
  }
  if (stack.length >= deepest) return scanner.fail('jsonDepth', scanner.offset, 1, { limit: deepest });
  scanner.offset++;
  if (code === 91) {
    if (scanner.next() === 93) {
      scanner.offset++;
      return [];
    }
    stack.push({ array: [] });
    return undefined;
  }
  if (scanner.next() === 125) {
    scanner.offset++;
    return {};
  }
  const open = { object: {}, seen: new Set<string>(), key: undefined };
  stack.push(open);
  key(scanner, open);
  return undefined;
}

/** Puts a value into what is open, closes what ends after it; gives the whole value at the end of the text. */
function finish(scanner: Scanner, stack: Open[], first: JsonValue): JsonValue | undefined {
  let value = first;
  for (;;) {
    const open = stack[stack.length - 1];
    if (open === undefined) {
      if (Number.isNaN(scanner.next())) return value;
      return scanner.fail('jsonTrailing', scanner.offset, 1, { found: scanner.describe(scanner.offset) });
    }
    const isArray = 'array' in open;
    if (isArray) open.array.push(value);
    else if (open.key === '__proto__')
      Object.defineProperty(open.object, open.key, { value, writable: true, enumerable: true, configurable: true });
    else open.object[open.key as string] = value;
    const code = scanner.next();
    if (code === 44) {
      scanner.offset++;
      if (!isArray) key(scanner, open);
      return undefined;
    }
    if (code !== (isArray ? 93 : 125)) {
      return scanner.unexpected(isArray ? '"," or "]"' : '"," or "}"', insideOf(stack),
        code === 59 ? 'write "," instead' : 'write a comma before it if it begins a new value');
    }
    scanner.offset++;
    stack.pop();
    value = isArray ? open.array : open.object;
  }
}

/** Reads the key of a member and the colon. */
function key(scanner: Scanner, open: { seen: Set<string>; key: string | undefined }): void {
  open.key = undefined;
  const code = scanner.next();
  if (code !== 34) {
    const remedy = code === 125 ? 'remove the comma before it' : code === 44
      ? 'remove one comma'
      : code === 47 || code === 35
      ? 'remove it: JSON has no comments'
      : code === 0
      ? 'save the file as UTF-8; it may be in UTF-16'
      : 'write keys in double quotes: "key"';
    return scanner.unexpected('a key in quotes', 'an object', remedy);
  }
  const begin = scanner.offset;
  const name = scanner.string();
  if (name === undefined) return;
  open.key = name;
  if (open.seen.has(name)) return scanner.fail('jsonDuplicate', begin, scanner.offset - begin, { key: name });
  open.seen.add(name);
  if (scanner.next() !== 58) return scanner.unexpected('":"', 'an object', 'a colon separates key and value');
  scanner.offset++;
}

function insideOf(stack: readonly Open[]): string {
  const open = stack[stack.length - 1];
  return open === undefined ? 'the text' : 'array' in open ? 'an array' : 'an object';
}

function valueRemedy(code: number): string {
  if (code === 39 || code === 0x201c || code === 0x201d) return 'write texts in double quotes: "text"';
  if (code === 47 || code === 35) return 'remove it: JSON has no comments';
  if (code === 44) return 'remove one comma';
  if (code === 84 || code === 70) return 'write true or false in lower case';
  if (code === 78) return 'write a number; JSON has no NaN and no None';
  if (code === 43 || code === 46) return 'begin a number with a digit or "-"';
  if (code === 60) return 'give a JSON file: this looks like HTML or XML';
  if (code === 0) return 'save the file as UTF-8; it may be in UTF-16';
  return 'a value is a text in double quotes, a number, true, false, a list or an object';
}
