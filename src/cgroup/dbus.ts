// Messages of D-Bus as bytes (D-Bus Specification 0.41, "Message Protocol"): little-endian, version 1. The
// engine makes them, the executor only sends them.
import { utf8Of } from '../base/utf8.ts';

/** A value that knows its type and writes itself. */
export interface Value {
  /** Its complete type, such as `a(sv)`. */
  readonly signature: string;
  write(out: Marshal): void;
}

/** Bytes in the making; alignment counts from the beginning of the message or its body, both multiples of 8. */
class Marshal {
  readonly bytes: number[] = [];
  /** Offset of the number that is known only when the message is sent. */
  hole: number | undefined = undefined;

  align(size: number): void {
    while (this.bytes.length % size !== 0) this.bytes.push(0);
  }

  u32(value: number): void {
    this.align(4);
    this.bytes.push(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24);
  }

  /** Overwrites a number that was written at an offset. */
  patch(offset: number, value: number): void {
    for (let index = 0; index < 4; index++) this.bytes[offset + index] = (value >>> (8 * index)) & 255;
  }

  /** A fixed-size integer of 1, 2, 4 or 8 bytes, two's complement. */
  integer(value: bigint, size: number): void {
    this.align(size);
    for (let index = 0; index < size; index++) this.bytes.push(Number((value >> BigInt(8 * index)) & 255n));
  }

  text(value: string): void {
    const utf8 = utf8Of(value);
    this.u32(utf8.length);
    for (const byte of utf8) this.bytes.push(byte);
    this.bytes.push(0);
  }

  signature(value: string): void {
    this.bytes.push(value.length);
    for (let index = 0; index < value.length; index++) this.bytes.push(value.charCodeAt(index));
    this.bytes.push(0);
  }
}

/** Bytes of the integer types by their letters. */
const integerSizes: Readonly<Record<string, number>> = { y: 1, n: 2, q: 2, i: 4, u: 4, h: 4, x: 8, t: 8 };

/** An integer; `type` is one of `y n q i u h x t`. */
export function integer(type: string, value: bigint | number): Value {
  return { signature: type, write: (out) => out.integer(BigInt(value), integerSizes[type]!) };
}

export function double(value: number): Value {
  return {
    signature: 'd',
    write: (out) => {
      out.align(8);
      for (const byte of new Uint8Array(new Float64Array([value]).buffer)) out.bytes.push(byte);
    },
  };
}

export function boolean(value: boolean): Value {
  return { signature: 'b', write: (out) => out.u32(value ? 1 : 0) };
}

export function text(value: string): Value {
  return { signature: 's', write: (out) => out.text(value) };
}

export function objectPath(value: string): Value {
  return { signature: 'o', write: (out) => out.text(value) };
}

export function signatureValue(value: string): Value {
  return { signature: 'g', write: (out) => out.signature(value) };
}

export function variant(value: Value): Value {
  return {
    signature: 'v',
    write: (out) => {
      out.signature(value.signature);
      value.write(out);
    },
  };
}

export function struct(...members: readonly Value[]): Value {
  return {
    signature: `(${members.map(({ signature }) => signature).join('')})`,
    write: (out) => {
      out.align(8);
      for (const member of members) member.write(out);
    },
  };
}

/** @param of type of an element, also for an empty array */
export function array(of: string, elements: readonly Value[]): Value {
  return {
    signature: `a${of}`,
    write: (out) => {
      out.u32(0);
      const length = out.bytes.length - 4;
      out.align(alignmentOf(of));
      const start = out.bytes.length;
      for (const element of elements) element.write(out);
      out.patch(length, out.bytes.length - start);
    },
  };
}

/** An array of one u32 that is filled in when the message is sent. */
export function hole(): Value {
  return {
    signature: 'au',
    write: (out) => {
      out.u32(4);
      out.hole = out.bytes.length;
      out.u32(0);
    },
  };
}

function alignmentOf(type: string): number {
  const first = type[0]!;
  if (first === '(' || first === '{' || first === 'x' || first === 't' || first === 'd') return 8;
  if (first === 'n' || first === 'q') return 2;
  return first === 'y' || first === 'g' || first === 'v' ? 1 : 4;
}

/** A method call. */
export interface Call {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly body: readonly Value[];
}

/** A message, and where in it the number goes that {@link hole} leaves open. */
export interface Message {
  readonly bytes: Uint8Array;
  readonly hole?: number;
}

/** Types and fields of a message's header. */
const methodCall = 1;
const field = { path: 1, interface: 2, member: 3, destination: 6, signature: 8 } as const;

/**
 * A method call as bytes.
 *
 * @param serial number of the message on its connection, from 1; the answer names it
 */
export function marshalCall(call: Call, serial: number): Message {
  const body = new Marshal();
  for (const value of call.body) value.write(body);
  const head = new Marshal();
  head.bytes.push(0x6c, methodCall, 0, 1);
  head.u32(body.bytes.length);
  head.u32(serial);
  const entry = (code: number, value: Value): Value => struct(integer('y', code), variant(value));
  const fields = [
    entry(field.path, objectPath(call.path)),
    entry(field.destination, text(call.destination)),
    entry(field.interface, text(call.interface)),
    entry(field.member, text(call.member)),
  ];
  const signature = call.body.map((value) => value.signature).join('');
  if (signature !== '') fields.push(entry(field.signature, signatureValue(signature)));
  array('(yv)', fields).write(head);
  head.align(8);
  const bytes = new Uint8Array([...head.bytes, ...body.bytes]);
  return body.hole === undefined ? { bytes } : { bytes, hole: head.bytes.length + body.hole };
}
