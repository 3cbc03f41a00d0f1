// The text of the annotation org.veloci.landlock: a ruleset in the shape that opencontainers/runtime-spec#1241 discusses, with names
// and numbers of the kernel's <linux/landlock.h>.
import { parseExact } from './parse/exact.ts';
import { pointerPart } from './parse/position.ts';
import { isObject, type JsonObject, type JsonValue } from './parse/value.ts';
import { suggest } from './suggest.ts';

/** LANDLOCK_ACCESS_FS_*, LANDLOCK_ACCESS_NET_* and LANDLOCK_SCOPE_* by their bits, as the discussion writes them. */
const rights = {
  fs:
    ('execute write_file read_file read_dir remove_dir remove_file make_char make_dir make_reg make_sock make_fifo make_block '
      + 'make_sym refer truncate ioctl_dev').split(' '),
  net: ['bind_tcp', 'connect_tcp'],
  scoped: ['abstract_unix_socket', 'signal'],
} as const;

/** What rights are about. */
export type LandlockKind = keyof typeof rights;

/** The bits that are new with a version of the kernel's interface (ABI). */
const added: Readonly<Record<number, Partial<Record<LandlockKind, number>>>> = {
  1: { fs: 0x1fff },
  2: { fs: 0x2000 },
  3: { fs: 0x4000 },
  4: { net: 3 },
  5: { fs: 0x8000 },
  6: { scoped: 3 },
};

/** The newest ABI of the table above: a kernel with a newer one may know bits that have no name here. */
export const landlockNewest = 8;

/** read_dir to refer: what only a directory can have. */
export const directoryRights = 0x3ff8;

/** A ruleset; rights are bits. */
export interface Landlock {
  readonly fs: number;
  readonly net: number;
  readonly scoped: number;
  readonly paths: readonly { readonly path: string; readonly rights: number }[];
  readonly ports: readonly { readonly port: number; readonly rights: number }[];
  /** The kernel has to know all of it (disableBestEffort); else what it does not know is left out. */
  readonly required: boolean;
}

/** What is wrong with the text: where in it, what, and what to do. */
export class LandlockFault extends Error {
  readonly what: string;
  readonly hint: string;

  constructor(where: string, what: string, hint: string) {
    super(what);
    this.what = where === '' ? what : `${where}: ${what}`;
    this.hint = hint;
  }
}

/** Bits that fit what JavaScript can count with; the kernel has used 16 in five years. */
const bitsMost = 2 ** 31 - 1;
const portMost = 65_535;

/** Names of bits; what has no name is a number. */
export function landlockNames(kind: LandlockKind, bits: number): string[] {
  const names = rights[kind].filter((_, bit) => (bits >> bit & 1) !== 0);
  const nameless = bits & ~(2 ** rights[kind].length - 1);
  return nameless === 0 ? names : [...names, String(nameless)];
}

/** The bit of a right of file systems. */
export function landlockBits(name: (typeof rights.fs)[number]): number {
  return 1 << rights.fs.indexOf(name);
}

/** The bits of a kind that a kernel with this ABI knows; all where it is newer than the table. */
export function landlockKnown(kind: LandlockKind, abi: number): number {
  if (abi > landlockNewest) return bitsMost;
  let bits = 0;
  for (let version = 1; version <= abi; version++) bits |= added[version]?.[kind] ?? 0;
  return bits;
}

/** The lowest ABI that has all of these bits; undefined where one of them has no name. */
export function landlockAbiOf(ruleset: Pick<Landlock, LandlockKind>): number | undefined {
  for (let abi = 1; abi <= landlockNewest; abi++) {
    const fits = (['fs', 'net', 'scoped'] as const).every((kind) => (ruleset[kind] & ~landlockKnown(kind, abi)) === 0);
    if (fits) return abi;
  }
  return undefined;
}

/**
 * Reads the annotation.
 *
 * @throws LandlockFault
 */
