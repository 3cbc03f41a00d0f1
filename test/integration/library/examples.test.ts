// The programs of examples/, as their readers would run them: compiled, with the library of this build.
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync,
  writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import { busyboxRootfs } from '../../support/helpers.ts';
import { repository } from '../../support/paths.ts';

const only = { only: 'veloci' } as const;

/** Runs an example to its end. */
function run(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [join(repository, 'build/examples', `${name}.js`), ...args], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, ...env },
  });
}

test('lint-bundles: a line per finding, a status for CI', async (c) => {
  const folder = c.dir();
  const { dir: good } = c.command(['true']);
  const { dir: bad } = c.command(['true'], (config) => {
    (config.linux as { resources: unknown }).resources = { memory: { limit: 'much' } };
  });
  symlinkSync(good, join(folder, 'link'));
  assert.equal(run('lint-bundles', [folder]).status, 2, 'a link is no folder of bundles');
  assert.equal(run('lint-bundles', ['--text-only', good]).status, 0);
  const result = run('lint-bundles', ['--text-only', good, bad]);
  assert.equal(result.status, 1, result.stderr);
  assert.match(result.stdout, /config\.json:\d+:\d+: error: E\d{4}: .*limit/);
  assert.match(result.stderr, /2 bundles, 1 errors/);
  const lost = run('lint-bundles', [c.command(['/no/such/program']).dir]);
  assert.match(lost.stdout, /no\/such\/program/);
}, only);

test('tiny-engine: containers that outlive it, their log, exec, stop and removal', async (c) => {
  const home = c.dir();
  const engine = (...args: string[]): SpawnSyncReturns<string> => run('tiny-engine', args, { TINY_ENGINE: home });
  const { dir } = c.command(['true']);
  const config = JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8')) as { root: { path: string } };
  const started = engine('run', c.id(), join(dir, config.root.path), 'sh', '-c',
    'echo hello; trap "exit 3" TERM; while :; do sleep 0.1; done');
  assert.equal(started.status, 0, started.stderr);
  const [name = ''] = /^\S+/.exec(started.stdout) ?? [];
  assert.match(engine('ps').stdout, new RegExp(`^${name}\trunning\t\\d+$`, 'm'));
  assert.equal(engine('exec', name, 'sh', '-c', 'exit 7').status, 7);
  assert.equal(engine('exec', name, 'echo', 'from inside').stdout, 'from inside\n');
  assert.equal(engine('logs', name).stdout, 'hello\n');
  const stopped = engine('stop', name);
  assert.equal(stopped.status, 0, stopped.stderr);
  assert.match(engine('ps').stdout, new RegExp(`^${name}\tstopped`, 'm'));
  assert.equal(engine('rm', name).status, 0);
  assert.equal(engine('ps').stdout, '');
  assert.ok(!existsSync(join(home, name)));
  const refused = engine('logs', 'nobody');
  assert.deepEqual([refused.status, refused.stderr], [1, 'Error: there is no container nobody\n']);
}, only);

const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : [];

test('postgres: a database for a test, and nothing of it afterwards', async (c) => {
  const rootfs = c.dir();
  chmodSync(rootfs, 0o755);
  const mounts = ['bin', 'etc', 'lib', 'lib64', 'usr'].filter((name) => existsSync(`/${name}`)).map((name) => {
    mkdirSync(join(rootfs, name));
    return { destination: `/${name}`, type: 'bind', source: `/${name}`, options: ['rbind', 'ro'] };
  });
  for (const name of ['proc', 'dev', 'tmp', 'data', 'socket']) mkdirSync(join(rootfs, name));
  const script = join(c.dir(), 'test.mjs');
  writeFileSync(script,
    `import { startPostgres } from ${JSON.stringify(join(repository, 'build/examples/postgres.js'))};
    const database = await startPostgres(${
      JSON.stringify({ rootfs, mounts, bin: `/usr/lib/postgresql/${versions[0]}/bin` })
    });
    await database.query('CREATE TABLE t (a int, b text)');
    await database.query("INSERT INTO t VALUES (1, 'one'), (2, 'two')");
    console.log(await database.query('SELECT * FROM t ORDER BY a'));
    console.log(await database.query('SELECT nothing').catch((error) => error.message));
    await database[Symbol.asyncDispose]();
  `);
  const result = spawnSync(process.execPath, [script], { encoding: 'utf8', timeout: 60_000 });
  assert.equal(result.status, 0, result.stderr);
  assert.match(result.stdout, /^1\tone\n2\ttwo\n\n/);
  assert.match(result.stdout, /column "nothing" does not exist/);
}, { only: 'veloci', skip: versions.length > 0 ? false : 'PostgreSQL is not installed' });

