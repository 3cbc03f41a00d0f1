// The one form of config.json: `spec fmt`.
import { configTreeText, type Tree } from '../generated/config-tree.ts';
import { memberNames } from './parse/locate.ts';
import { pointerPart } from './parse/position.ts';
import { Inexact, isObject, type JsonObject, type JsonValue } from './parse/value.ts';

let parsed: Tree | undefined;

/**
 * A configuration as text: two spaces, members in the order of the specification's schema, unknown ones behind them in their
 * own order, numbers as they were written. Formatting the result again changes nothing.
 *
 * @param text what it was read from: the order of its members is from there, since objects put numbers such as "10" first
 */
export function formatConfig(config: JsonValue, text: string): string {
  parsed ??= JSON.parse(configTreeText) as Tree;
  return `${textOf(config, parsed, '', { text, pointer: '' })}\n`;
}

/** Where in its text a value is. */
interface Source {
  readonly text: string;
  readonly pointer: string;
}

function inside({ text, pointer }: Source, part: string | number): Source {
  return { text, pointer: `${pointer}/${pointerPart(String(part))}` };
}

const isNumber = /^(0|[1-9][0-9]*)$/;

/** The members of an object in the order of the text; those that it has not stay behind. */
function membersOf(value: JsonObject, source: Source): readonly string[] {
  const keys = Object.keys(value);
  if (!keys.some((key) => isNumber.test(key))) return keys;
  const places = new Map(memberNames(source.text, source.pointer).map((name, index) => [name, index]));
  const placeOf = (key: string): number => places.get(key) ?? places.size;
  return keys.sort((a, b) => placeOf(a) - placeOf(b));
}

function textOf(value: JsonValue, tree: Tree | undefined, indent: string, source: Source): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return `[\n${
      value.map((element, index) => inner + textOf(element, tree?.i, inner, inside(source, index))).join(',\n')
    }\n${indent}]`;
  }
  if (isObject(value)) {
    const keys = keysOf(membersOf(value, source), tree);
    if (keys.length === 0) return '{}';
    const members = keys.map((key) =>
      `${inner}${JSON.stringify(key)}: ${textOf(value[key]!, below(tree, key), inner, inside(source, key))}`
    );
    return `{\n${members.join(',\n')}\n${indent}}`;
  }
  if (typeof value === 'string') return JSON.stringify(value);
  // A negative zero is one for a reader that has floats.
  return value instanceof Inexact ? value.text : Object.is(value, -0) ? '-0' : String(value);
}

/** Those that the schema has first, in its order. `$schema` is for editors and stays in front. */
function keysOf(keys: readonly string[], tree: Tree | undefined): readonly string[] {
  const known = tree?.p;
  if (known === undefined) return keys;
  const order = ['$schema', ...Object.keys(known)];
  const own = new Set(keys);
  return [...order.filter((key) => own.has(key)), ...keys.filter((key) => !order.includes(key))];
}

function below(tree: Tree | undefined, key: string): Tree | undefined {
  return tree?.m ?? (tree?.p !== undefined && Object.hasOwn(tree.p, key) ? tree.p[key] : undefined);
}
