// Containers as objects of this program, with real ones behind them: streams, terminals, ends, and what becomes of a container
// whose program ends or forgets it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { Runtime, VelociError, type Container } from '../../../src/index.ts';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { processes } from '../../support/leak.ts';
import { runtimePath, timeScale } from '../../support/paths.ts';
import type { Config } from '../../support/spec.ts';

const only = { only: 'veloci' } as const;

const runtimeOf = (c: Context): Runtime => new Runtime({ root: c.root, command: runtimePath() });

/** A container that was created by the library, with pipes. */
async function created(c: Context, args: string[], options: object = {}): Promise<Container> {
  return runtimeOf(c).create({ id: c.id(), bundle: c.command(args).dir, stdio: 'pipe', ...options });
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 10000 * timeScale; !holds(); await new Promise((wake) => setTimeout(wake, 10)))
    assert.ok(Date.now() < end, what);
}

test('streams are there before the program is, and carry much more than a pipe holds', async (c) => {
  const container = await created(c, ['sh', '-c', 'cat; echo end >&2; exit 5']);
  const printed = text(container.stdout!), errors = text(container.stderr!);
  const much = 'x'.repeat(3_000_000);
  container.stdin!.end(much);
  await container.start();
  assert.equal(await printed, much);
  assert.equal(await errors, 'end\n');
  const exit = await container.exit;
  assert.deepEqual([exit.status, exit.signal, exit.reason], [5, null, 'exited']);
  assert.ok(exit.usage!.peakMemory > 0);
  assert.equal(container.state()?.status, 'stopped');
  await container.delete();
  assert.equal(container.state(), undefined);
}, only);

test('exec: streams, status, user, directory, environment, a terminal with a size', async (c) => {
  const container = await created(c, ['sleep', '1000']);
  await container.start();
  const process = await container.exec(['sh', '-c', 'cat; pwd; id -u; echo $A; exit 9'], { stdio: 'pipe', cwd: '/tmp',
    user: '5:6', env: { A: 'b c' } });
  const printed = text(process.stdout!);
  process.stdin!.end('in\n');
  assert.equal(await printed, 'in\n/tmp\n5\nb c\n');
  assert.equal((await process.exit).status, 9);
  const terminal = await container.exec(['sh', '-c', 'read a; stty size; tty'], { tty: true });
  terminal.resize({ columns: 99, rows: 33 });
  let shown = '';
  terminal.terminal!.on('data', (chunk: Buffer) => shown += chunk.toString());
  terminal.terminal!.write('\n');
  await once(terminal.terminal!, 'close');
  assert.equal((await terminal.exit).status, 0);
  assert.match(shown, /33 99\r\n\/dev\/pts\/\d/);
  const killed = await container.exec(['sleep', '1000']);
  killed.signal('TERM');
  assert.deepEqual((({ signal, reason }) => [signal, reason])(await killed.exit), ['SIGTERM', 'signalled']);
  await assert.rejects(container.exec(['no-such']), (error: VelociError) => error.code === 'E0732');
  await container.delete();
}, only);

test('the processes of a container hold nothing of the library', async (c) => {
  const container = await created(c, ['sh', '-c', 'echo $(ls /proc/self/fd); read line']);
  const printed = text(container.stdout!);
  await container.start();
  const process = await container.exec(['sh', '-c', 'echo $(ls /proc/self/fd)'], { stdio: 'pipe' });
  assert.equal(await text(process.stdout!), '0 1 2 3\n', 'the streams, and the folder that ls reads');
  container.stdin!.end('\n');
  assert.equal(await printed, '0 1 2 3\n');
  await container.delete();
}, only);

test('the terminal of the configuration', async (c) => {
  const bundle = c.command(['sh', '-c', 'stty size; read line; echo got $line'], ({ process }) => {
    process.terminal = true;
    process.consoleSize = { width: 70, height: 20 };
  });
  const container = await runtimeOf(c).create({ id: c.id(), bundle: bundle.dir });
  let shown = '';
  container.terminal!.on('data', (chunk: Buffer) => shown += chunk.toString());
  container.terminal!.write('typed\n');
  await container.start();
  await once(container.terminal!, 'close');
  assert.equal((await container.exit).status, 0);
  assert.match(shown, /20 70\r\n[^]*got typed/);
  await container.delete();
}, only);

