// What only veloci has: validate, plan, stored plans, places in messages.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Runtime } from '../../../src/index.ts';
import { assert, test } from '../../support/case.ts';
import { onTerminal } from '../../support/console.ts';
import { productPath, runtimePath } from '../../support/paths.ts';
import { plainEnv, type Result } from '../../support/runtime.ts';
import { type Config, dockerConfig } from '../../support/spec.ts';

const only = { only: 'veloci' } as const;

test('validate of a good bundle exits with 0 and starts nothing', async (c) => {
  for (const base of [undefined, dockerConfig]) {
    const bundle = c.command(['sh'], () => {}, base ? { base } : {});
    const result = await c.rt(['validate', '--bundle', bundle.dir]);
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.deepEqual(readdirSync(c.root).filter((name) => name !== '.cache'), []);
  }
}, only);

test('validate takes the current folder by default', async (c) => {
  assert.equal((await c.rt(['validate'], { cwd: c.command(['sh']).dir })).code, 0);
}, only);

test('validate lists every finding with its place', async (c) => {
  const bundle = c.command(['sh'], (config) => {
    config.process.cwd = 'relative';
    (config.process.user as Record<string, unknown>)['uid'] = 'zero';
    const first = config.mounts[0];
    if (first) first.options = ['nosiud'];
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALOW' };
    config.process['capabilites'] = config.process.capabilities;
    delete config.process.capabilities;
  });
  const { code, stdout, stderr } = await c.rt(['validate', '-b', bundle.dir]);
  assert.notEqual(code, 0);
  const text = stdout + stderr;
  for (const pointer of ['/process/cwd', '/process/user/uid', '/mounts/0/options/0', '/linux/seccomp/defaultAction',
    '/process/capabilites'])
  {
    assert.ok(text.includes(pointer), `${pointer} is missing in:\n${text}`);
  }
  assert.match(text, /config\.json:\d+:\d+/);
  assert.match(text, /the nearest known name.*nosuid/);
  assert.match(text, /the nearest known name.*capabilities/);
}, only);

test('a misspelt key alone is a warning of validate, and of run, which runs', async (c) => {
  const bundle = c.command(['/probe', 'exit', '3'], (config) => {
    config.process['capabilites'] = {};
  });
  const { stdout, stderr } = await c.rt(['validate', '-b', bundle.dir]);
  assert.match(stdout + stderr, /capabilites/);
  const result = await c.run(bundle);
  assert.equal(result.code, 3);
  const warning = /^warning: E0402: unknown property "capabilites" at config\.json:\d+:\d+ \(\/process\/capabilites\)/;
  assert.match(result.stderr, warning);
  assert.equal((await c.run(bundle, { global: ['--log-level', 'error'] })).stderr, '');
  const log = join(bundle.dir, 'log');
  const logged = async (...flags: string[]): Promise<string> => {
    assert.equal((await c.run(bundle, { global: ['--log', log, '--log-format', 'json', ...flags] })).stderr, '');
    return readFileSync(log, 'utf8');
  };
  assert.equal(await logged(), '', 'engines read the log for errors');
  assert.notEqual(await logged('--log-level', 'warning'), '');
  const record = JSON.parse(readFileSync(log, 'utf8')) as { level: string; msg: string };
  assert.equal(record.level, 'warning');
  assert.match(`warning: ${record.msg}`, warning);
}, only);

test('the log of a start that fails is one line, without the warnings', async (c) => {
  const bundle = c.command(['/missing'], (config) => {
    config.process['capabilites'] = {};
  });
  const log = join(bundle.dir, 'log');
  assert.equal((await c.run(bundle, { global: ['--log', log, '--log-format', 'json', '--debug'] })).code, 1);
  assert.equal((JSON.parse(readFileSync(log, 'utf8')) as { level: string }).level, 'error');
}, only);

