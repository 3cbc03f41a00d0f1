import { notice, wrap } from '../names.ts';
import { namesIn, typesIn } from './protocol-model.ts';
import type { Definition, Member, MessageType } from './protocol-model.ts';

/** The messages that come from outside: what the engine reads as a whole. */
const entries = ['Request', 'HostFacts', 'Probes', 'Observation', 'ControlMessage', 'ImageRequest'];

function tsType(type: MessageType): string {
  switch (type.kind) {
    case 'integer':
      return 'number';
    case 'named':
      return type.name;
    case 'list':
      return `readonly ${tsType(type.of)}[]`;
    case 'map':
      return `Readonly<Record<string, ${tsType(type.of)}>>`;
    case 'nullable':
      return `${tsType(type.of)} | null`;
    case 'tuple':
      return `readonly [${type.names.map((name) => `${name}: number`).join(', ')}]`;
    case 'union':
      return type.of.map(tsType).join(' | ');
    default:
      return type.kind;
  }
}

function doc(text: string, indent: string): string {
  const line = `${indent}/** ${text} */`;
  return line.length <= 120 ? line : `${indent}/**\n${wrap(text, `${indent} * `, 120)}\n${indent} */`;
}

function valuesOf(name: string): string {
  return `${name[0]!.toLowerCase()}${name.slice(1)}Values`;
}

function declare(definition: Definition): string {
  const { name, description } = definition;
  switch (definition.kind) {
    case 'enum': {
      const values = wrap(definition.values.map((value) => `'${value}',`).join(' '), '  ', 120);
      const engines = Object.entries(definition.engines ?? {}).map(([engine, verbs]) =>
        `\nexport const ${engine}VerbValues = [\n${
          wrap(verbs.map((verb) => `'${verb}',`).join(' '), '  ', 120)
        }\n] as const;\n/** Those of the engine ${engine}. */\nexport type ${engine[0]!.toUpperCase()}${
          engine.slice(1)
        }Verb = (typeof ${engine}VerbValues)[number];\n`
      );
      return `export const ${valuesOf(name)} = [\n${values}\n] as const;\n${
        doc(description, '')
      }\nexport type ${name} = (typeof ${valuesOf(name)})[number];\n${engines.join('')}`;
    }
    case 'alias':
      return `${doc(description, '')}\nexport type ${name} = ${tsType(definition.type)};\n`;
    case 'object': {
      const lines = definition.members.map((member) =>
        `${doc(member.description, '  ')}\n  readonly ${member.name}${member.required ? '' : '?'}: ${
          tsType(member.type)
        };\n`
      );
      return `${doc(description, '')}\nexport interface ${name} {\n${lines.join('')}}\n`;
    }
  }
}

/**
 * Writes the statements that check values. A function costs its part of the prepared engine: only what is used more than
 * once gets one, the rest stands where it is used.
 */
class Checks {
  private count = 0;
  private readonly named: ReadonlyMap<string, Definition>;
  private readonly shared: ReadonlySet<string>;

  constructor(definitions: readonly Definition[]) {
    this.named = new Map(definitions.map((definition) => [definition.name, definition]));
    const uses = definitions.flatMap((definition) => typesIn(definition).flatMap(namesIn));
    const isObject = (name: string): boolean => this.named.get(name)?.kind === 'object';
    this.shared = new Set(uses.filter((name, index) => isObject(name) && uses.indexOf(name) !== index));
  }

  /** Whether a definition has a function of its own. */
  hasFunction(name: string): boolean {
    return this.shared.has(name) || entries.includes(name);
  }

  /** @param name an expression for the member's name */
  statements(type: MessageType, value: string, name: string): string {
    switch (type.kind) {
      case 'string':
      case 'boolean':
        return `is(${value}, '${type.kind}', ${name});`;
      case 'integer':
        return `integer(${value}, ${name});`;
      case 'named':
        return this.ofNamed(type.name, value, name);
      case 'nullable':
        return `if (${value} !== null) {\n${this.statements(type.of, value, name)}\n}`;
      case 'tuple':
        return `integers(${value}, ${name}, ${type.names.length});`;
      case 'list':
        if (type.of.kind === 'string') return `strings(${value}, ${name});`;
        return this.loop('const', 'of', `list(${value}, ${name})`, (entry) => this.statements(type.of, entry, name));
      case 'map':
        return this.block(value, name,
          (of) => this.loop('const', 'in', of, (key) => this.statements(type.of, `${of}[${key}]`, key)));
      case 'union': {
        const last = type.of[type.of.length - 1]!;
        const others = type.of.slice(0, -1).map(({ kind }) => isNot[kind]!(value));
        return `if (${others.join(' && ')}) {\n${this.statements(last, value, name)}\n}`;
      }
    }
  }

