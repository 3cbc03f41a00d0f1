// Values in the text format of GVariant (GLib Reference Manual, "GVariant Text Format"), as annotations have
// them: `'text'`, `15`, `uint64 10000000`, `true`, `['a', 'b']`, `@as []`, `('a', 1)`, `<'a'>`.
import { array, boolean, double, integer, objectPath, signatureValue, struct, text, variant } from './dbus.ts';
import type { Value } from './dbus.ts';

/** Names of types as a prefix, by their letter. */
const typeNames: Readonly<Record<string, string>> = {
  boolean: 'b',
  byte: 'y',
  int16: 'n',
  uint16: 'q',
  int32: 'i',
  uint32: 'u',
  handle: 'h',
  int64: 'x',
  uint64: 't',
  double: 'd',
  string: 's',
  objectpath: 'o',
  signature: 'g',
};

/** First and last value of the integer types. */
const ranges: Readonly<Record<string, readonly [bigint, bigint]>> = {
  y: [0n, 255n],
  n: [-32768n, 32767n],
  q: [0n, 65535n],
  i: [-2147483648n, 2147483647n],
  u: [0n, 4294967295n],
  h: [0n, 2147483647n],
  x: [-9223372036854775808n, 9223372036854775807n],
  t: [0n, 18446744073709551615n],
};

/** Deeper than any property of systemd. */
const deepest = 8;

class Parser {
  readonly #source: string;
  #offset = 0;

  constructor(source: string) {
    this.#source = source;
  }

  /** The whole text as one value; undefined when it is none. */
  whole(): Value | undefined {
    const value = this.#value(undefined, 0);
    this.#skip();
    return this.#offset === this.#source.length ? value : undefined;
  }

  #skip(): void {
    while (/\s/.test(this.#source[this.#offset] ?? '')) this.#offset++;
  }

  #take(mark: string): boolean {
    this.#skip();
    if (!this.#source.startsWith(mark, this.#offset)) return false;
    this.#offset += mark.length;
    return true;
  }

  #word(form: RegExp): string {
    this.#skip();
    form.lastIndex = this.#offset;
    const match = form.exec(this.#source)?.[0] ?? '';
    this.#offset += match.length;
    return match;
  }

  #value(type: string | undefined, depth: number): Value | undefined {
    if (depth > deepest) return undefined;
    this.#skip();
    const first = this.#source[this.#offset];
    if (first === undefined) return undefined;
    if (first === '@') {
      this.#offset++;
      const given = this.#word(/[abynqiuhxtdsogv()]+/y);
      return given === '' ? undefined : this.#value(given, depth + 1);
    }
    if (first === "'" || first === '"') return this.#text(first, type);
    if (first === '[') return this.#array(type, depth);
    if (first === '(') return this.#tuple(depth);
    if (first === '<') {
      this.#offset++;
      const inner = this.#value(undefined, depth + 1);
      return inner !== undefined && this.#take('>') ? variant(inner) : undefined;
    }
    if (/[a-z]/.test(first)) {
      const word = this.#word(/[a-z0-9]+/y);
      if (word === 'true' || word === 'false') return boolean(word === 'true');
      const named = typeNames[word];
      return named === undefined ? undefined : this.#value(named, depth + 1);
    }
    return this.#number(type);
  }

  #number(type: string | undefined): Value | undefined {
    const word = this.#word(/[-+]?[0-9][0-9a-zA-Z.]*/y);
    if (type === 'd' || /^[-+]?[0-9]+\.[0-9]+$/.test(word)) {
      const value = Number(word);
      return word !== '' && Number.isFinite(value) && (type ?? 'd') === 'd' ? double(value) : undefined;
    }
    if (!/^[-+]?(0x[0-9a-fA-F]+|[0-9]+)$/.test(word)) return undefined;
    const negative = word.startsWith('-');
    const digits = BigInt(word.replace(/^[-+]/, ''));
    const value = negative ? -digits : digits;
    const range = ranges[type ?? 'i'];
    if (range === undefined || value < range[0] || value > range[1]) return undefined;
    return integer(type ?? 'i', value);
  }

  #text(quote: string, type: string | undefined): Value | undefined {
    let result = '';
    for (this.#offset++; this.#source[this.#offset] !== quote; this.#offset++) {
      let character = this.#source[this.#offset];
      if (character === undefined) return undefined;
      if (character === '\\') {
        character = this.#source[++this.#offset];
        if (character === undefined) return undefined;
        character = { n: '\n', t: '\t' }[character] ?? character;
      }
      result += character;
    }
    this.#offset++;
    if (type === 'o') return /^\/$|^(\/[A-Za-z0-9_]+)+$/.test(result) ? objectPath(result) : undefined;
    if (type === 'g') return /^[abynqiuhxtdsogv(){}]{0,255}$/.test(result) ? signatureValue(result) : undefined;
    return type === undefined || type === 's' ? text(result) : undefined;
  }

  #array(type: string | undefined, depth: number): Value | undefined {
    this.#offset++;
    const of = type?.startsWith('a') === true ? type.slice(1) : undefined;
    const elements: Value[] = [];
    if (this.#take(']')) return of === undefined ? undefined : array(of, elements);
    do {
      const element = this.#value(of, depth + 1);
      if (element === undefined || element.signature !== (of ?? elements[0]?.signature ?? element.signature))
        return undefined;
      elements.push(element);
    } while (this.#take(','));
    return this.#take(']') ? array(of ?? elements[0]!.signature, elements) : undefined;
  }

  #tuple(depth: number): Value | undefined {
    this.#offset++;
    const members: Value[] = [];
    do {
      const member = this.#value(undefined, depth + 1);
      if (member === undefined) return undefined;
      members.push(member);
    } while (this.#take(','));
    return this.#take(')') ? struct(...members) : undefined;
  }
}

/** Reads a value in GVariant's text format; undefined when it is not well-formed. */
export function parseVariant(source: string): Value | undefined {
  return new Parser(source).whole();
}
