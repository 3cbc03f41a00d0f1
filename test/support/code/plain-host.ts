// A Host in plain TypeScript, for tests that need no seccomp filter: its answers are those of the native one (host.test.ts).
import { createHash } from 'node:crypto';
import type { Host, Scan, WireWriter } from '../../../src/engine/protocol.ts';
import { createWriter } from '../../../src/host/writer.ts';

const quote = 0x22;
const backslash = 0x5c;
const maxDepth = 64;
/** Every integer of so many digits is a double. */
const exactDigits = 15;
const plainEscapes = new Set([...'"\\/bfnrt'].map((letter) => letter.charCodeAt(0)));

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A Host without libseccomp: `seccomp` throws, `syscallNumber` knows no name. */
export function plainHost(): Host {
  return {
    scan,
    sha256: (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex'),
    writer: (): WireWriter => createWriter(),
    seccomp: (): Uint8Array => {
      throw new Error('seccomp filters need the native addon');
    },
    syscallNumber: (): number => -1,
  };
}

/** {@link Host.scan} in TypeScript. */
function scan(bytes: Uint8Array): Scan {
  const badByte = firstBadByte(bytes);
  if (badByte >= 0) return { badByte, plain: false, members: 0 };
  return { text: decoder.decode(bytes), ...scanJson(bytes) };
}

/** Offset of the first byte that is not part of valid UTF-8 (RFC 3629), or -1. */
function firstBadByte(bytes: Uint8Array): number {
  let offset = 0;
  while (offset < bytes.length) {
    const lead = bytes[offset] as number;
    if (lead < 0x80) {
      offset += 1;
      continue;
    }
    const extra = lead >= 0xc2 && lead <= 0xdf
      ? 1
      : lead >= 0xe0 && lead <= 0xef
      ? 2
      : lead >= 0xf0 && lead <= 0xf4
      ? 3
      : 0;
    if (extra === 0) return offset;
    // The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF.
    const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    for (let index = 1; index <= extra; index += 1) {
      const byte = bytes[offset + index];
      if (byte === undefined || byte < (index === 1 ? low : 0x80) || byte > (index === 1 ? high : 0xbf)) return offset;
    }
    offset += extra + 1;
  }
  return -1;
}

function scanJson(bytes: Uint8Array): { plain: boolean; members: number } {
  let plain = true;
  let members = 0;
  let depth = 0;
  let offset = 0;
  while (offset < bytes.length) {
    const byte = bytes[offset] as number;
    if (byte === quote) {
      const end = scanString(bytes, offset + 1);
      plain &&= end.plain;
      offset = end.next;
      continue;
    }
    if (byte === 0x3a) members += 1;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > maxDepth) plain = false;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
    else if (byte === 0) plain = false;
    else if (isDigit(byte)) {
      const start = offset;
      while (isDigit(bytes[offset])) offset += 1;
      const leadingZero = bytes[start] === 0x30 && offset - start > 1;
      if (offset - start > exactDigits || isFraction(bytes[offset]) || leadingZero) plain = false;
      continue;
    }
    offset += 1;
  }
  return { plain, members };
}

/** Scans from behind an opening quote to behind the closing one, or to the end of the bytes. */
function scanString(bytes: Uint8Array, start: number): { plain: boolean; next: number } {
  let plain = true;
  let offset = start;
  while (offset < bytes.length) {
    const byte = bytes[offset] as number;
    if (byte === quote) return { plain, next: offset + 1 };
    if (byte === backslash) {
      const escaped = bytes[offset + 1];
      if (escaped !== undefined && !plainEscapes.has(escaped)) plain = false;
      offset += 2;
      continue;
    }
    if (byte < 0x20 || (byte === 0x5f && startsWithProto(bytes, offset))) plain = false;
    offset += 1;
  }
  return { plain, next: offset };
}

const proto = [...'__proto__'].map((letter) => letter.charCodeAt(0));

function startsWithProto(bytes: Uint8Array, offset: number): boolean {
  return proto.every((byte, index) => bytes[offset + index] === byte);
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** `.`, `e` or `E`. */
function isFraction(byte: number | undefined): boolean {
  return byte === 0x2e || byte === 0x65 || byte === 0x45;
}
