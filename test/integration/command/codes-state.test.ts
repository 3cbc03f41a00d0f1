// Codes of the command line, the state root and the life of a container: each is triggered from outside.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test, unified } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { runtimePath, timeScale } from '../../support/paths.ts';
import { call, type Result } from '../../support/runtime.ts';

const pause = ['/probe', 'pause'];

/** Asserts that a call failed with this code, and that the line says something after it. */
function assertCode(result: Result, code: string, pattern = /./): void {
  assert.notEqual(result.code, 0, 'it fails');
  assert.match(result.stderr, new RegExp(`(error|warning): ${code}: .+`), result.stderr);
  assert.match(result.stderr, pattern);
}

async function running(c: Context): Promise<string> {
  return (await c.started(c.command(pause))).id;
}

function testCode(
  code: string,
  name: string,
  body: (c: Context) => Promise<Result>,
  pattern?: RegExp,
  skip: string | false = false,
): void {
  test(`${name}: ${code}`, async (c) => assertCode(await body(c), code, pattern), { only: 'veloci', skip });
}

// The command line.
testCode('E0104', 'a value for a flag without one', (c) => c.rt(['run', '--detach=x', c.id()]));
testCode('E0105', 'a value that is none of the list', (c) => c.rt(['--log-format', 'xml', 'list']));
testCode('E0108', 'an argument that is not UTF-8',
  (c) => call(['/bin/sh', '-c', `exec ${runtimePath()} --root ${c.root} state "$(printf 'a\\377')"`]));
testCode('E0117', 'too many descriptors', (c) => c.run(c.command(pause), { flags: ['--preserve-fds', '5000'] }));
testCode('E0121', 'spec over a file', (c) => {
  const dir = c.dir();
  writeFileSync(join(dir, 'config.json'), '');
  return c.rt(['spec', '--bundle', dir]);
});
testCode('E0124', 'output to a full device',
  (c) => call(['/bin/sh', '-c', `exec ${runtimePath()} --root ${c.root} features > /dev/full`]));
testCode('E0125', 'spec into no folder', (c) => c.rt(['spec', '--bundle', '/proc']));
testCode('E0126', 'no socket for the pidfd',
  (c) => c.run(c.command(pause), { flags: ['--pidfd-socket', '/no/socket'] }));
testCode('E0127', 'a broken regular expression', (c) => c.rt(['delete', '--regex', '[']));
testCode('E0131', 'a broken duration', async (c) => c.rt(['events', '--interval', 'soon', await running(c)]));
testCode('E0626', 'no folder for the log', (c) => c.rt(['--log', '/no/folder/log', 'list']));
testCode('E0641', 'a descriptor that is closed',
  async (c) => c.rt(['checkpoint', '--status-fd', '77', await running(c)]));
testCode('E0515', 'no /proc',
  (c) =>
    call(['unshare', '-m', '/bin/sh', '-c',
      `mount -t tmpfs none /proc; exec ${runtimePath()} --root ${c.root} create --bundle ${
        c.command(pause).dir
      } ${c.id()}`]), /mount -t proc/);

testCode('E0625', 'no folder for the pid file',
  (c) => c.rt(['create', '--pid-file', '/no/dir/pid', '--bundle', c.command(pause).dir, c.id()]));
testCode('E0625', 'no folder for the pid file of exec',
  async (c) => c.rt(['exec', '--detach', '--pid-file', '/no/dir/pid', await running(c), ...pause]));
testCode('E0116', 'no socket for the terminal of exec',
  async (c) => c.rt(['exec', '--detach', '--tty', '--console-socket', '/no/socket', await running(c), ...pause]));
testCode('E0116', 'no socket for the terminal',
  (c) =>
    c.rt(['create', '--console-socket', '/no/socket', '--bundle', c.command(pause, (config) => {
      config.process.terminal = true;
    }).dir, c.id()]));
