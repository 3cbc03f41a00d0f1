// Flags of `update` (src/cli/table.ts) as the resources that they stand for.
import { diagnose } from '../diagnostic/diagnose.ts';
import type { Resources } from '../generated/config.ts';
import type { RdtLines } from '../plan/concern/cgroup/rdt.ts';
import { PlanError } from '../plan/context.ts';
import type { Options } from '../generated/protocol.ts';

/** Bytes: a decimal number with one of these letters behind it, in powers of 1024; -1 is no limit. */
const units = 'kmgtp';

function bytes(text: string): number | undefined {
  if (text === '-1') return -1;
  const parts = /^(\d{1,15}(?:\.\d{1,9})?) ?([kmgtp]?)(?:i?b)?$/i.exec(text);
  if (parts === null) return undefined;
  const power = units.indexOf(parts[2]!.toLowerCase());
  const value = Math.floor(Number(parts[1]) * 1024 ** (parts[2] === '' ? 0 : power + 1));
  return Number.isSafeInteger(value) ? value : undefined;
}

function integer(text: string): number | undefined {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function natural(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** No task at all would leave no init: 0 is 1, as in a configuration since version 1.3. */
function tasks(text: string): number | undefined {
  const limit = integer(text);
  return limit === 0 ? 1 : limit;
}

/** A flag: the section and the name of its resource, how its value is read, and how messages describe that. */
type FlagRow = readonly [flag: string, section: string, name: string,
  read: (text: string) => number | string | undefined, expected: string];

const asBytes = 'bytes, as in 512m or 1073741824, or -1 for no limit';
const asInteger = 'an integer';
const asNatural = 'an integer that is not negative';

const rows: readonly FlagRow[] = [
  ['memory', 'memory', 'limit', bytes, asBytes],
  ['memory-reservation', 'memory', 'reservation', bytes, asBytes],
  ['memory-swap', 'memory', 'swap', bytes, asBytes],
  ['cpu-share', 'cpu', 'shares', natural, asNatural],
  ['cpu-period', 'cpu', 'period', natural, asNatural],
  ['cpu-quota', 'cpu', 'quota', integer, asInteger],
  ['cpu-burst', 'cpu', 'burst', natural, asNatural],
  ['cpu-idle', 'cpu', 'idle', natural, '0 or 1'],
  ['cpu-rt-period', 'cpu', 'realtimePeriod', natural, asNatural],
  ['cpu-rt-runtime', 'cpu', 'realtimeRuntime', integer, asInteger],
  ['cpuset-cpus', 'cpu', 'cpus', (text) => text, ''],
  ['cpuset-mems', 'cpu', 'mems', (text) => text, ''],
  ['pids-limit', 'pids', 'limit', tasks, asInteger],
  ['blkio-weight', 'blockIO', 'weight', natural, asNatural],
];

/**
 * The resources that flags ask for; those that were not given are absent.
 *
 * @throws PlanError for a value that is none
 */
export function resourcesOfFlags(options: Options): Resources {
  const resources: Record<string, Record<string, number | string>> = {};
  for (const [flag, section, name, read, expected] of rows) {
    const text = options[flag];
    if (typeof text !== 'string' || text === '') continue;
    const value = read(text);
    if (value === undefined) throw new PlanError(diagnose('flagValue', { value: text, flag: `--${flag}`, expected }));
    (resources[section] ??= {})[name] = value;
  }
  return resources as Resources;
}

/** Whether a limit is given at all: it may be zero or empty, which changes nothing. */
export function hasLimitFlag(options: Options): boolean {
  return rows.some(([flag]) => options[flag] !== undefined);
}

/**
 * The lines for the container's class of resctrl that flags ask for; undefined when they ask for none.
 *
 * @throws PlanError for a value that is no such line
 */
export function rdtOfFlags(options: Options): RdtLines | undefined {
  const read = (flag: string, form: RegExp, expected: string): string | undefined => {
    const text = options[flag];
    if (typeof text !== 'string' || text === '') return undefined;
    if (!form.test(text)) throw new PlanError(diagnose('flagValue', { value: text, flag: `--${flag}`, expected }));
    return text;
  };
  const l3CacheSchema = read('l3-cache-schema', /^L3[A-Z]*:[^\n]*$/, 'one line that begins with L3:');
  const memBwSchema = read('mem-bw-schema', /^MB:[^\n]*$/, 'one line that begins with MB:');
  if (l3CacheSchema === undefined && memBwSchema === undefined) return undefined;
  return { ...(l3CacheSchema === undefined ? {} : { l3CacheSchema }),
    ...(memBwSchema === undefined ? {} : { memBwSchema }) };
}
