// The columns of the table of flags, and what the code makes of them.
import t from 'tap';
import { bashCompletion } from '../../../scripts/generate/cli/completion.ts';
import { fishCompletion } from '../../../scripts/generate/cli/completion-fish.ts';
import { cliHeader } from '../../../scripts/generate/cli/cli.ts';
import { commandHelp, mainHelp } from '../../../scripts/generate/cli/help.ts';
import { manPages } from '../../../scripts/generate/cli/man.ts';
import { commands, globalFlags } from '../../../src/cli/table.ts';
import type { Flag } from '../../../src/cli/types.ts';
import { rdtOfFlags, resourcesOfFlags } from '../../../src/engine/limit-values.ts';
import type { Diagnostic } from '../../../src/diagnostic/types.ts';
import { PlanError } from '../../../src/plan/context.ts';
import { limitFlags } from '../../../src/generated/limit-flags.ts';
import schema from '../../../schema/resources.schema.json' with { type: 'json' };

const update = commands.find(({ name }) => name === 'update')!;
const all: readonly Flag[] = [...globalFlags, ...commands.flatMap(({ flags }) => flags)];

t.test('the engine has the limits of the table', async (t) => {
  const rows = update.flags.flatMap(({ name, limit }) => (limit ? [[name, ...limit]] : []));
  t.same(limitFlags, rows);
  t.ok(rows.length > 10);
});

/** A value that a form takes, and what comes out; a value that it does not take. */
const values: Readonly<Record<(typeof limitFlags)[number][3], readonly [string, number | string, string | undefined]>> =
  {
    bytes: ['2k', 2048, '2x'],
    integer: ['-1', -1, '1k'],
    natural: ['7', 7, '-1'],
    tasks: ['0', 1, 'many'],
    text: ['0-2', '0-2', undefined],
    l3: ['L3:0=ff', 'L3:0=ff', 'MB:0=1'],
    bandwidth: ['MB:0=1', 'MB:0=1', 'L3:0=ff'],
  };

function refusal(read: () => unknown): Diagnostic | undefined {
  try {
    read();
  } catch (error) {
    if (error instanceof PlanError) return error.diagnostic;
  }
  return undefined;
}

t.test('every limit is read into its property, and a wrong value is refused by the name of its flag', async (t) => {
  for (const [flag, section, property, form] of limitFlags) {
    const read = section === 'intelRdt' ? rdtOfFlags : resourcesOfFlags;
    const [given, wanted, wrong] = values[form];
    t.same(read({ [flag]: given }),
      section === 'intelRdt' ? { [property]: wanted } : { [section]: { [property]: wanted } });
    if (wrong !== undefined)
      t.match(refusal(() => read({ [flag]: wrong })), { code: 'E0105', message: `--${flag}` }, flag);
  }
});

t.test('limits are properties of config.json', async (t) => {
  const definitions = schema.$defs as Readonly<Record<string, { properties?: object }>>;
  const names = new Set(Object.values(definitions).flatMap(({ properties = {} }) => Object.keys(properties)));
  for (const [flag, section, property] of limitFlags) {
    if (section !== 'intelRdt') t.ok(names.has(property), `--${flag}: ${section}.${property}`);
  }
});

t.test('sizes take the suffixes that the help names, and no others', async (t) => {
  const named = /suffixes ([a-z, ]+?) and ([a-z])\./.exec(update.description)!;
  const letters = [...named[1]!.split(', '), named[2]!];
  for (const letter of 'abcdefghijklmnopqrstuvwxyz') {
    const read = (): unknown => resourcesOfFlags({ memory: `1${letter}` });
    // "1b" is one byte.
    if (letters.includes(letter) || letter === 'b') t.doesNotThrow(read, letter);
    else t.throws(read, letter);
  }
  letters.forEach((letter, index) => {
    t.same(resourcesOfFlags({ memory: `1${letter}` }), { memory: { limit: 1024 ** (index + 1) } }, letter);
  });
});

t.test('hidden flags are in the parser and in no text; all others are in the texts', async (t) => {
  const texts = [mainHelp(), ...commands.map(commandHelp), ...manPages({ version: '1', date: '2026-12-01' }).values(),
    bashCompletion(), fishCompletion()].join('\n');
  const hidden = all.filter((flag) => flag.hidden === true);
  t.same([...new Set(hidden.map(({ name }) => name))], ['control-fd', 'plan-fd', 'console-fd', 'config-fd',
    'layer-fd']);
  for (const { name } of all) {
    t.match(cliHeader(), `"${name}"`, name);
    t.equal(texts.replaceAll('\\-', '-').includes(name), !hidden.some((flag) => flag.name === name), `--${name}`);
  }
});

t.test('a column is said where it means something', async (t) => {
  for (const { name, kind, path, fallback, limit, forEngine, changesExecPlan } of all) {
    if (path === true) t.equal(kind, 'string', `--${name} is a path`);
    if (fallback !== undefined) t.equal(path, true, `--${name} has a fallback`);
    if (limit !== undefined) t.ok(update.flags.some((flag) => flag.name === name), `--${name} is one of update`);
    t.notOk(forEngine === false && changesExecPlan === false,
      `--${name}: what the engine does not get changes no plan`);
  }
});
