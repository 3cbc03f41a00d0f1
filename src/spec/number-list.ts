// Lists of numbers as the kernel's own files write them: `0-3,7` (cpuset(7) "List format").

/** Most processors or nodes that a list may name; the kernel's own limits are lower. */
export const listLimit = 65536;

/** A closed range. */
export type Range = readonly [first: number, last: number];

/** The ranges of a list, in its order; undefined when it has another form. An empty text is an empty list. */
export function parseNumberList(text: string): Range[] | undefined {
  const ranges: Range[] = [];
  if (text.trim() === '') return ranges;
  for (const part of text.split(',')) {
    const match = /^ *([0-9]{1,9})(?: *- *([0-9]{1,9}))? *$/.exec(part);
    if (match === null) return undefined;
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    if (last < first || last >= listLimit) return undefined;
    ranges.push([first, last]);
  }
  return ranges;
}

/** The ranges as bits, lowest first, in whole words of 8 bytes. */
export function maskOf(ranges: readonly Range[]): Uint8Array {
  let end = 0;
  for (const [, last] of ranges) end = Math.max(end, last + 1);
  const mask = new Uint8Array(Math.ceil(end / 64) * 8);
  for (const [first, last] of ranges) {
    for (let number = first; number <= last; number++) mask[number >> 3] = mask[number >> 3]! | (1 << (number & 7));
  }
  return mask;
}
