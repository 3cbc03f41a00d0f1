// Hooks, programs and helpers that a file system keeps in the kernel for ever: not even SIGKILL ends them. Each command gives
// up nevertheless, says so, and leaves nothing that cannot be removed once the file system is gone.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { program } from '../../support/helpers.ts';
import { timeScale } from '../../support/paths.ts';
import type { Result } from '../../support/runtime.ts';
import type { Config } from '../../support/spec.ts';

const skip = existsSync('/dev/fuse') ? false : 'the kernel has no FUSE';
/** What keeps a process: a look-up of a name in DIR. */
const hang = (dir: string): { path: string; args: string[] } => ({ path: '/bin/sh',
  args: ['sh', '-c', `: < ${dir}/name`] });

/** A folder that never answers, and what lets it go. */
async function hungFolder(c: Context): Promise<{ dir: string; free: () => void }> {
  const dir = join(c.dir(), 'shelf');
  mkdirSync(dir);
  const server = spawn(program('stuck'), [dir], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const free = (): void => {
    try {
      process.kill(-server.pid!, 'SIGKILL');
    } catch {
      // it is gone
    }
  };
  c.later(() => {
    free();
    spawn('umount', ['-l', dir]);
  });
  await new Promise((resolve) => server.stdout.once('data', resolve));
  return { dir, free };
}

interface Row {
  name: string;
  change: (config: Config, dir: string) => void;
  message: RegExp;
  /** Only a signal ends it sooner than in two minutes. */
  endless?: true;
}

const hooks = (config: Config, kind: string, hook: { path: string; args?: string[]; timeout?: number }): void => {
  config.hooks = { [kind]: [hook] };
};

const bind = (config: Config, dir: string): void => {
  config.mounts.push({ destination: '/shelf', type: 'bind', source: dir, options: ['bind'] });
};

const tooLong = /E0671: .*still there[^]*E0774: /, stopped = /E0670: .*still there/;
const rows: Row[] = [
  { name: 'createRuntime hook with a time limit', message: tooLong,
    change: (config, dir) => hooks(config, 'createRuntime', { ...hang(dir), timeout: 1 }) },
  { name: 'createRuntime hook', message: stopped, endless: true,
    change: (config, dir) => hooks(config, 'createRuntime', hang(dir)) },
  { name: 'createRuntime hook whose program lies there, with a time limit', message: tooLong,
    change: (config, dir) => hooks(config, 'createRuntime', { path: `${dir}/hook`, timeout: 1 }) },
  { name: 'createRuntime hook whose program lies there', message: stopped, endless: true,
    change: (config, dir) => hooks(config, 'createRuntime', { path: `${dir}/hook` }) },
  { name: 'createContainer hook with a time limit', message: tooLong,
    change: (config, dir) => hooks(config, 'createContainer', { ...hang(dir), timeout: 1 }) },
  { name: 'startContainer hook with a time limit', message: /E0774: /, change: (config) => {
    hooks(config, 'startContainer', { ...hang('/shelf'), timeout: 1 });
  } },
  { name: 'program', message: stopped, endless: true, change: (config) => {
    config.process.args = ['/shelf/program'];
  } },
];

/** What came of a command: how long it took, in seconds. */
const timed = async (done: Promise<Result>): Promise<Result & { seconds: number }> => {
  const begun = performance.now();
  const result = await done;
  return { ...result, seconds: (performance.now() - begun) / 1000 };
};

/** How long a test of these may take: what is tried beside it waits for nothing but time. */
const limits = { timeLimit: 60_000 };

async function giveUp(c: Context, { name, change, message, endless }: Row): Promise<void> {
  const { dir, free } = await hungFolder(c);
  const bundle = c.command(['/probe', 'pause'], (config) => {
    bind(config, dir);
    change(config, dir);
  });
  const id = c.id();
  const call = c.begin(['run', '--detach', '--bundle', bundle.dir, id], limits);
  const done = timed(call.done);
  if (endless) {
    await sleep(1000);
    call.child.kill('SIGTERM');
  }
  const result = await done;
  assert.ok(!result.timedOut, `${name}: run hangs`);
  assert.ok(result.seconds < 35 * timeScale, `${name}: ${result.seconds} s`);
  assert.equal(result.code, 1, `${name}: ${result.stderr}`);
  assert.match(result.stderr, message, `${name}: ${result.stderr}`);
  const early = await timed(c.rt(['delete', '--force', id], limits));
  assert.ok(!early.timedOut, `${name}: delete --force hangs`);
  if (early.code !== 0) assert.match(early.stderr, /E0601|E0631/, name);
  free();
  await sleep(500);
  const late = await c.rt(['delete', '--force', id]);
  assert.ok(late.code === 0 || /E0601/.test(late.stderr), `${name}: ${late.stderr}`);
}

test('run gives up what a file system keeps: hooks and the program', async (c) => {
  const ended = await Promise.allSettled(rows.map((row) => giveUp(c, row)));
  const faults = ended.flatMap((end) => end.status === 'rejected' ? [(end.reason as Error).message] : []);
  assert.deepEqual(faults, []);
}, { only: 'veloci', skip });

/** A program of that name that a file system keeps, in front of all others. */
function hungTool(c: Context, name: string, dir: string): Record<string, string> {
  const tools = c.dir();
  writeFileSync(join(tools, name), `#!/bin/sh\necho words of $0 >&2\n: < ${dir}/name\n`, { mode: 0o755 });
  return { PATH: `${tools}:/usr/sbin:/usr/bin:/sbin:/bin` };
}

test('ps gives up a ps of the host that is kept', async (c) => {
  const { dir, free } = await hungFolder(c);
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const env = hungTool(c, 'ps', dir);
  const result = await timed(c.rt(['ps', id], { env, ...limits }));
  assert.ok(result.seconds < 15 * timeScale && !result.timedOut, `${result.seconds} s`);
  assert.equal(result.code, 1);
  assert.match(result.stderr, /E0672: .*10 s/);
  const call = c.begin(['ps', id], { env, ...limits });
  const done = timed(call.done);
  await sleep(500);
  call.child.kill('SIGTERM');
  const stopped = await done;
  assert.ok(stopped.seconds < 3 * timeScale, `${stopped.seconds} s`);
  assert.match(stopped.stderr, /E0629/);
  const list = await c.rt(['ps', '--format', 'json', id], { env });
  assert.equal(list.code, 0, list.stderr);
  free();
}, { only: 'veloci', skip });

test('checkpoint gives up a CRIU that is kept, by itself and at a signal', async (c) => {
  const { dir, free } = await hungFolder(c);
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const options = { env: hungTool(c, 'criu', dir), ...limits };
  // Who reads its output by a pipe is not kept, either.
  const prefix = ['sh', '-c', '"$@" 2>&1 | cat', 'sh'];
  const alone = await timed(c.rt(['checkpoint', '--image-path', join(c.dir(), 'images'), id], { ...options, prefix }));
  assert.ok(alone.seconds < 30 * timeScale && !alone.timedOut, `${alone.seconds} s`);
  assert.match(alone.stdout, /E0671: .*still there[^]*E0872/);
  const call = c.begin(['checkpoint', '--image-path', join(c.dir(), 'images'), id], options);
  const done = timed(call.done);
  await sleep(1000);
  call.child.kill('SIGTERM');
  const result = await done;
  assert.ok(result.seconds < 20 * timeScale && !result.timedOut, `${result.seconds} s`);
  assert.equal(result.code, 1);
  assert.match(result.stderr, /E0670: .*still there/);
  assert.equal((await c.state(id))['status'], 'running');
  free();
}, { only: 'veloci', skip });
