// Broken configs: exit code 1, one line that stands alone, nothing left behind; logs in both formats.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { assert, type PeerMark, test } from '../../support/case.ts';
import { runtimeName } from '../../support/runtime.ts';
import type { Config } from '../../support/spec.ts';

const veloci = runtimeName().startsWith('veloci');
const C = (why: string): PeerMark => ({ peer: 'crun 1.8.1', why });
const R = (why: string): PeerMark => ({ peer: 'runc 1.1.5', why });

interface Broken {
  name: string;
  change: (config: Config) => void;
  /** what the message must hold, from any runtime */
  message?: RegExp;
  /** the JSON pointer that veloci names */
  pointer?: string;
  peers?: PeerMark[];
}

/** Writes a value of a wrong type at a path. */
const put = (path: string, value: unknown) => (config: Config): void => {
  const keys = path.split('/').slice(1);
  const last = keys.pop() as string;
  let parent: Record<string, unknown> = config;
  for (const key of keys) parent = parent[key] as Record<string, unknown>;
  if (value === undefined) delete parent[last];
  else parent[last] = value;
};

const broken: Broken[] = [
  { name: 'process.args is a string', change: put('/process/args', 'sh'), pointer: '/process/args',
    peers: [C('logs nothing')] },
  { name: 'process.args is empty', change: put('/process/args', []), pointer: '/process/args' },
  { name: 'process is missing', change: put('/process', undefined), message: /process/,
    peers: [C('says: internal error')] },
  { name: 'uid is a string', change: put('/process/user/uid', '0'), pointer: '/process/user/uid',
    peers: [C('takes a string for a number')] },
  { name: 'uid is a fraction', change: put('/process/user/uid', 1.5), pointer: '/process/user/uid',
    peers: [C('cuts it off')] },
  { name: 'cwd is missing', change: put('/process/cwd', undefined), message: /cwd/i, pointer: '/process',
    peers: [C('reads the config before it opens the log')] },
  { name: 'cwd is relative', change: put('/process/cwd', 'tmp'), pointer: '/process/cwd', peers: [C('takes it')] },
  { name: 'a mount option is misspelt', change: (config) => config.mounts[0] && (config.mounts[0].options = ['nosiud']),
    pointer: '/mounts/0/options/0' },
  { name: 'a mount type does not exist', change: (config) => {
    config.mounts.push({ destination: '/mnt', type: 'nosuchfs', source: 'x' });
  }, message: /nosuchfs|\/mnt/, pointer: '/mounts/7', peers: [C('names neither type nor place')] },
  { name: 'a namespace type does not exist', change: (config) => {
    config.linux.namespaces.push({ type: 'pids' });
  }, message: /pids/, pointer: '/linux/namespaces/6/type' },
  { name: 'a namespace is there twice', change: (config) => {
    config.linux.namespaces.push({ type: 'pid' });
  }, pointer: '/linux/namespaces/6', peers: [C('starts it without a word')] },
  { name: 'the root does not exist', change: put('/root/path', 'rotfs'), message: /rotfs/, pointer: '/root/path' },
  { name: 'root.path is empty', change: put('/root/path', ''), pointer: '/root/path' },
  { name: 'root is missing', change: put('/root', undefined), message: /root/i },
  { name: 'an rlimit does not exist', change: put('/process/rlimits', [{ type: 'RLIMIT_NOFILES', soft: 1, hard: 1 }]),
    message: /RLIMIT_NOFILES/, pointer: '/process/rlimits/0/type' },
  { name: 'an rlimit is soft above hard',
    change: put('/process/rlimits', [{ type: 'RLIMIT_NOFILE', soft: 20, hard: 10 }]), message: /rlimit/i,
    pointer: '/process/rlimits/0' },
  { name: 'a bind source does not exist', change: (config) => {
    config.mounts.push({ destination: '/mnt', source: '/nope', options: ['bind'] });
  }, message: /\/nope/, pointer: '/mounts/7/source' },
  { name: 'a sysctl is not namespaced', change: put('/linux/sysctl', { 'kernel.foo': '1' }), message: /kernel\.foo/,
    pointer: '/linux/sysctl/kernel.foo' },
  { name: 'a seccomp action is misspelt', change: put('/linux/seccomp', { defaultAction: 'SCMP_ACT_ALOW' }),
    message: /SCMP_ACT_ALOW/, pointer: '/linux/seccomp/defaultAction' },
  { name: 'ociVersion is 2.0.0', change: put('/ociVersion', '2.0.0'), pointer: '/ociVersion', peers: [R('starts it')] },
  { name: 'ociVersion is missing', change: put('/ociVersion', undefined), message: /ociVersion/,
    peers: [R('starts it'), C('reads the config before it opens the log')] },
  { name: 'a hostname without a uts namespace', change: (config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'uts');
  }, message: /hostname/i, pointer: '/hostname' },
  { name: 'a device type is wrong', change: put('/linux/devices', [{ path: '/dev/x', type: 'z', major: 1, minor: 3 }]),
    pointer: '/linux/devices/0/type', peers: [C('starts it')] },
  { name: 'a mount destination is missing', change: (config) => {
    config.mounts.push({ type: 'tmpfs', source: 'x' } as never);
  }, pointer: '/mounts/7', message: /destination|mount/i,
    peers: [C('reads the config before it opens the log'), R('mounts over the root')] },
  { name: 'mounts is an object', change: put('/mounts', {}), pointer: '/mounts' },
  { name: 'namespaces hold a string', change: put('/linux/namespaces', ['pid']), pointer: '/linux/namespaces/0',
    peers: [C('crashes')] },
  { name: 'rootfsPropagation is unknown', change: put('/linux/rootfsPropagation', 'sharred'),
    pointer: '/linux/rootfsPropagation', peers: [C('starts it')] },
  { name: 'terminal is a string', change: put('/process/terminal', 'no'), pointer: '/process/terminal',
    peers: [C('takes it')] },
  { name: 'an env entry has no "="', change: put('/process/env', ['PATH=/bin', 'NOTHING']), pointer: '/process/env/1',
    peers: [C('passes it on')] },
];

