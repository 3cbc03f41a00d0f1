import { readSchema, type Schema } from './json-schema.ts';
import { notice } from '../names.ts';

/** The properties below a schema: p by name, i of elements, m of a map's values, x the platform that it is for. */
interface Tree {
  p?: Record<string, Tree>;
  i?: Tree;
  m?: Tree;
  x?: string;
}

function treeOf(schema: Schema, definitions: Readonly<Record<string, Schema>>): Tree {
  const { $ref } = schema;
  const target = typeof $ref === 'string' ? { ...definitions[$ref.slice('#/$defs/'.length)], ...schema } : schema;
  const tree: Tree = {};
  const below = (part: unknown): Tree => treeOf(part as Schema, definitions);
  if (target['properties'] !== undefined) {
    tree.p = Object.fromEntries(
      Object.entries(target['properties'] as Schema).map(([name, part]) => [name, below(part)]),
    );
  }
  const { items, additionalProperties } = target as { items?: Schema; additionalProperties?: Schema };
  if (items !== undefined && Object.keys(below(items)).length > 0) tree.i = below(items);
  if (additionalProperties !== undefined) tree.m = below(additionalProperties);
  if (schema['x-platform'] !== undefined) tree.x = schema['x-platform'] as string;
  return tree;
}

/** Paths of the properties with `x-supported: false`; `*` stands for every element or key. */
function unsupported(
  schema: Schema,
  definitions: Readonly<Record<string, Schema>>,
  path: readonly string[],
): string[][] {
  if (schema['x-supported'] === false) return [[...path]];
  const { $ref } = schema;
  const target = typeof $ref === 'string' ? { ...definitions[$ref.slice('#/$defs/'.length)], ...schema } : schema;
  const { properties = {}, items, additionalProperties } = target as {
    properties?: Record<string, Schema>;
    items?: Schema;
    additionalProperties?: Schema;
  };
  return [
    ...Object.entries(properties).flatMap(([name, part]) => unsupported(part, definitions, [...path, name])),
    ...[items, additionalProperties].flatMap((
      part,
    ) => (part === undefined ? [] : unsupported(part, definitions, [...path, '*']))),
  ];
}

/** Groups paths by what they have in common: a step of a path to the steps below it, or null where it ends. */
type Steps = { [step: string]: Steps | null };

function stepsOf(paths: readonly string[][]): Steps {
  const steps: Steps = {};
  for (const path of paths) {
    let node = steps;
    path.forEach((step, index) => {
      if (index === path.length - 1) node[step] = null;
      else node = (node[step] ??= {}) as Steps;
    });
  }
  return steps;
}

/** Text of src/generated/config-tree.ts. */
export function configTree(): string {
  const config = readSchema('config');
  const definitions = config['$defs'] as Record<string, Schema>;
  const process = definitions['Process'] as Schema;
  return `// ${notice}

/** Known properties of a schema: p by name, i of elements, m of a map's values; x is the platform that one is for. */
export interface Tree {
  readonly p?: Readonly<Record<string, Tree>>;
  readonly i?: Tree;
  readonly m?: Tree;
  readonly x?: string;
}

/** The properties of config.json, as JSON text of a {@link Tree}: only warnings need it. */
export const configTreeText = '${JSON.stringify(treeOf(config, definitions))}';

/** A step of a path to the steps below it, or null where a path ends; \`*\` stands for every element or key. */
export interface Steps { readonly [step: string]: Steps | null }

/** Paths of the properties of config.json that are refused as not yet supported. */
export const unsupportedInConfig: Steps = ${JSON.stringify(stepsOf(unsupported(config, definitions, [])))};

/** The same for a process alone. */
export const unsupportedInProcess: Steps = ${JSON.stringify(stepsOf(unsupported(process, definitions, [])))};
`;
}
