// Sizes and times as people write them.

const sizes: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1 << 10, m: 1 << 20, g: 1 << 30 };
const times: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

function read(text: string, units: Readonly<Record<string, number>>, name: string, example: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(text.trim().toLowerCase());
  const factor = match === null ? undefined : units[match[2]!];
  if (match === null || factor === undefined || !Object.hasOwn(units, match[2]!))
    throw new RangeError(`${name} is "${text}": write it like ${example}`);
  return Number(match[1]) * factor;
}

function checked(value: number, given: number | string, name: string, least: number): number {
  if (Number.isFinite(value) && value >= least && value <= Number.MAX_SAFE_INTEGER) return Math.round(value);
  throw new RangeError(`${name} is ${given}: it must be at least ${least}`);
}

/** Bytes: a number, or a text such as `64 MiB`, `1.5g`, `512k` (powers of 1024). @throws RangeError */
export function bytesOf(given: number | string, name: string, least = 1): number {
  const value = typeof given === 'number' ? given : read(given.replace(/ib$/i, ''), sizes, name, '"64 MiB"');
  return checked(value, given, name, least);
}

/** Milliseconds: a number, or a text such as `2s`, `500ms`, `1 min`. @throws RangeError */
export function millisecondsOf(given: number | string, name: string): number {
  const value = checked(typeof given === 'number' ? given : read(given, times, name, '"2s"'), given, name, 1);
  // A longer one would be over at once for setTimeout.
  return Math.min(value, 0x7fff_ffff);
}

/** A whole number. @throws RangeError */
export function countOf(given: number, name: string, least = 1): number {
  if (Number.isSafeInteger(given) && given >= least) return given;
  throw new RangeError(`${name} is ${given}: it must be a whole number of at least ${least}`);
}