test('validate writes SARIF and JSON', async (c) => {
  const bundle = c.bundle((config) => {
    config['hostnam'] = 'x';
    config.process.cwd = 'tmp';
  });
  const result = await c.rt(['validate', '--bundle', bundle.dir, '--format', 'sarif']);
  assert.equal(result.code, 1);
  const { version, runs: [run] } = JSON.parse(result.stdout) as { version: string;
    runs: { results: { ruleId: string; level: string }[] }[] };
  assert.equal(version, '2.1.0');
  const levels = new Map(run?.results.map(({ ruleId, level }) => [ruleId, level]));
  assert.equal(levels.get('E0402'), 'warning');
  assert.ok([...levels.values()].includes('error'));
  const json = JSON.parse((await c.rt(['validate', '--bundle', bundle.dir, '--json'])).stdout) as { valid: boolean;
    errors: number };
  assert.deepEqual([json.valid, json.errors], [false, 1]);
}, only);

test('explain explains a property and a code, and says what it does not know', async (c) => {
  assert.match((await c.rt(['explain', 'linux.resources.memory.limit'])).stdout,
    /^linux\.resources\.memory\.limit: int64\n/);
  assert.match((await c.rt(['explain', 'E0412'])).stdout, /^E0412 \(error\)\n/);
  const unknown = await c.rt(['explain', 'mount']);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /E0130.*the nearest known name is "mounts"/);
  assert.match((await c.rt(['explain'])).stdout, /^config\.json: object\n[^]*\n {2}process +The program/);
}, only);

test('plan prints operations with the places that caused them; --json is JSON', async (c) => {
  const bundle = c.command(['sh']);
  const text = await c.rt(['plan', '-b', bundle.dir]);
  assert.equal(text.code, 0, text.stderr);
  assert.match(text.stdout, /mount\.fs +\/proc .*config\.json:\d+/);
  const json = await c.rt(['plan', '-b', bundle.dir, '--json']);
  assert.equal(json.code, 0, json.stderr);
  assert.ok(JSON.stringify(JSON.parse(json.stdout)).includes('/mounts/0'));
  assert.deepEqual(readdirSync(c.root).filter((name) => name !== '.cache'), []);
}, only);

test('the same config gives the same plan', async (c) => {
  const bundle = c.command(['sh'], () => {}, { base: dockerConfig });
  const plans = await Promise.all([1, 2, 3].map(() => c.rt(['plan', '-b', bundle.dir, '--json'])));
  assert.equal(new Set(plans.map(({ stdout }) => stdout)).size, 1);
}, only);

test('plan of a bad config fails as create does', async (c) => {
  const bundle = c.command(['sh'], (config) => {
    config.process.cwd = 'relative';
  });
  const result = await c.rt(['plan', '-b', bundle.dir]);
  assert.equal(result.code, 1);
  assert.match(result.stderr, /\/process\/cwd/);
}, only);

test('on a terminal an error shows the line and a caret', async (c) => {
  const id = c.id();
  const bundle = c.command(['sh'], (config) => {
    const first = config.mounts[0];
    if (first) first.options = ['nosiud'];
    config.linux.cgroupsPath = `/${id}`;
  });
  const talk = onTerminal([runtimePath(), '--root', c.root, 'run', '--bundle', bundle.dir, id]);
  assert.equal(await talk.exit, 1);
  assert.match(talk.output, /"nosiud"/);
  assert.match(talk.output, /\^/);
}, only);

