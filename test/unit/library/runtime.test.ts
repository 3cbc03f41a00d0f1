import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Runtime, VelociError } from '../../../src/index.ts';

/** A command that notes its arguments, logs as it is told, and exits with a status. */
function standIn(folder: string, status: number, line?: string): string {
  const path = join(folder, 'veloci');
  const entry = line === undefined ? '' : JSON.stringify({ level: 'error', msg: line, time: '' });
  writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "$@" > '${folder}/args'\nulimit -Sn > '${folder}/limit'\n`
    + `cat > "$2" <<'END'\nnot JSON\n${entry}\nEND\nexit ${status}\n`);
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

const given = (folder: string): string[] => readFileSync(join(folder, 'args'), 'utf8').trim().split('\n').slice(4);

t.test('commands become arguments', async (t) => {
  const folder = t.testdir();
  const runtime = new Runtime({ command: standIn(folder, 0), root: '/r', cgroupManager: 'disabled' });
  const before = ['--root', '/r', '--cgroup-manager', 'disabled'];
  const bundle = bundleIn(folder);
  await runtime.create('a', { bundle, pidFile: '/p' });
  t.same(given(folder), [...before, 'create', '--plan-fd', '3', '--bundle', bundle, '--pid-file', '/p', 'a']);
  await runtime.exec('a', { args: ['ls', '-l'], env: ['A=1', 'B=2'], user: '1:2' });
  t.same(given(folder), [...before, 'exec', '--user', '1:2', '--env', 'A=1', '--env', 'B=2', 'a', 'ls', '-l']);
  await runtime.kill('a', 9, true);
  t.same(given(folder), [...before, 'kill', '--all', 'a', '9']);
  await runtime.delete('a', true);
  t.same(given(folder), [...before, 'delete', '--force', 'a']);
  t.equal(readFileSync(join(folder, 'limit'), 'utf8').trim(), '1024');
});

t.test('a logged error is thrown with its parts', async (t) => {
  const line =
    'E0412: unknown mount option "nosiud" at config.json:41:17 (/mounts/3/options/1): the nearest known name is "nosuid"';
  const folder = t.testdir();
  const runtime = new Runtime({ command: standIn(folder, 1, line) });
  await t.rejects(runtime.run('a', { bundle: bundleIn(folder) }), {
    name: 'VelociError',
    message: line,
    code: 'E0412',
    line: 41,
    column: 17,
    pointer: '/mounts/3/options/1',
    hint: 'the nearest known name is "nosuid"',
  });
});

t.test('an error without a place', async (t) => {
  t.match(VelociError.fromLine('E0601: container "a" does not exist'), { code: 'E0601', pointer: undefined,
    line: undefined });
  t.match(VelociError.fromLine('strange'), { code: '', message: 'strange' });
});

t.test('the exit status of a container is no error', async (t) => {
  const folder = t.testdir();
  const runtime = new Runtime({ command: standIn(folder, 3) });
  t.equal(await runtime.run('a', { bundle: bundleIn(folder) }), 3);
  await t.rejects(runtime.start('a'), /veloci start ended with status 3/);
});

t.test('what cannot be planned never reaches the command', async (t) => {
  const folder = t.testdir();
  const runtime = new Runtime({ command: standIn(folder, 0) });
  writeFileSync(join(folder, 'config.json'), '{"ociVersion": "1.2.0", "root": {"path": 5}}');
  await t.rejects(runtime.create('a', { bundle: folder }), { name: 'VelociError', pointer: '/root/path' });
  t.notOk(existsSync(join(folder, 'args')));
});

t.test('a missing command', async (t) => {
  await t.rejects(new Runtime({ command: join(t.testdir(), 'missing') }).start('a'), { code: 'ENOENT' });
});
