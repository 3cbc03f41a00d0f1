import { diagnose } from '../../diagnostic/diagnose.ts';
import type { Diagnostic } from '../../diagnostic/types.ts';
import type { Host } from '../../engine/protocol.ts';
import { parseExact } from './exact.ts';
import { lineAndColumn } from './position.ts';
import type { JsonValue } from './value.ts';

/** A JSON document: its value, and its text to find positions in. */
export interface Document {
  readonly value: JsonValue;
  readonly text: string;
}

/**
 * Parses the bytes of a JSON file: by the language's own parser when a native scan finds nothing that it gets wrong,
 * else by the exact one. Both give the same value.
 *
 * @param name how messages call the file
 * @returns the document, or the first error of its syntax
 */
export function parseDocument(bytes: Uint8Array, host: Pick<Host, 'scan'>, name: string): Document | Diagnostic {
  const scan = host.scan(bytes);
  const { text } = scan;
  if (text === undefined) return diagnose('notUtf8', { offset: scan.badByte }, { file: name, pointer: '', line: 0, column: 0, length: 1 });
  if (scan.plain) {
    const value = parseFast(text, scan.members);
    if (value !== undefined) return { value, text };
  }
  const parsed = parseExact(text);
  if ('value' in parsed) return { value: parsed.value, text };
  const { fault, pointer } = parsed;
  return diagnose(fault.name, fault.holes, { file: name, pointer, ...lineAndColumn(text, fault.offset), length: fault.length });
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
