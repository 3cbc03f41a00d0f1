// The messages between the native side and the engine, as the files under schema/protocol describe them.
import { readFileSync } from 'node:fs';
import { inRoot } from '../../lib/root.ts';

/** Form of a member. */
export type MessageType =
  | { readonly kind: 'string' | 'integer' | 'boolean' }
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'list' | 'map' | 'nullable'; readonly of: MessageType }
  | { readonly kind: 'tuple'; readonly names: readonly string[] }
  | { readonly kind: 'union'; readonly of: readonly MessageType[] };

export interface Member {
  readonly name: string;
  readonly type: MessageType;
  readonly description: string;
  readonly required: boolean;
}

/** Values by the engine that they are for. */
export type Engines = Readonly<Record<string, readonly string[]>>;

/** A definition of a schema file: an object, a set of values, or a name for another type. */
export type Definition = { readonly name: string; readonly description: string } & (
  | { readonly kind: 'object'; readonly members: readonly Member[]; readonly parts: boolean }
  | { readonly kind: 'enum'; readonly values: readonly string[]; readonly engines?: Engines }
  | { readonly kind: 'alias'; readonly type: MessageType }
);

interface Schema {
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly 'x-parts'?: boolean;
  readonly 'x-engines'?: Engines;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/** The files, what is contained before what contains it. */
const files = ['facts', 'probes', 'failure', 'request', 'observation', 'control', 'image'] as const;

function simple(name: string | undefined): MessageType | undefined {
  return name === 'string' || name === 'integer' || name === 'boolean' ? { kind: name } : undefined;
}

class Reader {
  readonly definitions: Definition[] = [];

  /** @param place for messages, and the name of a set of values that has no title */
  type(schema: Schema, place: string): MessageType {
    const { $ref, anyOf, items, prefixItems, additionalProperties } = schema;
    if ($ref !== undefined) return { kind: 'named', name: $ref.slice($ref.lastIndexOf('/') + 1) };
    if (schema.enum !== undefined) return this.values(schema, place);
    if (anyOf !== undefined) return this.union(anyOf, place);
    if (prefixItems !== undefined) return { kind: 'tuple', names: prefixItems.map(({ title = '' }) => title) };
    if (items !== undefined) return { kind: 'list', of: this.type(items, place) };
    if (additionalProperties !== undefined) return { kind: 'map', of: this.type(additionalProperties, place) };
    const type = simple(schema.type);
    if (type === undefined) throw new Error(`schema/protocol: ${place} has no usable type`);
    return type;
  }

  private union(parts: readonly Schema[], place: string): MessageType {
    const others = parts.filter(({ type }) => type !== 'null');
    const types = others.map((part) => this.type(part, place));
    if (others.length < parts.length && types.length === 1) return { kind: 'nullable', of: types[0]! };
    if (others.length < parts.length)
      throw new Error(`schema/protocol: ${place}: null is possible beside one type only`);
    return { kind: 'union', of: types };
  }

  private values(schema: Schema, place: string): MessageType {
    const name = schema.title ?? place;
    this.definitions.push({ kind: 'enum', name, description: schema.description ?? '', values: schema.enum ?? [] });
    return { kind: 'named', name };
  }

  define(name: string, schema: Schema): void {
    const description = schema.description ?? '';
    const engines = schema['x-engines'];
    if (engines !== undefined) {
      this.definitions.push({ kind: 'enum', name, description, values: Object.values(engines).flat(), engines });
    } else if (schema.enum !== undefined) {
      this.values({ ...schema, title: name }, name);
    } else if (schema.properties !== undefined) {
      const required = new Set(schema.required);
      const members = Object.entries(schema.properties).map(([key, member]): Member => ({
        name: key,
        type: this.type(member, `${name}.${key}`),
        description: member.description ?? '',
        required: required.has(key),
      }));
      this.definitions.push({ kind: 'object', name, description, members, parts: schema['x-parts'] === true });
    } else {
      this.definitions.push({ kind: 'alias', name, description, type: this.type(schema, name) });
    }
  }
}

/** Names that a type refers to. */
export function namesIn(type: MessageType): string[] {
  switch (type.kind) {
    case 'named':
      return [type.name];
    case 'list':
    case 'map':
    case 'nullable':
      return namesIn(type.of);
    case 'union':
      return type.of.flatMap(namesIn);
    default:
      return [];
  }
}

/** The types that a definition is made of. */
export function typesIn(definition: Definition): MessageType[] {
  switch (definition.kind) {
    case 'object':
      return definition.members.map(({ type }) => type);
    case 'alias':
      return [definition.type];
    case 'enum':
      return [];
  }
}

/** What a definition is made of comes before it. */
function sorted(definitions: readonly Definition[]): Definition[] {
  const result: Definition[] = [];
  const add = (definition: Definition, above: readonly string[]): void => {
    if (result.includes(definition)) return;
    if (above.includes(definition.name)) throw new Error(`schema/protocol: ${definition.name} contains itself`);
    for (const name of typesIn(definition).flatMap(namesIn)) {
      const other = definitions.find((known) => known.name === name);
      if (other === undefined) throw new Error(`schema/protocol: ${definition.name} names an unknown type ${name}`);
      add(other, [...above, definition.name]);
    }
    result.push(definition);
  };
  for (const definition of definitions) add(definition, []);
  return result;
}

/**
 * Reads schema/protocol.
 * @throws Error when a file says something that the generator does not know
 */
export function readProtocol(): readonly Definition[] {
  const reader = new Reader();
  for (const file of files) {
    const schema = JSON.parse(readFileSync(inRoot('schema', 'protocol', `${file}.schema.json`), 'utf8')) as Schema;
    for (const [name, definition] of Object.entries(schema.$defs ?? {})) reader.define(name, definition);
  }
  return sorted(reader.definitions);
}
