import type { Model, Operation, Struct, WireType } from './model.ts';
import { notice } from '../names.ts';

/** Bytes that every value of a type takes, or undefined when that depends on the value. */
function fixedSize(type: WireType): number | undefined {
  switch (type.kind) {
    case 'u8':
    case 'bool':
    case 'slot':
    case 'enum':
      return 1;
    case 'u32':
    case 'i32':
    case 'flags':
      return 4;
    case 'u64':
    case 'i64':
      return 8;
    default:
      return undefined;
  }
}

class EncoderText {
  private depth = 0;

  /** Statements that write the value that a JavaScript expression gives. */
  value(type: WireType, expression: string, indent: string): string {
    switch (type.kind) {
      case 'u8':
      case 'slot':
        return `${indent}w.u8(${expression});\n`;
      case 'bool':
        return `${indent}w.u8(${expression} ? 1 : 0);\n`;
      case 'u32':
      case 'flags':
        return `${indent}w.u32(${expression});\n`;
      case 'i32':
        return `${indent}w.i32(${expression});\n`;
      case 'u64':
        return `${indent}w.u64(${expression});\n`;
      case 'i64':
        return `${indent}w.u64(BigInt.asUintN(64, BigInt(${expression})));\n`;
      case 'str':
        return `${indent}w.str(${expression});\n`;
      case 'bytes':
        return `${indent}w.bytes(${expression});\n`;
      case 'enum':
        return `${indent}w.u8(indexOf${type.name}[${expression}]);\n`;
      case 'struct':
        return `${indent}write${type.name}(w, ${expression});\n`;
      case 'template':
        return `${indent}writeTemplate(w, ${expression});\n`;
      case 'op':
        return `${indent}writeOperation(w, ${expression});\n`;
      case 'list':
        return this.list(type.of, expression, indent);
      case 'optional':
        return this.optional(type.of, expression, indent);
    }
  }

  private list(of: WireType, expression: string, indent: string): string {
    const element = `e${this.depth++}`;
    const body = this.value(of, element, `${indent}  `);
    this.depth -= 1;
    return `${indent}w.u32(${expression}.length);\n${indent}for (const ${element} of ${expression}) {\n${body}${indent}}\n`;
  }

  private optional(of: WireType, expression: string, indent: string): string {
    return `${indent}if (${expression} === undefined) {
${indent}  w.u8(0);
${indent}} else {
${indent}  w.u8(1);
${this.value(of, expression, `${indent}  `)}${indent}}
`;
  }

  fields(struct: Struct): string {
    return struct.fields.map((field) => this.value(field.type, `v.${field.name}`, '  ')).join('');
  }
}

const text = new EncoderText();

function writeStruct(struct: Struct): string {
  return `function write${struct.name}(w: WireWriter, v: plan.${struct.name}): void {\n${text.fields(struct)}}\n`;
}

function writeOperation(operation: Operation): string {
  const sizes = operation.fields.map((field) => fixedSize(field.type));
  const variable = sizes.includes(undefined);
  const size = sizes.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  const [v, start, end] = variable
    ? ['v', '  w.u32(0);\n  const start = w.length();\n', '  w.patchU32(start - 4, w.length() - start);\n']
    : [operation.fields.length === 0 ? '' : 'v', `  w.u32(${size});\n`, ''];
  const parameters = v === '' ? 'w: WireWriter' : `w: WireWriter, v: plan.${operation.name}`;
  return `function write${operation.name}(${parameters}): void {
  w.u32(${operation.code});
${start}${text.fields(operation)}${end}}
`;
}

/** The 16 bytes as four 32-bit numbers, little-endian. */
function words(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(index * 4, true));
}

/** Text of src/generated/encode.ts: writes a plan as bytes. */
export function planEncoder(model: Model): string {
  const { enums, structs, operations } = model;
  const magic = words(Buffer.from('VLCIPLAN'));
  const header = [...magic, ...words(model.hash)].map((word) => `  w.u32(0x${word.toString(16).padStart(8, '0')});\n`);
  const used = enums.filter(({ name }) => name !== 'Hole' && name !== 'ProgramName');
  return `// ${notice}
// Encoder of a plan: statements in the order of the fields of schema/plan.
import type { WireWriter } from '../engine/protocol.ts';
import type * as plan from './plan.ts';

const kindOfHole = {
${
    enums.find(({ name }) => name === 'Hole')!.values.map((value, index) => `  ${value}: ${index + 1},\n`).join('')
  }} as const;

${
    used.map(({ name, values }) =>
      `const indexOf${name} = {\n${values.map((value, index) => `  ${value}: ${index},\n`).join('')}} as const;\n`
    ).join('\n')
  }
const programNames = [
${enums.find(({ name }) => name === 'ProgramName')!.values.map((value) => `  '${value}',\n`).join('')}] as const;

function writeTemplate(w: WireWriter, template: plan.Template): void {
  w.u32(template.length);
  for (const part of template) {
    if (typeof part === 'string') {
      w.u8(0);
      w.str(part);
    } else {
      w.u8(kindOfHole[part.hole]);
    }
  }
}

${structs.map(writeStruct).join('\n')}
${operations.map(writeOperation).join('\n')}
type Write = (w: WireWriter, operation: never) => void;

const writers: Readonly<Record<plan.Operation['op'], Write>> = {
${operations.map((operation) => `  '${operation.op}': write${operation.name},\n`).join('')}};

function writeOperation(w: WireWriter, operation: plan.Operation): void {
  (writers[operation.op] as (w: WireWriter, operation: plan.Operation) => void)(w, operation);
}

/**
 * Encodes a plan.
 * @param w an empty writer; it is empty again afterwards
 * @throws RangeError when a text has a NUL
 */
export function encodePlan(plan: plan.Plan, w: WireWriter): Uint8Array {
  const names = programNames.filter((name) => plan.programs[name] !== undefined);
${header.join('')}  w.u32(0);
  w.u32(names.length);
  let entry = w.length();
  for (let index = 0; index < names.length; index++) {
    w.u32(programNames.indexOf(names[index]!));
    w.u32(0);
    w.u32(0);
    w.u32(plan.programs[names[index]!]!.length);
  }
  for (const name of names) {
    const start = w.length();
    for (const operation of plan.programs[name]!) writeOperation(w, operation);
    w.patchU32(entry + 4, start);
    w.patchU32(entry + 8, w.length() - start);
    entry += 16;
  }
  w.patchU32(24, w.length());
  return w.finish();
}

/** Encodes the engine's answer to the native command. */
export function encodeResponse(response: plan.Response, w: WireWriter): Uint8Array {
  writeResponse(w, response);
  return w.finish();
}

/** Encodes its answer to veloci-unpack. */
export function encodeImageAnswer(answer: plan.ImageAnswer, w: WireWriter): Uint8Array {
  writeImageAnswer(w, answer);
  return w.finish();
}
`;
}
