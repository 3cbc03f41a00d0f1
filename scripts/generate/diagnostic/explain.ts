import { retired } from '../../../src/diagnostic/table/retired.ts';
import type { PropertyNode, Topics } from '../../../src/engine/topics.ts';
import { backgrounds } from './diagnostics.ts';
import { readSchema, type Schema } from '../spec/json-schema.ts';

type Definitions = Readonly<Record<string, Schema>>;

function typeOf(schema: Schema): string {
  if (schema['x-int'] !== undefined) return String(schema['x-int']);
  if (schema['enum'] !== undefined || schema['const'] !== undefined) return 'one of a few texts';
  const { minimum, maximum } = schema;
  switch (schema['type']) {
    case 'array':
      return 'list';
    case 'string':
      return 'text';
    case 'boolean':
      return 'true or false';
    case 'integer':
      return minimum === undefined || maximum === undefined ? 'integer' : `integer from ${minimum} to ${maximum}`;
    case 'object':
      return schema['properties'] === undefined ? 'object of any keys' : 'object';
    default:
      return 'any value';
  }
}

/** A schema and all that its reference says; what stands beside the reference counts more. */
function resolved(schema: Schema, definitions: Definitions): Schema {
  const { $ref, ...own } = schema;
  if (typeof $ref !== 'string') return schema;
  return { ...resolved(definitions[$ref.slice('#/$defs/'.length)]!, definitions), ...own };
}

function nodeOf(schema: Schema, definitions: Definitions, path: string, required: boolean): PropertyNode {
  const whole = resolved(schema, definitions);
  const { properties, items, additionalProperties } = whole as {
    properties?: Record<string, Schema>;
    items?: Schema;
    additionalProperties?: Schema | false;
  };
  const needed = new Set(whole['required'] as readonly string[] | undefined);
  const below = (name: string, part: Schema, isRequired = false): PropertyNode =>
    nodeOf(part, definitions, path === '' ? name : `${path}.${name}`, isRequired);
  const values = (whole['enum'] as readonly string[] | undefined)?.filter((value) => value !== '');
  return {
    type: typeOf(whole),
    text: String(whole['description'] ?? ''),
    ...(required ? { required } : {}),
    ...(whole['x-supported'] === false ? { supported: false } : {}),
    ...(whole['x-platform'] === undefined ? {} : { platform: String(whole['x-platform']) }),
    ...(values === undefined ? {} : { values }),
    ...(properties === undefined ? {} : {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, part]) => [name, below(name, part, needed.has(name))]),
      ),
    }),
    ...(items === undefined ? {} : { items: below('*', items) }),
    ...(typeof additionalProperties !== 'object' ? {} : { any: below('*', additionalProperties) }),
  };
}

function linesOf(values: object): string {
  return Object.entries(values).map(([name, value]) => `\n${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',');
}

/** Text of src/generated/explain.json: what `explain` can explain. The command carries it as data of its own. */
export function explainText(): string {
  const config = readSchema('config');
  const topics: Topics = { config: nodeOf(config, config['$defs'] as Definitions, '', false), why: backgrounds(),
    retired };
  // The command carries it as it is: a line for each code and for each property at the top, without blanks.
  const { properties = {}, ...top } = topics.config;
  const members = { ...top, properties: {} };
  const head = JSON.stringify(members).replace('"properties":{}', `"properties":{${linesOf(properties)}}`);
  return `{"config":${head},"why":{${linesOf(topics.why)}},"retired":${JSON.stringify(retired)}}\n`;
}
