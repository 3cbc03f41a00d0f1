// checkpoint and restore: processes go on where they were.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import { receiveConsole } from '../../support/console.ts';
import type { Bundle } from '../../support/bundle.ts';
import type { Context } from '../../support/context.ts';
import { criuPath, noCriu, withoutSequences } from '../../support/host/criu.ts';
import { runtimePath, which } from '../../support/paths.ts';
import { Podman } from '../../support/engines/podman.ts';
import { call, type Result } from '../../support/runtime.ts';
import type { Config } from '../../support/spec.ts';

const options = { skip: noCriu };
const env = criuPath;

/** A shell that counts into a file of a volume. */
function counting(
  c: Context,
  change: (config: Config) => void = () => {},
): { bundle: Bundle; volume: string; count: () => number } {
  const volume = c.dir();
  const bundle = c.command(['sh', '-c',
    'i=0; while :; do i=$((i+1)); echo $i > /volume/new; mv /volume/new /volume/count; sleep 0.05; done'], (config) => {
    withoutSequences(config);
    config.mounts.push({ destination: '/volume', type: 'bind', source: volume, options: ['rbind', 'rw'] });
    change(config);
  });
  return { bundle, volume, count: () => Number(readFileSync(join(volume, 'count'), 'utf8')) };
}

/** Waits until a count is greater. */
async function beyond(count: () => number, least: number): Promise<number> {
  for (let i = 0; i < 200; i++) {
    try {
      if (count() > least) return count();
    } catch { /* not there yet */ }
    await sleep(50);
  }
  assert.fail(`the count does not go beyond ${least}`);
}

async function ok(result: Promise<Result>): Promise<Result> {
  const ended = await result;
  assert.equal(ended.code, 0, ended.stderr);
  return ended;
}

test('a counter goes on after checkpoint and restore, with its volume, cgroup and pid file', async (c) => {
  const { bundle, count } = counting(c, (config) => {
    config.linux.resources = { memory: { limit: 64 << 20 }, pids: { limit: 50 } };
  });
  const { id, pid } = await c.started(bundle);
  await beyond(count, 3);
  const images = join(c.dir(), 'images');
  await ok(c.rt(['checkpoint', '--image-path', images, id], { env }));
  const saved = count();
  assert.notEqual((await c.rt(['state', id])).code, 0, 'the container is deleted');
  await sleep(200);
  assert.equal(count(), saved, 'it does not run');
  const pidFile = join(c.dir(), 'pid');
  await ok(
    c.rt(['restore', '--detach', '--bundle', bundle.dir, '--image-path', images, '--pid-file', pidFile, '-no-subreaper',
      id], { env }),
  );
  const state = await c.state(id);
  assert.equal(state['status'], 'running');
  assert.equal(readFileSync(pidFile, 'utf8'), String(state['pid']));
  assert.notEqual(state['pid'], pid);
  assert.ok(await beyond(count, saved + 2) < saved + 100, 'it did not begin anew');
  assert.match(readFileSync(`/proc/${String(state['pid'])}/cgroup`, 'utf8'), new RegExp(`memory:.*${id}|0::/${id}`));
  assert.equal((await ok(c.rt(['exec', id, 'sh', '-c', 'echo in $(cat /proc/1/comm)']))).stdout, 'in sh\n');
  await ok(c.rt(['pause', id]));
  assert.equal((await c.state(id))['status'], 'paused');
  await ok(c.rt(['resume', id]));
  await ok(c.rt(['kill', id, 'KILL']));
  await c.until(id, 'stopped');
  await ok(c.rt(['delete', id]));
  await c.nothingLeft();
}, options);

test('--leave-running: the container goes on, and is restored under another id', async (c) => {
  const { bundle, count } = counting(c);
  const { id } = await c.started(bundle);
  await beyond(count, 3);
  const images = join(c.dir(), 'images');
  await ok(c.rt(['checkpoint', '--leave-running', '--image-path', images, id], { env }));
  await beyond(count, count() + 2);
  assert.equal((await c.state(id))['status'], 'running');
  await c.destroy(id);
  const other = c.id();
  await ok(c.rt(['restore', '-d', '-b', bundle.dir, '--image-path', images, other], { env }));
  await beyond(count, count() + 2);
}, options);

