// The one form of config.json: `spec fmt`.
import { configTreeText, type Tree } from '../generated/config-tree.ts';
import { Inexact, isObject, type JsonValue } from './parse/value.ts';

let parsed: Tree | undefined;

/**
 * A configuration as text: two spaces, members in the order of the specification's schema, unknown ones behind them in their
 * own order, numbers as they were written. Formatting the result again changes nothing.
 */
export function formatConfig(config: JsonValue): string {
  parsed ??= JSON.parse(configTreeText) as Tree;
  return `${textOf(config, parsed, '')}\n`;
}

function textOf(value: JsonValue, tree: Tree | undefined, indent: string): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return `[\n${value.map((element) => inner + textOf(element, tree?.i, inner)).join(',\n')}\n${indent}]`;
  }
  if (isObject(value)) {
    const keys = keysOf(Object.keys(value), tree);
    if (keys.length === 0) return '{}';
    const members = keys.map((key) =>
      `${inner}${JSON.stringify(key)}: ${textOf(value[key]!, below(tree, key), inner)}`
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
