// The C++ reader: it sees what the encoder wrote, and refuses everything that is not quite a plan.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { inRoot } from '../../scripts/lib/root.ts';
import { encodePlan } from '../../src/generated/encode.ts';
import type { InitOperation, Operation, Plan, Programs } from '../../src/generated/plan.ts';
import { createWriter } from '../../src/host/writer.ts';
import { Random } from '../support/fuzz/random.ts';
import { fullPlan, plainPlan, randomPlan, type PlainPrograms } from '../support/code/wire.ts';

interface Seen {
  readonly programs?: PlainPrograms;
  readonly error?: string;
}

/** What the C++ reader says about files with these bytes. */
function read(folder: string, plans: readonly Uint8Array[]): Seen[] {
  const files = plans.map((bytes, index) => {
    const file = join(folder, String(index));
    writeFileSync(file, bytes);
    return file;
  });
  const dump = spawnSync(inRoot('build', 'meson', 'sanitize', 'test', 'native', 'plan_dump'), files, { encoding: 'utf8',
    maxBuffer: 1e9 });
  if (dump.status !== 0)
    throw new Error(`plan_dump ended with ${dump.status ?? dump.signal ?? dump.error}: ${dump.stderr}`);
  return dump.stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Seen);
}

const encode = (plan: Plan): Uint8Array => encodePlan(plan, createWriter());

t.test('it reads what the encoder wrote', async (t) => {
  const random = Array.from({ length: 200 }, (_, seed) => randomPlan(new Random(seed + 1)));
  const plans = [{ planVersion: 1, programs: {} } as const, fullPlan(new Random(1)), fullPlan(new Random(2)),
    ...random];
  const seen = read(t.testdir(), plans.map(encode));
  t.equal(seen.length, plans.length);
  plans.forEach((plan, index) => {
    const expected = JSON.stringify(ordered(plainPlan(plan)));
    if (JSON.stringify(ordered(seen[index]?.programs ?? {})) !== expected)
      t.same(seen[index], { programs: plainPlan(plan) }, `plan ${index}`);
  });
});

function ordered(programs: PlainPrograms): [string, unknown][] {
  return Object.entries(programs).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A plan with one program of init, its bytes, and where the operation's fields begin. */
function small(...list: InitOperation[]): Uint8Array {
  return encode({ planVersion: 1, programs: { init: list } });
}

const header = 32;
const table = 16;
const record = header + table;
const fields = record + 8;

const mask: InitOperation = { op: 'path.mask', from: '', path: '/a' };

function changed(bytes: Uint8Array, offset: number, ...values: number[]): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(values, offset);
  return copy;
}

