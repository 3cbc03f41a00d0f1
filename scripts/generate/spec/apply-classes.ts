// What becomes of a change of each property of config.json while the container runs: `x-apply` of the schemas.
import { notice, wrap } from '../names.ts';
import { readSchema, type Schema } from './json-schema.ts';

/** `x-apply`: who applies a change live, or why that takes a restart, or why it never has an effect. */
type ApplyClass = { live: string } | { restart: string } | { never: string };

type Definitions = Readonly<Record<string, Schema>>;

/**
 * Collects the classes below a schema by their paths. A property has that of the one above it, unless it has its own.
 *
 * @throws Error for a property that has none
 */
function collect(
  schema: Schema,
  definitions: Definitions,
  path: string,
  above: ApplyClass | undefined,
  found: Map<string, ApplyClass>,
): void {
  const own = schema['x-apply'] as ApplyClass | undefined;
  if (own !== undefined) found.set(path, checked(own, path));
  const known = own ?? above;
  const { $ref } = schema;
  const target = typeof $ref === 'string' ? { ...definitions[$ref.slice('#/$defs/'.length)], ...schema } : schema;
  const { properties, items, additionalProperties } = target as {
    properties?: Record<string, Schema>;
    items?: Schema;
    additionalProperties?: Schema;
  };
  for (const [name, part] of Object.entries(properties ?? {}))
    collect(part, definitions, `${path}/${name}`, known, found);
  for (const part of [items, additionalProperties]) {
    if (part !== undefined && typeof part === 'object') collect(part, definitions, `${path}/*`, known, found);
  }
  if (known === undefined && properties === undefined)
    throw new Error(`schema: ${path} has no x-apply, and nothing above it has one`);
}

function checked(own: ApplyClass, path: string): ApplyClass {
  const [[kind = '', text] = [], ...more] = Object.entries(own) as [string, unknown][];
  if (['live', 'restart', 'never'].includes(kind) && typeof text === 'string' && text !== '' && more.length === 0)
    return own;
  throw new Error(`schema: x-apply of ${path} is not one of live, restart and never with a text`);
}

/** The classes by path; `*` stands for every element or key. */
function readApplyClasses(): ReadonlyMap<string, ApplyClass> {
  const config = readSchema('config');
  const found = new Map<string, ApplyClass>();
  collect(config, config['$defs'] as Definitions, '', undefined, found);
  return found;
}

/** Text of src/generated/apply-classes.ts. */
export function applyClasses(): string {
  const classes = readApplyClasses();
  const names = [...new Set([...classes.values()].flatMap((own) => ('live' in own ? [own.live] : [])))].sort();
  const lines = [...classes].map(([path, own]) => `  ${JSON.stringify(path)}: ${JSON.stringify(own)},\n`);
  return `// ${notice}
// What becomes of a change of a property of config.json while the container runs, from x-apply in schema/.

/** Names of what applies changes: src/apply has one of each. */
export type ApplierName =
${wrap(names.map((name) => `| '${name}'`).join(' '), '  ', 120)};

/** A change is applied live by the named applier, takes a restart, or never has an effect; with the reason. */
export type ApplyClass =
  | { readonly live: ApplierName }
  | { readonly restart: string }
  | { readonly never: string };

/** The classes by path; \`*\` stands for every element or key. A property without one has that of the next one above. */
export const applyClasses: Readonly<Record<string, ApplyClass>> = {
${lines.join('')}};
`;
}
