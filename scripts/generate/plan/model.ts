import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inRoot } from '../../lib/root.ts';

/** Form of a value in an encoded plan (`x-wire`). */
export type WireType =
  | { readonly kind: 'u8' | 'u32' | 'i32' | 'u64' | 'i64' | 'bool' | 'str' | 'bytes' | 'slot' | 'template' | 'op' }
  | { readonly kind: 'enum' | 'struct'; readonly name: string }
  | { readonly kind: 'flags'; readonly name?: string }
  | { readonly kind: 'list' | 'optional'; readonly of: WireType };

export interface Field {
  readonly name: string;
  readonly type: WireType;
  readonly description: string;
}

export interface Struct {
  readonly name: string;
  readonly description: string;
  readonly fields: readonly Field[];
}

export type Actor = 'host' | 'stager' | 'init';

export type Observe = string | { readonly not: string };

export interface Operation extends Struct {
  /** Name in a plan, as in `mount.fs`. */
  readonly op: string;
  readonly code: number;
  readonly actors: readonly Actor[];
  /** The programs that may have it. */
  readonly programs: readonly string[];
  readonly steps: readonly string[];
  readonly undo: boolean;
  /** Who reads back what it has done: the name of an observer, or why nobody does. */
  readonly observe: Observe;
}

export interface Enumeration {
  readonly name: string;
  readonly description: string;
  readonly values: readonly string[];
}

export interface FlagSet {
  readonly name: string;
  readonly description: string;
  readonly bits: Readonly<Record<string, number>>;
}

/** A file of operations, for the chapters of the documentation. */
export interface Family {
  readonly title: string;
  readonly description: string;
  readonly operations: readonly Operation[];
}

/** Everything that the files under schema/plan say. */
export interface Model {
  readonly description: string;
  readonly enums: readonly Enumeration[];
  readonly flags: readonly FlagSet[];
  /** A struct comes after those that it contains. */
  readonly structs: readonly Struct[];
  readonly families: readonly Family[];
  /** All operations, by code. */
  readonly operations: readonly Operation[];
  /** Which process runs a program. */
  readonly programs: Readonly<Record<string, Actor>>;
  /** First 16 bytes of the SHA-256 of the canonical JSON of all files. */
  readonly hash: Uint8Array;
}

interface Definition {
  description?: string;
  enum?: string[];
  properties?: Record<string, Definition>;
  required?: string[];
  'x-wire'?: unknown;
  'x-flags'?: Record<string, number>;
  'x-struct'?: boolean;
  'x-op'?: string;
  'x-code'?: number;
  'x-actors'?: Actor[];
  'x-programs'?: string[];
  'x-steps'?: string[];
  'x-undo'?: boolean;
  'x-observe'?: Observe;
}

interface SchemaFile {
  title: string;
  description: string;
  $defs: Record<string, Definition>;
}

const simple = new Set(['u8', 'u32', 'i32', 'u64', 'i64', 'bool', 'str', 'bytes', 'slot', 'template', 'op']);

function read(name: string): SchemaFile {
  return JSON.parse(readFileSync(inRoot('schema', 'plan', name), 'utf8')) as SchemaFile;
}

