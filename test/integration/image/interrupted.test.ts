// Unpacks that take their time: what a terminal shows, and what becomes of one that is killed.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { type Layer, tar, writeLayout } from '../../support/image.ts';
import { runtimePath, timeScale } from '../../support/paths.ts';

const only = { only: 'veloci' } as const;

/** A layer that takes a while. */
const size = 96 << 20;
const archive = tar([{ name: 'zeros', data: Buffer.alloc(size) }]);
const large: Layer = { archive, blob: gzipSync(archive, { level: 1 }) };

const small: Layer = { archive: tar([{ name: 'a', data: 'x' }]) };

async function until<T>(what: string, find: () => T | undefined): Promise<T> {
  for (const end = Date.now() + 20_000 * timeScale;; await sleep(2)) {
    const found = find();
    if (found !== undefined) return found;
    assert.ok(Date.now() < end, what);
  }
}

const children = (pid: number): number[] => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter((text) => text !== '')
      .map(Number);
  } catch {
    return [];
  }
};

/** Whether a process that was to be stopped is: undefined while it still runs, false when it has ended. */
function isStopped(pid: number): boolean | undefined {
  try {
    const [, state] = /^State:\t(.)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return state === 'T' ? true : state === 'Z' ? false : undefined;
  } catch {
    return false;
  }
}

/** The process that makes the draft of a layer. */
function workerOf(pid: number): number | undefined {
  return children(pid).find((child) => {
    try {
      return readdirSync(`/proc/${child}/task`).length > 1;
    } catch {
      return false;
    }
  });
}

