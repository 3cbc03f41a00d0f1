// Where everything is in a TOML text (TOML 1.0), so that single values can be changed and the rest stays as it is.

/** A value and its place. */
export interface TomlValue {
  readonly start: number;
  readonly end: number;
  /** The elements of an array. */
  readonly elements?: readonly TomlValue[];
  /** The text of a string. */
  readonly text?: string;
  /** It is an inline table. */
  readonly isTable?: true;
}

/** A key with its value: in a table, or in an inline table. */
export interface TomlEntry {
  /** All names from the root of the document. */
  readonly path: readonly string[];
  readonly start: number;
  readonly value: TomlValue;
  /** Index of the table in whose lines it stands; 0 is what comes before the first header. */
  readonly table: number;
  /** It stands in an inline table. */
  readonly isInline: boolean;
}

/** A header and the lines below it. */
export interface TomlTable {
  readonly path: readonly string[];
  /** Offset of the header; 0 for the root. */
  readonly start: number;
  /** Offset behind the line of the header, or behind its last entry's line. */
  end: number;
}

export interface TomlText {
  readonly entries: readonly TomlEntry[];
  readonly tables: readonly TomlTable[];
}

/** A text that is no TOML. */
export class TomlFault extends Error {
  readonly offset: number;

  constructor(offset: number, what: string) {
    super(what);
    this.offset = offset;
  }
}

/** Between header names of an array of tables: no path that is asked for has it. */
const arrayMark = '[[';
const deepest = 64;

/** @throws TomlFault */
export function scanToml(text: string): TomlText {
  return new Scanner(text).document();
}

const escapes: Readonly<Record<string, string | undefined>> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r',
  e: '\u001b', '"': '"', '\\': '\\' };
const plainValue =
  /^(?:true|false|[+-]?(?:inf|nan)|0x[0-9A-Fa-f_]+|0o[0-7_]+|0b[01_]+|[+-]?[0-9][0-9_]*(?:\.[0-9][0-9_]*)?(?:[eE][+-]?[0-9][0-9_]*)?|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})?)?|[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)$/;

class Scanner {
  private readonly text: string;
  private offset = 0;
  private readonly entries: TomlEntry[] = [];
  private readonly tables: TomlTable[] = [{ path: [], start: 0, end: 0 }];
  private readonly known = new Set<string>();
  private arrays = 0;

  constructor(text: string) {
    this.text = text;
  }

  document(): TomlText {
    if (this.text.charCodeAt(0) === 0xfeff) this.offset = 1;
    this.tables[0]!.end = this.offset;
    for (;;) {
      this.blank(true);
      if (this.offset >= this.text.length) return { entries: this.entries, tables: this.tables };
      if (this.text[this.offset] === '[') this.header();
      else this.entry(this.tables.at(-1)!.path, false, 0);
      const table = this.tables.at(-1)!;
      this.lineEnd();
      table.end = this.offset;
    }
  }

  private fail(what: string, offset = this.offset): never {
    throw new TomlFault(offset, what);
  }

  /** Skips spaces and, with `lines`, line breaks and comments. */
  private blank(lines: boolean): void {
    for (;;) {
      const c = this.text[this.offset];
      if (c === ' ' || c === '\t' || (lines && (c === '\n' || c === '\r'))) this.offset++;
      else if (lines && c === '#') this.comment();
      else return;
    }
  }

  private comment(): void {
    const end = this.text.indexOf('\n', this.offset);
    this.offset = end < 0 ? this.text.length : end;
  }

  /** What may follow on a line, and its break. */
  private lineEnd(): void {
    this.blank(false);
    if (this.text[this.offset] === '#') this.comment();
    if (this.text.startsWith('\r\n', this.offset)) this.offset++;
    if (this.offset < this.text.length && this.text[this.offset] !== '\n') this.fail('the line should end here');
    this.offset = Math.min(this.offset + 1, this.text.length);
  }

  private header(): void {
    const start = this.offset;
    const isArray = this.text.startsWith('[[', start);
    this.offset += isArray ? 2 : 1;
    const path = this.key();
    if (!this.text.startsWith(isArray ? ']]' : ']', this.offset)) this.fail('the header of a table ends with "]"');
    this.offset += isArray ? 2 : 1;
    if (isArray) {
      // Each element has names of its own.
      for (const name of this.known) {
        if (name.startsWith(`${path.join('\0')}\0`)) this.known.delete(name);
      }
      path.push(`${arrayMark}${this.arrays++}`);
    } else this.once([...path, arrayMark], start, `the table [${path.join('.')}] is there twice`);
    this.tables.push({ path, start, end: this.offset });
  }

  /** Remembers a name that may be there once. */
  private once(path: readonly string[], offset: number, what: string): void {
    const name = path.join('\0');
    if (this.known.has(name)) this.fail(what, offset);
    this.known.add(name);
  }

