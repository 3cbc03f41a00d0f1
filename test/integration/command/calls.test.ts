// How many system calls create, run and exec make, by name: a budget. Whoever needs more says so in
// test/fixtures/calls.json; VELOCI_CALLS=print prints what was counted in that form.
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import type { Bundle } from '../../support/bundle.ts';
import { repository, which } from '../../support/paths.ts';

/** Calls of one verb, by name. */
type Counts = Record<string, number>;

/** What waits, or tells that something has happened: how often that is depends on who is faster. */
const timed = new Set(['poll', 'read', 'recvmsg', 'rt_sigpending', 'waitid', 'wait4', 'futex', 'restart_syscall',
  'kill', 'flock', 'getpid']);
const slack = 6;
/** Of all others: a message that comes in two parts, for instance. */
const least = 2;

const budget = JSON.parse(readFileSync(join(repository, 'test/fixtures/calls.json'), 'utf8')) as Record<string, Counts>;

/** A table of `strace -c`. */
function read(file: string): Counts {
  const rows = readFileSync(file, 'utf8').split('\n').map((line) => line.trim().split(/\s+/));
  return Object.fromEntries(
    rows.filter((row) => row.length >= 5 && /^\d+$/.test(row[3]!) && row.at(-1) !== 'total')
      .map((row) => [row.at(-1)!, Number(row[3])]).sort(),
  );
}

function compare(verb: string, counts: Counts): void {
  if (process.env['VELOCI_CALLS'] === 'print')
    return console.log(`# ${JSON.stringify(verb)}: ${JSON.stringify(counts)},`);
  const limits = budget[verb] ?? {};
  const over = Object.entries(counts).filter(([name, count]) =>
    count > (limits[name] ?? 0) + (timed.has(name) ? slack : least)
  ).map(([name, count]) => `${name} ${count}, not ${limits[name] ?? 0}`);
  assert.deepEqual(over, [], `${verb} makes more system calls than test/fixtures/calls.json allows`);
}

async function counted(c: Context, args: (id: string) => string[], bundle?: Bundle): Promise<Counts> {
  const file = join(c.dir(), 'calls');
  const id = c.id();
  const command = bundle === undefined ? args(id) : [...args(id), '-b', bundle.dir, id];
  const call = c.begin(command, { prefix: ['strace', '-f', '-c', '-qq', '-o', file] });
  if (command[0] === 'create') {
    // strace stays with the init that waits.
    while (!(await c.rt(['state', id])).stdout.includes('"created"')) await sleep(20);
    assert.equal((await c.rt(['kill', id, 'KILL'])).code, 0);
  }
  const result = await call.done;
  assert.equal(result.code, 0, result.stderr);
  if (command[0] === 'create') await c.destroy(id);
  return read(file);
}

// The number of hierarchies, and what the kernel can, make the difference: the table is of a host with v1 beside v2.
const hybrid = existsSync('/sys/fs/cgroup/unified/cgroup.controllers');
const kernel = readFileSync('/proc/sys/kernel/osrelease', 'utf8').split('.').map(Number);
const recent = kernel[0]! > 6 || (kernel[0] === 6 && kernel[1]! >= 15);
const skip = !which('strace')
  ? 'strace is not installed'
  : !hybrid
  ? 'the table is of a host with cgroup v1 beside v2'
  : !recent
  ? 'the table is of Linux 6.15 and later'
  : false;

test('run, create and exec stay within their budgets of system calls', async (c) => {
  // Whether a container's cgroup was the last one below the root of v2 makes a difference: here it never is.
  const other = join('/sys/fs/cgroup/unified', `${c.id()}-other`);
  mkdirSync(other);
  c.later(() => rmdirSync(other));
  compare('run', await counted(c, () => ['run'], c.command(['/probe', 'exit', '0'])));
  compare('create', await counted(c, () => ['create'], c.command(['/probe', 'pause'])));
  const mounts = c.dir();
  compare('run with 60 mounts', await counted(c, () => ['run'], c.command(['/probe', 'exit', '0'], (config) => {
    for (let i = 0; i < 60; i++) {
      mkdirSync(join(mounts, `m${i}`));
      config.mounts.push({ destination: `/m/${i}`, type: 'bind', source: join(mounts, `m${i}`),
        options: ['rbind', 'ro'] });
    }
  })));
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const exec = (): Promise<Counts> => counted(c, () => ['exec', id, '/probe', 'exit', '0']);
  // The first one makes the plan.
  await exec();
  compare('exec', await exec());
}, { only: 'veloci', skip });