testCode('E0105', 'a limit that is no number', async (c) => c.rt(['update', '--memory', 'much', await running(c)]));
test('--no-pivot is warned of: E0128', async (c) => {
  const { stderr } = await c.run(c.command(['/probe', 'exit', '0']), { flags: ['--no-pivot'], global: ['--debug'] });
  assert.match(stderr, /warning: E0128: .*chroot/);
}, { only: 'veloci' });
testCode('E0583', 'a property of a unit that is no GVariant',
  (c) =>
    c.rt(['--systemd-cgroup', 'create', '--bundle', c.command(pause, (config) => {
      config.linux.cgroupsPath = 'a.slice:b:c';
      config.annotations = { 'org.systemd.property.TimeoutStopUSec': '5 seconds' };
    }).dir, c.id()]), /GVariant/);

testCode('E0531', 'notification of write under the name of runc',
  (c) =>
    call(['bash', '-c', `exec -a runc ${runtimePath()} --root ${c.root} create --bundle ${
      c.command(pause, (config) => {
        config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', listenerPath: '/no/socket',
          syscalls: [{ names: ['write'], action: 'SCMP_ACT_NOTIFY' }] };
      }).dir
    } ${c.id()}`]));

// The state root.
testCode('E0610', 'the root of the host as state root', () => call([runtimePath(), '--root', '/', 'list']));
testCode('E0611', 'a root that cannot be made',
  (c) => c.rt(['--root', '/proc/nothing/root', 'create', '--bundle', c.command(pause).dir, c.id()]));
testCode('E0612', 'a root with an endless name', (c) => c.rt(['--root', `/${'a'.repeat(300)}`, 'state', 'x']));
testCode('E0622', 'a root that is read-only', async (c) => {
  const root = c.dir();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,mode=700', 'tmpfs', root]);
  c.later(() => execFileSync('umount', [root]));
  return c.rt(['--root', root, 'create', '--bundle', c.command(pause).dir, c.id()]);
}, /full or read-only/);