  private entry(table: readonly string[], isInline: boolean, depth: number): void {
    const start = this.offset;
    const path = [...table, ...this.key()];
    if (this.text[this.offset] !== '=') this.fail('a key is followed by "="');
    this.once(path, start, `"${path.join('.')}" is there twice`);
    this.offset++;
    this.blank(false);
    const value = this.value(path, depth);
    this.entries.push({ path, start, value, table: this.tables.length - 1, isInline });
  }

  /** A key with dots; skips the spaces around its parts. */
  private key(): string[] {
    const parts: string[] = [];
    for (;;) {
      this.blank(false);
      const c = this.text[this.offset];
      if (c === '"' || c === "'") {
        if (this.text.startsWith(c.repeat(3), this.offset)) this.fail('a key is no text of several lines');
        parts.push(this.string());
      } else {
        const begin = this.offset;
        while (/[A-Za-z0-9_-]/.test(this.text[this.offset] ?? '')) this.offset++;
        if (begin === this.offset) this.fail('here should be a key');
        parts.push(this.text.slice(begin, this.offset));
      }
      this.blank(false);
      if (this.text[this.offset] !== '.') return parts;
      this.offset++;
    }
  }

  /** @param path of the key, or undefined in an array */
  private value(path: readonly string[] | undefined, depth: number): TomlValue {
    if (depth > deepest) this.fail('values are nested too deeply');
    const start = this.offset;
    switch (this.text[start]) {
      case '"':
      case "'": {
        const text = this.string();
        return { start, end: this.offset, text };
      }
      case '[':
        return this.array(depth);
      case '{':
        return this.inlineTable(path, depth);
      default:
        return this.plain();
    }
  }

  private plain(): TomlValue {
    const start = this.offset;
    const end = /[\s,\]}#=]|$/g;
    end.lastIndex = start;
    let stop = end.exec(this.text)!.index;
    // A date and a time may have a space between them.
    if (/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(this.text.slice(start, stop)) &&
      /^ [0-9]{2}:/.test(this.text.slice(stop, stop + 4)))
    {
      end.lastIndex = stop + 1;
      stop = end.exec(this.text)!.index;
    }
    const word = this.text.slice(start, stop);
    if (!plainValue.test(word))
      this.fail(word === '' ? 'here should be a value' : `"${word.slice(0, 40)}" is no value: texts stand in quotes`);
    this.offset = stop;
    return { start, end: stop };
  }

  private array(depth: number): TomlValue {
    const start = this.offset++;
    const elements: TomlValue[] = [];
    for (;;) {
      this.blank(true);
      if (this.text[this.offset] === ']') break;
      elements.push(this.value(undefined, depth + 1));
      this.blank(true);
      if (this.text[this.offset] === ',') this.offset++;
      else if (this.text[this.offset] !== ']') this.fail('the elements of an array are separated by ","');
    }
    return { start, end: ++this.offset, elements };
  }

  private inlineTable(path: readonly string[] | undefined, depth: number): TomlValue {
    const start = this.offset++;
    const own = path ?? [`${arrayMark}${this.arrays++}`];
    for (;;) {
      this.blank(true);
      if (this.text[this.offset] === '}') break;
      this.entry(own, true, depth + 1);
      this.blank(true);
      if (this.text[this.offset] === ',') this.offset++;
      else if (this.text[this.offset] !== '}') this.fail('the members of an inline table are separated by ","');
    }
    return { start, end: ++this.offset, isTable: true };
  }

  private string(): string {
    const start = this.offset;
    const quote = this.text[start]!;
    const isLong = this.text.startsWith(quote.repeat(3), start);
    const close = isLong ? quote.repeat(3) : quote;
    this.offset += close.length;
    let result = '';
    for (;;) {
      const c = this.text[this.offset];
      if (c === undefined || (c === '\n' && !isLong)) this.fail('the text has no closing quote', start);
      if (this.text.startsWith(close, this.offset)) {
        this.offset += close.length;
        // Up to two quotes may stand before the closing ones.
        while (isLong && this.text[this.offset] === quote) this.offset++;
        return result;
      }
      if (c === '\\' && quote === '"') result += this.escape(isLong);
      else {
        result += c;
        this.offset++;
      }
    }
  }

  private escape(isLong: boolean): string {
    const start = this.offset;
    const letter = this.text[start + 1] ?? '';
    const simple = escapes[letter];
    this.offset += 2;
    if (simple !== undefined) return simple;
    const length = letter === 'u' ? 4 : letter === 'U' ? 8 : letter === 'x' ? 2 : 0;
    const digits = this.text.slice(this.offset, this.offset + length);
    if (length > 0 && /^[0-9A-Fa-f]+$/.test(digits) && digits.length === length &&
      Number.parseInt(digits, 16) < 0x110000)
    {
      this.offset += length;
      return String.fromCodePoint(Number.parseInt(digits, 16));
    }
    if (isLong && /^[ \t\r\n]$/.test(letter)) {
      this.offset--;
      this.blank(false);
      while (/^[ \t\r\n]$/.test(this.text[this.offset] ?? '')) this.offset++;
      return '';
    }
    return this.fail(`"\\${letter}" is no escape`, start);
  }
}
