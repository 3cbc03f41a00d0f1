import type { Diagnostic } from '../../diagnostic/types.ts';
import { lineAndColumn, pointerPath } from './position.ts';

/** Where something is in a text: from 1, in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/**
 * Finds a value of a valid JSON text by its pointer. When the pointer leads nowhere (a missing property), the last
 * value on its way is found. Meant for errors: it reads the text from its beginning.
 *
 * @param part the value, or the key in front of it (an element of an array has no key: its value is taken)
 */
export function locate(text: string, pointer: string, part: 'key' | 'value' = 'value'): Position {
  let offset = skipSpace(text, text.charCodeAt(0) === 0xfeff ? 1 : 0);
  let keyStart = -1;
  let keyEnd = -1;
  for (const name of pointerPath(pointer)) {
    const member = findChild(text, offset, name);
    if (member === undefined) break;
    ({ start: offset, keyStart, keyEnd } = member);
  }
  if (part === 'key' && keyStart >= 0) return { ...lineAndColumn(text, keyStart), length: keyEnd - keyStart };
  const first = text.charCodeAt(offset);
  // An array or an object is marked by its bracket.
  const end = first === 123 || first === 91 ? offset + 1 : skipValue(text, offset);
  return { ...lineAndColumn(text, offset), length: Math.max(1, end - offset) };
}

/** Offsets of a value. */
export interface Span {
  readonly start: number;
  readonly end: number;
  /** Where its key begins; below 0 for what has none. */
  readonly key: number;
  /** How many parts of the pointer led there. */
  readonly depth: number;
}

/** Offsets of the value at a pointer or, when it leads nowhere, of the last one on its way. */
export function span(text: string, pointer: string): Span {
  let offset = skipSpace(text, text.charCodeAt(0) === 0xfeff ? 1 : 0);
  let depth = 0;
  let key = -1;
  for (const name of pointerPath(pointer)) {
    const member = findChild(text, offset, name);
    if (member === undefined) break;
    offset = member.start;
    key = member.keyStart;
    depth++;
  }
  return { start: offset, end: skipValue(text, offset), key, depth };
}

/** The names of an object's members in the order of the text; none where the pointer leads to nothing, or to no object. */
export function memberNames(text: string, pointer: string): string[] {
  const { start, depth } = span(text, pointer);
  const names: string[] = [];
  if (depth !== pointerPath(pointer).length || text.charCodeAt(start) !== 123) return names;
  let offset = skipSpace(text, start + 1);
  while (text.charCodeAt(offset) === 34) {
    const keyEnd = skipString(text, offset);
    names.push(keyText(text, offset, keyEnd));
    offset = skipSpace(text, skipValue(text, skipSpace(text, skipSpace(text, keyEnd) + 1)));
    if (text.charCodeAt(offset) === 44) offset = skipSpace(text, offset + 1);
  }
  return names;
}

/** Adds file, line and column to the diagnostics of a document that only know their pointer. */
export function locateAll(diagnostics: readonly Diagnostic[], text: string, file: string): Diagnostic[] {
  return diagnostics.map((diagnostic) => {
    const { at } = diagnostic;
    if (at === undefined || at.line > 0) return diagnostic;
    return { ...diagnostic,
      at: { file, pointer: at.pointer, ...locate(text, at.pointer, at.key === true ? 'key' : 'value') } };
  });
}

interface Member {
  readonly start: number;
  readonly keyStart: number;
  readonly keyEnd: number;
}

function findChild(text: string, parent: number, name: string): Member | undefined {
  const first = text.charCodeAt(parent);
  return first === 123 ? findMember(text, parent, name) : first === 91 ? findElement(text, parent, name) : undefined;
}

function findMember(text: string, object: number, name: string): Member | undefined {
  let offset = skipSpace(text, object + 1);
  while (text.charCodeAt(offset) === 34) {
    const keyStart = offset;
    const keyEnd = skipString(text, offset);
    offset = skipSpace(text, skipSpace(text, keyEnd) + 1);
    if (keyText(text, keyStart, keyEnd) === name) return { start: offset, keyStart, keyEnd };
    offset = skipSpace(text, skipValue(text, offset));
    if (text.charCodeAt(offset) === 44) offset = skipSpace(text, offset + 1);
  }
  return undefined;
}

function findElement(text: string, array: number, name: string): Member | undefined {
  let offset = skipSpace(text, array + 1);
  for (let remaining = Number(name); offset < text.length && text.charCodeAt(offset) !== 93; remaining--) {
    if (remaining === 0) return { start: offset, keyStart: -1, keyEnd: -1 };
    offset = skipSpace(text, skipValue(text, offset));
    if (text.charCodeAt(offset) === 44) offset = skipSpace(text, offset + 1);
  }
  return undefined;
}

function keyText(text: string, begin: number, end: number): string {
  const raw = text.slice(begin, end);
  return raw.includes('\\') ? JSON.parse(raw) as string : raw.slice(1, -1);
}

function skipSpace(text: string, from: number): number {
  let offset = from;
  for (;;) {
    const code = text.charCodeAt(offset);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return offset;
    offset++;
  }
}

function skipString(text: string, quote: number): number {
  for (let offset = quote + 1; offset < text.length; offset++) {
    const code = text.charCodeAt(offset);
    if (code === 92) offset++;
    else if (code === 34) return offset + 1;
  }
  return text.length;
}

/** Offset after the value that begins at an offset. */
function skipValue(text: string, from: number): number {
  let depth = 0;
  let offset = from;
  while (offset < text.length) {
    const code = text.charCodeAt(offset);
    if (code === 34) {
      offset = skipString(text, offset);
    } else if (code === 123 || code === 91) {
      depth++;
      offset++;
      continue;
    } else if (code === 125 || code === 93) {
      if (depth === 0) return offset;
      depth--;
      offset++;
    } else if (code === 44 || code === 58 || code === 32 || code === 10 || code === 13 || code === 9) {
      if (depth === 0) return offset;
      offset++;
      continue;
    } else {
      while (offset < text.length && !endsLiteral(text.charCodeAt(offset))) offset++;
    }
    if (depth === 0) return offset;
  }
  return offset;
}

function endsLiteral(code: number): boolean {
  return code === 44 || code === 93 || code === 125 || code === 32 || code === 10 || code === 13 || code === 9;
}
