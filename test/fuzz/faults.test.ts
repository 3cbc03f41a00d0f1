// Faults at every system call of every command: one call of one of its processes fails with ENOMEM, ENOSPC, EMFILE or EIO, or
// the process is killed there. What must hold: nothing hangs, no failure is silent, and `delete --force` leaves nothing.
//
//   VELOCI_FAULTS=create,start   these commands alone: with enough seconds every call of them is struck, once with each fault
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../support/case.ts';
import type { Bundle } from '../support/bundle.ts';
import type { Context } from '../support/context.ts';
import { callNames, type Command, commands, prepare, type Subject } from '../support/fuzz/fault-commands.ts';
import { fuzz } from '../support/fuzz/fuzz.ts';
import { program } from '../support/helpers.ts';
import { leaks, type Snapshot, snapshot } from '../support/leak.ts';
import { Random } from '../support/fuzz/random.ts';
import type { Result } from '../support/runtime.ts';

/** By their numbers; 0 kills. */
const faults = { ENOMEM: 12, ENOSPC: 28, EMFILE: 24, EIO: 5, SIGKILL: 0 } as const;
type Fault = keyof typeof faults;

const names = callNames();
const nameOf = (number: number): string => names.get(number) ?? `system call ${number}`;

/** Calls that cannot fail: the end of a process, the return from a signal, and what the C library does before main. */
const cannotFail = new Set(['exit', 'exit_group', 'rt_sigreturn', 'restart_syscall', 'arch_prctl', 'set_tid_address']);

/** A place where something goes wrong: the INDEXth call of a process of a command. */
interface Point {
  process: string;
  index: number;
  call: string;
  fault: Fault;
}

const chosen = process.env['VELOCI_FAULTS']?.split(',');
const tried = commands.filter(({ name, skip }) => !skip && (chosen?.includes(name) ?? true));

/** Ends what a command has left. */
async function destroy(c: Context, id: string): Promise<Result> {
  const result = await c.rt(['delete', '--force', id], { timeLimit: 30_000 });
  assert.ok(!result.timedOut, 'delete --force hangs');
  assert.ok(result.code === 0 || /E0601/.test(result.stderr), `delete --force: ${result.code}, ${result.stderr}`);
  return result;
}

let bundle: Bundle;
const all = new Map<Command, Point[]>();

const subjectOf = (c: Context): Subject => ({ id: c.id(), bundle, dir: mkdtempSync('/tmp/fault-') });

/** All places of a command, in an order that is the same for every run. */
async function pointsOf(c: Context, command: Command): Promise<Point[]> {
  let found = all.get(command);
  if (found !== undefined) return found;
  await dropKept(c);
  const subject = subjectOf(c);
  await prepare(c, command, subject);
  const record = join(subject.dir, 'calls');
  const result = await c.rt(command.args(subject), { ...command.options,
    prefix: [program('strike'), 'record', record, '--'] });
  assert.equal(result.code, command.status ?? 0, `${command.name}: ${result.stderr}`);
  await destroy(c, subject.id);
  const counts = new Map<string, number>();
  found = readFileSync(record, 'utf8').trim().split('\n').flatMap((line) => {
    const [process = '', number] = line.split(' ');
    const index = counts.get(process) ?? 0;
    counts.set(process, index + 1);
    const call = nameOf(Number(number));
    return (Object.keys(faults) as Fault[]).filter((fault) => fault === 'SIGKILL' || !cannotFail.has(call))
      .map((fault) => ({ process, index, call, fault }));
  });
  assert.ok(found.length > 100, `${command.name} has only ${found.length} places`);
  console.log(`# ${command.name}: ${found.length} faults`);
  const random = new Random(1);
  for (let last = found.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [found[last], found[other]] = [found[other]!, found[last]!];
  }
  all.set(command, found);
  return found;
}

/** What a command that only looks has left as it was: the next call may have it. */
let kept: { subject: Subject; of: Command['before']; before: Snapshot } | undefined;

async function dropKept(c: Context): Promise<void> {
  const id = kept?.subject.id;
  kept = undefined;
  if (id !== undefined) await destroy(c, id);
}

async function subjectFor(c: Context, command: Command): Promise<Subject> {
  if (command.looksOnly && kept?.of === command.before) return kept.subject;
  await dropKept(c);
  const subject = subjectOf(c);
  try {
    await prepare(c, command, subject);
  } catch (error) {
    await destroy(c, subject.id); // so that what comes next finds nothing of it
    throw error;
  }
  if (command.looksOnly) kept = { subject, of: command.before, before: snapshot(c.token, c.root) };
  return subject;
}

