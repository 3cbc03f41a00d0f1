// Malformed and hostile inputs of every kind. Each gets one clear error with a code at once, and leaves nothing: no process,
// mount, cgroup or file.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Bundle } from '../../support/bundle.ts';
import type { Context } from '../../support/context.ts';
import { runtimePath } from '../../support/paths.ts';
import { call, type CallOptions, type Result } from '../../support/runtime.ts';
import type { Config } from '../../support/spec.ts';
import { refused } from './refusal.ts';

const only = { only: 'veloci' } as const;

/** Texts of config.json that are none, or none that is valid: each must be told with its place. */
function texts(valid: string): Record<string, string | Buffer> {
  const config = JSON.parse(valid) as Config;
  const changed = (path: string, value: unknown): string => {
    const copy = structuredClone(config) as unknown as Record<string, unknown>;
    const keys = path.split('.');
    let parent = copy;
    for (const key of keys.slice(0, -1)) parent = (parent[key] ??= {}) as Record<string, unknown>;
    parent[keys.at(-1)!] = value;
    // Numbers that JSON.stringify cannot write.
    return JSON.stringify(copy).replaceAll(/"#([^"]+)#"/g, '$1');
  };
  const found: Record<string, string | Buffer> = {
    'nothing': '',
    'blanks': ' \n\t ',
    'one byte': '{',
    'a lone brace': '}',
    'null': 'null',
    'a list': '[]',
    'a text': '"x"',
    'a number': '1',
    'NUL bytes': Buffer.alloc(1000),
    'UTF-16': Buffer.from(`\ufeff${valid}`, 'utf16le'),
    'a bad byte': Buffer.concat([Buffer.from('{"ociVersion":"'), Buffer.from([0xff]), Buffer.from('"}')]),
    'an overlong byte': Buffer.concat([Buffer.from('{"ociVersion":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
    'half a surrogate': '{"ociVersion":"\\ud800"}',
    'NUL in a text': '{"ociVersion":"1.0.0\\u0000"}',
    'deep lists': '['.repeat(100_000),
    'deep objects': '{"a":'.repeat(100_000),
    'deep in a key': `{"x":${'['.repeat(70)}`,
    'cut in the middle': valid.slice(0, valid.length / 2),
    'text behind': `${valid}x`,
    'two values': valid + valid,
    'a comment': `/* */${valid}`,
    'a comma too many': valid.replace(/\}\s*$/, ',}'),
    'single quotes': "{'a':1}",
    'a duplicate key': '{"ociVersion":"1.0.0","ociVersion":"1.0.0"}',
    'NaN': '{"ociVersion":NaN}',
    'a tab in a text': '{"ociVersion":"1\t0"}',
    'ELF': Buffer.from('\x7fELF\x02\x01\x01'),
    '101,000 members': `{"x":{${Array.from({ length: 101_000 }, (_, index) => `"${index}":0`).join()}}}`,
  };
  const values: Record<string, unknown> = { 'negative': -1, 'a fraction': 0.5, 'huge': '#1e400#',
    '2^64': '#18446744073709551616#', 'a text': '1', 'null': null, 'a list': [], 'an object': {}, 'true': true,
    '2^32': 4294967296, '2^32-1': 4294967295 };
  for (const [name, value] of Object.entries(values)) {
    found[`process.user.uid: ${name}`] = changed('process.user.uid', value);
    found[`process.user.umask: ${name}`] = changed('process.user.umask', name === '2^32-1' ? -2 : value);
    if (!/2\^|negative/.test(name) || name === '2^64') {
      found[`linux.resources.memory.limit: ${name}`] = changed('linux.resources.memory.limit', value);
      found[`linux.resources.pids.limit: ${name}`] = changed('linux.resources.pids.limit', value);
    }
    found[`process.oomScoreAdj: ${name}`] = changed('process.oomScoreAdj', name === 'negative' ? -1001 : value);
    if (name !== 'a text') found[`process.cwd: ${name}`] = changed('process.cwd', value);
    if (name !== 'a list') found[`mounts: ${name}`] = changed('mounts', value);
    if (name !== 'a list') found[`process.args: ${name}`] = changed('process.args', value);
    if (name !== 'a text') found[`hostname: ${name}`] = changed('hostname', value);
    if (name !== 'an object') found[`linux: ${name}`] = changed('linux', value);
    if (name !== 'an object') found[`annotations: ${name}`] = changed('annotations', value);
    if (name !== 'an object') found[`hooks: ${name}`] = changed('hooks', value);
  }
  for (const path of ['relative', '', '../x']) found[`process.cwd ${path}`] = changed('process.cwd', path);
  for (const path of ['/../../etc', '/a/../../b', 'a\nb/../..'])
    found[`linux.cgroupsPath ${path}`] = changed('linux.cgroupsPath', path);
  for (const type of ['', 'PID', 'nosuch', 'pid ', 0])
    found[`namespace ${type}`] = changed('linux.namespaces', [{ type }]);
  found['a namespace twice'] = changed('linux.namespaces', [{ type: 'mount' }, { type: 'mount' }]);
  found['no mount namespace'] = changed('linux.namespaces', [{ type: 'pid' }]);
  for (const key of ['kernel.shmmax', 'net.ipv4.ip_forward/../../../x', '..', 'fs.file-max', 'kernel.hostname'])
    found[`sysctl ${key}`] = changed('linux.sysctl', { [key]: '1' }).replace('"ipc"', '"uts"');
  for (const option of ['size=1,mode=7', 'nosuch', '', 'idmap=x'])
    found[`mount option "${option}"`] = changed('mounts', [{ destination: '/tmp', type: 'tmpfs', source: 't',
      options: [option] }]);
  for (const destination of ['', '/', '/proc/self', '/proc/1/ns'])
    found[`destination "${destination}"`] = changed('mounts', [{ destination, type: 'tmpfs', source: 't' }]);
  found['a rootfs that is missing'] = changed('root.path', 'nosuch');
  found['a rootfs that is a file'] = changed('root.path', 'config.json');
  found['a rootfs that is empty'] = changed('root.path', '');
  found['an action of seccomp'] = changed('linux.seccomp', { defaultAction: 'SCMP_ACT_NOSUCH' });
  found['an rlimit twice'] = changed('process.rlimits', [1, 2].map(() => ({ type: 'RLIMIT_CORE', hard: 1, soft: 1 })));
  found['a soft rlimit over the hard one'] = changed('process.rlimits', [{ type: 'RLIMIT_CORE', hard: 1, soft: 2 }]);
  return found;
}

async function config(c: Context): Promise<void> {
  const bundle = c.command(['/probe', 'pause'], () => {}, { rootfs: 'bind' });
  const valid = JSON.stringify({ ...bundle.config, linux: { ...bundle.config.linux, cgroupsPath: `/${c.token}-x` } });
  const faults: string[] = [];
  for (const [name, text] of Object.entries(texts(valid))) {
    bundle.write(text as string);
    const id = c.id();
    try {
      const result = await c.rt(['create', '--bundle', bundle.dir, id], { timeLimit: 10_000 });
      refused(name, result);
      assert.match(result.stderr, /config\.json|rootfs|root file system/, `${name} has a place: ${result.stderr}`);
      await c.nothingLeft();
    } catch (error) {
      faults.push((error as Error).message);
      await c.rt(['delete', '--force', id]);
    }
  }
  assert.deepEqual(faults, []);
}

test('config.json that is malformed or hostile is refused with its place', config, only);

interface Input {
  name: string;
  args: string[];
  options?: CallOptions;
  exit?: readonly number[];
}

const own = [1, 255];

/** Documents of other commands, for a container that runs. */
function documents(c: Context, id: string): Input[] {
  const dir = c.dir();
  let count = 0;
  const file = (text: string | Buffer): string => {
    const path = join(dir, `document-${++count}`);
    writeFileSync(path, text);
    return path;
  };
  const broken: Record<string, string | Buffer> = { nothing: '', brace: '{', list: '[1]', number: '1', text: '"x"',
    deep: '['.repeat(1000), byte: Buffer.from([0xff, 0xfe, 0]), duplicate: '{"a":1,"a":2}', nul: '{"a":"\\u0000"}' };
  const fifo = join(dir, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const inputs = Object.entries(broken).flatMap(([name, text]): Input[] => [
    { name: `exec --process ${name}`, args: ['exec', '--process', file(text), id], exit: own },
    { name: `update --resources ${name}`, args: ['update', '--resources', file(text), id] },
    { name: `mounts add ${name}`, args: ['mounts', 'add', id, file(text)] },
    { name: `mounts remove ${name}`, args: ['mounts', 'remove', id, file(text)] },
  ]);
  for (const path of [dir, '/dev/zero', '/nonexistent', '/proc/self/mem']) {
    inputs.push({ name: `exec --process ${path}`, args: ['exec', '--process', path, id], exit: own }, {
      name: `update --resources ${path}`,
      args: ['update', '--resources', path, id],
    }, { name: `mounts add ${path}`, args: ['mounts', 'add', id, path] });
  }
  for (const value of ['-2', '1e3', 'x', '99999999999999999999999', '0x10', ' 1'])
    inputs.push({ name: `update --memory "${value}"`, args: ['update', '--memory', value, id] });
  for (const value of ['x', '4294967295', '-1', '1:', ':1', '1:2:3', '1.5'])
    inputs.push({ name: `exec --user "${value}"`, args: ['exec', '--user', value, id, '/probe'], exit: own });
  for (const args of [['--env', '=x'], ['--env', 'x'], ['--cap', 'CAP_NOSUCH'], ['--cgroup', '../x'], ['--preserve-fds',
    '-1'], ['--preserve-fds', '99999999'], ['--cwd', 'relative'], ['--console-socket', '/nonexistent'], ['--nosuch'], [
    '--pid-file',
    '/nonexistent/pid',
  ]])
    inputs.push({ name: `exec ${args.join(' ')}`, args: ['exec', ...args, id, '/probe', 'exit', '0'], exit: own });
  for (const signal of ['65', '-1', 'SIGNOSUCH', '', '9999999999999', '9 ', 'TERM\n'])
    inputs.push({ name: `kill ${JSON.stringify(signal)}`, args: ['kill', id, signal] });
  for (const interval of ['0', '-1s', 'x', '1h99999999999999999s'])
    inputs.push({ name: `events --interval ${interval}`, args: ['events', '--interval', interval, id] });
  return inputs;
}

/** Command lines without a container. */
function lines(bundle: Bundle): Input[] {
  const ids = ['', '.', '..', '/', 'a/b', '../x', 'a b', 'a\n', 'ä', '-x', 'x'.repeat(256), '%s%n', '*', 'a\\b'];
  const inputs = ids.flatMap((id) =>
    ['create', 'state', 'start', 'kill', 'delete', 'wait'].map((verb): Input => ({
      name: `${verb} ${JSON.stringify(id)}`,
      args: [verb, ...(verb === 'create' ? ['--bundle', bundle.dir] : []), '--', id],
    }))
  );
  for (const args of [['create'], ['--root'], ['--log-level', 'x', 'list'], ['list', 'x'], [
    'list',
    '--format',
    'yaml',
  ], ['create', '--bundle', '/nonexistent', 'x'], ['create', '--bundle', '/dev/null', 'x'], ['create', '--bundle',
    bundle.dir, 'x', 'y'], ['spec', '--bundle', '/nonexistent'], ['explain', 'no.such'], ['--root', '/dev/null',
    'list'], ['--root', '/proc', 'create', '--bundle', bundle.dir, 'x'], ['create', '--bundle', bundle.dir,
    '--preserve-fds', '99999999999', 'x'], ['create', '--bundle', bundle.dir, '--console-socket', '/nonexistent', 'x'],
    ['create', '--bundle', bundle.dir, '--pid-file', '/nonexistent/pid', 'x'], ['create', '--bundle', bundle.dir,
    '--pidfd-socket', '/nonexistent', 'x']])
    inputs.push({ name: args.join(' '), args });
  return inputs;
}

async function tryAll(c: Context, inputs: readonly Input[], look: () => Promise<void>): Promise<void> {
  const faults: string[] = [];
  for (const { name, args, options, exit } of inputs) {
    try {
      refused(name, await c.rt(args, { timeLimit: 10_000, ...options }), exit);
      await look();
    } catch (error) {
      faults.push((error as Error).message);
    }
  }
  assert.deepEqual(faults, []);
}

test('documents and flags that are malformed are refused, and the container goes on', async (c) => {
  const { id, pid } = await c.started(c.command(['/probe', 'pause']));
  await tryAll(c, documents(c, id), async () => {
    const { status, pid: now } = await c.state(id);
    assert.deepEqual({ status, now }, { status: 'running', now: pid });
  });
}, only);

test('command lines and ids that are malformed are refused', async (c) => {
  await tryAll(c, lines(c.command(['/probe', 'pause'], () => {}, { rootfs: 'bind' })), () => c.nothingLeft());
}, only);

/** Where a shell prepares what is around the command, in namespaces of its own. */
const shell = (c: Context, bundle: Bundle, script: string): Promise<Result> =>
  call(['unshare', '--mount', '/bin/sh', '-c', script], { timeLimit: 15_000,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', V: `${runtimePath()} --root ${c.root}`, B: bundle.dir, ID: c.id(),
      ROOT: c.root, DIR: c.dir() } });

const surroundings: Record<string, [script: string, exit?: readonly number[]]> = {
  'a full state root': ['mount -t tmpfs -o size=4k,nr_inodes=3 x $ROOT && $V create --bundle $B $ID'],
  'a state root that is read-only': ['mount -t tmpfs -o ro x $ROOT && $V create --bundle $B $ID'],
  'no procfs': ['mount -t tmpfs x /proc && $V create --bundle $B $ID'],
  'no cgroups': ['umount -R /sys/fs/cgroup; mount -t tmpfs x /sys/fs/cgroup && $V create --bundle $B $ID'],
  'config.json is a directory': ['rm $B/config.json; mkdir $B/config.json; $V create --bundle $B $ID'],
  'config.json is a FIFO': ['rm $B/config.json; mkfifo $B/config.json; $V create --bundle $B $ID'],
  'config.json is a device': ['rm $B/config.json; ln -s /dev/zero $B/config.json; $V create --bundle $B $ID'],
  'config.json leads to itself': ['rm $B/config.json; ln -s config.json $B/config.json; $V create --bundle $B $ID'],
  'config.json is too large': ['truncate -s 17M $B/config.json; $V create --bundle $B $ID'],
  'no descriptors': ['ulimit -n 4; $V create --bundle $B $ID'],
  'a full stdout': ['$V features > /dev/full'],
  'a plan file that is none': ['echo nonsense > $DIR/p; $V create --plan-fd 9 --bundle $B $ID 9< $DIR/p', [1]],
  'a plan file that is not open': ['$V create --plan-fd 9 --bundle $B $ID'],
};

for (const [name, [script, exit]] of Object.entries(surroundings)) {
  test(`${name}: an error, and nothing is left`, async (c) => {
    const bundle = c.command(['/probe', 'pause'], (given) => {
      given.linux.cgroupsPath = `/${c.token}-around`;
    }, { rootfs: 'bind' });
    const result = await shell(c, bundle, script);
    const outcome = `status ${result.code ?? result.signal}, "${result.stderr.slice(0, 300)}"`;
    assert.ok(!result.timedOut && exit === undefined ? result.code === 1 : exit?.includes(result.code ?? 0), outcome);
    assert.match(result.stderr, /\bE\d{4}\b/, outcome);
    if (!/plan file/.test(name)) assert.doesNotMatch(result.stderr, /E09(01|02|05)\b|please report/, outcome);
    await c.nothingLeft();
  }, only);
}
