// Changes single values of a JSON text: order, indentation and everything else stay as they are.
import { memberNames, span, type Span } from '../spec/parse/locate.ts';
import { pointerOf } from '../spec/parse/position.ts';
import type { Found, Format, Path } from './types.ts';

function at(text: string, path: Path): Span | undefined {
  const found = span(text, pointerOf(path));
  return found.depth === path.length ? found : undefined;
}

function put(text: string, start: number, end: number, words: string): string {
  return text.slice(0, start) + words + text.slice(end);
}

function find(text: string, path: Path): Found | undefined {
  const place = at(text, path);
  if (place === undefined) return undefined;
  const raw = text.slice(place.start, place.end);
  return { raw, offset: place.key < 0 ? place.start : place.key,
    ...(raw.startsWith('"') ? { text: JSON.parse(raw) as string } : {}),
    ...(raw.startsWith('{') ? { isTable: true } : {}) };
}

function names(text: string, path: Path): readonly string[] {
  return memberNames(text, pointerOf(path));
}

/** The line break and the indentation before an offset; undefined when something else stands before it. */
function lineBefore(text: string, offset: number): string | undefined {
  return /\r?\n[ \t]*$/.exec(text.slice(0, offset))?.[0];
}

/** A line break with the indentation of the text's own steps. */
function newLine(text: string, depth: number): string {
  const first = /[{[](\r?\n)([ \t]+)/.exec(text);
  return `${first?.[1] ?? '\n'}${(first?.[2] ?? '  ').repeat(depth)}`;
}

function set(text: string, path: Path, value: string): string {
  const place = span(text, pointerOf(path));
  if (place.depth === path.length) return put(text, place.start, place.end, value);
  const parent = path.slice(0, place.depth);
  const lacking = path.slice(place.depth);
  // The inner objects in one line: what is added is small.
  const member = lacking.slice(1).reduceRight((inner, name) => `{ ${JSON.stringify(name)}: ${inner} }`, value);
  const words = `${JSON.stringify(lacking[0])}: ${member}`;
  const last = names(text, parent).at(-1);
  if (last === undefined) {
    return put(text, place.start, place.end,
      `{${newLine(text, place.depth + 1)}${words}${newLine(text, place.depth)}}`);
  }
  const behind = at(text, [...parent, last])!;
  return put(text, behind.end, behind.end, `,${lineBefore(text, behind.key) ?? ' '}${words}`);
}

function remove(text: string, path: Path): string {
  const place = at(text, path);
  if (place === undefined) return text;
  const all = names(text, path.slice(0, -1));
  const index = all.indexOf(path.at(-1)!);
  const next = all[index + 1];
  if (next !== undefined) return put(text, place.key, at(text, [...path.slice(0, -1), next])!.key, '');
  const before = all[index - 1];
  if (before !== undefined) return put(text, at(text, [...path.slice(0, -1), before])!.end, place.end, '');
  const parent = at(text, path.slice(0, -1))!;
  return put(text, parent.start, parent.end, '{}');
}

function prune(text: string, paths: readonly Path[], like: string): string {
  let result = text;
  for (const path of paths) {
    for (let length = path.length - 1; length > 0; length--) {
      const parent = path.slice(0, length);
      const isEmpty = find(result, parent)?.isTable === true && names(result, parent).length === 0;
      if (isEmpty && find(like, parent) === undefined) result = remove(result, parent);
    }
  }
  return result;
}

function noLists(): never {
  throw new TypeError('no setting of a JSON file is an element of a list');
}

/** daemon.json. */
export const json: Format = { empty: '{}\n', find, names, set, remove, add: noLists, take: noLists, prune };