test('run: what is printed, limits of time and output, an abort, a signal, an error with its place', async (c) => {
  const runtime = runtimeOf(c);
  const bundle = (...args: string[]): string => c.command(args).dir;
  const result = await runtime.run({ bundle: bundle('sh', '-c', 'cat; echo e >&2; exit 3'), input: 'given' });
  assert.deepEqual([result.status, String(result.stdout), String(result.stderr)], [3, 'given', 'e\n']);
  const begun = Date.now();
  const late = await runtime.run({ bundle: bundle('sh', '-c', 'trap "" TERM INT; sleep 1000 & sleep 1000'),
    timeout: 300 });
  assert.deepEqual([late.reason, late.signal], ['timeout', 'SIGKILL']);
  assert.ok(Date.now() - begun < 8000 * timeScale, 'the sleeping child holds the pipe, and ends, too');
  const flood = await runtime.run({ bundle: bundle('yes'), outputLimit: 100_000 });
  assert.deepEqual([flood.reason, flood.stdout.length], ['output', 100_000]);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 200);
  assert.equal((await runtime.run({ bundle: bundle('sleep', '1000'), signal: controller.signal })).reason, 'aborted');
  assert.equal((await runtime.run({ bundle: bundle('sleep', '1000'), signal: AbortSignal.abort() })).reason, 'aborted');
  await assert.rejects(runtime.run({ bundle: bundle('no-such-program') }),
    (error: VelociError) =>
      error.code === 'E0732' && error.pointer === '/process/args/0' && error.line! > 0 && error.hint !== undefined);
  assert.deepEqual(readdirSync(c.root).filter((name) => !name.startsWith('.')), []);
}, only);

test('run: memory that runs out and a forbidden call are reasons', async (c) => {
  const runtime = runtimeOf(c);
  const eater = c.command(['sh', '-c', 'x=xxxxxxxx; while :; do x=$x$x; done'], (config) => {
    config.linux.resources = { memory: { limit: 16 << 20, swap: 16 << 20 } };
  });
  assert.equal((await runtime.run({ bundle: eater.dir })).reason, 'oom');
  const caller = c.command(['sh', '-c', 'sync'], (config) => {
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['sync'], action: 'SCMP_ACT_KILL_PROCESS' }] };
  });
  assert.equal((await runtime.run({ bundle: caller.dir })).reason, 'seccomp');
}, only);

test('a container that cannot be created or started leaves no descriptor', async (c) => {
  const runtime = runtimeOf(c);
  const opened = (): number => readdirSync('/proc/self/fd').length;
  const fail = (args: string[]): Promise<void> =>
    assert.rejects(runtime.run({ bundle: c.command(args).dir }), VelociError);
  await fail(['no-such-program']);
  const before = opened();
  for (let i = 0; i < 5; i++) await fail(['no-such-program']);
  const container = await created(c, ['sleep', '1000']);
  await container.start();
  for (let i = 0; i < 5; i++) await assert.rejects(container.exec(['no-such'], { stdio: 'pipe' }), VelociError);
  await container.delete();
  // The streams of the container itself are its owner's to read.
  for (const stream of [container.stdin, container.stdout, container.stderr]) stream?.destroy();
  await until('descriptors stay open', () => opened() <= before);
}, only);

