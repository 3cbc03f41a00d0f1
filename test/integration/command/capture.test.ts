// capture: one archive about a container in any state, or about a bundle, without secrets.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, readFileSync, statSync, truncateSync, unlinkSync,
  writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { program } from '../../support/helpers.ts';
import { runtimePath } from '../../support/paths.ts';
import { call } from '../../support/runtime.ts';

const password = 'hunter2-never-shown';

/** The files of an archive by their names. */
function filesOf(path: string): Map<string, string> {
  const names = execFileSync('tar', ['tf', path], { encoding: 'utf8' }).trimEnd().split('\n');
  return new Map(
    names.map((
      name,
    ) => [name.replace('veloci-capture/', ''), execFileSync('tar', ['xOf', path, name], { encoding: 'utf8' })]),
  );
}

async function capture(c: Context, ...operands: string[]): Promise<Map<string, string>> {
  const path = join(c.dir(), 'report.tar');
  const { code, stdout, stderr } = await c.rt(['capture', '-o', path, ...operands]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout + stderr, '');
  assert.equal(statSync(path).mode & 0o7777, 0o600);
  assert.ok(statSync(path).size < 1_000_000);
  assert.ok(!readFileSync(path).includes(password));
  return filesOf(path);
}

const planted = (c: Context, args: string[]) =>
  c.command(args, (config) => {
    config.process.env = [...config.process.env ?? [], `DB_PASSWORD=${password}`];
    config.annotations = { 'com.example.token': password };
  });

const sleeper = ['sleep', '100'];
const all = ['README.txt', 'applied.json', 'diff.json', 'doctor.txt', 'features.json', 'plan.json', 'plan.txt',
  'request.json', 'state.json', 'timeline.txt', 'validate.txt', 'version.txt', 'why.json'];

test('capture: a container that runs, and one that is paused', async (c) => {
  const { id } = await c.started(planted(c, sleeper));
  const files = await capture(c, id);
  assert.deepEqual([...files.keys()], all);
  assert.match(files.get('README.txt')!, new RegExp(`of the container ${id}\\.`));
  assert.match(files.get('README.txt')!, /config\.json +the same as applied\.json/);
  assert.equal((JSON.parse(files.get('state.json')!) as { status: string }).status, 'running');
  assert.equal((JSON.parse(files.get('diff.json')!) as { same: boolean }).same, true);
  assert.match(files.get('timeline.txt')!, /^create: [\d.]+ ms$/m);
  assert.match(files.get('timeline.txt')!, /^start: [\d.]+ ms$/m);
  assert.match(files.get('plan.txt')!, /DB_PASSWORD=\[redacted\]/);
  assert.match(files.get('applied.json')!, /"com\.example\.token": "\[redacted\]"/);
  assert.match(files.get('why.json')!, /has not ended/);
  assert.match(files.get('version.txt')!, /^veloci version /);
  assert.equal((await c.rt(['pause', id])).code, 0);
  const paused = await capture(c, id);
  assert.deepEqual([...paused.keys()], all);
  assert.equal((JSON.parse(paused.get('state.json')!) as { status: string }).status, 'paused');
  assert.equal((await c.rt(['resume', id])).code, 0);
  await c.destroy(id);
}, { only: 'veloci' });

test('capture: what has changed since, and the end of the log', async (c) => {
  const bundle = planted(c, sleeper);
  const log = join(c.dir(), 'log');
  const { id } = await c.started(bundle, { global: ['--log', log] });
  const path = join(bundle.dir, 'config.json');
  writeFileSync(log, `${'first lines\n'.repeat(5000)}connecting with ${password}\nlast line\n`);
  writeFileSync(path, readFileSync(path, 'utf8').replace(password, 'another-never-shown'));
  const files = await capture(c, id);
  assert.match(files.get('log.txt')!, /^first lines\n(first lines\n)+connecting with \[redacted\]\nlast line\n$/);
  assert.match(files.get('config.json')!, /DB_PASSWORD=\[redacted\]/);
  const { differences } = JSON.parse(files.get('diff.json')!) as { differences: { pointer: string }[] };
  assert.ok(differences.some(({ pointer }) => pointer.startsWith('/process/env')));
  for (const text of files.values()) assert.ok(!text.includes('another-never-shown'));
  await c.destroy(id);
}, { only: 'veloci' });

test('capture: a container that has stopped', async (c) => {
  const id = c.id();
  const run = await c.run(planted(c, ['sh', '-c', 'exit 7']), { id, flags: ['--keep'] });
  assert.equal(run.code, 7, run.stderr);
  const files = await capture(c, id);
  assert.deepEqual([...files.keys()], all);
  assert.match(files.get('diff.json')!, /^\[veloci diff ended with status 1 and printed nothing but:\]\nerror: E06/);
  const why = JSON.parse(files.get('why.json')!) as { exit: { status: number } };
  assert.equal(why.exit.status, 7);
  await c.destroy(id);
}, { only: 'veloci' });