for (const { name, change, message, pointer, peers = [] } of broken) {
  test(`broken config: ${name}`, async (c) => {
    const log = join(c.dir(), 'log');
    const result = await c.run(c.command(['/probe', 'exit', '0'], change), {
      global: ['--log', log, '--log-format', 'json'],
    });
    assert.equal(result.code, 1, `code ${result.code}: ${result.stderr}`);
    assert.equal(result.stdout, '');
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    assert.equal(lines.filter((line) => JSON.parse(line).level === 'error').length, 1, 'one error in the log');
    const { msg } = JSON.parse(lines.at(-1) ?? '');
    if (message) assert.match(msg, message);
    await c.nothingLeft();
    if (!veloci) return;
    assert.equal(lines.length, 1, 'the log has one line');
    if (pointer) {
      assert.match(msg, /config\.json:\d+:\d+/);
      assert.ok(msg.includes(pointer), `${msg} does not name ${pointer}`);
    }
  }, { peers });
}

test('a syntax error is told with its place', async (c) => {
  const bundle = c.command(['true']);
  bundle.write('{\n  "ociVersion": "1.0.2",\n  "process": {,}\n}\n');
  const result = await c.run(bundle, { raw: true });
  assert.equal(result.code, 1);
  if (veloci) assert.match(result.stderr, /config\.json:3:15/);
  await c.nothingLeft();
});

test('a bundle that does not exist, and one without a config', async (c) => {
  const missing = await c.rt(['run', '--bundle', '/no/such/bundle', c.id()]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /\/no\/such\/bundle/);
  const empty = await c.rt(['run', '--bundle', c.dir(), c.id()]);
  assert.equal(empty.code, 1);
  assert.match(empty.stderr, /config\.json/);
  await c.nothingLeft();
});

test('an error is one line on stderr when that is no terminal', async (c) => {
  const { stderr, code } = await c.run(c.command(['/no/such/program']));
  assert.equal(code, 1);
  assert.equal(stderr.trim().split('\n').length, 1, stderr);
});

