/** Line and column (both from 1, the column in UTF-16 units) of an offset in a text. */
export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let begin = 0;
  for (;;) {
    const end = text.indexOf('\n', begin);
    if (end < 0 || end >= offset) return { line, column: offset - begin + 1 };
    line++;
    begin = end + 1;
  }
}

/** JSON pointer (RFC 6901) from keys and indexes. */
export function pointerOf(path: readonly (string | number)[]): string {
  let pointer = '';
  for (const part of path) pointer += `/${pointerPart(part)}`;
  return pointer;
}

/** A key or an index as a part of a JSON pointer. */
export function pointerPart(part: string | number): string {
  if (typeof part === 'number') return String(part);
  // Most keys need none of it.
  return !part.includes('~') && !part.includes('/') ? part : part.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The keys and indexes (as texts) of a JSON pointer. */
export function pointerPath(pointer: string): string[] {
  if (pointer === '') return [];
  return pointer.slice(1).split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The names of properties in a JSON pointer, without the indexes of lists. */
export function pointerNames(pointer: string): string[] {
  return pointerPath(pointer).filter((part) => !/^\d+$/.test(part));
}
