// Changes single values of a TOML text: comments, order and everything else stay as they are.
import { scanToml, type TomlEntry, type TomlText, type TomlValue } from './toml-scan.ts';
import type { Found, Format, Path } from './types.ts';

function isSame(a: Path, b: Path): boolean {
  return a.length === b.length && begins(a, b);
}

/** Whether a path begins with another one. */
function begins(path: Path, start: Path): boolean {
  return start.every((name, index) => path[index] === name);
}

function entryAt({ entries }: TomlText, at: Path): TomlEntry | undefined {
  return entries.find(({ path }) => isSame(path, at));
}

function keyText(names: Path): string {
  return names.map((name) => /^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name)).join('.');
}

function put(text: string, start: number, end: number, words: string): string {
  return text.slice(0, start) + words + text.slice(end);
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

function lineBreak(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

/** The spaces before what stands at an offset, if nothing else is there. */
function indentation(text: string, offset: number): string | undefined {
  const before = text.slice(lineStart(text, offset), offset);
  return /^[ \t]*$/.test(before) ? before : undefined;
}

/** A line behind what ends at an offset, which is the end of a line or of the text. */
function addLine(text: string, end: number, line: string): string {
  const mark = lineBreak(text);
  const needsBreak = end > 0 && text[end - 1] !== '\n' && text.charCodeAt(end - 1) !== 0xfeff;
  return put(text, end, end, `${needsBreak ? mark : ''}${line}${mark}`);
}

/** Where a line of a table ends: at the break behind an offset. */
function lineEnd(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

function addToInline(text: string, { start, end }: TomlValue, member: string): string {
  let last = end - 1;
  while (/\s/.test(text[last - 1]!)) last--;
  if (last === start + 1) return put(text, start, end, `{ ${member} }`);
  return put(text, last, last, `${text[last - 1] === ',' ? '' : ','} ${member}`);
}

function set(text: string, at: Path, value: string): string {
  const scanned = scanToml(text);
  const { entries, tables } = scanned;
  const own = entryAt(scanned, at);
  if (own !== undefined) return put(text, own.value.start, own.value.end, value);
  // Of all that is on the way the deepest: an inline table, the lines of a header, or keys with dots.
  const inline = entries.filter((entry) => entry.value.isTable === true && begins(at, entry.path))
    .sort((a, b) => a.path.length - b.path.length).at(-1);
  if (inline !== undefined)
    return addToInline(text, inline.value, `${keyText(at.slice(inline.path.length))} = ${value}`);
  const parent = at.slice(0, -1);
  const table = tables.find(({ path }, index) => index > 0 && isSame(path, parent));
  const dotted = entries.filter(({ path, table, isInline }) =>
    !isInline && begins(path, parent) && tables[table]!.path.length < parent.length
  ).at(-1);
  if (table !== undefined || parent.length === 0) {
    const { end } = table ?? tables[0]!;
    const index = tables.indexOf(table ?? tables[0]!);
    const last = entries.filter((entry) => entry.table === index && !entry.isInline).at(-1);
    const indent = last === undefined ? '' : indentation(text, last.start) ?? '';
    return addLine(text, end, `${indent}${keyText(at.slice(-1))} = ${value}`);
  }
  if (dotted !== undefined) {
    const line = `${indentation(text, dotted.start) ?? ''}${
      keyText(at.slice(tables[dotted.table]!.path.length))
    } = ${value}`;
    return addLine(text, lineEnd(text, dotted.value.end), line);
  }
  const mark = lineBreak(text);
  const body = text.replace(/\s*$/, '');
  const before = body === '' || body === '\ufeff' ? body : `${body}${mark}${mark}`;
  return `${before}[${keyText(parent)}]${mark}${keyText(at.slice(-1))} = ${value}${mark}`;
}

/** Without an entry: its whole line, or its part of an inline table. */
function remove(text: string, at: Path): string {
  const entry = entryAt(scanToml(text), at);
  if (entry === undefined) return text;
  const { start, value: { end } } = entry;
  if (!entry.isInline) return put(text, lineStart(text, start), lineEnd(text, end), '');
  const comma = /^\s*,\s*/.exec(text.slice(end));
  if (comma !== null) return put(text, start, end + comma[0].length, '');
  const before = /\s*,\s*$/.exec(text.slice(0, start));
  return put(text, before === null ? start : before.index, end, '');
}

function add(text: string, at: Path, element: string): string {
  const { value } = entryAt(scanToml(text), at)!;
  const last = value.elements!.at(-1);
  if (last === undefined) return put(text, value.start, value.end, `[${element}]`);
  const comma = commaBehind(text, last.end);
  const indent = indentation(text, last.start);
  const place = last.end + comma.length;
  // A line of its own, behind the comment of the last one.
  const rest = /^[ \t]*(?:#.*)?\r?\n/.exec(text.slice(place))?.[0];
  if (indent === undefined || rest === undefined)
    return put(text, place, place, comma === '' ? `, ${element}` : ` ${element},`);
  const line = `${indent}${element}${comma === '' ? '' : ','}${lineBreak(text)}`;
  return put(put(text, place + rest.length, place + rest.length, line), last.end, place, ',');
}

function commaBehind(text: string, offset: number): string {
  return /^\s*,/.exec(text.slice(offset))?.[0] ?? '';
}

function take(text: string, at: Path, element: string): string {
  const elements = entryAt(scanToml(text), at)?.value.elements ?? [];
  const index = elements.findIndex(({ start, end }) => text.slice(start, end) === element);
  if (index < 0) return text;
  const { start, end } = elements[index]!;
  const before = elements[index - 1];
  const comma = commaBehind(text, end);
  // The last one without a comma leaves none to the one before it.
  const orphan = comma === '' && before !== undefined ? commaBehind(text, before.end).length : 0;
  const drop = (from: number, to: number): string =>
    orphan === 0 ? put(text, from, to, '') : put(put(text, from, to, ''), before!.end, before!.end + orphan, '');
  const ends = lineEnd(text, end);
  if (indentation(text, start) !== undefined && /^\s*$/.test(text.slice(end + comma.length, ends)))
    return drop(lineStart(text, start), ends);
  const spaces = /^ */.exec(text.slice(end + comma.length))![0].length;
  if (elements[index + 1] !== undefined) return drop(start, end + comma.length + spaces);
  return drop(before === undefined ? start : Math.max(before.end + orphan, start - spacesBefore(text, start)),
    end + comma.length);
}

function spacesBefore(text: string, offset: number): number {
  return / *$/.exec(text.slice(lineStart(text, offset), offset))![0].length;
}

function find(text: string, at: Path): Found | undefined {
  const entry = entryAt(scanToml(text), at);
  if (entry === undefined) return undefined;
  const { value } = entry;
  const raw = (one: TomlValue): string => text.slice(one.start, one.end);
  return { raw: raw(value), offset: entry.start, ...(value.text === undefined ? {} : { text: value.text }),
    ...(value.elements === undefined ? {} : { elements: value.elements.map(raw) }),
    ...(value.isTable === true ? { isTable: true } : {}) };
}

function names(text: string, at: Path): readonly string[] {
  const { entries, tables } = scanToml(text);
  const below = [...entries, ...tables].map(({ path }) => path).filter((path) =>
    path.length > at.length && begins(path, at)
  );
  return [...new Set(below.map((path) => path[at.length]!))];
}

/** Without the headers of tables that have become empty, and that another text lacks. */
function prune(text: string, paths: readonly Path[], like: string): string {
  const had = scanToml(like).tables;
  let result = text;
  for (const path of paths) {
    for (let length = path.length - 1; length > 0; length--) {
      const { tables } = scanToml(result);
      const index = tables.findIndex((one, place) => place > 0 && isSame(one.path, path.slice(0, length)));
      if (index < 0 || had.some((one) => isSame(one.path, tables[index]!.path))) continue;
      const start = lineStart(result, tables[index]!.start);
      const end = tables[index + 1] === undefined ? result.length : lineStart(result, tables[index + 1]!.start);
      const [, ...rest] = result.slice(start, end).split('\n');
      if (rest.some((line) => line.trim() !== '')) continue;
      const before = result.slice(0, start);
      result = end === result.length ? before.replace(/(\r?\n)\s*$/, '$1') : before + result.slice(end);
    }
  }
  return result;
}

/** containers.conf, config.toml and the files of CRI-O. */
export const toml: Format = { empty: '', find, names, set, remove, add, take, prune };
