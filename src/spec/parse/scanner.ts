import type { DiagnosticName } from '../../diagnostic/table.ts';
import type { Holes } from '../../diagnostic/types.ts';
import { Inexact } from './value.ts';

/** What is wrong with a JSON text, and where. */
export interface Fault {
  readonly name: DiagnosticName;
  readonly holes: Holes;
  readonly offset: number;
  readonly length: number;
}

/** Integers with more digits than this are {@link Inexact}: 2^64 has 20. */
const mostDigits = 40;

/** Reads the tokens of a JSON text (RFC 8259). Methods that fail set `fault` and give undefined. */
export class Scanner {
  readonly text: string;
  /** Offset of the next character. */
  offset = 0;
  fault: Fault | undefined;
  /** Characters of a string that need a closer look. */
  private readonly special = /[\\\u0000-\u001f\ud800-\udfff]/;

  constructor(text: string) {
    this.text = text;
  }

  fail(name: DiagnosticName, offset: number, length: number, holes: Holes): undefined {
    this.fault = { name, offset, length: Math.max(1, length), holes };
    return undefined;
  }

  /** "expected X, found Y" at the next character, or that the text ends. */
  unexpected(expected: string, inside: string, remedy?: string): undefined {
    if (this.offset >= this.text.length) return this.fail('jsonEnd', this.text.length, 1, { inside });
    return this.fail('jsonSyntax', this.offset, 1, { expected, found: this.describe(this.offset), remedy });
  }

  /** Skips white space; gives the code of the next character, or NaN at the end. */
  next(): number {
    const { text } = this;
    let code = text.charCodeAt(this.offset);
    while (code === 32 || code === 10 || code === 13 || code === 9) code = text.charCodeAt(++this.offset);
    return code;
  }

  /** A character in words for a message. */
  describe(offset: number): string {
    const code = this.text.codePointAt(offset);
    if (code === undefined) return 'the end';
    if (code === 34) return 'a quote';
    if (code < 33 || (code >= 127 && code <= 160) || (code >= 0xd800 && code < 0xe000)) {
      return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
    }
    return `"${String.fromCodePoint(code)}"`;
  }

  /** One of the words true, false, null. */
  word<T>(word: string, value: T): T | undefined {
    if (this.text.startsWith(word, this.offset) && !isWord(this.text.charCodeAt(this.offset + word.length))) {
      this.offset += word.length;
      return value;
    }
    let end = this.offset;
    while (isWord(this.text.charCodeAt(end))) end++;
    const shown = `"${this.text.slice(this.offset, Math.min(end, this.offset + 40))}"`;
    return this.fail('jsonSyntax', this.offset, end - this.offset, { expected: 'a value', found: shown,
      remedy: `JSON spells it ${word}` });
  }

  /** A number: exact when it is an integer literal. */
  number(): number | bigint | Inexact | undefined {
    const { text } = this;
    const begin = this.offset;
    let offset = begin;
    if (text.charCodeAt(offset) === 45) offset++;
    const first = offset;
    while (isDigit(text.charCodeAt(offset))) offset++;
    const digits = offset - first;
    let remedy: string | undefined;
    if (digits === 0) remedy = 'a digit must follow the "-"';
    else if (digits > 1 && text.charCodeAt(first) === 48)
      remedy = 'numbers have no leading zeros; octal 0755 is 493 in decimal';
    let exact = true;
    if (text.charCodeAt(offset) === 46) {
      exact = false;
      const fraction = ++offset;
      while (isDigit(text.charCodeAt(offset))) offset++;
      if (offset === fraction) remedy ??= 'a digit must follow the point';
    }
    if ((text.charCodeAt(offset) | 32) === 101) {
      exact = false;
      offset++;
      const sign = text.charCodeAt(offset);
      if (sign === 43 || sign === 45) offset++;
      const exponent = offset;
      while (isDigit(text.charCodeAt(offset))) offset++;
      if (offset === exponent) remedy ??= 'a digit must follow the exponent';
    }
    if (isWord(text.charCodeAt(offset))) {
      while (isWord(text.charCodeAt(offset))) offset++;
      remedy ??= 'write it in decimal, or in quotes if it is a text';
    }
    if (remedy !== undefined) {
      return this.fail('jsonNumber', begin, offset - begin, { found: text.slice(begin, Math.min(offset, begin + 40)),
        remedy });
    }
    this.offset = offset;
    const literal = text.slice(begin, offset);
    if (!exact || digits > mostDigits) return new Inexact(literal);
    const value = Number(literal);
    return Number.isSafeInteger(value) ? value : BigInt(literal);
  }

