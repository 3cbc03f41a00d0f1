// Random plans, and a reader of encoded plans that knows the wire form from src/generated/plan-meta.ts alone.
import { readModel } from '../../../scripts/generate/plan/model.ts';
import { enums, flags, operations, schemaHash, structs } from '../../../src/generated/plan-meta.ts';
import type { Operation, Plan, ProgramName } from '../../../src/generated/plan.ts';
import type { Random } from '../fuzz/random.ts';

/** A value as the readers report it: 64-bit integers as decimal text, bytes as hexadecimal text, enums as numbers. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [name: string]: Plain };

/** Operations by program, as the readers report them. */
export type PlainPrograms = Record<string, Plain[]>;

type Fields = Readonly<Record<string, string>>;

const operationNames = Object.keys(operations()) as Operation['op'][];
const model = readModel();
const programNames = Object.keys(model.programs) as ProgramName[];
const programsOf = new Map(model.operations.map(({ op, programs }) => [op, programs]));

const texts = ['', '/', 'a', 'proc', '"\\\n\u0001', 'größer', '日本', '🦆', 'x'.repeat(300)];
const edges32 = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff];
const edges64 = [0, 1, 2 ** 53 - 1, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n];

/** Deepest nesting of `alt` that the reader accepts. */
const maxDepth = 4;

class Generator {
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  value(type: string, program: ProgramName, depth: number): unknown {
    const { random } = this;
    const [head = '', rest = ''] = type.split(/ (.*)/);
    switch (head) {
      case 'u8':
        return random.below(256);
      case 'u32':
        return random.pick(edges32);
      case 'i32':
        return random.pick([0, 1, -1, 0x7fffffff, -0x80000000]);
      case 'u64':
        return random.pick(edges64);
      case 'bool':
        return random.below(2) === 1;
      case 'slot':
        return random.below(32);
      case 'str':
        return random.pick(texts);
      case 'bytes':
        return Uint8Array.from({ length: random.below(20) }, () => random.below(256));
      case 'flags':
        return rest === '' ? random.pick(edges32) : random.pick(Object.values(flags()[rest]!));
      case 'enum':
        return random.pick(enums()[rest]!);
      case 'template':
        return this.list(() => (random.below(2) ? random.pick(texts) : { hole: random.pick(enums()['Hole']!) }));
      case 'list':
        return this.list(() => this.value(rest, program, depth));
      case 'optional':
        return random.below(2) ? this.value(rest, program, depth) : undefined;
      case 'op':
        return this.operation(program, depth + 1);
      default:
        return this.fields(structs()[head]!, program, depth);
    }
  }

  private list(element: () => unknown): unknown[] {
    return Array.from({ length: this.random.below(4) }, element);
  }

  fields(types: Fields, program: ProgramName, depth: number): Record<string, unknown> {
    return Object.fromEntries(Object.entries(types).map(([name, type]) => [name, this.value(type, program, depth)]));
  }

  operation(program: ProgramName, depth: number): Operation {
    const allowed = operationNames.filter((name) =>
      programsOf.get(name)!.includes(program) && (name !== 'alt' || depth < maxDepth)
    );
    const op = this.random.pick(allowed);
    return { op, from: '', ...this.fields(operations()[op].fields, program, depth) } as unknown as Operation;
  }

  one(op: Operation['op'], program: ProgramName): Operation {
    return { op, from: '', ...this.fields(operations()[op].fields, program, 0) } as unknown as Operation;
  }
}

/** A plan with random programs of random operations. */
export function randomPlan(random: Random): Plan {
  const generator = new Generator(random);
  const programs: Record<string, Operation[]> = {};
  for (const name of programNames) {
    if (random.below(2)) programs[name] = Array.from({ length: random.below(8) }, () => generator.operation(name, 0));
  }
  return { planVersion: 1, programs } as unknown as Plan;
}

/** A plan that has every operation in a program of each process that may run it. */
export function fullPlan(random: Random): Plan {
  const generator = new Generator(random);
  const programs: Record<string, Operation[]> = {};
  for (const name of programNames) {
    programs[name] = operationNames.filter((op) => programsOf.get(op)!.includes(name))
      .map((op) => generator.one(op, name));
  }
  return { planVersion: 1, programs } as unknown as Plan;
}

function plainValue(type: string, value: unknown): Plain {
  const [head = '', rest = ''] = type.split(/ (.*)/);
  switch (head) {
    case 'u64':
    case 'i64':
      return String(value);
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('hex');
    case 'enum':
      return enums()[rest]!.indexOf(value as string);
    case 'template':
      return (value as (string | { hole: string })[]).map((part) =>
        typeof part === 'string' ? part : enums()['Hole']!.indexOf(part.hole)
      );
    case 'list':
      return (value as unknown[]).map((element) => plainValue(rest, element));
    case 'optional':
      return value === undefined ? null : plainValue(rest, value);
    case 'op':
      return plainOperation(value as Operation);
    case 'u8':
    case 'u32':
    case 'i32':
    case 'bool':
    case 'slot':
    case 'str':
    case 'flags':
      return value as Plain;
    default:
      return plainFields(structs()[head]!, value as Record<string, unknown>);
  }
}

