// Values that the specification rules out: refused, with nothing left.
import { put, refused } from '../support/refused.ts';

const kinds = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'];
const mapping = [{ containerID: 0, hostID: 100000, size: 65536 }];
const errno = (action: string): unknown => ({ names: ['getpriority'], action, errnoRet: 1 });

// The place is given where the fault lies deeper than the value that is set.
const wrong: readonly (readonly [name: string, path: string, value: unknown, place?: string])[] = [
  ['ociVersion "invalid"', 'ociVersion', 'invalid'],
  ['ociVersion "1.0"', 'ociVersion', '1.0'],
  ['ociVersion "v1.0.0"', 'ociVersion', 'v1.0.0'],
  ['a relative cwd', 'process/cwd', 'tmp'],
  ...kinds.map((kind) =>
    [`a relative path of a ${kind} hook`, `hooks/${kind}/0`, { path: 'bin/true' }, `hooks/${kind}/0/path`] as const
  ),
  ...kinds.map((kind) =>
    [`timeout 0 of a ${kind} hook`, `hooks/${kind}/0`, { path: '/bin/true', timeout: 0 },
      `hooks/${kind}/0/timeout`] as const
  ),
  ['a negative timeout of a hook', 'hooks/createRuntime/0', { path: '/bin/true', timeout: -1 },
    'hooks/createRuntime/0/timeout'],
  ['a relative masked path', 'linux/maskedPaths/0', 'proc/kcore'],
  ['a relative read-only path', 'linux/readonlyPaths/0', 'proc/sys'],
  ['a namespace twice', 'linux/namespaces/6', { type: 'ipc' }, 'linux/namespaces/6/type'],
  ['an unknown namespace', 'linux/namespaces/6', { type: 'ipcs' }, 'linux/namespaces/6/type'],
  ['a relative path of a namespace', 'linux/namespaces/2', { type: 'ipc', path: 'proc/self/ns/ipc' },
    'linux/namespaces/2/path'],
  ['a namespace path of another type', 'linux/namespaces/2', { type: 'ipc', path: '/proc/self/ns/uts' },
    'linux/namespaces/2/path'],
  ['an rlimit twice', 'process/rlimits', [1, 2].map((soft) => ({ type: 'RLIMIT_CORE', soft, hard: 2 })),
    'process/rlimits/1/type'],
  ['an unknown rlimit', 'process/rlimits/0', { type: 'RLIMIT_COREDUMP', soft: 1, hard: 1 }, 'process/rlimits/0/type'],
  ['an rlimit that is out of range', 'process/rlimits/0', { type: 'RLIMIT_CORE', soft: -1, hard: 1 },
    'process/rlimits/0/soft'],
  ['an unknown type of device', 'linux/devices/0', { type: 'x', path: '/dev/x', major: 1, minor: 3 },
    'linux/devices/0/type'],
  ['a device whose path is something else', 'linux/devices/0', { type: 'c', path: '/bin/sh', major: 1, minor: 3 },
    'linux/devices/0/path'],
  ['uidMappings of a mount without gidMappings', 'mounts/7', { destination: '/mnt', type: 'bind', source: '/tmp',
    options: ['bind', 'idmap'], uidMappings: mapping }, 'mounts/7/uidMappings'],
  ['gidMappings of a mount without uidMappings', 'mounts/7', { destination: '/mnt', type: 'bind', source: '/tmp',
    options: ['bind', 'idmap'], gidMappings: mapping }, 'mounts/7/gidMappings'],
  ['a mount type that the kernel does not know', 'mounts/7', { destination: '/mnt', type: 'nosuchfs', source: 'x' },
    'mounts/7/type'],
  ['an unknown rootfsPropagation', 'linux/rootfsPropagation', 'sharing'],
  ['a cgroupsPath with ".."', 'linux/cgroupsPath', '/../x'],
  ['a weightDevice without any weight', 'linux/resources/blockIO/weightDevice/0', { major: 8, minor: 0 }],
  ['an rdma entry without any limit', 'linux/resources/rdma/mlx5_1', {}],
  ['an unknown seccomp action', 'linux/seccomp', { defaultAction: 'SCMP_ACT_ALLOWED' }, 'linux/seccomp/defaultAction'],
  ['an unknown seccomp operator', 'linux/seccomp', { defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['getpriority'], action: 'SCMP_ACT_ERRNO',
      args: [{ index: 0, value: 1, op: 'SCMP_CMP_IS' }] }] }, 'linux/seccomp/syscalls/0/args/0/op'],
  ['a seccomp rule without names', 'linux/seccomp', { defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: [], action: 'SCMP_ACT_ERRNO' }] }, 'linux/seccomp/syscalls/0/names'],
  ...['SCMP_ACT_ALLOW', 'SCMP_ACT_KILL', 'SCMP_ACT_TRAP', 'SCMP_ACT_LOG'].map((action) =>
    [`errnoRet of a rule with ${action}`, 'linux/seccomp', { defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [errno(action)] }, 'linux/seccomp/syscalls/0/errnoRet'] as const
  ),
  ['defaultErrnoRet with SCMP_ACT_ALLOW', 'linux/seccomp', { defaultAction: 'SCMP_ACT_ALLOW', defaultErrnoRet: 1 },
    'linux/seccomp/defaultErrnoRet'],
  ['listenerMetadata without listenerPath', 'linux/seccomp', { defaultAction: 'SCMP_ACT_ALLOW', listenerMetadata: 'x' },
    'linux/seccomp/listenerMetadata'],
  ['memBwSchema that does not begin with "MB:"', 'linux/intelRdt', { memBwSchema: 'L3:0=f' },
    'linux/intelRdt/memBwSchema'],
  ['memBwSchema with a newline', 'linux/intelRdt', { memBwSchema: 'MB:0=20\nMB:1=20' }, 'linux/intelRdt/memBwSchema'],
  ['intelRdt.schemata with a newline', 'linux/intelRdt', { schemata: ['L3:0=f\nL3:1=f'] }, 'linux/intelRdt/schemata/0'],
  ['annotations that are a list', 'annotations', ['a']],
  ['an annotation that is no text', 'annotations', { a: 1 }, 'annotations/a'],
  ['an annotation without a name', 'annotations', { '': 'x' }, 'annotations/'],
  ['oomScoreAdj 1001', 'process/oomScoreAdj', 1001],
];

for (const [name, path, value, place = path] of wrong) refused(name, place, (config) => put(config, path, value));