test('--pre-dump, then a checkpoint upon it', async (c) => {
  const { bundle, count } = counting(c);
  const { id } = await c.started(bundle);
  await beyond(count, 3);
  const dir = c.dir();
  const first = await c.rt(['checkpoint', '--pre-dump', '--image-path', join(dir, 'first'), id], { env });
  // CONFIG_MEM_SOFT_DIRTY
  if (/Tracking memory is not available/.test(first.stderr)) return;
  assert.equal(first.code, 0, first.stderr);
  assert.equal((await c.state(id))['status'], 'running');
  await ok(
    c.rt(['checkpoint', '--parent-path', '../first', '--image-path', join(dir, 'second'), '--work-path',
      join(dir, 'work'), id], { env }),
  );
  const saved = count();
  assert.match(readFileSync(join(dir, 'work/dump.log'), 'utf8'), /Dumping finished successfully/);
  await ok(
    c.rt(['restore', '-d', '-b', bundle.dir, '--image-path', join(dir, 'second'), '--work-path', join(dir, 'work'), id],
      { env }),
  );
  await beyond(count, saved + 2);
}, options);

test('output goes to the pipe of the restore, and its exit code is that of the program', async (c) => {
  const script = 'trap "echo over; exit 7" TERM; while :; do sleep 0.05; done';
  const bundle = c.command(['sh', '-c', script], withoutSequences);
  const id = c.id();
  const first = c.beginProgram(['sh', '-c', `"$@" < /dev/null 2>&1 | cat`, 'sh', runtimePath(), '--root', c.root, 'run',
    '--bundle', bundle.dir, id]);
  for (let i = 0; i < 100 && (await c.rt(['state', id])).code !== 0; i++) await sleep(50);
  await c.until(id, 'running');
  await sleep(300);
  const images = join(c.dir(), 'images');
  await ok(c.rt(['checkpoint', '--image-path', images, id], { env }));
  await first.done;
  assert.match(readFileSync(join(images, 'descriptors.json'), 'utf8'), /"pipe:\[\d+\]"/);
  const second = c.beginProgram(['sh', '-c', `{ "$@" < /dev/null 2>&1; echo code $?; } | cat`, 'sh', runtimePath(),
    '--root', c.root, 'restore', '--bundle', bundle.dir, '--image-path', images, id], { env });
  for (let i = 0; i < 100 && (await c.rt(['state', id])).code !== 0; i++) await sleep(50);
  await c.until(id, 'running');
  await ok(c.rt(['kill', id, 'TERM']));
  assert.equal((await second.done).output(), 'over\ncode 7\n');
  assert.notEqual((await c.rt(['state', id])).code, 0, 'it is deleted at its end');
}, options);

test('an established TCP connection on loopback', async (c) => {
  const volume = c.dir();
  const bundle = c.command(['sh', '-c',
    'sleep 1000 | nc -l -p 4000 > /volume/got & until grep -q :0FA0 /proc/net/tcp*; do :; done; '
    + '(i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done) | nc 127.0.0.1 4000'], (config) => {
    withoutSequences(config);
    config.mounts.push({ destination: '/volume', type: 'bind', source: volume, options: ['bind'] });
  });
  const { id } = await c.started(bundle);
  const count = (): number => readFileSync(join(volume, 'got'), 'utf8').split('\n').length;
  await beyond(count, 5);
  const images = join(c.dir(), 'images');
  const refused = await c.rt(['checkpoint', '--image-path', images, id], { env });
  assert.match(refused.stderr, /E0881: CRIU cannot checkpoint the container: .*--tcp-established/);
  assert.equal((await c.state(id))['status'], 'running', 'a dump that fails changes nothing');
  await ok(c.rt(['checkpoint', '--tcp-established', '--image-path', images, id], { env }));
  const saved = count();
  await ok(c.rt(['restore', '-d', '--tcp-established', '-b', bundle.dir, '--image-path', images, id], { env }));
  await beyond(count, saved + 5);
}, options);

test('a terminal goes to the console socket of the restore', async (c) => {
  const bundle = c.command(['sh', '-c', 'while read line; do echo "got $line"; done'], (config) => {
    withoutSequences(config);
    config.process.terminal = true;
  });
  const first = await receiveConsole(c.dir());
  c.later(() => first.talk.kill());
  const { id } = await c.started(bundle, { flags: ['--console-socket', first.path] });
  first.talk.send('one\r');
  await first.talk.expect(/got one/);
  const images = join(c.dir(), 'images');
  await ok(c.rt(['checkpoint', '--image-path', images, id], { env }));
  const second = await receiveConsole(c.dir());
  c.later(() => second.talk.kill());
  await ok(
    c.rt(['restore', '-d', '-b', bundle.dir, '--console-socket', second.path, '--image-path', images, id], { env }),
  );
  second.talk.send('two\r');
  await second.talk.expect(/got two/);
}, options);