/** What errors say of a container that is there, and is what the command wants: that would be false. */
const falsehoods = /E060[1357]|E0634/;

function judge(command: Command, { fault, call }: Point, { id }: Subject, result: Result): void {
  assert.ok(!result.timedOut, 'it hangs');
  assert.ok(result.signal === null || result.signal === 'SIGKILL', `it is ended by ${result.signal}`);
  if (result.signal !== null) return;
  const output = result.stderr.trim();
  const isReport = command.reports?.test(result.stdout) ?? false;
  // The error that it always has may itself be struck.
  const isMuted = command.status !== undefined && /^(poll|write)$/.test(call);
  if (result.code !== 0 && !isReport && !isMuted) assert.notEqual(output, '', `status ${result.code}, and not a word`);
  assert.doesNotMatch(output, /E0901|E0905/, 'it is not a fault of the command');
  if (command.before !== 'nothing') assert.doesNotMatch(output, falsehoods, 'that is not so');
  // Want of something does not damage a file.
  if (/ENOMEM|EMFILE/.test(fault)) assert.doesNotMatch(output, /E0621/, 'it is not damaged');
  // A state that cannot be read for other reasons is damaged, and left out of lists.
  if (result.code === 0 && /ENOMEM|EMFILE/.test(fault))
    assert.ok(command.isWhole?.(result.stdout, id) ?? true, `status 0 and half of the output: ${result.stdout}`);
  // exec has 255 for failures of its own; a program that was killed has 137.
  const own = command.name === 'exec' ? [0, 1, 255] : [command.status ?? 0, 1];
  assert.ok(own.includes(result.code ?? 0) || fault === 'SIGKILL', `status ${result.code}, ${output}`);
}

/** Whether a container that was only looked at is as before. */
async function isSame(c: Context, command: Command, subject: Subject, before: Snapshot): Promise<boolean> {
  const leaked = await leaks(before, c.token, c.root, // Plans and times of exec are kept; what is half written when the command is killed goes with the container.
    (item) => /\/(exec-[0-9a-f]+|\.execs\.tmp|\.veloci-\d+\.tmp)$/.test(item));
  assert.deepEqual(leaked, [], 'something is left behind');
  if (command.before === 'nothing') return true;
  const state = await c.rt(['state', subject.id]);
  return state.code === 0 && state.stdout.includes(`"status": "${command.before}"`);
}

async function tryPoint(c: Context, command: Command, point: Point): Promise<void> {
  const { process, index, call, fault } = point;
  const subject = await subjectFor(c, command);
  const prefix = [program('strike'), `${process}:${index}:${faults[fault]}`, '--'];
  const result = await c.rt(command.args(subject), { ...command.options, prefix, timeLimit: 40_000 });
  const what = `${command.name}, process ${process}, call ${index} (${call}): ${fault}`;
  try {
    judge(command, point, subject, result);
    if (kept !== undefined && await isSame(c, command, subject, kept.before)) return;
    kept = undefined;
    await destroy(c, subject.id);
    await c.nothingLeft();
  } catch (error) {
    await dropKept(c);
    await c.rt(['delete', '--force', subject.id]); // so that the next place finds nothing of this one
    const outcome = `status ${result.code ?? result.signal}, "${result.stderr.trim()}"`;
    throw new Error(`${what} (${outcome}): ${(error as Error).message}`);
  }
}

/** Calls of one command in a row: a container that is only looked at serves for all of them. */
const row = 20;
let done = 0;

fuzz('a fault at one system call', async (c, _random, seed) => {
  // Every command in turn, so that a short time sees each of them.
  const turn = Math.floor((seed - 1) / row);
  const command = tried[turn % tried.length]!;
  const points = await pointsOf(c, command);
  const index = Math.floor(turn / tried.length) * row + (seed - 1) % row;
  if (index < points.length) {
    await tryPoint(c, command, points[index]!);
    done += 1;
    return true;
  }
  // The others may have more.
  for (const other of tried) if (index < (await pointsOf(c, other)).length) return true;
  console.log(`# all ${done} faults of ${tried.map(({ name }) => name).join(', ')}`);
  return false;
}, {
  only: 'veloci',
  goesOn: true,
  before: (c) => {
    bundle = c.command(['/probe', 'pause'], () => {}, { rootfs: 'bind' });
  },
});