test('a mount that fails in the container comes back with place, errno and step', async (c) => {
  const bundle = c.command(['sh'], (config) => {
    config.mounts.push({ destination: '/mnt', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mpol=banana'] });
  });
  const { stderr, code } = await c.run(bundle);
  assert.equal(code, 1);
  assert.match(stderr, /config\.json:\d+:\d+/);
  assert.match(stderr, /\/mounts\/7(\/options\/1)?/);
  assert.match(stderr, /EINVAL|invalid argument/i);
  await c.nothingLeft();
}, only);

/** The stored plans of a container: the file "plan" and the memoised exec plans. */
const storedPlans = (root: string, id: string): string[] =>
  readdirSync(join(root, id)).filter((name) => /^(plan|exec-)/.test(name)).map((name) => join(root, id, name));

for (const [what, change] of [
  ['deleted', (path: string) => rmSync(path)],
  ['of another schema', (path: string) => {
    const bytes = readFileSync(path); // 8 bytes of magic, then 16 bytes of the schema's hash
    bytes.fill(0x5a, 8, 24);
    writeFileSync(path, bytes);
  }],
  ['cut in half', (path: string) => writeFileSync(path, readFileSync(path).subarray(0, statSync(path).size / 2))],
  ['garbage', (path: string) => writeFileSync(path, Buffer.alloc(statSync(path).size, 0xff))],
] as const) {
  test(`stored plans that are ${what}: exec, state, kill and delete work`, async (c) => {
    const { id } = await c.started(c.command(['/probe', 'pause']));
    assert.equal((await c.rt(['exec', id, '/probe', 'exit', '5'])).code, 5);
    const plans = storedPlans(c.root, id);
    assert.ok(plans.length > 0, 'there is a stored plan');
    plans.forEach(change);
    assert.equal((await c.state(id))['status'], 'running');
    assert.equal((await c.rt(['exec', id, '/probe', 'exit', '6'])).code, 6);
    assert.equal((await c.rt(['exec', id, '/probe', 'exit', '5'])).code, 5);
    storedPlans(c.root, id).filter((path) => path.endsWith('/plan')).forEach(change);
    const killed = await c.rt(['kill', id, 'KILL']);
    assert.equal(killed.code, 0, killed.stderr);
    await c.until(id, 'stopped');
    const removed = await c.rt(['delete', id]);
    assert.equal(removed.code, 0, removed.stderr);
    await c.nothingLeft();
  }, only);

  test(`stored plans that are ${what}: start works`, async (c) => {
    const { id } = await c.create(c.command(['/probe', 'exit', '0']));
    storedPlans(c.root, id).forEach(change);
    const start = await c.rt(['start', id]);
    assert.equal(start.code, 0, start.stderr);
    await c.until(id, 'stopped');
  }, only);
}

test('a recompiled plan comes from the kept config, not from the bundle', async (c) => {
  const bundle = c.command(['/probe', 'pause'], (config) => {
    config.annotations = { kept: 'yes' };
  });
  const { id } = await c.started(bundle);
  bundle.write('{ broken');
  storedPlans(c.root, id).forEach((path) => rmSync(path));
  assert.equal((await c.rt(['exec', id, '/probe', 'exit', '7'])).code, 7);
  assert.deepEqual((await c.state(id))['annotations'], { kept: 'yes' });
}, only);

test('at most 16 exec plans are kept', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  for (let i = 0; i < 20; i++) assert.equal((await c.rt(['exec', id, '/probe', 'exit', String(i)])).code, i);
  const kept = storedPlans(c.root, id).filter((path) => !path.endsWith('/plan'));
  assert.ok(kept.length <= 16, `${kept.length} are kept`);
}, only);

test('a kept exec plan whose seccomp filter has left the cache is made anew', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause'], () => {}, { base: dockerConfig }));
  assert.equal((await c.rt(['exec', id, '/probe', 'exit', '5'])).code, 5);
  const cache = join(c.root, '.cache/seccomp');
  const filters = readdirSync(cache);
  assert.equal(filters.length, 1);
  filters.forEach((name) => rmSync(join(cache, name)));
  const again = await c.rt(['exec', id, '/probe', 'exit', '5']);
  assert.equal(again.code, 5, again.stderr);
  assert.deepEqual(readdirSync(cache), filters);
}, only);

/** Opens what a filter closes: the first jump of the program becomes "allow". */
function damage(file: string): void {
  const program = readFileSync(file);
  program.writeUInt16LE(0x06, 0);
  program.writeUInt32LE(0x7fff0000, 4);
  writeFileSync(file, program);
}