test('a shared network namespace stays outside', async (c) => {
  const owner = await c.started(c.command(['/probe', 'pause']));
  const { bundle, count } = counting(c, (config) => {
    for (const namespace of config.linux.namespaces)
      if (namespace.type === 'network') namespace.path = `/proc/${owner.pid}/ns/net`;
  });
  const { id } = await c.started(bundle);
  await beyond(count, 3);
  const images = join(c.dir(), 'images');
  await ok(c.rt(['checkpoint', '--image-path', images, id], { env }));
  const saved = count();
  await ok(c.rt(['restore', '-d', '-b', bundle.dir, '--image-path', images, id], { env }));
  await beyond(count, saved + 2);
  const { pid } = await c.state(id);
  const { readlinkSync } = await import('node:fs');
  assert.equal(readlinkSync(`/proc/${String(pid)}/ns/net`), readlinkSync(`/proc/${owner.pid}/ns/net`));
}, options);

test('hooks of a restore see the container', async (c) => {
  const seen = join(c.dir(), 'state');
  const { bundle, count } = counting(c);
  const { id } = await c.started(bundle);
  await beyond(count, 3);
  const images = join(c.dir(), 'images');
  await ok(c.rt(['checkpoint', '--image-path', images, id], { env }));
  bundle.config.hooks = { createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', `cat > ${seen}`] }] };
  bundle.write();
  await ok(c.rt(['restore', '-d', '-b', bundle.dir, '--image-path', images, id], { env }));
  assert.equal(JSON.parse(readFileSync(seen, 'utf8')).pid, (await c.state(id))['pid']);
}, options);

test('a restore that fails leaves nothing and repeats the words of CRIU', async (c) => {
  const images = join(c.dir(), 'images');
  mkdirSync(images);
  const bundle = c.command(['true']);
  const result = await c.rt(['restore', '-d', '-b', bundle.dir, '--image-path', images, c.id()], { env });
  assert.equal(result.code, 1);
  assert.match(result.stderr, /E0882: CRIU cannot restore the container: \S.*restore\.log/);
  await c.nothingLeft();
}, options);

test('a CRIU that is missing, too old, or silent is named', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const dir = c.dir();
  const missing = await c.rt(['checkpoint', '--image-path', dir, id], { env: { PATH: dir } });
  assert.match(missing.stderr, /E0871: CRIU is missing: there is no program "criu"/);
  writeFileSync(join(dir, 'criu'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const silent = await c.rt(['checkpoint', '--image-path', dir, id], { env: { PATH: dir } });
  assert.match(silent.stderr, /E0872: CRIU \("criu"\) does not answer/);
  assert.equal((await c.state(id))['status'], 'running');
});

test('what engines ask for', async (c) => {
  assert.equal((await c.rt(['checkpoint', '--help'])).code, 0);
  assert.match((await c.rt(['restore', '--lsm-mount-context'])).stderr, /flag needs an argument/);
  const features = JSON.parse((await ok(c.rt(['features']))).stdout) as { annotations: Record<string, string> };
  assert.equal(features.annotations['org.opencontainers.runc.checkpoint.enabled'], 'true');
  const created = await c.create(c.command(['true']));
  assert.match((await c.rt(['checkpoint', created.id])).stderr, /container not running/);
});

test('podman container checkpoint and restore', async (c) => {
  const podman = new Podman('/tmp/podman-criu');
  podman.importImage(runtimePath());
  c.later(() => podman.reset(runtimePath()));
  const run = (...args: string[]): Promise<Result> =>
    call(podman.command(runtimePath(), args), { env: { ...podman.env, ...env }, timeLimit: 60_000 });
  await ok(
    run('run', '-d', '--name', 'counter', ...podman.runFlags, podman.image, 'sh', '-c',
      'i=0; while :; do i=$((i+1)); echo $i > /count; sleep 0.05; done'),
  );
  await sleep(500);
  await ok(run('container', 'checkpoint', 'counter'));
  assert.match((await run('ps', '-a')).stdout, /Exited/);
  await ok(run('container', 'restore', 'counter'));
  const count = Number((await ok(run('exec', 'counter', 'cat', '/count'))).stdout);
  assert.ok(count > 5, String(count));
  await ok(run('rm', '--force', '--time', '0', 'counter'));
}, { ...options, skip: options.skip || (which('podman') ? false : 'podman is not installed'), leaks: 'ignore' });