/** JSON without spaces, the keys of every object sorted. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
}

class ModelReader {
  private readonly actorOf: Readonly<Record<string, Actor>>;

  constructor(actorOf: Readonly<Record<string, Actor>>) {
    this.actorOf = actorOf;
  }

  readonly enums: Enumeration[] = [];
  readonly flags: FlagSet[] = [];
  readonly structs: Struct[] = [];

  /** The shared enums and flag sets of a file. */
  shared(definitions: Record<string, Definition>): void {
    for (const [name, definition] of Object.entries(definitions)) {
      const description = definition.description ?? '';
      if (definition['x-wire'] === 'enum') this.enums.push({ name, description, values: definition.enum ?? [] });
      if (definition['x-wire'] === 'flags') this.flags.push({ name, description, bits: definition['x-flags'] ?? {} });
    }
  }

  type(wire: unknown, owner: string, field: string, definition: Definition): WireType {
    if (typeof wire === 'object' && wire !== null) {
      const [entry] = Object.entries(wire);
      if (entry && (entry[0] === 'list' || entry[0] === 'optional')) {
        return { kind: entry[0], of: this.type(entry[1], owner, field, definition) };
      }
    }
    if (typeof wire !== 'string') throw new Error(`schema/plan: ${owner}.${field} has no usable x-wire`);
    if (simple.has(wire)) return { kind: wire } as WireType;
    if (wire === 'flags') return { kind: 'flags' };
    if (wire === 'enum') return this.localEnum(owner, field, definition);
    const [form, name] = wire.split(':') as [string, string | undefined];
    if (form === 'enum' && this.enums.some((known) => known.name === name)) return { kind: 'enum', name: name! };
    if (form === 'flags' && this.flags.some((known) => known.name === name)) return { kind: 'flags', name: name! };
    if (name === undefined) return { kind: 'struct', name: form };
    throw new Error(`schema/plan: ${owner}.${field} names an unknown type ${wire}`);
  }

  /** An enum that one field alone uses is called after both. */
  private localEnum(owner: string, field: string, definition: Definition): WireType {
    const name = owner + field[0]!.toUpperCase() + field.slice(1);
    this.enums.push({ name, description: definition.description ?? '', values: definition.enum ?? [] });
    return { kind: 'enum', name };
  }

  struct(name: string, definition: Definition): Struct {
    const required = new Set(definition.required);
    const fields = Object.entries(definition.properties ?? {}).map(([field, property]): Field => {
      const type = this.type(property['x-wire'], name, field, property);
      if (required.has(field) === (type.kind === 'optional')) {
        throw new Error(`schema/plan: ${name}.${field} must be either optional or required`);
      }
      return { name: field, type, description: property.description ?? '' };
    });
    return { name, description: definition.description ?? '', fields };
  }

  operation(name: string, definition: Definition): Operation {
    const { 'x-op': op, 'x-code': code, 'x-actors': actors, 'x-steps': steps, 'x-observe': observe } = definition;
    if (!op || code === undefined || !actors || !steps)
      throw new Error(`schema/plan: ${name} is no complete operation`);
    if (observe === undefined || (typeof observe === 'object' && !observe.not))
      throw new Error(`schema/plan: ${name} says neither who observes it nor why nobody does`);
    const programs = this.programs(name, actors, definition['x-programs']);
    const undo = definition['x-undo'] === true;
    return { ...this.struct(name, definition), op, code, actors, steps, programs, undo, observe };
  }

  /** The programs that may have an operation: of those of the host the ones that are named, else all of a process. */
  private programs(name: string, actors: readonly Actor[], named: readonly string[] | undefined): string[] {
    for (const program of named ?? []) {
      if (this.actorOf[program] !== 'host' || !actors.includes('host')) {
        throw new Error(`schema/plan: ${name} cannot be in the program ${program}`);
      }
    }
    return Object.entries(this.actorOf)
      .filter(([program, actor]) => actors.includes(actor) && (actor !== 'host' || (named?.includes(program) ?? true)))
      .map(([program]) => program);
  }
}

/** Names of the structs that a type contains. */
function contained(type: WireType): string[] {
  if (type.kind === 'struct') return [type.name];
  return type.kind === 'list' || type.kind === 'optional' ? contained(type.of) : [];
}

/** Puts each struct after those that it contains. */
function sorted(structs: readonly Struct[]): Struct[] {
  const result: Struct[] = [];
  const add = (struct: Struct, above: readonly string[]): void => {
    if (result.includes(struct)) return;
    if (above.includes(struct.name)) throw new Error(`schema/plan: struct ${struct.name} contains itself`);
    for (const name of struct.fields.flatMap((field) => contained(field.type))) {
      const other = structs.find((known) => known.name === name);
      if (!other) throw new Error(`schema/plan: ${struct.name} names an unknown struct ${name}`);
      add(other, [...above, struct.name]);
    }
    result.push(struct);
  };
  for (const struct of structs) add(struct, []);
  return result;
}

function checkUnique(kind: string, values: readonly (string | number)[]): void {
  values.forEach((value, index) => {
    if (values.indexOf(value) !== index) throw new Error(`schema/plan: ${kind} ${value} is there twice`);
  });
}

/**
 * Reads schema/plan.
 * @throws Error when a file contradicts itself or another one
 */
export function readModel(): Model {
  const main = read('plan.schema.json') as SchemaFile & { 'x-families': string[] };
  const names = main['x-families'];
  const files = names.map(read);
  const programs = (main.$defs['ProgramName'] as { 'x-program-actors': Record<string, Actor> })['x-program-actors'];
  const reader = new ModelReader(programs);
  reader.shared(main.$defs);
  for (const file of files) reader.shared(file.$defs);
  const families = files.map((file): Family => {
    const definitions = Object.entries(file.$defs);
    for (const [name, definition] of definitions) {
      if (definition['x-struct']) reader.structs.push(reader.struct(name, definition));
    }
    const operations = definitions.filter(([, definition]) => definition['x-op'] !== undefined);
    return {
      title: file.title,
      description: file.description,
      operations: operations.map(([name, definition]) => reader.operation(name, definition)),
    };
  });
  const operations = families.flatMap((family) => family.operations).sort((a, b) => a.code - b.code);
  checkUnique('code', operations.map((operation) => operation.code));
  checkUnique('operation', operations.map((operation) => operation.op));
  checkUnique('struct', [...reader.structs, ...operations, ...reader.enums].map((type) => type.name));
  const structs = sorted(reader.structs);
  sorted([...reader.structs, ...operations]);
  const text = canonical(Object.fromEntries(['plan.schema.json', ...names].map((name) => [name, read(name)])));
  return {
    description: main.description,
    enums: reader.enums,
    flags: reader.flags,
    structs,
    families,
    operations,
    programs,
    hash: createHash('sha256').update(text).digest().subarray(0, 16),
  };
}