test('capture: what is damaged says so in its file', async (c) => {
  const spoil: Readonly<Record<string, (path: string) => void>> = {
    record: (path) => truncateSync(path, 100),
    'request.json': unlinkSync,
    'config.json': (path) => writeFileSync(path, `{"process": {"env": ["A=${password}"`),
    'state.json': (path) => truncateSync(path, 0),
    plan: unlinkSync,
  };
  for (const [name, change] of Object.entries(spoil)) {
    const { id } = await c.started(planted(c, sleeper));
    const path = join(c.root, id, name);
    const whole = readFileSync(path);
    change(path);
    const files = await capture(c, id);
    assert.ok(files.has('doctor.txt') && files.has('applied.json'), name);
    if (name === 'record') assert.match(files.get('why.json')!, /^\[veloci why ended with status 1 .*\]\nerror: E06/);
    if (name === 'request.json') assert.match(files.get('applied.json')!, /^\[cannot be read: /);
    if (name === 'config.json') {
      assert.match(files.get('applied.json')!, /^\[left out: it is no JSON object/);
      assert.match(files.get('validate.txt')!, /^E02\d\d in line 1, /);
    }
    writeFileSync(path, whole);
    await c.destroy(id);
  }
}, { only: 'veloci' });

test('capture: a container of a user without rights', async (c) => {
  const nobody = 65534;
  const prefix = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--'];
  const bundle = c.command(sleeper, (config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'cgroup');
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = [{ containerID: 0, hostID: nobody, size: 1 }];
    config.linux.gidMappings = config.linux.uidMappings;
    config.mounts = config.mounts.filter(({ destination }) => !/^\/sys|^\/dev\/pts/.test(destination));
    delete config.linux.resources;
    config.process.env = [...config.process.env ?? [], `DB_PASSWORD=${password}`];
  });
  chmodSync(bundle.dir, 0o755);
  const root = c.dir();
  chownSync(root, nobody, nobody);
  const global = ['--root', root];
  const id = c.id();
  const created = await c.rt([...global, '--cgroup-manager', 'disabled', 'create', '-b', bundle.dir, id], { prefix });
  assert.equal(created.code, 0, created.stderr);
  const path = join(root, 'report.tar');
  const { code, stderr } = await c.rt([...global, 'capture', '-o', path, id], { prefix });
  assert.equal(code, 0, stderr);
  assert.equal(statSync(path).uid, nobody);
  assert.ok(!readFileSync(path).includes(password));
  const files = filesOf(path);
  assert.deepEqual([...files.keys()], all);
  assert.match(files.get('diff.json')!, /"compared": [1-9]/);
  const end = await c.rt([...global, 'delete', '--force', id], { prefix });
  assert.equal(end.code, 0, end.stderr);
}, { only: 'veloci' });

test('capture: a bundle alone, to standard output, the same bytes twice', async (c) => {
  const bundle = planted(c, sleeper);
  const files = await capture(c, '-b', bundle.dir);
  assert.deepEqual([...files.keys()], ['README.txt', 'config.json', 'doctor.txt', 'features.json', 'plan.json',
    'plan.txt', 'request.json', 'validate.txt', 'version.txt']);
  assert.match(files.get('validate.txt')!, /config\.json: valid/);
  const [first, second] = [await c.rt(['capture', '-b', bundle.dir]), await c.rt(['capture', '-b', bundle.dir])];
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^veloci-capture\/README\.txt\0/);
  assert.equal(first.stdout, second.stdout);
}, { only: 'veloci' });

test('capture: an existing file is refused, a symbolic link too, and nothing is written for what is not there',
  async (c) => {
    const bundle = planted(c, sleeper);
    const path = join(c.dir(), 'report.tar');
    writeFileSync(path, 'precious');
    const refused = await c.rt(['capture', '-b', bundle.dir, '-o', path]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr,
      /E0162: there is a file ".*report\.tar" already, and an archive replaces none: remove it, or give another file/);
    assert.equal(readFileSync(path, 'utf8'), 'precious');
    const other = join(c.dir(), 'other.tar');
    execFileSync('ln', ['-s', join(c.dir(), 'target'), other]);
    assert.match((await c.rt(['capture', '-b', bundle.dir, '-o', other])).stderr, /E0162/);
    const missing = join(c.dir(), 'missing.tar');
    assert.match((await c.rt(['capture', '-o', missing, 'no-such-container'])).stderr, /E0601/);
    assert.ok(!existsSync(missing));
    const folder = await c.rt(['capture', '-b', bundle.dir, '-o', join(c.dir(), 'no/such/folder.tar')]);
    assert.equal(folder.code, 1);
    assert.match(folder.stderr, /E0125/);
  }, { only: 'veloci' });

test('capture: nothing is written to a terminal', async (c) => {
  const { dir } = planted(c, sleeper);
  const { stdout, code } = await call([runtimePath(), 'capture', '-b', dir], { prefix: [program('ptyrun'), '24x200'] });
  assert.equal(code, 1);
  assert.match(stdout, /E0163.*not written to a terminal/);
}, { only: 'veloci' });
