import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Runtime, VelociError } from '../../../src/index.ts';

/** A command that notes its arguments, says lines on the socket that it is given, and exits with a status. */
function standIn(folder: string, status: number, ...lines: (object | string)[]): string {
  const path = join(folder, 'veloci');
  const said = lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
  writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "$@" > '${folder}/args'\nulimit -Sn > '${folder}/limit'\n`
    + `ls /proc/self/fd > '${folder}/descriptors'\ncat >&3 <<'END'\n${said}END\nexit ${status}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A bundle with a configuration that can be planned, by an ordinary user, too. */
function bundleIn(folder: string): string {
  const own = (id: number) => [{ containerID: 0, hostID: id, size: 1 }];
  const spec = { ociVersion: '1.2.0', process: { args: ['sh'], cwd: '/' }, root: { path: 'rootfs' },
    linux: { namespaces: [{ type: 'mount' }, { type: 'user' }], uidMappings: own(process.getuid!()),
      gidMappings: own(process.getgid!()) } };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(spec));
  return folder;
}

const given = (folder: string): string[] => readFileSync(join(folder, 'args'), 'utf8').trim().split('\n');

const created = { event: 'created', pid: 1 }, started = { event: 'started', pid: 1 };
const ended = { event: 'ended', status: 0, userTime: 1500, systemTime: 20, peakMemory: 4096 };
const exit = { status: 0, signal: null, reason: 'exited',
  usage: { userTime: 1.5, systemTime: 0.02, peakMemory: 4096 } };

t.test('methods become commands', async (t) => {
  const folder = t.testdir();
  const runtime = new Runtime({ command: standIn(folder, 0, created, started, ended), root: '/r',
    cgroupManager: 'disabled' });
  const before = ['--control-fd', '3', '--root', '/r', '--cgroup-manager', 'disabled'];
  const bundle = bundleIn(folder);
  const container = await runtime.create({ id: 'a', bundle, pidFile: '/p' });
  t.same(given(folder), [...before, 'run', '--plan-fd', '4', '--bundle', bundle, '--pid-file', '/p', 'a']);
  t.match(readFileSync(join(folder, 'descriptors'), 'utf8'), /^0\n1\n2\n3\n4\n\d+\n$/,
    'those of the command, and that of ls');
  t.equal(readFileSync(join(folder, 'limit'), 'utf8').trim(), '1024');
  t.same(await container.exit, exit);
  const process = await container.exec(['ls', '-l'], { env: { A: '1', B: '2' }, user: '1:2' });
  t.same(given(folder), [...before, 'exec', '--user', '1:2', '--env', 'A=1', '--env', 'B=2', 'a', 'ls', '-l']);
  t.same(await process.exit, exit);
  const other = runtime.get('b');
  await other.kill(9, { all: true });
  t.same(given(folder), [...before, 'kill', '--all', 'b', '9']);
  await other.delete();
  t.same(given(folder), [...before, 'delete', '--force', 'b']);
});

t.test('a logged error is thrown with its parts', async (t) => {
  const details = { code: 'E0412', line: 41, column: 17, pointer: '/mounts/3/options/1', hint: 'use "nosuid"',
    errno: 'EINVAL', step: 'mount', output: 'none' };
  const folder = t.testdir();
  const msg = 'E0412: unknown mount option "nosiud"';
  const runtime = new Runtime({ command: standIn(folder, 1, { level: 'error', msg, time: '', ...details }) });
  await t.rejects(runtime.create({ bundle: bundleIn(folder) }), { name: 'VelociError', message: msg, ...details });
});

t.test('an error of the state has its code', async (t) => {
  t.match(VelociError.fromLine('E0601: container "a" does not exist'), { code: 'E0601', pointer: undefined });
  t.match(VelociError.fromLine('strange'), { code: '', message: 'strange' });
});

t.test('how a process ends', async (t) => {
  const folder = t.testdir();
  const bundle = bundleIn(folder);
  const end = async (event: object) => {
    const runtime = new Runtime({ command: standIn(folder, 3, created, started, { event: 'ended', ...event }) });
    return runtime.run({ bundle });
  };
  t.match(await end({ status: 3 }), { status: 3, signal: null, reason: 'exited' });
  t.match(await end({ signal: 9 }), { status: null, signal: 'SIGKILL', reason: 'signalled' });
  t.match(await end({ signal: 9, reason: 'oom' }), { signal: 'SIGKILL', reason: 'oom' });
  t.match(await end({ signal: 31, reason: 'seccomp' }), { signal: 'SIGSYS', reason: 'seccomp' });
});

t.test('a command that ends without a word', async (t) => {
  const folder = t.testdir();
  const runtime = new Runtime({ command: standIn(folder, 3) });
  await t.rejects(runtime.create({ bundle: bundleIn(folder) }), /veloci run ended with status 3/);
  await t.rejects(runtime.get('a').start(), /veloci start ended with status 3/);
});

t.test('a command of another kind', async (t) => {
  const folder = t.testdir();
  const runtime = new Runtime({ command: standIn(folder, 0, 'not JSON', { event: 5 }) });
  await t.rejects(runtime.create({ bundle: bundleIn(folder) }), /does not speak as one of this version/);
});

t.test('what cannot be planned is told by the library, and the command has no plan', async (t) => {
  const folder = t.testdir();
  const runtime = new Runtime({ command: standIn(folder, 0) });
  writeFileSync(join(folder, 'config.json'), '{"ociVersion": "1.2.0", "root": {"path": 5}}');
  await t.rejects(runtime.create({ bundle: folder }), { name: 'VelociError', pointer: '/root/path', line: 1 });
});

t.test('a missing command', async (t) => {
  await t.rejects(new Runtime({ command: join(t.testdir(), 'missing') }).get('a').start(),
    /missing: .*ENOENT|no such file/);
});