function plainFields(types: Fields, value: Record<string, unknown>): Plain {
  return Object.fromEntries(Object.entries(types).map(([name, type]) => [name, plainValue(type, value[name])]));
}

function plainOperation(operation: Operation): Plain {
  const { fields } = operations()[operation.op];
  return { op: operation.op, fields: plainFields(fields, operation as unknown as Record<string, unknown>) };
}

/** A plan in the form of {@link decodePlan}. */
export function plainPlan(plan: Plan): PlainPrograms {
  const programs = Object.entries(plan.programs) as [string, readonly Operation[]][];
  return Object.fromEntries(programs.map(([name, list]) => [name, list.map(plainOperation)]));
}

/** Reads the wire form slowly and plainly; throws on anything unexpected. */
class WireReader {
  private offset = 0;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get end(): boolean {
    return this.offset === this.bytes.length;
  }

  u8(): number {
    return this.view.getUint8(this.move(1));
  }
  u16(): number {
    return this.view.getUint16(this.move(2), true);
  }
  u32(): number {
    return this.view.getUint32(this.move(4), true);
  }

  raw(size: number): Uint8Array {
    const start = this.move(size);
    return this.bytes.subarray(start, start + size);
  }

  private move(size: number): number {
    const start = this.offset;
    this.offset += size;
    if (this.offset > this.bytes.length) throw new RangeError(`${size} bytes at ${start} reach beyond the end`);
    return start;
  }

  private text(): string {
    const text = Buffer.from(this.raw(this.u32())).toString();
    if (this.u8() !== 0) throw new Error('no NUL');
    return text;
  }

  private list(element: () => Plain): Plain {
    return Array.from({ length: this.u32() }, element);
  }

  value(type: string): Plain {
    const [head = '', rest = ''] = type.split(/ (.*)/);
    switch (head) {
      case 'u8':
      case 'slot':
      case 'enum':
        return this.u8();
      case 'bool':
        return this.u8() === 1;
      case 'u32':
      case 'flags':
        return this.u32();
      case 'i32':
        return this.u32() | 0;
      case 'u64':
        return String(this.view.getBigUint64(this.move(8), true));
      case 'str':
        return this.text();
      case 'bytes':
        return Buffer.from(this.raw(this.u32())).toString('hex');
      case 'template':
        return this.list(() => {
          const kind = this.u8();
          return kind === 0 ? this.text() : kind - 1;
        });
      case 'list':
        return this.list(() => this.value(rest));
      case 'optional':
        return this.u8() === 1 ? this.value(rest) : null;
      case 'op':
        return this.operation();
      default:
        return this.fields(structs()[head]!);
    }
  }

  fields(types: Fields): Plain {
    return Object.fromEntries(Object.entries(types).map(([name, type]) => [name, this.value(type)]));
  }

  operation(): Plain {
    const code = this.u16();
    if (this.u16() !== 0) throw new Error('reserved bytes are not zero');
    const body = new WireReader(this.raw(this.u32()));
    const op = operationNames.find((name) => operations()[name].code === code);
    if (op === undefined) throw new Error(`no operation has code ${code}`);
    const fields = body.fields(operations()[op].fields);
    if (!body.end) throw new Error(`bytes follow the fields of ${op}`);
    return { op, fields };
  }
}

/** Reads an encoded plan. */
export function decodePlan(bytes: Uint8Array): PlainPrograms {
  const reader = new WireReader(bytes);
  if (Buffer.from(reader.raw(8)).toString() !== 'VLCIPLAN') throw new Error('no magic');
  if (Buffer.from(reader.raw(16)).toString('hex') !== schemaHash) throw new Error('another schema');
  if (reader.u32() !== bytes.length) throw new Error('another length');
  const table = Array.from({ length: reader.u32() },
    () => [reader.u32(), reader.u32(), reader.u32(), reader.u32()] as const);
  return Object.fromEntries(table.map(([name, offset, length, count]) => {
    const program = new WireReader(bytes.subarray(offset, offset + length));
    const list = Array.from({ length: count }, () => program.operation());
    if (!program.end) throw new Error('bytes follow the last operation');
    return [enums()['ProgramName']![name]!, list];
  }));
}

/** Reads a struct that was encoded alone, as Response is. */
export function decodeStruct(name: string, bytes: Uint8Array): Plain {
  const reader = new WireReader(bytes);
  const value = reader.fields(structs()[name]!);
  if (!reader.end) throw new Error(`bytes follow the fields of ${name}`);
  return value;
}
