// Crash safety: the runtime is killed anywhere in create, then `delete --force` leaves nothing.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, type PeerMark, test } from '../../support/case.ts';
import { sweep } from '../../support/host/cgroup.ts';
import { receiveMessages } from '../../support/console.ts';
import type { Context } from '../../support/context.ts';
import { cgroups, leaks, processes, snapshot } from '../../support/leak.ts';
import { timeScale, which } from '../../support/paths.ts';
import { type Call, runtimeName } from '../../support/runtime.ts';

const crun: PeerMark = { peer: 'crun 1.8.1', why: 'nothing is recorded before the side effects' };
const runc: PeerMark = { peer: 'runc 1.1.5', why: 'nothing is recorded before the side effects' };
const damaged: PeerMark[] = [{ peer: 'crun 1.8.1', why: 'delete --force needs its files' }, { peer: 'runc 1.1.5',
  why: 'delete --force needs its files' }];
const rounds = runtimeName().startsWith('veloci') ? 60 : 15;

interface Prepared {
  id: string;
  args: string[];
  pidFile: string;
}

/** A create in its own cgroup, to be killed. When nothing is left of it, it can be repeated. */
const prepare = (c: Context): Prepared => {
  const id = c.id();
  const { dir } = c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${id}`;
  });
  const pidFile = join(c.dir(), 'pid');
  return { id, args: ['create', '--bundle', dir, '--pid-file', pidFile, id], pidFile };
};

/** The cgroups of a container in all hierarchies; the leak check behind the case looks for others. */
const ownCgroups = (id: string): string[] =>
  ['', ...readdirSync('/sys/fs/cgroup')].map((hierarchy) => join('/sys/fs/cgroup', hierarchy, id)).filter((path) =>
    existsSync(path)
  );

/** After a kill: delete --force must succeed and leave no process, cgroup or file. */
async function deletedWithoutTrace(c: Context, id: string, when: string): Promise<void> {
  const result = await c.rt(['delete', '--force', id]);
  assert.equal(result.code, 0, `${when}: ${result.stderr}`);
  const end = Date.now() + 2000 * timeScale;
  for (;;) {
    const remaining = [...ownCgroups(id), ...readdirSync(c.root).filter((name) => name === id),
      ...[...processes().values()].filter((line) => !/\(Z\)|strace|^sh /.test(line))];
    if (remaining.length === 0) return;
    if (Date.now() > end) assert.deepEqual(remaining, [], `${when}: left behind`);
    await sleep(10);
  }
}

test('SIGKILL after a random time of create', async (c) => {
  const { id, args } = prepare(c);
  for (let i = 0; i < rounds; i++) {
    const { child, done } = c.begin(args);
    const wait = (i / rounds) * 5 * timeScale;
    const until = performance.now() + wait;
    while (performance.now() < until) continue; // a timer is too coarse
    child.kill('SIGKILL');
    await done;
    await deletedWithoutTrace(c, id, `after ${wait.toFixed(2)} ms`);
  }
}, { peers: [crun, runc] });

/**
 * System calls that only look, or change nothing but the process itself and mounts that have no place yet, which a kill
 * undoes: what is left behind is the same before and after them. Those that wait are not among them: meanwhile the
 * other processes go on.
 */
const inert = new RegExp(`^(${
  [
    'read',
    'pread64',
    'readv',
    'readlink',
    'readlinkat',
    'getdents64',
    'lseek',
    'open',
    'openat',
    'openat2',
    'close',
    'close_range',
    'dup',
    'dup2',
    'dup3',
    'fcntl',
    'f?stat',
    'lstat',
    'newfstatat',
    'statx',
    'f?statfs',
    'access',
    'faccessat2?',
    '[fl]?getxattr',
    'mmap',
    'mprotect',
    'munmap',
    'madvise',
    'brk',
    'rt_sig(action|procmask|pending)',
    'sigaltstack',
    'signalfd4',
    'pidfd_open',
    'memfd_create',
    'pipe2',
    'socket',
    'socketpair',
    'epoll_create1',
    'epoll_ctl',
    'inotify_init1',
    'inotify_add_watch',
    'timerfd_create',
    'fsopen',
    'fsconfig',
    'fsmount',
    'open_tree',
    'prctl',
    'get[a-z]+',
    'capget',
    'uname',
    'umask',
    'sysinfo',
    'times',
    'clock_gettime',
    'sched_get[a-z]+',
    'prlimit64',
    'arch_prctl',
    'set_tid_address',
    'set_robust_list',
    'rseq',
    'execve',
    'exit',
    'exit_group',
  ].join('|')
})$`);

/** Does a line of `strace -y` show a call that others can see? Files that it makes are seen, and what moves in a pipe. */
const acts = (name: string, line: string): boolean =>
  !inert.test(name) || /\bO_(CREAT|TRUNC|TMPFILE)\b|fifo|^[^<"]*<(pipe|socket):/.test(line);

/**
 * Where to strike: before every system call of a traced run that acts on something, as strace counts them: by name, per
 * process. A peer, which is slow to try, is struck at a sample of them.
 */
async function strikes(
  c: Context,
  { args, pidFile }: Pick<Prepared, 'args' | 'pidFile'>,
  follow: boolean,
): Promise<string[]> {
  const file = join(c.dir(), 'trace');
  const traced = c.begin(args, { prefix: ['strace', ...(follow ? ['-f'] : []), '-y', '-qq', '-o', file] });
  await (follow ? createdOrEnded(traced, pidFile).then(() => sleep(200 * timeScale)) : traced.done);
  await c.rt(['delete', '--force', args.at(-1) ?? '']);
  traced.child.kill('SIGTERM');
  await traced.done;
  const counts = new Map<string, number>();
  const found = new Set<string>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [, pid = '', name] = /^(?:(\d+) +)?([a-z_0-9]+)\(/.exec(line) ?? [];
    if (!name) continue;
    const count = (counts.get(pid + name) ?? 0) + 1;
    counts.set(pid + name, count);
    if (acts(name, line)) found.add(`inject=${name}:signal=KILL:when=${count}`);
  }
  const all = [...found];
  const wanted = runtimeName().startsWith('veloci') ? 400 : 12;
  return all.filter((_, i) => all.length <= wanted || i % Math.ceil(all.length / wanted) === 0);
}

/** strace that follows init leaves only when that is gone. */
async function createdOrEnded({ child }: Call, pidFile: string): Promise<void> {
  while (child.exitCode === null && child.signalCode === null && !existsSync(pidFile)) await sleep(5);
  if (existsSync(pidFile)) await sleep(20);
}

const skip = which('strace') ? false : 'strace is not installed';

for (const verb of ['create', 'start', 'delete'] as const) {
  test(`SIGKILL at each system call of ${verb} that acts`, async (c) => {
    const create = prepare(c);
    const { id, pidFile } = create;
    const args = verb === 'create' ? create.args : [verb, ...(verb === 'delete' ? ['--force'] : []), id];
    const created = async (): Promise<void> => {
      if (verb !== 'create') assert.equal((await c.rt(create.args)).code, 0);
    };
    await created();
    const points = await strikes(c, { args, pidFile }, false);
    assert.ok(points.length > 4, `only ${points.length} calls were traced`);
    for (const point of points) {
      await created();
      await c.rt(args, { prefix: ['strace', '-qq', '-o', '/dev/null', '-e', point] });
      await deletedWithoutTrace(c, id, `${verb}, ${point}`);
    }
  }, { peers: verb === 'create' ? [crun] : [], skip });
}

test('SIGKILL of any process of create at each system call that acts', async (c) => {
  const create = prepare(c);
  const points = await strikes(c, create, true);
  assert.ok(points.length > 4, `only ${points.length} calls were traced`);
  for (const point of points) {
    rmSync(create.pidFile, { force: true });
    const traced = c.begin(create.args, { prefix: ['strace', '-f', '-qq', '-o', '/dev/null', '-e', point] });
    await createdOrEnded(traced, create.pidFile);
    await deletedWithoutTrace(c, create.id, `a process of create, ${point}`);
    await traced.done;
  }
}, { peers: [crun, runc], skip });

test('SIGTERM during create undoes it', async (c) => {
  const { id, args, pidFile } = prepare(c);
  for (let i = 0; i < rounds; i++) {
    rmSync(pidFile, { force: true });
    const before = snapshot(c.token, c.root);
    const { child, done } = c.begin(args);
    await sleep(i % 6);
    child.kill('SIGTERM');
    const result = await done;
    if (result.code === 0) {
      await c.destroy(id); // it was done already
      continue;
    }
    assert.deepEqual(await leaks(before, c.token, c.root), [], `terminated after ${i % 6} ms`);
  }
}, { peers: [runc] });

test('SIGTERM between create and start of run leaves nothing', async (c) => {
  const path = join(c.dir(), 'pidfd');
  const { talk } = await receiveMessages('stream', path, 'hold');
  c.later(() => talk.kill());
  const id = c.id();
  const { dir } = c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${id}`;
  });
  const { child, done } = c.begin(['run', '--bundle', dir, '--pidfd-socket', path, id]);
  // The container is there, and nobody takes its pidfd yet.
  const there = async (): Promise<boolean> => /"status": "created"/.test((await c.rt(['state', id])).stdout);
  for (let tries = 0; !(await there()); tries++) {
    assert.ok(tries < 200, 'the container is never created');
    await sleep(10);
  }
  child.kill('SIGTERM');
  talk.send('\n');
  assert.equal((await done).code, 1);
  talk.kill();
  await talk.exit;
  assert.equal((await c.rt(['state', id])).code, 1, 'the container is still there');
  await c.nothingLeft();
}, { only: 'veloci' });

