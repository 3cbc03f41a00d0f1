// Faults around --systemd-cgroup: systemd that is not there, does not answer, answers and does nothing; a runtime that is
// killed at any moment. Nothing may stay behind, and nothing may take for ever.
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Answer } from '../../support/host/bus.ts';
import { runtimePath, timeScale } from '../../support/paths.ts';
import { bundle, call, folder, reason, runtime, setUp, start, test, unitOf,
  type Result } from '../../support/host/systemd.ts';

const state = join(folder, 'state');
const remaining = (): string[] => (existsSync(state) ? readdirSync(state).filter((name) => !name.startsWith('.')) : []);

/** What a bus says: nothing at all, or to the start of a unit the path of a job that never ends. */
const modes: Readonly<Record<string, { title: string; answers: Readonly<Record<string, Answer>>; greeting?: string }>> =
  {
    silent: { title: 'takes the call and says nothing', answers: { '': 'nothing' }, greeting: '' },
    jobs: { title: 'never ends the job', answers: { StartTransientUnit: { job: '' } } },
  };
/** In a process of its own, since the calls of the runtime are awaited without an event loop. */
const bus = `
const [module, path, mode] = process.argv.slice(1);
const { answers, greeting } = JSON.parse(mode);
import(module).then(({ listen }) => listen(path, answers, greeting));
`;

/** Calls the runtime where other sockets are in the place of systemd's. */
function without(socket: string | undefined, args: readonly string[]): Result & { ms: number } {
  const script = `set -e
    mount -t tmpfs none /run/dbus
    ${socket === undefined ? 'mount -t tmpfs none /run/systemd' : `mount --bind ${socket} /run/systemd/private`}
    exec "$@"`;
  const begun = performance.now();
  const result = call('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', runtimePath(),
    '--root', state, ...args]);
  return { ...result, ms: performance.now() - begun };
}

/** Has a bus of that kind while the body runs. */
function withBus<T>(mode: string, body: (socket: string) => T): T {
  const socket = join(folder, `bus-${mode}`);
  const server = spawn(process.execPath, ['-e', bus, new URL('../../support/host/bus.js', import.meta.url).href, socket,
    JSON.stringify(modes[mode])], { stdio: 'inherit' });
  try {
    for (let tries = 0; tries < 300 && !existsSync(socket); tries++) spawnSync('sleep', ['0.1']);
    return body(socket);
  } finally {
    server.kill('SIGKILL');
  }
}

async function killedAfter(args: readonly string[], milliseconds: number): Promise<void> {
  const child: ChildProcess = spawn(runtimePath(), ['--root', state, '--systemd-cgroup', ...args], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  child.kill('SIGKILL');
  await ended;
}

if (reason !== undefined) {
  t.pass('faults of systemd', { skip: reason });
} else {
  t.setTimeout(2000_000);
  setUp();

  test('systemd is not there', (id) => {
    const { code, stderr, ms } = without(undefined, ['--systemd-cgroup', 'run', '--bundle', bundle('root', () => {}),
      id]);
    assert.equal(code, 1);
    assert.match(stderr, /E0862: .*\/run\/systemd\/private/);
    assert.ok(ms < 3000 * timeScale, `${ms} ms`);
    assert.deepEqual(remaining(), []);
  });

  test('systemd goes away while a container runs: delete works', (id) => {
    assert.equal(start('root', id).code, 0);
    const { code, stderr } = without(undefined, ['delete', '--force', id]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(remaining(), []);
    // It is only hidden: it may not have noticed that the cgroup of its unit is gone.
    call('systemctl', ['stop', unitOf(id)]);
  });

  for (const [mode, { title }] of Object.entries(modes)) {
    test(`systemd ${title}`, (id) => {
      const { code, stderr, ms } = withBus(mode, (socket) =>
        without(socket, ['--systemd-cgroup', 'run', '--bundle', bundle('root', () => {}), id]));
      assert.equal(code, 1, stderr);
      assert.match(stderr, /E086[14]: /);
      // 30 s for the start, 10 s for taking it back.
      assert.ok(ms > 25_000 && ms < 60_000 + 3000 * timeScale, `${ms} ms`);
      assert.deepEqual(remaining(), []);
    });
  }

  test('a runtime that is killed at any moment of create', async (id) => {
    const dir = bundle('root', () => {});
    const begun = performance.now();
    assert.equal(runtime('root', ['--systemd-cgroup', 'create', '--bundle', dir, id]).code, 0);
    const whole = performance.now() - begun;
    assert.equal(runtime('root', ['delete', '--force', id]).code, 0);
    for (let part = 0; part < 20; part++) {
      await killedAfter(['create', '--bundle', dir, id], whole * part / 18);
      const { code, stderr } = runtime('root', ['delete', '--force', id]);
      assert.equal(code, 0, stderr);
      assert.deepEqual(remaining(), []);
    }
  });

  test('a runtime that is killed at any moment of delete', async (id) => {
    const dir = bundle('root', () => {});
    for (let part = 0; part < 8; part++) {
      assert.equal(runtime('root', ['--systemd-cgroup', 'create', '--bundle', dir, id]).code, 0);
      await killedAfter(['delete', '--force', id], part * 3 * timeScale);
      assert.equal(runtime('root', ['delete', '--force', id]).code, 0);
      assert.deepEqual(remaining(), []);
    }
  });

  test('a hundred containers leave nothing', (id) => {
    const count = (): Record<string, number> => ({
      processes: readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length,
      cgroups: Number(call('sh', ['-c', 'find /sys/fs/cgroup -type d | wc -l']).stdout),
      units: Number(call('sh', ['-c', 'systemctl list-units --all --no-legend | grep -c veloci-']).stdout),
      mounts: Number(call('sh', ['-c', 'wc -l </proc/self/mountinfo']).stdout),
    });
    const dir = bundle('root', (config) => {
      config.process.args = ['true'];
    });
    const before = count();
    for (let number = 0; number < 100; number++) {
      const { code, stderr } = runtime('root', ['--systemd-cgroup', 'run', '--bundle', dir, `${id}-${number}`]);
      assert.equal(code, 0, stderr);
    }
    spawnSync('sleep', ['2']);
    const after = count();
    for (const kind of ['units', 'mounts', 'cgroups']) assert.equal(after[kind], before[kind], kind);
    assert.ok(after['processes']! <= before['processes']! + 5, JSON.stringify([before, after]));
    assert.deepEqual(remaining(), []);
  });
}