const viaTerminal = `import os, pty, sys
pid, master = pty.fork()
if pid == 0:
    os.execvpe(sys.argv[2], sys.argv[2:], dict(os.environ, TERM="xterm"))
out = open(sys.argv[1], "wb", buffering=0)
out.write(b"%d\\n" % pid)
while True:
    try:
        part = os.read(master, 4096)
    except OSError:
        break
    if not part: break
    out.write(part)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

test('a terminal shows how far it has come from the second second on, and nothing of it at the end', async (c) => {
  const image = writeLayout(join(c.dir(), 'image'), [small, large]);
  const script = join(c.dir(), 'terminal.py');
  writeFileSync(script, viaTerminal);
  for (let attempt = 0;; attempt++) {
    const bundle = join(c.dir(), 'bundle'), out = join(c.dir(), 'out');
    const output = (): string => (existsSync(out) ? readFileSync(out, 'utf8') : '');
    const begun = c.beginProgram(['python3', script, out, runtimePath(), 'unpack', '--copy', image, bundle], {
      env: { PATH: process.env['PATH']! },
      timeLimit: 60_000,
    });
    const pid = await until('the command', () => (output().includes('\n') ? Number.parseInt(output()) : undefined));
    const worker = await until('a worker', () =>
      workerOf(pid) ?? (existsSync(`/proc/${pid}`) && !existsSync(join(bundle, 'config.json')) ? undefined : 0));
    // It may have been too fast to be stopped.
    if (worker > 0) {
      try {
        process.kill(worker, 'SIGSTOP');
      } catch {
        // it has ended
      }
    }
    if (worker === 0 || !await until('the stop', () => isStopped(worker))) {
      await begun.done;
      assert.ok(attempt < 20, 'no worker could be stopped');
      continue;
    }
    const line = await until('a line of progress', () =>
      /unpacking: \d of 2 layers, \d+ of \d+ MiB/.exec(output())?.[0]);
    process.kill(worker, 'SIGCONT');
    const { code } = await begun.done, stdout = output();
    assert.equal(code, 0, stdout);
    assert.ok(stdout.includes(line));
    assert.ok(stdout.endsWith('\r\x1b[K'), JSON.stringify(stdout.slice(-80)));
    return;
  }
}, only);

async function killed(c: Context, args: readonly string[], ready: () => true | undefined): Promise<void> {
  const begun = c.begin(['unpack', ...args]);
  await until('the first layer', ready);
  begun.child.kill('SIGKILL');
  await begun.done;
}

test('an unpack that was killed goes on where it was: a bundle', async (c) => {
  const image = writeLayout(join(c.dir(), 'image'), [small, large]);
  for (let attempt = 0;; attempt++) {
    const bundle = join(c.dir(), 'bundle'), place = join(bundle, '.layers/root');
    const firstLayer = (): string | undefined => (existsSync(place)
      ? readdirSync(place).find((name) => /^0000-\w{64}$/.test(name))
      : undefined);
    await killed(c, ['--copy', image, bundle], () =>
      firstLayer() === undefined && !existsSync(join(bundle, 'rootfs')) ? undefined : true);
    const first = firstLayer();
    if (first === undefined || existsSync(join(bundle, 'rootfs'))) {
      assert.ok(attempt < 20, 'it could not be killed in time');
      continue;
    }
    const { ino } = statSync(join(place, first));
    const { code, stderr } = await c.rt(['unpack', '--copy', image, bundle], { timeLimit: 60_000 });
    assert.equal(code, 0, stderr);
    assert.deepEqual(readdirSync(bundle).sort(), ['config.json', 'rootfs']);
    assert.equal(statSync(join(bundle, 'rootfs')).ino, ino);
    assert.equal(statSync(join(bundle, 'rootfs/zeros')).size, size);
    break;
  }
}, only);

test('an unpack that was killed goes on where it was: the cache', async (c) => {
  const image = writeLayout(join(c.dir(), 'image'), [small, large]);
  const place = c.dir(), cache = join(place, 'cache'), layers = join(cache, 'root'), bundle = join(place, 'bundle');
  const complete =
    (): string[] => (existsSync(layers) ? readdirSync(layers).filter((name) => /^\w{64}$/.test(name)) : []);
  await killed(c, ['--cache', cache, image, bundle], () => (complete().length === 0 ? undefined : true));
  const before = complete().map((name) => statSync(join(layers, name)).ino);
  const { code, stderr } = await c.rt(['unpack', '--cache', cache, image, bundle], { timeLimit: 60_000 });
  assert.equal(code, 0, stderr);
  const after = complete().map((name) => statSync(join(layers, name)).ino);
  assert.ok(before.length > 0 && before.every((number) => after.includes(number)));
  assert.deepEqual(readdirSync(layers).filter((name) => name.endsWith('.tmp')), []);
  assert.deepEqual(readdirSync(bundle).sort(), ['config.json', 'overlay', 'rootfs']);
}, only);

test('a bundle that another unpack makes is left to it; what is not of an unpack is never removed', async (c) => {
  const image = writeLayout(join(c.dir(), 'image'), [small]), bundle = c.dir();
  const held = c.beginProgram(['flock', '--no-fork', bundle, 'sleep', '60']);
  await until('the lock', () => {
    try {
      execFileSync('flock', ['-n', bundle, 'true']);
      return undefined;
    } catch {
      return true;
    }
  });
  assert.match((await c.rt(['unpack', '--copy', image, bundle])).stderr, /E1017: .*EBUSY/);
  held.child.kill('SIGKILL');
  await held.done;
  writeFileSync(join(bundle, 'mine'), '');
  for (const more of ['.layers', 'rootfs']) {
    execFileSync('mkdir', [join(bundle, more)]);
    assert.match((await c.rt(['unpack', '--copy', image, bundle])).stderr, /E1017: .*ENOTEMPTY/);
    assert.ok(existsSync(join(bundle, 'mine')));
  }
  rmSync(join(bundle, 'mine'));
  rmSync(join(bundle, '.layers'), { recursive: true });
  assert.match((await c.rt(['unpack', '--copy', image, bundle])).stderr, /E1017: .*ENOTEMPTY/);
}, only);
