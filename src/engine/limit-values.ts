// Values of flags that change limits (src/cli/table.ts), read by their form.
import { diagnose } from '../diagnostic/diagnose.ts';
import type { Resources } from '../generated/config.ts';
import { limitFlags } from '../generated/limit-flags.ts';
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

/** How a value of a form is read, and how messages describe it. */
interface Form {
  readonly read: (text: string) => number | string | undefined;
  readonly expected: string;
}

const line = (form: RegExp) => (text: string): string | undefined => (form.test(text) ? text : undefined);

const forms: Readonly<Record<(typeof limitFlags)[number][3], Form>> = {
  bytes: { read: bytes, expected: 'bytes, as in 512m or 1073741824, or -1 for no limit' },
  integer: { read: integer, expected: 'an integer' },
  natural: { read: natural, expected: 'an integer that is not negative' },
  tasks: { read: tasks, expected: 'an integer' },
  text: { read: (text) => text, expected: '' },
  l3: { read: line(/^L3[A-Z]*:[^\n]*$/), expected: 'one line that begins with L3:' },
  bandwidth: { read: line(/^MB:[^\n]*$/), expected: 'one line that begins with MB:' },
};

type Sections = Record<string, Record<string, number | string>>;

/**
 * The properties that flags ask for, by section; those that were not given are absent.
 *
 * @throws PlanError for a value that is none
 */
function sectionsOf(options: Options): Sections {
  const sections: Sections = {};
  for (const [flag, section, name, form] of limitFlags) {
    const text = options[flag];
    if (typeof text !== 'string' || text === '') continue;
    const { read, expected } = forms[form];
    const value = read(text);
    if (value === undefined) throw new PlanError(diagnose('flagValue', { value: text, flag: `--${flag}`, expected }));
    (sections[section] ??= {})[name] = value;
  }
  return sections;
}

/**
 * The resources that flags ask for.
 *
 * @throws PlanError for a value that is none
 */
export function resourcesOfFlags(options: Options): Resources {
  const { intelRdt: _rdt, ...resources } = sectionsOf(options);
  return resources as Resources;
}

/** Whether a limit of a cgroup is given at all: it may be zero or empty, which changes nothing. */
export function hasLimitFlag(options: Options): boolean {
  return limitFlags.some(([flag, section]) => section !== 'intelRdt' && options[flag] !== undefined);
}

/**
 * The lines for the container's class of resctrl that flags ask for; undefined when they ask for none.
 *
 * @throws PlanError for a value that is no such line
 */
export function rdtOfFlags(options: Options): RdtLines | undefined {
  return sectionsOf(options)['intelRdt'] as RdtLines | undefined;
}