  private ofNamed(type: string, value: string, name: string): string {
    const definition = this.named.get(type)!;
    if (this.hasFunction(type)) return `check${type}(${value}, ${name});`;
    switch (definition.kind) {
      case 'enum':
        return `one(${value}, ${valuesOf(type)}, ${name});`;
      case 'alias':
        return this.statements(definition.type, value, name);
      case 'object':
        return this.block(value, name, (of) => this.members(definition.members, of));
    }
  }

  private members(list: readonly Member[], of: string): string {
    return list.map(({ name, type, required }) => {
      const value = `${of}['${name}']`;
      const check = this.statements(type, value, `'${name}'`);
      return required ? check : `if (${value} !== undefined) {\n${check}\n}`;
    }).join('\n');
  }

  private variable(): string {
    this.count += 1;
    return `of${this.count}`;
  }

  private block(value: string, name: string, body: (of: string) => string): string {
    const of = this.variable();
    return `const ${of} = members(${value}, ${name});\n${body(of)}`;
  }

  private loop(how: string, word: string, range: string, body: (entry: string) => string): string {
    const entry = this.variable();
    return `for (${how} ${entry} ${word} ${range}) {\n${body(entry)}\n}`;
  }

  function({ name, members }: Extract<Definition, { kind: 'object' }>): string {
    this.count = 0;
    const body = this.block('value', 'name', (of) => this.members(members, of));
    return `function check${name}(value: unknown, name: string): void {\n${indented(body)}}\n`;
  }
}

/** That a value is not of a type; for the alternatives but the last one, which is checked for its message. */
const isNot: Readonly<Record<string, (value: string) => string>> = {
  string: (value) => `typeof ${value} !== 'string'`,
  boolean: (value) => `typeof ${value} !== 'boolean'`,
  integer: (value) => `!Number.isInteger(${value})`,
};

/** Lines of the body of a function, set in by their braces. */
function indented(body: string): string {
  let depth = 1;
  return body.split('\n').map((line) => {
    if (line.startsWith('}')) depth -= 1;
    const result = `${'  '.repeat(depth)}${line}\n`;
    if (line.endsWith('{')) depth += 1;
    return result;
  }).join('');
}

function read(name: string): string {
  return `/**
 * A value from outside as a {@link ${name}}. Members that this version does not know are passed over.
 *
 * @throws TypeError when it is none
 */
export function read${name}(value: unknown): ${name} {
  check${name}(value, '${name}');
  return value as ${name};
}
`;
}

const helpers = `/** @throws TypeError always */
function wrong(name: string, expected: string): never {
  throw new TypeError(\`protocol: \${name} is not \${expected}\`);
}

function members(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) wrong(name, 'an object');
  return value as Readonly<Record<string, unknown>>;
}

function is(value: unknown, type: string, name: string): void {
  if (typeof value !== type) wrong(name, type);
}

function integer(value: unknown, name: string): void {
  if (!Number.isInteger(value)) wrong(name, 'an integer');
}

function one(value: unknown, values: readonly unknown[], name: string): void {
  if (!values.includes(value)) wrong(name, 'a known value');
}

function list(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) wrong(name, 'a list');
  return value as readonly unknown[];
}

function strings(value: unknown, name: string): void {
  for (const entry of list(value, name)) is(entry, 'string', name);
}

function integers(value: unknown, name: string, size: number): void {
  for (const entry of list(value, name)) integer(entry, name);
  if ((value as readonly unknown[]).length !== size) wrong(name, 'of that length');
}
`;

/** Text of src/generated/protocol.ts: the messages' types. */
export function protocolTypes(definitions: readonly Definition[]): string {
  return `// ${notice}
// Messages to the engine, from schema/protocol.

${definitions.map(declare).join('\n')}`;
}

/** Text of src/generated/read-protocol.ts: what reads the messages, and checks them. */
export function protocolReader(definitions: readonly Definition[]): string {
  const checks = new Checks(definitions);
  const functions = definitions.flatMap((definition) =>
    definition.kind === 'object' && checks.hasFunction(definition.name) ? [checks.function(definition)] : []
  );
  const body = functions.join('\n');
  const values = definitions.map(({ name }) => valuesOf(name)).filter((name) => body.includes(`${name},`));
  return `// ${notice}
// Readers of the messages to the engine, from schema/protocol.
import { ${values.join(', ')} } from './protocol.ts';
import type { ${entries.join(', ')} } from './protocol.ts';

${helpers}
${body}
${entries.map(read).join('\n')}`;
}
