// What has changed between two texts, as diff -u shows it.

/** Lines around a change. */
const around = 3;
/** Most lines of the changed part that are compared line by line. */
const most = 1500;

interface Line {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** The longest common subsequence decides which lines stay. */
function compare(old: readonly string[], now: readonly string[]): Line[] {
  if (old.length > most || now.length > most) {
    return [...old.map((text): Line => ({ mark: '-', text })), ...now.map((text): Line => ({ mark: '+', text }))];
  }
  const width = now.length + 1;
  const lengths = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      lengths[i * width + j] = old[i] === now[j]
        ? lengths[(i + 1) * width + j + 1]! + 1
        : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
    }
  }
  const lines: Line[] = [];
  for (let i = 0, j = 0; i < old.length || j < now.length;) {
    if (i < old.length && j < now.length && old[i] === now[j]) lines.push({ mark: ' ', text: old[i++]! }), j++;
    else if (j >= now.length || (i < old.length && lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!))
      lines.push({ mark: '-', text: old[i++]! });
    else lines.push({ mark: '+', text: now[j++]! });
  }
  return lines;
}

/** All lines of both texts. */
function allLines(old: readonly string[], now: readonly string[]): Line[] {
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  const same = (text: string): Line => ({ mark: ' ', text });
  return [...old.slice(0, start).map(same),
    ...compare(old.slice(start, old.length - end), now.slice(start, now.length - end)),
    ...old.slice(old.length - end).map(same)];
}

/** The changed places with the lines around them; empty when nothing has changed. */
export function difference(old: string, now: string, oldName: string, nowName: string): string {
  const lines = allLines(linesOf(old), linesOf(now));
  const isShown = lines.map((_, index) =>
    lines.slice(Math.max(0, index - around), index + around + 1).some(({ mark }) => mark !== ' ')
  );
  let result = '';
  let oldLine = 1;
  let nowLine = 1;
  for (let index = 0; index < lines.length;) {
    let end = index;
    while (end < lines.length && isShown[end] === isShown[index]) end++;
    const part = lines.slice(index, end);
    const oldCount = part.filter(({ mark }) => mark !== '+').length;
    const nowCount = part.filter(({ mark }) => mark !== '-').length;
    if (isShown[index] === true) {
      const place = (line: number, count: number): string => `${count === 0 ? line - 1 : line},${count}`;
      result += `@@ -${place(oldLine, oldCount)} +${place(nowLine, nowCount)} @@\n`;
      result += part.map(({ mark, text }) => `${mark}${text}\n`).join('');
    }
    oldLine += oldCount;
    nowLine += nowCount;
    index = end;
  }
  return result === '' ? '' : `--- ${oldName}\n+++ ${nowName}\n${result}`;
}
