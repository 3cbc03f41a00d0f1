import { compile, type JSONSchema } from 'json-schema-to-typescript';
import { mapSchema, readSchema, type DocumentName, type Schema } from './json-schema.ts';
import { notice } from '../names.ts';

const here = '#/$defs/';

/**
 * Integers of 64 bits are bigints where a number could not hold them. A reference becomes the name of its type: else a
 * description beside it would make a copy of the type.
 */
function withTypes(schema: Schema): Schema {
  if ('x-int' in schema) return { ...schema, tsType: 'number | bigint' };
  const { $ref, ...rest } = schema;
  return typeof $ref === 'string' ? { ...rest, tsType: $ref.slice(here.length) } : schema;
}

/** Text of src/generated/NAME.ts: the types of a JSON document. */
export async function jsonTypes(name: DocumentName): Promise<string> {
  const schema = mapSchema(readSchema(name), withTypes);
  const text = await compile(schema as JSONSchema, name, {
    bannerComment: `// ${notice}\n// Types of schema/${name}.schema.json.`,
    additionalProperties: false,
    unreachableDefinitions: true,
    strictIndexSignatures: true,
    ignoreMinAndMaxItems: true,
    style: { printWidth: 110, singleQuote: true },
  });
  return text.replace(/( \*\n)? \* This interface was referenced by [^\n]*\n \* via the `definition` "[^\n]*\n/g, '')
    .replace(/\/\*\*\n \*\/\n/g, '');
}
