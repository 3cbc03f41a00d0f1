// Further malformed inputs, as tables: values of config.json, each refused with its place; files of other commands; flags of every
// verb; and what lies around a command. Each gets one clear error with a code at once, and leaves nothing.
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import type { CallOptions, Result } from '../../support/runtime.ts';

const only = { only: 'veloci' } as const;

/** A refusal: one error with a code, quickly, and no fault of the command's own. */
function refused(name: string, result: Result, expected: readonly number[] = [1]): void {
  const outcome = `${name}: status ${result.code ?? result.signal}, "${result.stderr.slice(0, 300)}"`;
  assert.ok(!result.timedOut && result.signal === null, outcome);
  assert.ok(expected.includes(result.code ?? 0), outcome);
  assert.match(result.stderr, /\bE\d{4}\b/, outcome);
  assert.doesNotMatch(result.stderr, /E09(01|02|05)\b|please report/, outcome);
}

/** Values by the place that gets them; each must be named in the error. */
const values: readonly [pointer: string, ...values: unknown[]][] = [
  ['/ociVersion', '', '1', '1.0', 'v1.0.2', '2.0.0', '1.0.2 ', '-1.0.0', '1.0.0.0'],
  ['/process/args', [], [''], [1], ['sh', null]],
  ['/process/env', 'PATH=/', ['A\u0000=1'], ['=x'], [1], {}],
  ['/process/cwd', '.', 'a/b', './'],
  ['/process/user', null, 0, 'root', []],
  ['/process/user/gid', -1, 0.5, '0', 4294967295],
  ['/process/user/additionalGids', [4294967295], [-1], ['1'], 7],
  ['/process/user/umask', -1, '022', 0.5],
  ['/process/rlimits', {}, [{ type: 'RLIMIT_NOSUCH', soft: 1, hard: 1 }], [{ type: 'NOFILE', soft: 1, hard: 1 }], [{
    type: 'RLIMIT_CORE',
    soft: 1,
  }], [{ type: 'RLIMIT_CORE', soft: -1, hard: -1 }], [null]],
  ['/process/capabilities', [], 'all', { bounding: 'CAP_KILL' }, { bounding: [1] }],
  ['/process/oomScoreAdj', 1001, '0', 0.5],
  ['/process/consoleSize', { height: -1, width: 1 }, { height: 1 }, [24, 80], { height: 70000, width: 1 }],
  ['/process/noNewPrivileges', 'true', 1, null],
  ['/process/terminal', 'false', 0],
  ['/process/ioPriority', { class: 'IOPRIO_CLASS_NOSUCH', priority: 0 }, { class: 'IOPRIO_CLASS_BE', priority: 8 }, {
    class: 'IOPRIO_CLASS_BE',
    priority: -1,
  }, { priority: 1 }],
  ['/process/scheduler', { policy: 'SCHED_NOSUCH' }, { policy: 'SCHED_FIFO', priority: 100 }, { policy: 'SCHED_OTHER',
    nice: 20 }, { policy: 'SCHED_OTHER', flags: ['SCHED_FLAG_NOSUCH'] }, { nice: 1 }],
  ['/process/execCPUAffinity', { initial: 'x' }, { initial: '3-1' }, { final: '0,,1' }, { initial: '0-99999999' }, []],
  ['/root/path', 1, null, '\u0000'],
  ['/root/readonly', 'no', 1],
  ['/hostname', 'a\nb', 'x'.repeat(65), 1],
  ['/domainname', 'x'.repeat(65), 'a b\n', {}],
  ['/mounts', [{}], [null], ['/tmp'], [{ destination: 1 }], [{ destination: '/a', type: 1 }], [{ destination: '/a',
    type: 'nosuchfs', source: 'x' }], [{ destination: '/a', type: 'tmpfs', options: 'ro' }], [{ destination: '/a',
    type: 'tmpfs', options: [1] }], [{ destination: '/a', type: 'bind', source: '/nosuch', options: ['bind'] }], [{
    destination: '/a',
    type: 'bind',
    source: '',
    options: ['bind'],
  }], [{ destination: '/a', type: 'tmpfs', source: 't', options: ['size=x'] }], [{ destination: '/a', type: 'tmpfs',
    source: 't', options: ['mode=999'] }], [{ destination: '/a', type: 'overlay', source: 'o',
    options: ['lowerdir='] }], [{ destination: '/a\u0000b', type: 'tmpfs', source: 't' }], [{ destination: '/a',
    type: 'tmpfs', source: 't', options: ['size=1k\u0000'] }], [{ destination: `/${'x'.repeat(256)}`, type: 'tmpfs',
    source: 't' }], [{ destination: `/${'x/'.repeat(2100)}`, type: 'tmpfs', source: 't' }], [{ destination: '/a',
    type: 'bind', source: '/proc/self/root', options: ['bind', 'idmap'] }], [{ destination: '/a', type: 'bind',
    source: '/tmp', options: ['bind', 'private', 'shared', 'nosuchoption'] }], [{ destination: '/a', type: 'bind',
    source: '/tmp', options: ['bind'], uidMappings: [{ containerID: 0, hostID: 0, size: 0 }],
    gidMappings: [{ containerID: 0, hostID: 0, size: 1 }] }], [{ destination: '/a', type: 'proc', source: 'proc',
    options: ['hidepid=nosuch'] }]],
  ['/hooks', { createRuntime: {} }, { createRuntime: [{}] }, { createRuntime: [{ path: 'relative' }] }, {
    createRuntime: [{ path: '/bin/true', timeout: 0 }],
  }, { createRuntime: [{ path: '/bin/true', timeout: -1 }] }, { createRuntime: [{ path: '/nosuch' }] }, {
    createRuntime: [{ path: '/bin/true', args: 'x' }],
  }, { createRuntime: [{
    path: '/bin/true',
    env: ['A'],
  }] }, { createRuntime: [{ path: '/etc/passwd' }] }, { createRuntime: [{ path: '/' }] }, {
    createRuntime: [{ path: '/bin/false' }],
  }, { prestart: 'x' }, { poststop: [1] }],
  ['/annotations', { a: 1 }, { '': 'x' }, { a: null }, ['a']],
  ['/linux/namespaces', {}, [{}], [null], ['pid'], [{ type: 'mount' }, { type: 'network', path: '/nosuch' }], [{
    type: 'mount',
  }, { type: 'network', path: '/etc/passwd' }], [{ type: 'mount' }, { type: 'network', path: '/proc/1/ns/uts' }], [{
    type: 'mount',
  }, { type: 'network', path: 'relative' }], [{ type: 'mount' }, { type: 'pid', path: '/tmp' }], [{ type: 'mount',
    path: '/proc/self/ns/net' }]],
  ['/linux/uidMappings', [{ containerID: 0, hostID: 0 }], [{ containerID: 0, hostID: 0, size: 0 }], [{ containerID: -1,
    hostID: 0, size: 1 }], [{ containerID: 0, hostID: 4294967295, size: 2 }], {}, [{ containerID: 0, hostID: 0,
    size: 1 }, { containerID: 0, hostID: 5, size: 1 }]],
  ['/linux/devices', [{}], [{ path: '/dev/x' }], [{ path: '/dev/x', type: 'q', major: 1, minor: 3 }], [{ path: 'dev/x',
    type: 'c', major: 1, minor: 3 }], [{ path: '/dev/x', type: 'c' }], [{ path: '/dev/x', type: 'c', major: -1,
    minor: 3 }], [{ path: '/dev/x', type: 'c', major: 1, minor: 3, fileMode: -1 }], [{ path: '/', type: 'c', major: 1,
    minor: 3 }], [{ path: '/dev/x', type: 'c', major: '1', minor: 3 }], [{ path: '/proc/x', type: 'c', major: 1,
    minor: 3 }], null],
  ['/linux/cgroupsPath', 1, '\u0000', `/${'x'.repeat(300)}`],
  ['/linux/resources', [], 'x', { devices: {} }, { devices: [{}] }, { devices: [{ allow: true, access: 'q' }] }, {
    devices: [{ allow: true, type: 'z', access: 'r' }],
  }, { memory: { limit: 'x' } }, { memory: { limit: -2 } }, { memory: { swap: 1, limit: 10_000_000 } }, {
    memory: { swappiness: 101 },
  }, { cpu: { shares: -1 } }, { cpu: {
    quota: 1,
    period: 0,
  } }, { cpu: { cpus: 'x' } }, { cpu: { cpus: '9999' } }, { cpu: { mems: '5-2' } }, { pids: { limit: 'x' } }, {
    blockIO: { weight: 1 },
  }, { blockIO: { weightDevice: [{}] } }, { hugepageLimits: [{
    pageSize: '3KB',
    limit: 1,
  }] }, { hugepageLimits: [{ pageSize: 'x', limit: 1 }] }, { network: { classID: -1 } }, {
    network: { priorities: [{ name: 'nosuch0', priority: 1 }] },
  }, { rdma: { x: { hcaHandles: -1 } } }, { unified: {
    'a/b': '1',
  } }, { unified: { 'memory.high': 1 } }, { unified: [] }],
  ['/linux/sysctl', { 'kernel.core_pattern': '|/x' }, { 'net.ipv4.ip_forward': 1 }, { '': '1' }, { 'net': '1' }, {
    'net.': '1',
  }, { 'net..x': '1' }, { 'net.ipv4.nosuch': '1' }, { 'kernel.msgmax': 'x' }, [], { 'kernel/../x': '1' }, {
    'net.ipv4.ip_forward': '1\n2',
  }],
  ['/linux/seccomp', [], {}, { defaultAction: 1 }, { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{}] }, {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['read'], action: 'SCMP_ACT_NOSUCH' }],
  }, {
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: ['SCMP_ARCH_NOSUCH'],
  }, { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{
    names: ['read'],
    action: 'SCMP_ACT_ERRNO',
    args: [{ index: 6, value: 0, op: 'SCMP_CMP_EQ' }],
  }] }, {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['read'], action: 'SCMP_ACT_ERRNO', args: [{ index: 0, value: 0, op: 'SCMP_CMP_NOSUCH' }] }],
  }, { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['read'], action: 'SCMP_ACT_ERRNO', errnoRet: -1 }] }, {
    defaultAction: 'SCMP_ACT_ALLOW',
    flags: ['SECCOMP_FILTER_FLAG_NOSUCH'],
  }, { defaultAction: 'SCMP_ACT_NOTIFY' }, { defaultAction: 'SCMP_ACT_ALLOW', listenerPath: '/nosuch', syscalls: [{
    names: ['mkdir'],
    action: 'SCMP_ACT_NOTIFY',
  }] }, { defaultAction: 'SCMP_ACT_ALLOW', listenerPath: 'relative' }],
  ['/linux/maskedPaths', 'x', [1], ['relative'], ['/a\u0000']],
  ['/linux/readonlyPaths', 'x', [null], ['relative'], {}],
  ['/linux/rootfsPropagation', 'x', 1],
  ['/linux/mountLabel', 1, {}],
  ['/linux/personality', { domain: 'LINUX128' }, {}, 'LINUX'],
  ['/linux/timeOffsets', { monotonic: 1 }, { boottime: { secs: 'x' } }],
  ['/linux/memoryPolicy', { mode: 'MPOL_NOSUCH' }, { mode: 'MPOL_BIND' }, { mode: 'MPOL_BIND', nodes: 'x' }, {}],
  ['/linux/netDevices', { nosuch0: {} }, { 'a/b': {} }, [], { '': {} }],
  ['/linux/intelRdt', { closID: '../x' }, { closID: 1 }, { closID: 'a/b', l3CacheSchema: 'x' }],
];