test(
  'a time-out ends all processes without a pid namespace, too, or is refused; run does not wait for what outlives it',
  async (c) => {
    const args = ['sh', '-c', 'sleep 5551 & sleep 5551'];
    const shared = (config: Config): void => {
      config.linux.namespaces = config.linux.namespaces!.filter(({ type }) => type !== 'pid');
    };
    const { dir } = c.command(args, shared);
    const left = (): number[] =>
      [...processes()].flatMap(([pid, line]) => (line.startsWith('sleep 5551') && !line.includes('(Z)') ? [pid] : []));
    const container = await runtimeOf(c).create({ id: c.id(), bundle: dir, timeout: 300 });
    await container.start();
    assert.equal((await container.exit).reason, 'timeout');
    await until('all processes end', () => left().length === 0);
    await container.delete();
    const without = new Runtime({ root: c.root, command: runtimePath(), cgroupManager: 'disabled' });
    await assert.rejects(without.create({ id: c.id(), bundle: dir, timeout: 300 }), /neither a pid namespace/);
    const outlived = c.command(['sh', '-c', 'sleep 5551 & echo out'], shared).dir;
    assert.equal(String((await without.run({ id: c.id(), bundle: outlived })).stdout), 'out\n');
    for (const pid of left()) process.kill(pid, 'SIGKILL');
  },
  only,
);

test('a time-out ends a container that is paused', async (c) => {
  const container = await created(c, ['sleep', '1000'], { timeout: 1000 });
  await container.start();
  await container.pause();
  assert.equal((await container.exit).reason, 'timeout');
  await container.delete();
}, only);

test('streams that nobody reads stop nothing and leave no descriptor; what was printed can be read afterwards',
  async (c) => {
    const container = await created(c, ['sleep', '1000']);
    await container.start();
    const descriptors = (): number => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    const some = [];
    for (let i = 0; i < 5; i++)
      some.push(await container.exec(['sh', '-c', `echo ${i}; echo no >&2; exit 4`], { stdio: 'pipe' }));
    const flood = await container.exec(['yes'], { stdio: 'pipe' });
    for (const process of some) assert.equal((await process.exit).status, 4);
    flood.signal('KILL');
    assert.equal((await flood.exit).signal, 'SIGKILL');
    await (await created(c, ['true'])).delete();
    await until('the descriptors are closed', () => descriptors() === before);
    assert.deepEqual(await Promise.all(some.map(({ stdout }) => text(stdout!))), ['0\n', '1\n', '2\n', '3\n', '4\n']);
    await container.delete();
  }, only);

test('one AbortSignal for many, without a warning', async (c) => {
  const warned: Error[] = [];
  const note = (warning: Error): unknown => warned.push(warning);
  process.on('warning', note);
  const bundle = c.command(['sleep', '1000']).dir;
  const aborts = new AbortController();
  const runs = Array.from({ length: 12 }, () => runtimeOf(c).run({ bundle, signal: aborts.signal }));
  setTimeout(() => aborts.abort(), 100);
  assert.deepEqual((await Promise.all(runs)).map(({ reason }) => reason), runs.map(() => 'aborted'));
  assert.equal((await runtimeOf(c).run({ bundle, signal: aborts.signal })).reason, 'aborted');
  process.off('warning', note);
  assert.deepEqual(warned, []);
}, only);

test('pause, resume, ps, stats, update, kill, wait: of our own containers and of others', async (c) => {
  const container = await created(c, ['sleep', '1000']);
  await container.start();
  for (const same of [container, runtimeOf(c).get(container.id)]) {
    await same.pause();
    assert.equal(same.state()?.status, 'paused');
    await same.resume();
    assert.deepEqual(await same.ps(), [container.pid]);
    assert.equal(same.pid, container.pid);
    assert.ok(typeof await same.stats() === 'object');
    assert.deepEqual(Object(await same.diff()).same, true);
    assert.match(await same.timeline(), /start/);
    assert.ok(typeof await same.audit() === 'object');
    assert.ok(typeof await same.apply({ dryRun: true }) === 'object');
    assert.ok(same.plan.programs.init!.length > 0);
  }
  const other = runtimeOf(c).get(container.id);
  const seen = other.exit;
  await other.kill('KILL');
  assert.equal((await seen).signal, 'SIGKILL');
  assert.equal((await container.exit).signal, 'SIGKILL');
  assert.match(JSON.stringify(await other.why()), /KILL/);
  await other.delete();
  await container.delete();
  assert.throws(() => container.plan, { code: 'E0601' });
  await assert.rejects(other.pause(), { code: 'E0601' });
}, only);