/** The state root of the host, which examples use: no container may be left in it. */
function emptyStateRoot(): void {
  assert.deepEqual(readdirSync('/run/veloci').filter((name) => !name.startsWith('.')), []);
  rmSync('/run/veloci', { recursive: true });
}

test('judge: a verdict on each submission', async (c) => {
  const problem = c.dir();
  for (const [name, text] of Object.entries({ '1.in': '2 3\n', '1.out': '5\n', '2.in': '40 2\n', '2.out': '42\n' }))
    writeFileSync(join(problem, name), text);
  writeFileSync(join(problem, 'limits.json'), JSON.stringify({ time: '500ms', memory: '32 MiB', output: '1000' }));
  const judged = (program: string): string[] => {
    const submission = join(c.dir(), 'program.sh');
    writeFileSync(submission, program);
    return run('judge', [busyboxRootfs(), problem, submission]).stdout.replace(/ \(.*?\)/g, '').trim().split('\n');
  };
  assert.deepEqual(judged('read a b; echo $((a + b))'), ['1: accepted', '2: accepted', '2 of 2 tests passed']);
  assert.deepEqual(judged('read a b; [ $a = 2 ] && echo 5; while :; do :; done'), ['1: time limit exceeded',
    '2: time limit exceeded', '0 of 2 tests passed']);
  assert.deepEqual(judged("read a b; if [ $a = 2 ]; then echo 6; else sh -c 'kill -SEGV $$'; fi"), ['1: wrong answer',
    '2: runtime error: status 139', '0 of 2 tests passed']);
  assert.deepEqual(judged('yes').slice(0, 1), ['1: output limit exceeded']);
  assert.deepEqual(judged('a=x; while :; do a=$a$a$a$a; done').slice(0, 1), ['1: memory limit exceeded']);
  emptyStateRoot();
}, only);

test('agent-tools: calls as lines of JSON, and files that stay from one to the next', async () => {
  const calls = [
    { id: 1, tool: 'write', path: 'hello.sh', content: 'echo hi; echo new > made; rm -f gone' },
    { id: 2, tool: 'write', path: 'gone', content: '' },
    { id: 3, tool: 'run', args: ['sh', 'hello.sh'] },
    { id: 4, tool: 'read', path: 'made' },
    { id: 5, tool: 'read', path: 'gone' },
    { id: 6, tool: 'run', args: ['sh', '-c', 'cat made; ls /work'] },
    { id: 7, tool: 'run', args: ['missing'] },
    { id: 8, tool: 'write', path: '../escape', content: '' },
    { id: 9, tool: 'run', args: ['true'] },
  ];
  const result = spawnSync(process.execPath, [join(repository, 'build/examples/agent-tools.js'), busyboxRootfs()], {
    encoding: 'utf8',
    timeout: 60_000,
    input: calls.map((call) => JSON.stringify(call)).join('\n'),
  });
  assert.equal(result.status, 0, result.stderr);
  const answers = result.stdout.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(answers[2], { id: 3, reason: 'exited', status: 0, signal: null, stdout: 'hi\n', stderr: '',
    changed: ['added /work/made', 'removed /work/gone'] });
  assert.equal(answers[3]!['content'], 'new\n');
  assert.match(String(answers[4]!['error']), /no file gone/);
  assert.equal(answers[5]!['stdout'], 'new\nhello.sh\nmade\n');
  assert.match(String(answers[6]!['error']), /missing/);
  assert.match(String(answers[8]!['error']), /no path of a file/);
  emptyStateRoot();
}, only);