  /** A string; the next character is its opening quote. */
  string(): string | undefined {
    const { text } = this;
    const begin = this.offset;
    // Most strings are plain: the language's own searches are much faster than a loop here.
    const end = text.indexOf('"', begin + 1);
    if (end >= 0) {
      const plain = text.slice(begin + 1, end);
      if (!this.special.test(plain)) {
        this.offset = end + 1;
        return plain;
      }
    }
    return this.careful(begin);
  }

  /** A string with escapes, with characters beyond U+FFFF, or with a fault. */
  private careful(begin: number): string | undefined {
    const { text } = this;
    let result = '';
    let offset = begin + 1;
    let from = offset;
    for (;;) {
      const code = text.charCodeAt(offset);
      if (code === 34) {
        this.offset = offset + 1;
        return from === begin + 1 ? text.slice(from, offset) : result + text.slice(from, offset);
      }
      if (code === 92) {
        result += text.slice(from, offset);
        const escaped = this.escape(offset);
        if (escaped === undefined) return undefined;
        result += escaped;
        offset = from = this.offset;
      } else if (code < 32) {
        if (code === 10 || code === 13) return this.fail('jsonUnterminated', begin, offset - begin, {});
        return code === 0
          ? this.fail('jsonNul', offset, 1, {})
          : this.fail('jsonControl', offset, 1, { found: this.describe(offset) });
      } else if (code >= 0xd800 && code < 0xe000) {
        const low = text.charCodeAt(offset + 1);
        if (code >= 0xdc00 || !(low >= 0xdc00 && low < 0xe000))
          return this.fail('jsonSurrogate', offset, 1, { found: this.describe(offset) });
        offset += 2;
      } else if (code !== code) {
        return this.fail('jsonUnterminated', begin, Math.min(offset - begin, 1), {});
      } else {
        offset++;
      }
    }
  }

  /** The character of the escape at an offset; `at` is then after it. */
  private escape(offset: number): string | undefined {
    const { text } = this;
    const simple = simpleEscapes[text[offset + 1] ?? ''];
    if (simple !== undefined) {
      this.offset = offset + 2;
      return simple;
    }
    if (text.charCodeAt(offset + 1) !== 117) {
      const character = text.codePointAt(offset + 1);
      const shown = character === undefined || character < 32 ? '\\' : `\\${String.fromCodePoint(character)}`;
      return this.fail('jsonEscape', offset, 2, { found: shown });
    }
    const code = this.hex(offset + 2);
    if (code < 0) return this.fail('jsonEscape', offset, 6, { found: text.slice(offset, offset + 6) });
    if (code === 0) return this.fail('jsonNul', offset, 6, {});
    this.offset = offset + 6;
    if (code < 0xd800 || code > 0xdfff) return String.fromCharCode(code);
    const low = text.charCodeAt(offset + 6) === 92 && text.charCodeAt(offset + 7) === 117 ? this.hex(offset + 8) : -1;
    if (code > 0xdbff || low < 0xdc00 || low > 0xdfff) {
      return this.fail('jsonSurrogate', offset, 6, { found: text.slice(offset, offset + 6) });
    }
    this.offset = offset + 12;
    return String.fromCharCode(code, low);
  }

  /** Value of four hexadecimal digits, or -1. */
  private hex(offset: number): number {
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const code = this.text.charCodeAt(offset + i);
      const letter = code | 32;
      if (isDigit(code)) value = value * 16 + code - 48;
      else if (letter >= 97 && letter <= 102) value = value * 16 + letter - 87;
      else return -1;
    }
    return value;
  }
}

const simpleEscapes: Readonly<Record<string, string>> = Object.assign(Object.create(null) as Record<string, string>, {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
});

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isWord(code: number): boolean {
  const letter = code | 32;
  return isDigit(code) || (letter >= 97 && letter <= 122) || code === 95;
}