/** A copy of `config` with a value at a pointer. */
function placed(config: object, pointer: string, value: unknown): string {
  const copy = structuredClone(config) as Record<string, unknown>;
  const keys = pointer.slice(1).split('/');
  let parent = copy;
  for (const key of keys.slice(0, -1)) parent = (parent[key] ??= {}) as Record<string, unknown>;
  parent[keys.at(-1)!] = value;
  return JSON.stringify(copy, null, 2);
}

/** Some need a namespace that the usual configuration lacks, or one less, to be wrong for nothing else. */
function withNamespaces(config: { linux: { namespaces: { type: string }[] } }, pointer: string): object {
  const copy = structuredClone(config);
  if (pointer === '/linux/uidMappings') {
    copy.linux.namespaces.push({ type: 'user' });
    (copy.linux as Record<string, unknown>)['gidMappings'] = [{ containerID: 0, hostID: 0, size: 1 }];
  }
  if (pointer === '/linux/namespaces') delete (copy as { hostname?: string }).hostname;
  if (pointer === '/linux/timeOffsets') copy.linux.namespaces.push({ type: 'time' });
  return copy;
}

test('values of config.json that are none are refused with their place', async (c) => {
  const bundle = c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${c.token}-more`;
  }, { rootfs: 'bind' });
  const faults: string[] = [];
  let count = 0;
  for (const [pointer, ...all] of values) {
    for (const value of all) {
      count += 1;
      const name = `${pointer} ${JSON.stringify(value)?.slice(0, 120)}`;
      bundle.write(placed(withNamespaces(bundle.config, pointer), pointer, value));
      const id = c.id();
      try {
        const result = await c.rt(['create', '--bundle', bundle.dir, id], { timeLimit: 10_000 });
        refused(name, result);
        assert.ok(/config\.json:\d+:\d+/.test(result.stderr) && result.stderr.includes(`(${pointer}`),
          `${name} has no place: ${result.stderr}`);
        await c.nothingLeft();
      } catch (error) {
        faults.push((error as Error).message);
        await c.rt(['delete', '--force', id]);
      }
    }
  }
  console.log(`# ${count} values`);
  assert.deepEqual(faults, []);
}, only);

interface Input {
  args: string[];
  options?: CallOptions;
  exit?: readonly number[];
}

const own = [1, 255];

/** Files and flags for a container that runs. */
function forRunning(c: Context, id: string): Input[] {
  const dir = c.dir();
  let count = 0;
  const file = (value: unknown): string => {
    const path = join(dir, `file-${++count}`);
    writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
    return path;
  };
  const program = { args: ['/probe', 'exit', '0'], cwd: '/', user: { uid: 0, gid: 0 } };
  const processes: unknown[] = [{}, { ...program, args: [] }, { ...program, args: 'x' }, { ...program, args: [''] }, {
    ...program,
    cwd: 'x',
  }, { ...program, user: { uid: -1, gid: 0 } }, { ...program, user: { uid: 4294967295, gid: 0 } }, { ...program,
    env: 'x' }, { ...program, rlimits: [{ type: 'x', soft: 1, hard: 1 }] }, { ...program,
    capabilities: { bounding: 1 } }, { ...program, oomScoreAdj: 5000 }, { ...program, args: ['/nosuch'] }, { ...program,
    args: ['/etc'] }, { ...program, scheduler: { policy: 'x' } }, { ...program, ioPriority: { class: 'x' } }, {
    ociVersion: '1.0.2',
    process: program,
  }, null, 'x', [program], { ...program, args: ['a\u0000b'] }];
  const resources: unknown[] = [null, 'x', { memory: 1 }, { memory: { limit: 'x' } }, { memory: { limit: -5 } }, {
    cpu: [],
  }, { cpu: { shares: 'x' } }, { cpu: { cpus: '77777' } }, { pids: { limit: {} } }, { unified: { '../x': '1' } }, {
    blockIO: {
      weight: 5,
    },
  }, { hugepageLimits: {} }, { devices: [{ access: 'r' }] }];
  const mounts: unknown[] = [null, {}, [{}], [1], [{ destination: 'x' }], [{ destination: '/', type: 'tmpfs' }], [{
    destination: '/proc/sys',
    type: 'tmpfs',
  }], [{ destination: '/a', type: 'nosuchfs' }], [{ destination: '/a', type: 'bind', source: '/nosuch',
    options: ['bind'] }], [{ destination: '/a', type: 'tmpfs', options: ['nosuch'] }], [{ destination: '/a',
    type: 'proc', source: '/proc/1', options: ['bind', 'x'] }]];
  return [
    ...processes.map((value): Input => ({ args: ['exec', '--process', file(value), id], exit: [1, 126, 127, 255] })),
    ...resources.map((value): Input => ({ args: ['update', '--resources', file(value), id] })),
    ...mounts.flatMap((value): Input[] => [{ args: ['mounts', 'add', id, file(value)] }]),
    { args: ['mounts', 'remove', id, file([{ destination: '/nosuch' }])] },
    { args: ['mounts', 'remove', id, file([{ destination: '/' }])] },
    { args: ['mounts', 'remove', id, file([{ destination: '/proc' }])] },
    { args: ['mounts', 'nosuch', id] },
    { args: ['mounts', id] },
    { args: ['mounts'] },
    { args: ['exec', id], exit: own },
    { args: ['exec', id, ''], exit: [1, 126, 127, 255] },
    { args: ['exec', '--cwd', '/nosuch', id, '/probe'], exit: [1, 126, 127, 255] },
    { args: ['exec', '--user', '0:0:0', id, '/probe'], exit: own },
    { args: ['exec', '--user', 'nosuch', id, '/probe'], exit: own },
    { args: ['exec', '--user', '4294967296', id, '/probe'], exit: own },
    { args: ['exec', '--additional-gids', '-1', id, '/probe'], exit: own },
    { args: ['exec', '--additional-gids', 'x', id, '/probe'], exit: own },
    { args: ['exec', '--cgroup', 'a:b', id, '/probe'], exit: own },
    { args: ['exec', '--cgroup', 'nosuch', id, '/probe'], exit: own },
    { args: ['exec', '--console-socket', '/etc/passwd', '--tty', '--detach', id, '/probe'], exit: own },
    { args: ['exec', '--tty', '--detach', id, '/probe'], exit: own },
    { args: ['exec', '--preserve-fds', 'x', id, '/probe'], exit: own },
    { args: ['exec', '--process', '', id], exit: own },
    { args: ['exec', '--process'], exit: own },
    { args: ['exec', '--pid-file', '/', id, '/probe', 'exit', '0'], exit: own },
    { args: ['exec', '--pid-file', '/proc/pid', id, '/probe', 'exit', '0'], exit: own },
    { args: ['exec', '--apparmor', 'a b\n', id, '/probe', 'exit', '0'], exit: own },
    { args: ['exec', '--detach=maybe', id, '/probe'], exit: own },
    { args: ['update', '--memory', '1', '--memory-swap', 'x', id] },
    { args: ['update', '--cpu-quota', 'x', id] },
    { args: ['update', '--cpuset-cpus', 'x', id] },
    { args: ['update', '--pids-limit', '1.5', id] },
    { args: ['update', '--blkio-weight', '1', id] },
    { args: ['update', '--cpu-period', '-1', id] },
    { args: ['update', '--resources', '', id] },
    { args: ['update', '--nosuch', '1', id] },
    { args: ['kill', id, 'KILL', 'TERM'] },
    { args: ['kill', '--all=x', id] },
    { args: ['kill', id, '0x9'] },
    { args: ['start', id] },
    { args: ['start', id, id] },
    { args: ['resume', id] },
    { args: ['delete', id] },
    { args: ['events', '--interval', '', id] },
    { args: ['events', '--stats', '--interval', 'x', id] },
    { args: ['ps', '--format', 'x', id] },
    { args: ['state', id, id] },
    { args: ['wait', id, 'x'] },
    { args: ['checkpoint', '--image-path', '', id] },
    { args: ['checkpoint', '--image-path', '/dev/null/x', id] },
    { args: ['checkpoint', '--manage-cgroups-mode', 'x', id] },
    { args: ['checkpoint', '--status-fd', '77', id] },
    { args: ['checkpoint', '--parent-path', '/abs', '--image-path', dir, id] },
    { args: ['checkpoint', '--page-server', 'x', '--image-path', dir, id] },
    { args: ['diff', '--nosuch', id], exit: [1, 2] },
    { args: ['diff', '--applied', '--declared', id] },
    { args: ['timeline', '--svg', '--chrome', id] },
    { args: ['timeline', '--otlp', '--svg', id] },
    { args: ['top', '--interval', 'x'] },
    { args: ['top', '--once', 'x'] },
    { args: ['list', '--format', ''] },
    { args: ['list', '--quiet=2'] },
  ];
}

async function tryAll(c: Context, inputs: readonly Input[], look: () => Promise<void>): Promise<void> {
  const faults: string[] = [];
  for (const { args, options, exit } of inputs) {
    try {
      refused(args.map((word) => JSON.stringify(word)).join(' '), await c.rt(args, { timeLimit: 10_000, ...options }),
        exit);
      await look();
    } catch (error) {
      faults.push((error as Error).message);
    }
  }
  console.log(`# ${inputs.length} command lines`);
  assert.deepEqual(faults, []);
}

test('files and flags for a running container that are none are refused, and it goes on', async (c) => {
  const { id, pid } = await c.started(c.command(['/probe', 'pause']));
  await tryAll(c, forRunning(c, id), async () => {
    const { status, pid: now } = await c.state(id);
    assert.deepEqual({ status, now }, { status: 'running', now: pid });
  });
}, only);

/** What lies around a command: roots, sockets, logs, pid files and descriptors that are not what they should be. */
async function around(c: Context): Promise<Input[]> {
  const bundle = c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${c.token}-around`;
  }, { rootfs: 'bind' });
  const terminal = c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${c.token}-terminal`;
    config.process.terminal = true;
  }, { rootfs: 'bind' });
  const dir = c.dir(), at = (name: string): string => join(dir, name);
  writeFileSync(at('file'), 'x');
  symlinkSync('/run', at('link'));
  symlinkSync('loop', at('loop'));
  execFileSync('mkfifo', [at('fifo')]);
  mkdirSync(at('open'), { mode: 0o777 });
  execFileSync('chmod', ['0777', at('open')]);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(at('socket'), resolve));
  c.later(() => server.close());
  const create = (...flags: string[]): string[] => ['create', '--bundle', bundle.dir, ...flags, c.id()];
  const roots = [at('file'), at('loop'), at('fifo'), at('socket'), at('open'), '/dev/full', '', '/proc/self/fd/0',
    `/${'x'.repeat(300)}`, `/tmp/${'x/'.repeat(2100)}`];
  return [
    ...roots.map((root): Input => ({ args: ['--root', root, ...create()] })),
    { args: create('--console-socket', at('socket')) },
    ...['', at('file'), at('fifo'), dir, at('loop'), `/${'x'.repeat(5000)}`].map((socket): Input => ({
      args: ['create', '--bundle', terminal.dir, '--console-socket', socket, c.id()],
    })),
    { args: ['create', '--bundle', terminal.dir, c.id()] },
    ...[dir, '/proc/pid', '/dev/null/x', '', `/${'x'.repeat(300)}`].map((path): Input => ({
      args: create('--pid-file', path),
    })),
    ...[at('file'), dir, '', at('loop')].map((path): Input => ({ args: create('--pidfd-socket', path) })),
    ...[dir, at('loop'), '/dev/null/x', '/nosuch/log', 'journald:', 'syslog:'].map((path): Input => ({
      args: ['--log', path, ...create()],
    })),
    { args: ['--log-format', 'xml', 'list'] },
    { args: ['--log-level', '', 'list'] },
    { args: ['--nosuch'] },
    { args: ['nosuch'] },
    { args: [''] },
    { args: ['--root'] },
    { args: ['--systemd-cgroup=x', 'list'] },
    { args: ['--rootless', 'maybe', 'list'] },
    { args: create('--preserve-fds', '-1') },
    { args: create('--preserve-fds', '1022') },
    { args: create('--preserve-fds', '0x1') },
    { args: create(), options: { env: { PATH: '/bin', LISTEN_FDS: '99999', LISTEN_PID: '1' } }, exit: [0, 1] },
    { args: ['create', '--bundle', '', c.id()] },
    { args: ['create', '--bundle', at('loop'), c.id()] },
    { args: ['create', '--bundle', at('fifo'), c.id()] },
    { args: ['create', '--bundle', at('socket'), c.id()] },
    { args: ['create', '--bundle', `/${'x/'.repeat(3000)}`, c.id()] },
    { args: ['run', '--bundle', bundle.dir, '--learn', '/nosuch/profile', c.id()] },
    { args: ['run', '--bundle', bundle.dir, '--timeline', '/nosuch/file', c.id()] },
    { args: ['run', '--bundle', bundle.dir, '--detach', '--console-socket', at('nosuch'), c.id()] },
    { args: ['restore', '--bundle', bundle.dir, '--image-path', '/nosuch', c.id()] },
    { args: ['restore', '--bundle', bundle.dir, '--image-path', at('file'), c.id()] },
    { args: ['restore', '--bundle', bundle.dir, '--image-path', dir, c.id()] },
    { args: ['plan', '--bundle', '/nosuch'] },
    { args: ['plan', '--bundle', bundle.dir, '-o', '/nosuch/plan'] },
    { args: ['validate', '/nosuch'] },
    { args: ['validate', '--bundle', at('file')] },
    { args: ['audit', '--bundle', '/nosuch'] },
    { args: ['spec', '--from', 'nosuch'] },
    { args: ['spec', 'fmt', '/nosuch'] },
    { args: ['spec', 'fmt', at('file')] },
    { args: ['spec', 'merge', at('file')] },
    { args: ['spec', 'migrate', dir] },
    { args: ['explain'] },
    { args: ['explain', 'E9999'] },
    { args: ['explain', '/nosuch/x'] },
    { args: ['features', 'x'] },
    { args: ['doctor', '--nosuch'] },
    { args: ['install', '--nosuch'] },
    { args: ['completion', 'nosuch'] },
  ];
}

test('roots, sockets, logs, pid files and descriptors that are none are refused', async (c) => {
  await tryAll(c, await around(c), () => c.nothingLeft());
}, only);