/** The regular files in the state folder of a container. */
const stateFiles = (c: Context, id: string): string[] =>
  readdirSync(join(c.root, id)).map((name) => join(c.root, id, name)).filter((path) => statSync(path).isFile());

for (const [what, damage] of [
  ['emptied', (path: string) => truncateSync(path)],
  ['cut in half', (path: string) => truncateSync(path, Math.floor(statSync(path).size / 2))],
  ['filled with zeros', (path: string) => writeFileSync(path, Buffer.alloc(statSync(path).size))],
  ['garbage', (path: string) => writeFileSync(path, Buffer.from('{"pid": 1, "id": "/", \xff}', 'latin1'))],
] as const) {
  test(`delete --force works when one state file is ${what}`, async (c) => {
    const first = await c.started(c.command(['/probe', 'pause']));
    const names = stateFiles(c, first.id).map((path) => path.slice(path.lastIndexOf('/') + 1));
    await c.destroy(first.id);
    for (const name of names) {
      const { id } = await c.started(c.command(['/probe', 'pause']));
      const path = join(c.root, id, name);
      if (!existsSync(path)) continue;
      damage(path);
      await deletedWithoutTrace(c, id, `${name} ${what}`);
    }
  }, { peers: damaged });
}

test('delete --force works when every state file is gone', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  for (const path of stateFiles(c, id)) rmSync(path);
  const result = await c.rt(['delete', '--force', id]);
  assert.equal(result.code, 0, result.stderr);
  assert.ok(!existsSync(join(c.root, id)));
}, { leaks: 'ignore' });

