// Faults at every system call of every command: the call fails with ENOMEM, ENOSPC, EMFILE or EIO, or the process is killed
// there. What must hold: nothing hangs, no failure is silent, and `delete --force` leaves nothing.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../support/case.ts';
import type { Bundle } from '../support/bundle.ts';
import type { Context } from '../support/context.ts';
import { fuzz } from '../support/fuzz.ts';
import { which } from '../support/paths.ts';
import { Random } from '../support/random.ts';
import type { Result } from '../support/runtime.ts';

/** What a container is when the command comes to it. */
type Before = 'nothing' | 'created' | 'running' | 'paused' | 'stopped';

interface Command {
  name: string;
  before: Before;
  args: (id: string, bundle: string) => string[];
  /** Whether the output is whole: status 0 promises that. */
  isWhole?: (output: string, id: string) => boolean;
  /** What the output has when it is itself the report of what is wrong. */
  reports?: RegExp;
}

function isJson(output: string): boolean {
  try {
    return JSON.parse(output) !== null;
  } catch {
    return false;
  }
}

const commands: readonly Command[] = [
  { name: 'create', before: 'nothing', args: (id, bundle) => ['create', '--bundle', bundle, id] },
  { name: 'run', before: 'nothing', args: (id, bundle) => ['run', '--detach', '--bundle', bundle, id] },
  { name: 'start', before: 'created', args: (id) => ['start', id] },
  { name: 'exec', before: 'running', args: (id) => ['exec', id, '/true'] },
  { name: 'kill', before: 'running', args: (id) => ['kill', id, 'KILL'] },
  { name: 'pause', before: 'running', args: (id) => ['pause', id] },
  { name: 'resume', before: 'paused', args: (id) => ['resume', id] },
  { name: 'update', before: 'running', args: (id) => ['update', '--pids-limit', '100', id] },
  { name: 'state', before: 'running', args: (id) => ['state', id], isWhole: isJson },
  { name: 'list', before: 'running', args: () => ['list', '--format', 'json'],
    isWhole: (output, id) => isJson(output) && output.includes(`"${id}"`) },
  { name: 'ps', before: 'running', args: (id) => ['ps', '--format', 'json', id],
    isWhole: (output) => isJson(output) && /\d/.test(output) },
  { name: 'events', before: 'running', args: (id) => ['events', '--stats', id], isWhole: isJson },
  { name: 'delete', before: 'stopped', args: (id) => ['delete', id] },
  { name: 'delete --force', before: 'running', args: (id) => ['delete', '--force', id] },
  { name: 'validate', before: 'nothing', args: (_id, bundle) => ['validate', '--bundle', bundle],
    isWhole: (output) => output.includes('valid'), reports: /^config\.json: \d+ error/m },
  { name: 'plan', before: 'nothing', args: (_id, bundle) => ['plan', '--bundle', bundle] },
  { name: 'features', before: 'nothing', args: () => ['features'], isWhole: isJson },
];

const faults = ['error=ENOMEM', 'error=ENOSPC', 'error=EMFILE', 'error=EIO', 'signal=KILL'] as const;

/** Calls that cannot fail so: the end of a process, what the C library does before main, and what strace takes part in. */
const spared = new Set(['exit', 'exit_group', 'rt_sigreturn', 'restart_syscall', 'arch_prctl', 'set_tid_address',
  'execve']);

/** A place where something goes wrong: the COUNTth call of a name in each process of a command. */
interface Point {
  command: Command;
  call: string;
  count: number;
  fault: string;
}

/** strace does not wait for what a command leaves running. */
const strace = (...args: string[]): string[] => ['strace', '-f', '-DD', '-qq', '-e', 'signal=none', ...args];

async function prepare(c: Context, { before }: Command, bundle: Bundle): Promise<string> {
  const id = c.id();
  if (before === 'nothing') return id;
  const steps = [['create', '--bundle', bundle.dir, id]];
  if (before !== 'created') steps.push(['start', id]);
  if (before === 'paused') steps.push(['pause', id]);
  if (before === 'stopped') steps.push(['kill', id, 'KILL']);
  for (const step of steps) {
    const result = await c.rt(step);
    assert.equal(result.code, 0, `${step.join(' ')}: ${result.stderr}`);
  }
  if (before === 'stopped') await c.until(id, 'stopped');
  return id;
}

