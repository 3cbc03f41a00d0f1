import type { Field, Model, WireType } from './model.ts';
import { notice } from '../names.ts';

/** A type as text: `str`, `optional slot`, `list CgroupDir`, `enum Propagation`, `flags MountAttr`. */
export function typeText(type: WireType): string {
  switch (type.kind) {
    case 'enum':
      return `enum ${type.name}`;
    case 'flags':
      return type.name ? `flags ${type.name}` : 'flags';
    case 'struct':
      return type.name;
    case 'list':
    case 'optional':
      return `${type.kind} ${typeText(type.of)}`;
    default:
      return type.kind;
  }
}

function fieldsOf(fields: readonly Field[]): Record<string, string> {
  return Object.fromEntries(fields.map((field) => [field.name, typeText(field.type)]));
}

function jsonMembers(members: readonly (readonly [name: string, value: unknown])[]): string {
  return members.map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`).join(',\n');
}

/** Text of src/generated/plan-meta.ts: what explanations and diagnostics need to know of the operations. */
export function planMeta(model: Model): string {
  const { enums, flags, structs, operations } = model;
  return `// ${notice}
// What explanations and diagnostics need to know of the operations of a plan.
import type { Operation } from './plan.ts';

/** First 16 bytes of the SHA-256 of schema/plan, as in the header of an encoded plan. */
export const schemaHash = '${Buffer.from(model.hash).toString('hex')}';

export interface OperationMeta {
  readonly code: number;
  /** What it does, in order; a failure names one of them by its number. */
  readonly steps: readonly string[];
  /** Whether a failure of a later operation undoes it. */
  readonly undo: boolean;
  /** Types by field: a simple type or a struct, \`list T\`, \`optional T\`, \`enum NAME\`, \`flags NAME\`. */
  readonly fields: Readonly<Record<string, string>>;
}

interface Meta {
  readonly operations: Readonly<Record<Operation['op'], OperationMeta>>;
  readonly structs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly enums: Readonly<Record<string, readonly string[]>>;
  readonly flags: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

// A text, because it is needed only when something has failed or is explained: as objects it would cost the start of
// every command.
const text = \`{
"operations": {
${
    jsonMembers(operations.map((o) => [o.op, {
      code: o.code,
      steps: o.steps,
      undo: o.undo,
      fields: fieldsOf(o.fields),
    }]))
  }
},
"structs": {
${jsonMembers(structs.map((struct) => [struct.name, fieldsOf(struct.fields)]))}
},
"enums": {
${jsonMembers(enums.map((e) => [e.name, e.values]))}
},
"flags": {
${jsonMembers(flags.map((set) => [set.name, set.bits]))}
}
}\`;

let parsed: Meta | undefined;

function meta(): Meta {
  parsed ??= JSON.parse(text) as Meta;
  return parsed;
}

/** All operations by name. */
export const operations = (): Meta['operations'] => meta().operations;
/** Types of the fields of the structs. */
export const structs = (): Meta['structs'] => meta().structs;
/** Values of the enums. */
export const enums = (): Meta['enums'] => meta().enums;
/** Bits of the sets of flags. */
export const flags = (): Meta['flags'] => meta().flags;

/**
 * The operation that a reported failure is about. Inside of an \`alt\` the reported step carries the way to the operation
 * in the bits from bit 8 on, lowest first: 0 = \`try\`, 1 = \`else\`.
 * @param top the operation of the program that failed
 * @param step as reported by the executor
 * @returns the innermost operation and the name of its step, undefined when the number has no name
 */
export function failedOperation(top: Operation, step: number): { operation: Operation; step: string | undefined } {
  let operation = top;
  let way = step >> 8;
  while (operation.op === 'alt') {
    const inner: Operation | undefined = way & 1 ? operation.else : operation.try;
    if (inner === undefined) break;
    operation = inner;
    way >>= 1;
  }
  return { operation, step: operations()[operation.op].steps[step & 0xff] };
}
`;
}
