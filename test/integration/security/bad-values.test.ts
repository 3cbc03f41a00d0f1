// Values of config.json that are none, as a table: each is refused with its place, and leaves nothing.
import { assert, test } from '../../support/case.ts';
import { refused } from './refusal.ts';

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
}, { only: 'veloci' });