test('a full state root: one error, nothing is left in it', async (c) => {
  const root = c.dir();
  for (const room of ['nr_inodes=1', 'nr_inodes=3', 'nr_inodes=5', 'nr_inodes=7', 'size=4k', 'size=16k', 'size=28k',
    'size=40k'])
  {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=700,${room}`, 'tmpfs', root]);
    try {
      const id = c.id();
      const bundle = c.command(['/probe', 'exit', '0'], (config) => {
        config.linux.cgroupsPath = `/${id}`;
      });
      const result = await c.rt(['--root', root, 'run', '--bundle', bundle.dir, id]);
      if (result.code !== 0) assertCode(result, 'E0(622|756|778|867|906)', /full or read-only|free memory/);
      assert.equal(execFileSync('ls', [root], { encoding: 'utf8' }), '', `${room}: ${result.stderr}`);
    } finally {
      execFileSync('umount', [root]);
    }
  }
  await c.nothingLeft();
}, { only: 'veloci' });

// What is kept of a container.
const kept = (c: Context, id: string, name: string): string => join(c.root, id, name);
testCode('E0621', 'a record that is cut off', async (c) => {
  const id = await running(c);
  const whole = readFileSync(kept(c, id, 'record'));
  c.later(() => undefined);
  truncateSync(kept(c, id, 'record'), 100);
  const result = await c.rt(['state', id]);
  writeFileSync(kept(c, id, 'record'), whole);
  return result;
}, /delete --force/);
test('a cgroup that cannot be removed: E0657', async (c) => {
  const id = await running(c);
  const mount = unified ? '/sys/fs/cgroup' : '/sys/fs/cgroup/pids';
  const command = `mount -o remount,bind,ro ${mount} && exec ${runtimePath()} --root ${c.root} delete --force ${id}`;
  assertCode(await call(['unshare', '--mount', '/bin/sh', '-c', command]), 'E0657', /Read-only|read-only/);
  // The record still names it.
  await c.destroy(id);
  await c.nothingLeft();
}, { only: 'veloci' });
testCode('E0656', 'a state that names no process', async (c) => {
  const { id, pid } = await c.create(c.command(pause), { global: ['--cgroup-manager', 'disabled'] });
  for (const name of ['record', 'state.json']) truncateSync(kept(c, id, name), 0);
  const result = await c.rt(['delete', '--force', id]);
  process.kill(pid, 'SIGKILL');
  rmSync(join(c.root, id), { recursive: true });
  return result;
}, /end them/);
testCode('E0658', 'a start that fails in an init of another version', async (c) => {
  const { id } = await c.create(c.command(['/bin/wrong-format']));
  const record = readFileSync(kept(c, id, 'record'));
  // The hash of its plan's schema (native/record/record.h).
  record[11288] = ~record[11288]!;
  writeFileSync(kept(c, id, 'record'), record);
  return c.rt(['start', id]);
}, /unknown program format/);
testCode('E0632', 'a plan and a configuration that are gone', async (c) => {
  const { id } = await c.create(c.command(pause));
  const [plan, config] = ['plan', 'config.json'].map((name) => readFileSync(kept(c, id, name)));
  for (const name of ['plan', 'config.json']) unlinkSync(kept(c, id, name));
  const result = await c.rt(['start', id]);
  writeFileSync(kept(c, id, 'plan'), plan!);
  writeFileSync(kept(c, id, 'config.json'), config!);
  return result;
}, /delete --force/);
testCode('E0661', 'delete of one whose plan and configuration are gone', async (c) => {
  const id = await running(c);
  process.kill((await c.state(id))['pid'] as number, 'SIGKILL');
  await c.until(id, 'stopped');
  for (const name of ['plan', 'config.json']) unlinkSync(kept(c, id, name));
  const result = await c.rt(['delete', id]);
  assert.equal(result.code, 0, result.stderr);
  return { ...result, code: 1 };
}, /hooks are not run/);
test('a command that holds the lock: E0620', async (c) => {
  const { id } = await c.create(c.command(pause));
  const holder = spawn('flock', [join(c.root, id), 'sleep', '30'], { stdio: 'ignore' });
  c.later(() => holder.kill('SIGKILL'));
  await sleep(300);
  assertCode(await c.rt(['start', id]), 'E0620', /in use by another command/);
  execFileSync('kill', [
    ...execFileSync('ps', ['--ppid', String(holder.pid), '-o', 'pid='], { encoding: 'utf8' }).trim().split(/\s+/),
  ]);
}, { only: 'veloci' });

// States that do not fit.
testCode('E0608', 'exec in a paused container', async (c) => {
  const id = await running(c);
  assert.equal((await c.rt(['pause', id])).code, 0);
  return c.rt(['exec', id, '/probe', 'exit', '0']);
}, /resume it first/);
testCode('E0634', 'resume of one that is not paused', async (c) => c.rt(['resume', await running(c)]));
testCode('E0603', 'checkpoint of one that is created',
  async (c) => c.rt(['checkpoint', (await c.create(c.command(pause))).id]));
testCode('E0659', 'a ps that is killed', async (c) => {
  const dir = c.dir();
  writeFileSync(join(dir, 'ps'), '#!/bin/sh\nkill -9 $$\n', { mode: 0o755 });
  return c.rt(['ps', await running(c)], { env: { PATH: dir } });
}, /signal 9/);
testCode('E0637', 'no ps in PATH', async (c) => c.rt(['ps', await running(c)], { env: { PATH: '/nowhere' } }),
  /install ps/);
testCode('E0638', 'ps without pids', async (c) => c.rt(['ps', await running(c), '-o', 'comm']));
testCode('E0635', 'pause without a cgroup', async (c) => {
  const { id } = await c.create(c.command(pause, (config) => {
    delete config.linux.resources;
  }), { global: ['--cgroup-manager', 'disabled'] });
  assert.equal((await c.rt(['start', id])).code, 0);
  return c.rt(['pause', id]);
}, /freezer/);
testCode('E0609', 'start of one whose create hangs in a hook', async (c) => {
  const id = c.id();
  const bundle = c.command(pause, (config) => {
    config.linux.cgroupsPath = `/${id}`;
    config.hooks = { createRuntime: [{ path: '/bin/sleep', args: ['sleep', '20'] }] };
  });
  const create = c.begin(['create', '--bundle', bundle.dir, id]);
  await sleep(700);
  const result = await c.rt(['kill', id, 'TERM']);
  create.child.kill('SIGTERM');
  assertCode(await create.done, 'E0629', /everything was undone/);
  return result;
});

// A signal while a hook without a time limit runs: it ends with the command, and nothing stays.
for (const [verb, kind, code] of [
  ['create', 'createRuntime', 'E0629'],
  ['run', 'createContainer', 'E0629'],
  ['run', 'startContainer', 'E0629'],
  ['run', 'poststart', 'E0629'],
] as const) {
  test(`SIGTERM during a ${kind} hook of ${verb}: ${code}`, async (c) => {
    const id = c.id();
    const bundle = c.command(pause, (config) => {
      config.linux.cgroupsPath = `/${id}`;
      config.hooks = { [kind]: [{ path: '/bin/sleep', args: ['sleep', '60'] }] };
    });
    const begun = c.begin([verb, '--bundle', bundle.dir, id]);
    await sleep(800);
    begun.child.kill('SIGTERM');
    assertCode(await begun.done, code, /stopped by signal 15/);
    await c.nothingLeft();
  }, { only: 'veloci' });
}
testCode('E0642', 'SIGTERM during a startContainer hook of start', async (c) => {
  const { id } = await c.create(c.command(pause, (config) => {
    config.hooks = { startContainer: [{ path: '/bin/sleep', args: ['sleep', '60'] }] };
  }));
  const begun = c.begin(['start', id]);
  await sleep(800);
  begun.child.kill('SIGTERM');
  return begun.done;
}, /delete --force/);

for (const [what, args] of [
  ['update', (id: string) => ['update', '--resources', '-', id]],
  ['exec', (id: string, pipe: string) => ['exec', '--process', pipe, id]],
] as const) {
  test(`SIGINT ends ${what} while it waits for its input: E0629`, async (c) => {
    const id = await running(c);
    const pipe = join(c.dir(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    // A writer that never writes.
    const held = openSync(pipe, 'r+');
    const begun = c.begin(args(id, pipe), { fds: { 0: held } });
    await sleep(300);
    begun.child.kill('SIGINT');
    const result = await begun.done;
    closeSync(held);
    assertCode(result, 'E0629', /signal 2/);
  }, { only: 'veloci' });
}

test('run of a container that is killed before its program runs: 137, and E0762', async (c) => {
  const id = c.id();
  const bundle = c.command(pause, (config) => {
    config.linux.cgroupsPath = `/${id}`;
    config.hooks = { startContainer: [{ path: '/bin/sleep', args: ['sleep', '60'] }] };
  });
  const begun = c.begin(['run', '--bundle', bundle.dir, id]);
  await sleep(800);
  execFileSync('kill', ['-9', String((await c.state(id))['pid'])]);
  const result = await begun.done;
  assertCode(result, 'E0762');
  assert.equal(result.code, 137);
  await c.nothingLeft();
}, { only: 'veloci' });

// The planner is given a limited memory and time; what breaks it is one clear error.
testCode('E0904', 'a configuration that needs too much memory', async (c) => {
  const bundle = c.command(pause);
  bundle.write(`{"ociVersion":"1.0.0","x":[${'[],'.repeat(5_000_000)}[]]}`);
  return c.rt(['create', '--bundle', bundle.dir, c.id()]);
}, /may use 192 MiB/, timeScale > 1 && 'a slow machine uses up the processor time that the planner has first (E0903)');
testCode('E0905', 'a plan that is none', async (c) => {
  const file = join(c.dir(), 'plan');
  writeFileSync(file, 'nonsense');
  return call(['/bin/sh', '-c',
    `exec ${runtimePath()} --root ${c.root} create --plan-fd 9 --bundle ${c.command(pause).dir} ${c.id()} 9< ${file}`]);
});
testCode('E0503', 'a kernel that is too old',
  async (c) =>
    call(['setarch', '--uname-2.6', runtimePath(), '--root', c.root, 'create', '--bundle', c.command(pause).dir,
      c.id()]), /5\.10/);
