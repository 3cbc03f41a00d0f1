import { diagnose, placeAt } from '../../diagnostic/diagnose.ts';
import type { Diagnostic } from '../../diagnostic/types.ts';
import type { Host } from '../../engine/protocol.ts';
import { parseExact } from './exact.ts';
import { lineAndColumn } from './position.ts';
import type { JsonValue } from './value.ts';

/** Members of all objects together; a large configuration has some thousands. More would cost memory without a bound. */
const membersMax = 100_000;

/** A JSON document: its value or the first error of its syntax, and its text to find positions in. */
export type Document =
  | { readonly value: JsonValue; readonly text: string }
  /** The text is absent when the bytes are not UTF-8. */
  | { readonly error: Diagnostic; readonly text?: string };

/**
 * Parses the bytes of a JSON file: by the language's own parser when a native scan finds nothing that it gets wrong,
 * else by the exact one. Both give the same value.
 *
 * @param name how messages call the file
 */
export function parseDocument(bytes: Uint8Array, host: Pick<Host, 'scan'>, name: string): Document {
  const scan = host.scan(bytes);
  const { text } = scan;
  if (text === undefined) return { error: badBytes(bytes, scan.badByte ?? 0, host, name) };
  if (scan.members > membersMax) {
    return { error: diagnose('jsonMembers', { count: scan.members, limit: membersMax }, placeAt('', name)), text };
  }
  if (scan.plain) {
    const value = parseFast(text, scan.members);
    if (value !== undefined) return { value, text };
  }
  const parsed = parseExact(text);
  if ('value' in parsed) return { value: parsed.value, text };
  const { fault, pointer } = parsed;
  const place = { file: name, pointer, ...lineAndColumn(text, fault.offset), length: fault.length };
  return { error: diagnose(fault.name, fault.holes, place), text };
}

/** Longest text, in UTF-16 units, that is parsed only to find out where it breaks off. */
const longestParsed = 1 << 20;

/** The error of a file that is not UTF-8: its line and column follow from what comes before the first bad byte. */
function badBytes(bytes: Uint8Array, offset: number, host: Pick<Host, 'scan'>, name: string): Diagnostic {
  const before = host.scan(bytes.subarray(0, offset)).text ?? '';
  const parsed = parseExact(before.length > longestParsed ? '' : before);
  const place = { file: name, pointer: 'fault' in parsed ? parsed.pointer : '', ...lineAndColumn(before, before.length),
    length: 1 };
  const [first, second] = bytes;
  const isWide = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return diagnose('notUtf8', { offset, encoding: isWide ? 'UTF-16' : undefined }, place);
}

/** JSON.parse, or undefined when the text is invalid or a key is not there as often as in the text. */
function parseFast(text: string, members: number): JsonValue | undefined {
  try {
    const value = JSON.parse(text) as JsonValue;
    return typeof value === 'object' && value !== null && countMembers(value) === members ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Number of object members in a value. An array whose first element is no object is not looked into (it holds texts or
 * numbers in every sensible file): the count is then too small, never too large, and the exact parser decides.
 */
function countMembers(value: object): number {
  let count = 0;
  if (Array.isArray(value)) {
    const { length } = value;
    if (length > 0 && typeof value[0] === 'object') {
      for (let i = 0; i < length; i++) {
        const element: unknown = value[i];
        if (typeof element === 'object' && element !== null) count += countMembers(element);
      }
    }
    return count;
  }
  const values: unknown[] = Object.values(value);
  const { length } = values;
  for (let i = 0; i < length; i++) {
    const member = values[i];
    if (typeof member === 'object' && member !== null) count += countMembers(member);
  }
  return count + length;
}
