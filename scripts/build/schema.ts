// The schema of config.json for editors: one file that refers to nothing outside of itself, in the package.
import { mkdirSync, writeFileSync } from 'node:fs';
import { mapSchema, readSchema, type Schema } from '../generate/spec/json-schema.ts';
import { inRoot } from '../lib/root.ts';

/** Bounds of exact integers. Editors read numbers as doubles: the largest ones are rounded. */
const bounds: Readonly<Record<string, Schema>> = {
  uint64: { type: 'integer', minimum: 0, maximum: 18446744073709551615 },
  int64: { type: 'integer', minimum: -9223372036854775808, maximum: 9223372036854775807 },
};

function published(schema: Schema): Schema {
  const kept = Object.entries(schema).filter(([keyword]) => !/^(x-|\$comment$|tsType$)/.test(keyword));
  return { ...bounds[String(schema['x-int'])], ...Object.fromEntries(kept) };
}

/** The schema, with what only our tools read taken out. */
export function editorSchema(): Schema {
  const schema = mapSchema(readSchema('config'), published);
  const properties = { $schema: { type: 'string', description: 'This schema, for editors; no effect.' },
    ...schema['properties'] as object };
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', ...schema, properties };
}

/** Writes dist/schema/config.schema.json. */
export function publishSchema(): void {
  mkdirSync(inRoot('dist', 'schema'), { recursive: true });
  writeFileSync(inRoot('dist', 'schema', 'config.schema.json'), `${JSON.stringify(editorSchema(), null, 2)}\n`);
}