for (const verb of ['run', 'create']) {
  for (const [what, args, message] of [
    ['not in PATH', ['no-such-program'], /executable file .*not found in \$PATH/],
    ['that does not exist', ['/no/such/program'], /no such file or directory/i],
    ['that is not executable', ['/bin/not-executable'], /permission denied/i],
    ['that is a folder', ['/etc'], /is a directory|permission denied/i],
  ] as const) {
    test(`${verb} of a program ${what} fails and says so`, async (c) => {
      const bundle = c.command([...args]);
      const result = verb === 'run' ? await c.run(bundle) : await c.create(bundle);
      assert.equal(result.code, 1);
      assert.match(result.stderr, message);
      await c.nothingLeft();
    }, { peers: what === 'that is a folder' ? [C('says: operation not permitted')] : [] });
  }
}

for (const [what, args, message] of [
  ['whose interpreter is missing', ['/bin/no-interpreter'], /interpreter|no such file or directory/i],
  ['of a wrong format', ['/bin/wrong-format'], /exec format error/i],
] as const) {
  test(`run of a program ${what} fails and says so`, async (c) => {
    const result = await c.run(c.command([...args]));
    assert.equal(result.code, 1);
    assert.match(result.stderr, message);
    await c.nothingLeft();
  });

  test(`start of a program ${what} fails and says so`, async (c) => {
    const created = await c.create(c.command([...args]));
    assert.equal(created.code, 0, created.stderr);
    const start = await c.rt(['start', created.id]);
    assert.equal(start.code, 1);
    assert.match(start.stderr, message);
    assert.equal((await c.state(created.id))['status'], 'stopped');
  }, { peers: [C('start cannot learn it'), R('start cannot learn it')] });
}

for (const [what, gone, message] of [
  ['was removed', (path: string) => rmSync(path), /no such file or directory|not found/i],
] as const) {
  test(`start of a program that ${what} after create fails and says so`, async (c) => {
    const bundle = c.command(['/data/program'], () => {}, { rootfs: 'copy' });
    const path = join(bundle.rootfs, 'data/program');
    (await import('node:fs')).copyFileSync(join(bundle.rootfs, 'probe'), path);
    const created = await c.create(bundle);
    assert.equal(created.code, 0, created.stderr);
    gone(path);
    const start = await c.rt(['start', created.id]);
    assert.equal(start.code, 1);
    assert.match(start.stderr, message);
  }, { peers: [C('start cannot learn it'), R('start cannot learn it')] });
}

test('--log with format json writes one object with level, msg and time; success writes none', async (c) => {
  const log = join(c.dir(), 'log');
  const flags = ['--log', log, '--log-format', 'json'];
  const good = await c.rt([...flags, 'list']);
  assert.equal(good.code, 0);
  assert.equal(existsSync(log) ? readFileSync(log, 'utf8') : '', '');
  await c.rt([...flags, 'start', `${c.token}-nothing`]);
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  assert.equal(lines.length, 1);
  const entry = JSON.parse(lines[0] as string);
  assert.equal(entry.level, 'error');
  assert.ok(entry.msg.length > 0);
  assert.ok(!Number.isNaN(Date.parse(entry.time)), entry.time);
});

test('--log with format text writes to the file', async (c) => {
  const log = join(c.dir(), 'log');
  const result = await c.rt(['--log', log, '--log-format', 'text', 'start', `${c.token}-nothing`]);
  assert.equal(result.code, 1);
  assert.equal(readFileSync(log, 'utf8').trim().split('\n').length, 1);
});

test('an unknown log format is refused', async (c) => {
  assert.notEqual((await c.rt(['--log-format', 'xml', 'list'])).code, 0);
});

test('hostile text in a config does not break the JSON log', async (c) => {
  const log = join(c.dir(), 'log');
  const program = '/no/"quote\\back\nline\u0001\u2028';
  await c.run(c.command([program]), { global: ['--log', log, '--log-format', 'json'] });
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  for (const line of lines) JSON.parse(line);
  assert.equal(lines.length, 1);
});