test('a pid that was reused is never killed', async (c) => {
  const { id, pid } = await c.started(c.command(['/probe', 'pause']));
  const victim = c.beginProgram(['sleep', '1000']);
  const other = victim.child.pid as number;
  for (const path of stateFiles(c, id)) {
    const text = readFileSync(path, 'latin1');
    if (/^\s*\{/.test(text))
      writeFileSync(path, text.replaceAll(new RegExp(`\\b${pid}\\b`, 'g'), String(other)), 'latin1');
  }
  await c.rt(['kill', id, 'KILL']);
  await sleep(50);
  assert.equal(victim.child.signalCode, null, 'a stranger was killed');
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // the runtime knew the right one from elsewhere
  }
}, { leaks: 'ignore' });

test('a create that is killed leaves no cgroup above its own', async (c) => {
  const id = c.id();
  const above = `${c.token}-above`;
  sweep(c, above);
  const { dir } = c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${above}/middle/${id}`;
  });
  const args = ['create', '--bundle', dir, '--pid-file', join(c.dir(), 'pid'), id];
  // Looking does not change anything, but what was made before it may not be known yet.
  for (let when = 1;; when++) {
    const struck = await c.rt(args, {
      prefix: ['strace', '-qq', '-o', '/dev/null', '-e', `inject=openat2:signal=KILL:when=${when}`],
    });
    await deletedWithoutTrace(c, id, `openat2 number ${when}`);
    assert.deepEqual([...cgroups(above)], [], `openat2 number ${when}`);
    if (struck.code === 0) return;
  }
}, { peers: [crun, runc], skip });