function u32(value: number): number[] {
  return [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
}

/** Bytes with more at the end; the lengths of header, table and (when `body`) operation are made right. */
function extended(bytes: Uint8Array, more: number[], body: boolean): Uint8Array {
  const copy = Uint8Array.from([...bytes, ...more]);
  const view = new DataView(copy.buffer);
  view.setUint32(24, copy.length, true);
  view.setUint32(header + 8, view.getUint32(header + 8, true) + more.length, true);
  if (body) view.setUint32(record + 4, view.getUint32(record + 4, true) + more.length, true);
  return copy;
}

function nested(depth: number): InitOperation {
  let operation: InitOperation = mask;
  for (let level = 0; level < depth; level++) operation = { op: 'alt', from: '', try: operation, onErrno: [1] };
  return operation;
}

/** Operations of one process in the program of another. */
function misplaced(programs: Record<string, Operation[]>): Uint8Array {
  return encode({ planVersion: 1, programs: programs as unknown as Programs });
}

const plan = small(mask);
const two = encode({ planVersion: 1, programs: { stager: [], init: [mask] } });
const signal = small({ op: 'sync.signal', from: '', point: 'created' });
const state = misplaced({ create: [{ op: 'state.write', from: '', content: ['k'], status: ['k', { hole: 'id' }] }] });
const groups = small({ op: 'ids.set', from: '', uid: 1, gid: 1, groups: [7], setgroups: true });

const refused: readonly (readonly [what: string, bytes: Uint8Array, error: string])[] = [
  ['nothing', new Uint8Array(), 'the plan is shorter than its header'],
  ['half a header', plan.slice(0, 31), 'the plan is shorter than its header'],
  ['another file', changed(plan, 0, 0x7f), 'this is not a plan'],
  ['the hash of another schema', changed(plan, 8, plan[8]! ^ 1), 'the plan was made by another version'],
  ['a wrong last byte of the hash', changed(plan, 23, plan[23]! ^ 1), 'the plan was made by another version'],
  ['a total length that is too long', changed(plan, 24, ...u32(plan.length + 1)),
    'the plan is not as long as its header says'],
  ['a byte too many', Uint8Array.from([...plan, 0]), 'the plan is not as long as its header says'],
  ['a byte too few', plan.slice(0, -1), 'the plan is not as long as its header says'],
  ['too many programs', changed(plan, 28, ...u32(1000)), 'the plan has too many programs'],
  ['a table beyond the end', changed(encode({ planVersion: 1, programs: {} }), 28, 1),
    'the plan is shorter than its table'],
  ['an unknown program', changed(plan, header, ...u32(200)), 'a program has an unknown name'],
  ['a huge program name', changed(plan, header, ...u32(0xffffffff)), 'a program has an unknown name'],
  ['a program twice', changed(two, header + table, ...u32(1)), 'the programs are not in order'],
  ['a gap before a program', changed(plan, header + 4, ...u32(record + 1)),
    'a program does not start where the one before it ends'],
  ['a program beyond the end', changed(plan, header + 8, ...u32(0xffffffff)), 'a program reaches beyond the end'],
  ['bytes after the last program', changed(plan, header + 8, ...u32(plan.length - record - 1)),
    'bytes follow the last program'],
  ['one operation too many in the table', changed(plan, header + 12, ...u32(2)), 'a value reaches beyond the end'],
  ['one operation too few in the table', changed(plan, header + 12, ...u32(0)),
    'bytes follow the last operation of a program'],
  ['bytes after the last operation', extended(plan, [0], false), 'bytes follow the last operation of a program'],
  ['bytes after the last field', extended(plan, [0], true), 'bytes follow the last field of an operation'],
  ['an unknown code', changed(plan, record, 0xff, 0xff), 'an operation has an unknown code'],
  ['reserved bytes', changed(plan, record + 2, 1), 'reserved bytes of an operation are not zero'],
  ['a body beyond the end', changed(plan, record + 4, ...u32(0x7fffffff)), 'a value reaches beyond the end'],
  ['a body that is too short', changed(plan, record + 4, ...u32(3)), 'a value reaches beyond the end'],
  ['a text beyond the end', changed(plan, fields, ...u32(100)), 'a value reaches beyond the end'],
  ['a text of 4 GiB', changed(plan, fields, ...u32(0xffffffff)), 'a value reaches beyond the end'],
  ['a text without its NUL', changed(plan, plan.length - 1, 0x61), 'a text does not end with a NUL'],
  ['a text with a NUL inside', changed(plan, fields + 4, 0), 'a text has a NUL inside'],
  ['an enum beyond its values', changed(signal, fields, 200), 'a value is none of those that its type has'],
  ['a boolean of 2', changed(groups, groups.length - 2, 2), 'a value is none of those that its type has'],
  ['an optional that is neither there nor not', changed(groups, groups.length - 1, 2),
    'a value is none of those that its type has'],
  ['an optional without its value', changed(groups, groups.length - 1, 1), 'a value reaches beyond the end'],
  ['a list longer than its bytes', changed(groups, fields + 8, ...u32(0xffffffff)), 'a list is longer than its bytes'],
  ['a list with an element too many', changed(groups, fields + 8, ...u32(2)), 'a value reaches beyond the end'],
  ['a hole that does not exist', changed(state, state.length - 1, 200), 'a value is none of those that its type has'],
  ['slot 32',
    changed(small({ op: 'seccomp.load', from: '', slot: 1, flags: 0, raise: false, pass: false }), fields, 32),
    'a value is none of those that its type has'],
  ['alternatives five deep', small(nested(5)), 'alternatives are nested too deeply'],
  ['an unknown code inside of an alternative', changed(small(nested(1)), fields, 0xff),
    'an operation has an unknown code'],
  ['an operation of init in a program of the host', misplaced({ create: [mask] }),
    'an operation is in a program that must not have it'],
  ['an operation of the host in an alternative of init',
    misplaced({ init: [{ op: 'alt', from: '', try: { op: 'process.spawn', from: '', apart: false }, onErrno: [] }] }),
    'an operation is in a program that must not have it'],
];

t.test('it refuses what is not quite a plan', async (t) => {
  const seen = read(t.testdir(), refused.map(([, bytes]) => bytes));
  refused.forEach(([what, , error], index) => t.equal(seen[index]?.error, error, what));
});

t.test('it tells an outdated plan from a damaged one', async (t) => {
  const [outdated, damaged] = read(t.testdir(), [changed(plan, 8, plan[8]! ^ 1), changed(plan, record, 0xff)]);
  t.equal(outdated?.error, 'the plan was made by another version');
  t.equal(damaged?.error, 'an operation has an unknown code');
});

t.test('it accepts alternatives four deep', async (t) => {
  const [seen] = read(t.testdir(), [small(nested(4))]);
  t.equal(seen?.error, undefined);
});

t.test('it survives every cut and every changed byte of a full plan', async (t) => {
  const bytes = encode(fullPlan(new Random(3)));
  const cuts = Array.from({ length: 64 }, (_, index) => bytes.slice(0, Math.floor((bytes.length * index) / 64)));
  const random = new Random(4);
  const flips = Array.from({ length: 500 }, () => changed(bytes, random.below(bytes.length), random.below(256)));
  const seen = read(t.testdir(), [...cuts, ...flips]);
  t.equal(seen.length, cuts.length + flips.length);
  t.ok(seen.slice(0, cuts.length).every(({ error }) => error !== undefined), 'no cut plan is accepted');
});
