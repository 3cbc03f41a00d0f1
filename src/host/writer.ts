// WireWriter in TypeScript: for Node, where a call into native code costs more than the bytes.
import type { WireWriter } from '../engine/protocol.ts';

const encoder = new TextEncoder();

/** An empty {@link WireWriter} that grows as needed. */
export function createWriter(): WireWriter {
  let bytes = new Uint8Array(16 * 1024);
  let view = new DataView(bytes.buffer);
  let used = 0;

  /** Makes room for `size` bytes and returns the offset where they go. */
  const grow = (size: number): number => {
    const offset = used;
    used += size;
    if (used > bytes.length) {
      const larger = new Uint8Array(Math.max(bytes.length * 2, used));
      larger.set(bytes);
      bytes = larger;
      view = new DataView(bytes.buffer);
    }
    return offset;
  };
  const raw = (value: Uint8Array): void => {
    const offset = grow(value.length);
    bytes.set(value, offset);
  };
  const u32 = (value: number): void => {
    const offset = grow(4);
    view.setUint32(offset, value, true);
  };

  return {
    u8: (value) => {
      const offset = grow(1);
      view.setUint8(offset, value);
    },
    u16: (value) => {
      const offset = grow(2);
      view.setUint16(offset, value, true);
    },
    u32,
    i32: u32,
    u64: (value) => {
      const offset = grow(8);
      view.setBigUint64(offset, BigInt(value), true);
    },
    str: (value) => {
      if (value.includes('\0')) throw new RangeError('a text of the plan has a NUL character');
      const text = encoder.encode(value);
      u32(text.length);
      raw(text);
      const offset = grow(1);
      view.setUint8(offset, 0);
    },
    bytes: (value) => {
      u32(value.length);
      raw(value);
    },
    raw,
    length: () => used,
    patchU32: (offset, value) => {
      if (offset < 0 || offset + 4 > used) throw new RangeError('a patch lies outside of the written bytes');
      view.setUint32(offset, value, true);
    },
    finish: () => {
      const result = bytes.slice(0, used);
      used = 0;
      return result;
    },
  };
}
