import type { Actor, Enumeration, FlagSet, Model, Operation, Struct, WireType } from './model.ts';
import { notice, wrap } from '../names.ts';

const scalars: Record<string, string> = {
  u8: 'number',
  u32: 'number',
  i32: 'number',
  u64: 'number | bigint',
  i64: 'number | bigint',
  bool: 'boolean',
  str: 'string',
  bytes: 'Uint8Array',
  slot: 'Slot',
  template: 'Template',
  op: 'Operation',
  flags: 'number',
};

function tsType(type: WireType): string {
  switch (type.kind) {
    case 'enum':
    case 'struct':
      return type.name;
    case 'list': {
      const element = tsType(type.of);
      return `readonly ${element.includes(' ') ? `(${element})` : element}[]`;
    }
    case 'optional':
      return tsType(type.of);
    default:
      return scalars[type.kind]!;
  }
}

function doc(text: string, indent: string): string {
  const line = `${indent}/** ${text} */`;
  return line.length <= 110 ? line : `${indent}/**\n${wrap(text, `${indent} * `, 110)}\n${indent} */`;
}

function union(values: readonly string[]): string {
  const line = values.map((value) => `'${value}'`).join(' | ');
  return line.length <= 80 ? ` ${line}` : `\n${wrap(line, '  ', 110)}`;
}

function members(struct: Struct): string {
  return struct.fields.map((field) => {
    const type = tsType(field.type);
    const mark = field.type.kind === 'optional' ? '?' : '';
    const end = field.type.kind === 'optional' ? `${type} | undefined` : type;
    const note = field.type.kind === 'flags' && field.type.name ? ` Bits: {@link ${field.type.name}Flag}.` : '';
    return `${doc(field.description + note, '  ')}\n  readonly ${field.name}${mark}: ${end};\n`;
  }).join('');
}

function declareEnum({ name, description, values }: Enumeration): string {
  return `${doc(description, '')}\nexport type ${name} =${union(values)};\n`;
}

function declareFlags({ name, description, bits }: FlagSet): string {
  const lines = Object.entries(bits).map(([flag, bit]) => `  ${flag}: ${bit},\n`);
  return `${doc(description, '')}\nexport const ${name}Flag = {\n${lines.join('')}} as const;\n`;
}

function declareOperation(operation: Operation): string {
  const who = operation.actors.join(', ');
  return `${doc(`${operation.description} Run by: ${who}.`, '')}
export interface ${operation.name} {
  readonly op: '${operation.op}';
  readonly from: string;
${members(operation)}}
`;
}

function programsOf(model: Model): string {
  return Object.entries(model.programs).map(([name, actor]: [string, Actor]) =>
    `  readonly ${name}?: readonly ${actor[0]!.toUpperCase()}${actor.slice(1)}Operation[] | undefined;\n`
  ).join('');
}

function unionOf(name: string, description: string, operations: readonly Operation[]): string {
  return `${doc(description, '')}\nexport type ${name} =\n${
    operations.map((operation) => `  | ${operation.name}`).join('\n')
  };\n`;
}

/** Text of src/generated/plan.ts: the types of a plan. */
export function planTypes(model: Model): string {
  const { enums, flags, structs, operations } = model;
  const by = (actor: Actor): Operation[] => operations.filter((operation) => operation.actors.includes(actor));
  return `// ${notice}
// Types of a plan, from schema/plan.

/** Number of a place for a file descriptor, 0 to 31. */
export type Slot = number;

/** A text with holes for run-time values. */
export type Template = readonly (string | { readonly hole: Hole })[];

${enums.map(declareEnum).join('\n')}
${flags.map(declareFlags).join('\n')}
${
    structs.map((struct) => `${doc(struct.description, '')}\nexport interface ${struct.name} {\n${members(struct)}}\n`)
      .join('\n')
  }
${operations.map(declareOperation).join('\n')}
${unionOf('HostOperation', 'Operations that a program of the executor on the host may have.', by('host'))}
${unionOf('StagerOperation', 'Operations that the program of the stager may have.', by('stager'))}
${unionOf('InitOperation', 'Operations that the program of init may have.', by('init'))}
${doc('Any operation. `from` is the JSON pointer of the config value that caused it.', '')}
export type Operation = HostOperation | StagerOperation | InitOperation;

/** The programs of a plan. */
export interface Programs {
${programsOf(model)}}

${doc(model.description, '')}
export interface Plan {
  readonly planVersion: 1;
  readonly programs: Programs;
}
`;
}
