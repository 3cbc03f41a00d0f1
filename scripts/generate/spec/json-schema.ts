import { readFileSync } from 'node:fs';
import { inRoot } from '../../lib/root.ts';

/** A JSON Schema, or a part of one. */
export type Schema = { readonly [keyword: string]: unknown };

/** The documents that have a schema: schema/NAME.schema.json. */
export const documents = ['config', 'state', 'features'] as const;
export type DocumentName = (typeof documents)[number];

function readFile(name: string): Schema {
  return JSON.parse(readFileSync(inRoot('schema', name), 'utf8')) as Schema;
}

/** Keywords whose value maps names of the user's choice to schemas: the names are no keywords. */
const maps = new Set(['properties', 'patternProperties', '$defs', 'dependentSchemas']);
/** Keywords whose value is data. */
const literals = new Set(['enum', 'const', 'default', 'examples', 'required']);

/** A copy of a schema in which `change` has replaced every subschema, innermost first. */
export function mapSchema(schema: Schema, change: (schema: Schema) => Schema): Schema {
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    return value !== null && typeof value === 'object' ? mapSchema(value as Schema, change) : value;
  };
  return change(Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => {
      if (literals.has(keyword)) return [keyword, value];
      if (!maps.has(keyword)) return [keyword, visit(value)];
      return [
        keyword,
        Object.fromEntries(Object.entries(value as Schema).map(([name, member]) => [name, visit(member)])),
      ];
    }),
  ));
}

const here = '#/$defs/';

/** Collects a schema and those that it refers to, in other files too, as definitions of one schema. */
class Bundle {
  readonly definitions = new Map<string, Schema>();

  /** A schema of a file with its references changed to the definitions of this bundle. */
  adapt(schema: Schema, file: string): Schema {
    const { $defs, $id, $schema, ...rest } = schema;
    return mapSchema(
      rest,
      (part) => (typeof part['$ref'] === 'string' ? { ...part, $ref: here + this.add(part['$ref'], file) } : part),
    );
  }

  /** Takes in what a reference means and returns its name. */
  private add(reference: string, from: string): string {
    const [name = '', pointer] = reference.split('#') as [string, string | undefined];
    const file = name || from;
    const document = readFile(file);
    const title = pointer?.replace('/$defs/', '') ?? (document['title'] as string);
    const target = pointer === undefined
      ? document
      : (document['$defs'] as Record<string, Schema> | undefined)?.[title];
    if (target === undefined) throw new Error(`schema/${from}: ${reference} does not exist`);
    const key = `${file}#${pointer ?? ''}`;
    const known = this.sources.get(title);
    if (known !== undefined && known !== key) throw new Error(`schema: ${known} and ${key} have the same name`);
    if (known === undefined) {
      this.sources.set(title, key);
      this.definitions.set(title, this.adapt(target, file));
    }
    return title;
  }

  private readonly sources = new Map<string, string>();
}

/** The schema of a document as one schema that refers to nothing outside of itself. */
export function readSchema(name: DocumentName): Schema {
  const file = `${name}.schema.json`;
  const bundle = new Bundle();
  const schema = bundle.adapt(readFile(file), file);
  const names = [...bundle.definitions.keys()].sort();
  return { ...schema, $defs: Object.fromEntries(names.map((key) => [key, bundle.definitions.get(key)!])) };
}
