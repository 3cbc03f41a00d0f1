// What a caller gives as a file may have no end, or nobody who writes it: every reader of a document says so, within bounded memory and
// time, and holds up nobody else.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, symlinkSync,
  writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { descriptorsOf, processes } from '../../support/leak.ts';
import { timeScale } from '../../support/paths.ts';
import type { Call } from '../../support/runtime.ts';
import { refused } from './refusal.ts';

const only = { only: 'veloci' } as const;

/** Address space of the command, in KiB: far more than the 16 MiB that a document may have. */
const memoryLimit = 300_000;
const bounded = { prefix: ['sh', '-c', `ulimit -v ${memoryLimit}; exec "$@"`, 'sh'] };

/** A FIFO that this shell writes to, and never closes. */
function written(c: Context, script: string): string {
  const path = join(c.dir(), 'fifo');
  execFileSync('mkfifo', [path]);
  c.beginProgram(['sh', '-c', `exec <>${path} >&0; ${script}`], { timeLimit: 300_000 });
  return path;
}

const trickle = (c: Context): string => written(c, 'while printf " "; do sleep 0.1; done');

test('files without an end are refused by every reader, within bounded memory', async (c) => {
  const bundle = c.command(['/probe', 'pause']);
  const { id } = await c.started(bundle);
  const config = join(bundle.dir, 'config.json');
  const readers: Record<string, (path: string) => string[]> = {
    'apply': (path) => ['apply', '-f', path, id],
    'apply --dry-run': (path) => ['apply', '--dry-run', '-f', path, id],
    'diff': (path) => ['diff', '-f', path, id],
    'update': (path) => ['update', '-r', path, id],
    'exec': (path) => ['exec', '--process', path, id],
    'mounts add': (path) => ['mounts', 'add', id, path],
    'create': (path) => ['create', '--bundle', bundle.dir, '-f', path, c.id()],
    'create --plan': (path) => ['create', '--bundle', bundle.dir, '--plan', path, c.id()],
    'plan': (path) => ['plan', '--bundle', bundle.dir, '-f', path],
    'validate': (path) => ['validate', '--bundle', bundle.dir, '-f', path],
    'spec fmt': (path) => ['spec', 'fmt', '-f', path],
    'spec merge of': (path) => ['spec', 'merge', path, config],
    'spec merge with': (path) => ['spec', 'merge', config, path],
    'spec migrate': (path) => ['spec', 'migrate', '-f', path],
  };
  const endless = written(c, 'exec cat /dev/zero');
  const long = join(c.dir(), 'long');
  writeFileSync(long, '{"a": "');
  execFileSync('truncate', ['-s', '1T', long]);
  const faults: string[] = [];
  for (const [name, reader] of Object.entries(readers)) {
    for (const path of ['/dev/zero', '/dev/random', '/proc/self/mem', endless, long, c.dir()]) {
      const args = reader(path);
      const result = await c.rt(args, { ...bounded, timeLimit: 15_000 });
      try {
        refused(`${name} ${path}`, result, [1, 255]);
        assert.match(result.stderr, /E020[1-4]/, `${name} ${path}: ${result.stderr}`);
      } catch (error) {
        faults.push((error as Error).message);
      }
    }
  }
  assert.deepEqual(faults, []);
}, only);

/** Ends a command by SIGTERM, which must not take long. */
async function ends(call: Call): Promise<void> {
  call.child.kill('SIGTERM');
  const ended = await Promise.race([call.done, sleep(5000 * timeScale, undefined)]);
  assert.ok(ended !== undefined, 'SIGTERM does not end it');
}

test('a configuration that comes slowly holds up no other command, and SIGTERM ends what reads it', async (c) => {
  const bundle = c.command(['/probe', 'pause']);
  const { id } = await c.started(bundle);
  const pauses = async (what: string): Promise<void> => {
    for (const verb of ['pause', 'resume']) {
      const { code, stderr } = await c.rt([verb, id], { timeLimit: 5000 });
      assert.equal(code, 0, `${verb} beside ${what}: ${stderr}`);
    }
  };
  const slow = trickle(c);
  const silent = join(c.dir(), 'silent');
  execFileSync('mkfifo', [silent]);
  for (const [what, args, input] of [['apply of a FIFO', ['apply', '-f', slow, id], '/dev/null'], [
    'apply of standard input',
    ['apply', '-f', '-', id],
    silent,
  ], ['apply --watch of a FIFO', ['apply', '--watch', '-f', slow, id], '/dev/null'], ['update of a FIFO', ['update',
    '-r', slow, id], '/dev/null'], ['exec of a FIFO', ['exec', '--process', slow, id], '/dev/null']] as const)
  {
    const call = c.begin([...args], { prefix: ['sh', '-c', `exec "$@" <>${input}`, 'sh'], timeLimit: 60_000 });
    await sleep(500 * timeScale);
    assert.equal(call.child.exitCode, null, `${what} reads`);
    await pauses(what);
    await ends(call);
  }
}, only);

test('apply --watch that is killed leaves nobody who reads on', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const fifo = trickle(c);
  const call = c.begin(['apply', '--watch', '-f', fifo, id], { timeLimit: 60_000 });
  /** Processes of the command that have the FIFO open. */
  const readers = (): number[] =>
    [...processes()].filter(([pid, line]) => line.includes('apply --watch') && descriptorsOf(pid).includes(fifo))
      .map(([pid]) => pid);
  const until = async (count: number, what: string): Promise<void> => {
    for (const end = Date.now() + 5000 * timeScale; readers().length !== count; await sleep(20))
      assert.ok(Date.now() < end, what);
  };
  await until(1, 'it reads');
  assert.notEqual(readers()[0], call.child.pid, 'in a process of its own');
  call.child.kill('SIGKILL');
  await call.done;
  await until(0, 'a process is left');
}, only);

test('apply --watch goes on when the file is a directory, has no end, or is gone for a while', async (c) => {
  const bundle = c.command(['/probe', 'pause']);
  const { id } = await c.started(bundle);
  const path = join(bundle.dir, 'config.json'), log = join(c.dir(), 'log');
  const whole = readFileSync(path, 'utf8');
  // With --log errors alone are logged.
  const call = c.begin(['--log', log, 'apply', '--watch', id], { ...bounded, timeLimit: 120_000 });
  const text = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '');
  const said = async (what: RegExp): Promise<void> => {
    for (const end = Date.now() + 15_000 * timeScale; !what.test(text()); await sleep(50)) {
      assert.ok(Date.now() < end, `it does not say ${String(what)}: ${text()}`);
      // It may not watch yet.
      if (text() === '') execFileSync('touch', [path]);
    }
  };
  renameSync(path, `${path}.whole`);
  mkdirSync(path);
  await said(/E0202/);
  rmdirSync(path);
  writeFileSync(path, '{"a": "');
  execFileSync('truncate', ['-s', '1T', path]);
  await said(/E0203/);
  rmSync(path);
  symlinkSync('/dev/zero', path);
  await said(/E0203[^]*E0202/);
  rmSync(path);
  writeFileSync(path, whole.replace('{', '{ "annotations": {"a": "b"},'));
  for (const end = Date.now() + 15_000 * timeScale;; await sleep(50)) {
    if (JSON.stringify((await c.state(id))['annotations'] ?? {}) === '{"a":"b"}') break;
    assert.ok(Date.now() < end, `it is not applied: ${text()}`);
  }
  await ends(call);
}, only);