test('a seccomp filter in the cache that was changed is never loaded: E0953', async (c) => {
  const refuses = (config: Config): void => {
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 95 }] };
  };
  const cache = join(c.root, '.cache/seccomp');
  const before = new Set(existsSync(cache) ? readdirSync(cache) : []);
  // A remembered plan may have the program itself, and stores it anew.
  const env = { ...plainEnv, VELOCI_PLAN_CACHE: '0' };
  const run = (): Promise<Result> => c.run(c.command(['mkdir', '/tmp/made'], refuses), { env });
  assert.match((await run()).stderr, /not supported/i);
  const [name, ...more] = readdirSync(cache).filter((entry) => !before.has(entry));
  assert.deepEqual(more, []);
  const { id } = await c.started(c.command(['/probe', 'pause'], refuses));
  const exec = (): Promise<Result> => c.rt(['exec', id, 'mkdir', '/tmp/made']);
  assert.match((await exec()).stderr, /not supported/i);
  for (const call of [run, exec]) {
    damage(join(cache, name!));
    const failed = await call();
    assert.match(failed.stderr, /seccomp filter .*damaged/, 'it was loaded');
    assert.ok(!existsSync(join(cache, name!)), 'it stays');
    assert.match((await call()).stderr, /not supported/i);
    assert.ok(existsSync(join(cache, name!)), 'it is not made anew');
  }
}, only);

test('a repeated exec with a known process file gives the same result', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const file = join(mkdtempSync('/tmp/process-'), 'process.json');
  writeFileSync(file, JSON.stringify({ user: { uid: 3, gid: 4 }, args: ['/probe'], cwd: '/tmp', env: ['A=b'] }));
  const [first, second] = [await c.rt(['exec', '-p', file, id]), await c.rt(['exec', '-p', file, id])].map(
    ({ stdout }) => {
      const { pid, ppid, sid, pgid, ns, fds, cgroup, mounts, keyring, ...rest } = JSON.parse(stdout);
      return { ...rest, seen: Boolean(pid && sid && pgid && ppid >= 0 && ns && fds && cgroup && mounts && keyring) };
    },
  );
  assert.deepEqual(first, second);
}, only);

test('the command is one static file', async (c) => {
  const bytes = readFileSync(productPath());
  assert.ok(bytes.length < 3_700_000, `${bytes.length} bytes`);
  assert.equal(bytes.includes('/lib64/ld-linux'), false);
  assert.deepEqual(readdirSync(c.root).filter((name) => name !== '.cache'), []);
}, only);

test('the library plans in its own process; the command executes that plan', async (c) => {
  const bundle = c.command(['/probe', 'exit', '7']);
  const runtime = new Runtime({ root: c.root, command: runtimePath(), cgroupManager: 'disabled' });
  assert.equal((await runtime.run({ bundle: bundle.dir })).status, 7);
  const container = await runtime.create({ id: c.id(), bundle: c.command(['/probe', 'pause']).dir });
  assert.equal(container.state()?.status, 'created');
  await container.start();
  assert.equal(container.state()?.status, 'running');
  await container.delete();
  assert.equal(container.state(), undefined);
  await assert.rejects(runtime.run({ bundle: c.command(['no-such-program']).dir }), /E0\d+.*no-such-program/);
}, only);

test('install of one engine writes its file to standard output, and the words about it elsewhere', async (c) => {
  const docker = await c.rt(['install', '--docker']);
  assert.equal(JSON.parse(docker.stdout).runtimes.veloci.path, runtimePath());
  assert.match(docker.stderr, /daemon\.json/);
  const containerd = await c.rt(['install', '--containerd']);
  assert.match(containerd.stdout, /^version = 2\n[^]*runtimes\.runc\][^]*runtimes\.veloci\]/);
  const all = await c.rt(['install']);
  assert.match(all.stdout, /daemon\.json[^]*RuntimeClass/);
}, only);