export function readLandlock(text: string): Landlock {
  const parsed = parseExact(text);
  if (!('value' in parsed)) {
    throw new LandlockFault(parsed.pointer, `it is no JSON (character ${parsed.fault.offset + 1})`,
      'write one object, its quotes escaped as in any string of config.json');
  }
  const top = object(parsed.value, '', ['ruleset', 'rules', 'disableBestEffort']);
  const ruleset = object(top['ruleset'] ?? {}, '/ruleset', ['handledAccessFS', 'handledAccessNet', 'scoped']);
  const handled = {
    fs: bits(ruleset['handledAccessFS'], '/ruleset/handledAccessFS', 'fs'),
    net: bits(ruleset['handledAccessNet'], '/ruleset/handledAccessNet', 'net'),
    scoped: bits(ruleset['scoped'], '/ruleset/scoped', 'scoped'),
  };
  if (handled.fs === 0 && handled.net === 0 && handled.scoped === 0) {
    throw new LandlockFault('/ruleset', 'it handles nothing, so nothing would be refused',
      'list in handledAccessFS, handledAccessNet or scoped what is refused unless a rule allows it');
  }
  const rules = object(top['rules'] ?? {}, '/rules', ['pathBeneath', 'netPort']);
  const paths = each(rules['pathBeneath'], '/rules/pathBeneath', (value, where) => {
    const rule = object(value, where, ['allowedAccess', 'paths']);
    const granted = allowed(rule['allowedAccess'], `${where}/allowedAccess`, 'fs', handled.fs);
    return each(rule['paths'], `${where}/paths`, (path, place) => {
      if (typeof path === 'string' && path.startsWith('/')) return { path, rights: granted };
      throw new LandlockFault(place, 'it is no absolute path', 'write it as it is in the container, from "/" on');
    });
  });
  const ports = each(rules['netPort'], '/rules/netPort', (value, where) => {
    const rule = object(value, where, ['allowedAccess', 'ports']);
    const granted = allowed(rule['allowedAccess'], `${where}/allowedAccess`, 'net', handled.net);
    return each(rule['ports'], `${where}/ports`, (port, place) => {
      if (typeof port === 'number' && port >= 0 && port <= portMost) return { port, rights: granted };
      throw new LandlockFault(place, 'it is no port', 'write a number from 0 to 65535');
    });
  });
  const required = top['disableBestEffort'] ?? false;
  if (typeof required !== 'boolean')
    throw new LandlockFault('/disableBestEffort', 'it is no boolean', 'write true or false');
  return { ...handled, paths: paths.flat(), ports: ports.flat(), required };
}

function object(value: JsonValue | undefined, where: string, known: readonly string[]): JsonObject {
  if (!isObject(value)) throw new LandlockFault(where, 'it is no object', `write { "${known[0]}": … }`);
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const meant = suggest(key, known);
    // A rule that is not read would allow less, but a right that is not read would not be refused.
    throw new LandlockFault(`${where}/${pointerPart(key)}`, 'no such property is known',
      meant === undefined ? `there are ${known.join(', ')}` : `the nearest known name is "${meant}"`);
  }
  return value;
}

function each<T>(value: JsonValue | undefined, where: string, read: (element: JsonValue, where: string) => T): T[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new LandlockFault(where, 'it is no list', 'write [ … ]');
  return value.map((element, index) => read(element, `${where}/${index}`));
}

/** Rights by name or, for those of a newer kernel, as a number of bits. */
function bits(value: JsonValue | undefined, where: string, kind: LandlockKind): number {
  const names: readonly string[] = rights[kind];
  let all = 0;
  each(value, where, (right, place) => {
    if (typeof right === 'number' && right > 0 && right <= bitsMost) all |= right;
    else if (typeof right === 'string' && names.includes(right)) all |= 1 << names.indexOf(right);
    else {
      const meant = typeof right === 'string' ? suggest(right, names) : undefined;
      throw new LandlockFault(place, 'no such right is known', meant === undefined
        ? `there are ${names.join(', ')}; newer ones as their number in <linux/landlock.h>`
        : `the nearest known name is "${meant}"`);
    }
  });
  return all;
}

/** What a rule allows: the kernel takes only what is handled. */
function allowed(value: JsonValue | undefined, where: string, kind: LandlockKind, handled: number): number {
  const granted = bits(value, where, kind);
  if (granted === 0)
    throw new LandlockFault(where, 'it allows nothing', 'list what the rule allows, or remove the rule');
  const other = landlockNames(kind, granted & ~handled);
  if (other.length === 0) return granted;
  const list = kind === 'fs' ? 'handledAccessFS' : 'handledAccessNet';
  throw new LandlockFault(where, `${other.join(', ')} is allowed but not handled`,
    `add it to ruleset.${list}, which refuses it elsewhere, or remove it here: what is not handled is allowed everywhere`);
}
