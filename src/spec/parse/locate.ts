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
  let at = skipSpace(text, text.charCodeAt(0) === 0xfeff ? 1 : 0);
  let keyAt = -1;
  let keyEnd = -1;
  for (const name of pointerPath(pointer)) {
    const member = text.charCodeAt(at) === 123
      ? findMember(text, at, name)
      : text.charCodeAt(at) === 91
      ? findElement(text, at, name)
      : undefined;
    if (member === undefined) break;
    ({ at, keyAt, keyEnd } = member);
  }
  if (part === 'key' && keyAt >= 0) return { ...lineAndColumn(text, keyAt), length: keyEnd - keyAt };
  const first = text.charCodeAt(at);
  // An array or an object is marked by its bracket.
  const end = first === 123 || first === 91 ? at + 1 : skipValue(text, at);
  return { ...lineAndColumn(text, at), length: Math.max(1, end - at) };
}

/** Offsets of the value at a pointer or, when it leads nowhere, of the last one on its way; and how many parts led there. */
export function span(text: string, pointer: string): { at: number; end: number; depth: number } {
  let at = skipSpace(text, text.charCodeAt(0) === 0xfeff ? 1 : 0);
  let depth = 0;
  for (const name of pointerPath(pointer)) {
    const member = text.charCodeAt(at) === 123
      ? findMember(text, at, name)
      : text.charCodeAt(at) === 91
      ? findElement(text, at, name)
      : undefined;
    if (member === undefined) break;
    at = member.at;
    depth++;
  }
  return { at, end: skipValue(text, at), depth };
}

/** Adds file, line and column to the diagnostics of a document that only know their pointer. */
export function locateAll(found: readonly Diagnostic[], text: string, file: string): Diagnostic[] {
  return found.map((diagnostic) => {
    const { at } = diagnostic;
    if (at === undefined || at.line > 0) return diagnostic;
    return { ...diagnostic,
      at: { file, pointer: at.pointer, ...locate(text, at.pointer, at.key === true ? 'key' : 'value') } };
  });
}

interface Member {
  readonly at: number;
  readonly keyAt: number;
  readonly keyEnd: number;
}

function findMember(text: string, object: number, name: string): Member | undefined {
  let at = skipSpace(text, object + 1);
  while (text.charCodeAt(at) === 34) {
    const keyAt = at;
    const keyEnd = skipString(text, at);
    at = skipSpace(text, skipSpace(text, keyEnd) + 1);
    if (keyText(text, keyAt, keyEnd) === name) return { at, keyAt, keyEnd };
    at = skipSpace(text, skipValue(text, at));
    if (text.charCodeAt(at) === 44) at = skipSpace(text, at + 1);
  }
  return undefined;
}

function findElement(text: string, array: number, name: string): Member | undefined {
  let at = skipSpace(text, array + 1);
  for (let left = Number(name); at < text.length && text.charCodeAt(at) !== 93; left--) {
    if (left === 0) return { at, keyAt: -1, keyEnd: -1 };
    at = skipSpace(text, skipValue(text, at));
    if (text.charCodeAt(at) === 44) at = skipSpace(text, at + 1);
  }
  return undefined;
}

function keyText(text: string, begin: number, end: number): string {
  const raw = text.slice(begin, end);
  return raw.includes('\\') ? JSON.parse(raw) as string : raw.slice(1, -1);
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return at;
    at++;
  }
}

function skipString(text: string, quote: number): number {
  for (let at = quote + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 92) at++;
    else if (code === 34) return at + 1;
  }
  return text.length;
}

/** Offset after the value that begins at an offset. */
function skipValue(text: string, from: number): number {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 34) {
      at = skipString(text, at);
    } else if (code === 123 || code === 91) {
      depth++;
      at++;
      continue;
    } else if (code === 125 || code === 93) {
      if (depth === 0) return at;
      depth--;
      at++;
    } else if (code === 44 || code === 58 || code === 32 || code === 10 || code === 13 || code === 9) {
      if (depth === 0) return at;
      at++;
      continue;
    } else {
      while (at < text.length && !endsLiteral(text.charCodeAt(at))) at++;
    }
    if (depth === 0) return at;
  }
  return at;
}

function endsLiteral(code: number): boolean {
  return code === 44 || code === 93 || code === 125 || code === 32 || code === 10 || code === 13 || code === 9;
}