/** Ends what a command has left. */
async function destroy(c: Context, id: string): Promise<Result> {
  const result = await c.rt(['delete', '--force', id], { timeLimit: 30_000 });
  assert.ok(!result.timedOut, 'delete --force hangs');
  assert.ok(result.code === 0 || /E0601/.test(result.stderr), `delete --force: ${result.code}, ${result.stderr}`);
  return result;
}

/** How often each system call is made by one process of a command, at most. */
async function callsOf(c: Context, command: Command, bundle: Bundle): Promise<Map<string, number>> {
  const id = await prepare(c, command, bundle);
  const trace = join(c.dir(), 'trace');
  await c.rt(command.args(id, bundle.dir), { prefix: strace('-o', trace) });
  await destroy(c, id);
  const counts = new Map<string, number>();
  const most = new Map<string, number>();
  for (const [, pid = '', call = ''] of readFileSync(trace, 'utf8').matchAll(/^(\d+) +(\w+)\(/gm)) {
    const count = (counts.get(`${pid} ${call}`) ?? 0) + 1;
    counts.set(`${pid} ${call}`, count);
    if (!spared.has(call)) most.set(call, Math.max(most.get(call) ?? 0, count));
  }
  assert.ok(most.size > 3, `strace has seen ${[...most.keys()].join(', ')} of ${command.name}`);
  return most;
}

let bundle: Bundle;
const points = new Map<Command, Point[]>();

/** All places of a command, in an order that is the same for every run. */
async function pointsOf(c: Context, command: Command): Promise<Point[]> {
  let found = points.get(command);
  if (found !== undefined) return found;
  found = [...await callsOf(c, command, bundle)].flatMap(([call, most]) =>
    Array.from({ length: most }, (_, index) => index + 1)
      .flatMap((count) => faults.map((fault) => ({ command, call, count, fault })))
  );
  const random = new Random(1);
  for (let at = found.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [found[at], found[other]] = [found[other]!, found[at]!];
  }
  points.set(command, found);
  return found;
}

async function tryPoint(c: Context, { command, call, count, fault }: Point): Promise<void> {
  const id = await prepare(c, command, bundle);
  const prefix = strace('-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${call}:${fault}:when=${count}`);
  const result = await c.rt(command.args(id, bundle.dir), { prefix, timeLimit: 40_000 });
  const what = `${command.name} with ${call}:${fault}:when=${count}`;
  assert.ok(!result.timedOut, `${what} hangs`);
  const said = result.stderr.trim();
  const isReport = command.reports?.test(result.stdout) ?? false;
  if (result.signal === null && result.code !== 0 && !isReport)
    assert.notEqual(said, '', `${what}: status ${result.code}, and not a word`);
  // A state that cannot be read for other reasons is damaged, and left out of lists.
  if (result.code === 0 && /ENOMEM|EMFILE/.test(fault))
    assert.ok(command.isWhole?.(result.stdout, id) ?? true,
      `${what}: status 0 and half of the output: ${result.stdout}`);
  assert.ok(result.signal === null || result.signal === 'SIGKILL', `${what}: ${result.signal}`);
  // exec has 255 for failures of its own.
  const own = command.name === 'exec' ? [1, 255] : [1];
  assert.ok(result.code === null || result.code === 0 || own.includes(result.code) || fault === 'signal=KILL',
    `${what}: status ${result.code}, ${said}`);
  try {
    await destroy(c, id);
    await c.nothingLeft();
  } catch (error) {
    throw new Error(`after ${what} (status ${result.code ?? result.signal}, "${said}"): ${(error as Error).message}`);
  }
}

fuzz('a fault at one system call', async (c, _random, seed) => {
  // Every command in turn, so that a short time sees each of them.
  const index = seed - 1;
  const of = await pointsOf(c, commands[index % commands.length]!);
  await tryPoint(c, of[Math.floor(index / commands.length) % of.length]!);
}, {
  only: 'veloci',
  skip: which('strace') ? false : 'strace is not installed',
  before: (c) => {
    bundle = c.command(['/probe', 'pause'], () => {}, { rootfs: 'bind' });
  },
});