test('events, until the container ends', async (c) => {
  const container = await created(c, ['sleep', '1000']);
  await container.start();
  const types: string[] = [];
  for await (const { type } of container.events(300)) {
    types.push(type);
    if (types.length === 1) await container.pause();
    if (type === 'pause') await container.resume();
    if (type === 'resume') await container.kill('KILL');
  }
  assert.deepEqual([...new Set(types)].sort(), ['exit', 'pause', 'resume', 'stats']);
  assert.equal((await container.exit).signal, 'SIGKILL');
  await container.delete();
  await assert.rejects(runtimeOf(c).get(container.id).events().next(), { code: 'E0601' });
}, only);

/** A program that creates and starts a container, and says its pid. */
function holder(c: Context, id: string, bundle: string, options: object, after: string): ChildProcess {
  const library = new URL('../../../src/index.js', import.meta.url).href;
  const script = `const { Runtime } = await import(${JSON.stringify(library)});
    let c = await new Runtime(${JSON.stringify({ root: c.root, command: runtimePath() })}).create(${
    JSON.stringify({ id, bundle, ...options })
  });
    await c.start(); console.log(c.pid); ${after}`;
  return spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function pidOf(child: ChildProcess): Promise<number> {
  for await (const chunk of child.stdout!) return Number(String(chunk));
  throw new Error('it says nothing');
}

for (const [how, after, end] of [
  ['is killed', 'setInterval(() => {}, 1e6);', (child: ChildProcess) => child.kill('SIGKILL')],
  ['exits', 'setTimeout(() => process.exit(0), 100);', () => {}],
  ['forgets it', 'c = undefined; setInterval(() => gc(), 50);', () => {}],
] as const) {
  test(`a container ends with its program, which ${how}`, async (c) => {
    const id = c.id();
    const child = holder(c, id, c.command(['sleep', '1000']).dir, {}, after);
    const pid = await pidOf(child);
    end(child);
    await until('the container ends', () => !existsSync(`/proc/${pid}`));
    await until('the container is removed', () => !existsSync(`${c.root}/${id}`));
    child.kill('SIGKILL');
  }, only);
}

test('a detached container lives on, and is found', async (c) => {
  const id = c.id();
  const child = holder(c, id, c.command(['sleep', '1000']).dir, { detached: true }, '');
  const pid = await pidOf(child);
  await new Promise((resolve) => child.on('exit', resolve));
  const found = runtimeOf(c).list().find((state) => state.id === id);
  assert.deepEqual([found?.status, found?.pid], ['running', pid]);
  await runtimeOf(c).get(id).delete();
}, only);

test('a detached container that has ended is left to others, and by its command', async (c) => {
  const container = await created(c, ['true'], { detached: true, stdio: 'ignore' });
  const sockets = (): number => readdirSync('/proc/self/fd').length;
  const before = sockets();
  await container.start();
  assert.equal((await container.exit).status, 0);
  await until('the command ends', () => sockets() < before);
  assert.equal(container.state()?.status, 'stopped');
  await container.delete();
  assert.equal(container.state(), undefined);
}, only);

test('what holds a part of a container holds it', async (c) => {
  const child = holder(c, c.id(), c.command(['sh', '-c', 'sleep 1; echo alive; sleep 1000']).dir, { stdio: 'pipe' },
    `const { stdout } = c; c = undefined; setInterval(() => gc(), 50); stdout.on('data', (d) => { console.log(String(d)); process.exit(0); });`);
  let said = '';
  for await (const chunk of child.stdout!) said += String(chunk);
  assert.match(said, /alive/);
}, only);

test('many at once', async (c) => {
  const runtime = runtimeOf(c);
  const bundle = c.command(['sh', '-c', 'read a; echo $a']).dir;
  const results = await Promise.all(Array.from({ length: 30 }, (_, i) => runtime.run({ bundle, input: `${i}\n` })));
  assert.deepEqual(results.map(({ stdout }) => String(stdout)), Array.from({ length: 30 }, (_, i) => `${i}\n`));
}, only);
