import { test } from 'tap';
import type { Validate } from '../../../src/generated/validate.ts';
import { validateConfig as config, validateProcess as process } from '../../../src/generated/validate-config.ts';
import { validateFeatures as features } from '../../../src/generated/validate-features.ts';
import { validateState as state } from '../../../src/generated/validate-state.ts';
import { Inexact } from '../../../src/spec/parse/value.ts';

/** Values that are valid, and values with the pointer and keyword of their fault. */
function verdicts(name: string, validate: Validate, good: readonly unknown[], bad: readonly [unknown, string][]): void {
  void test(name, (t) => {
    for (const value of good) t.ok(validate(value), JSON.stringify(value, big));
    for (const [value, fault] of bad) {
      t.notOk(validate(value), JSON.stringify(value, big));
      const found = (validate.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`);
      t.ok(found.includes(fault), `${fault}: ${found.join(', ')}`);
    }
    t.end();
  });
}

function big(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

const ociVersion = '1.3.0';
const linux = (value: object): object => ({ ociVersion, linux: value });
const resources = (value: object): object => linux({ resources: value });
const seccomp = (value: object): object => linux({ seccomp: { defaultAction: 'SCMP_ACT_ALLOW', ...value } });

verdicts('config', config as Validate, [
  { ociVersion },
  { ociVersion: '', unknown: { anything: [1] } },
  { ociVersion, root: { path: 'r' }, process: { cwd: '/' }, mounts: [{ destination: 'x' }], hooks: {},
    annotations: {} },
  { ociVersion, windows: 5, vm: [], zos: {}, freebsd: null, solaris: 'x' },
  linux({ namespaces: [{ type: 'time', path: '/x' }], netDevices: { eth0: {}, eth1: { name: 'x' } },
    timeOffsets: { boottime: { secs: -5n, nanosecs: 1 } } }),
  linux({
    devices: [{ type: 'p', path: '/x' }, { type: 'b', path: '/y', major: 9223372036854775807n, minor: -1,
      fileMode: 8630 }],
  }),
  resources({ pids: {}, rdma: { mlx5: { hcaHandles: 1 } },
    hugepageLimits: [{ pageSize: '1GB', limit: 18446744073709551615n }] }),
  resources({ network: { classID: 4294967295, priorities: [{ name: 'a', priority: 0 }] }, unified: { a: 'b' },
    devices: [{ allow: true, type: '' }] }),
  resources({
    blockIO: { weightDevice: [{ major: 1, minor: 2 }],
      throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 18446744073709551615n }] },
  }),
  linux({ memoryPolicy: { mode: 'MPOL_LOCAL', flags: [] }, personality: { domain: 'LINUX32' },
    intelRdt: { memBwSchema: 'MB:0=20' } }),
  linux({ rootfsPropagation: 'rslave' }),
  linux({ rootfsPropagation: '' }),
  seccomp({
    syscalls: [{ names: ['a'], action: 'SCMP_ACT_LOG',
      args: [{ index: 0, value: 18446744073709551615n, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }] }],
  }),
], [[{ ociVersion, annotations: new Inexact('0.5') }, '/annotations type'], [{ ociVersion,
  hooks: new Inexact('1e400') }, '/hooks type'], [{}, ' required'], [[], ' type'], [null, ' type'], [{ ociVersion: 1 },
  '/ociVersion type'], [{ ociVersion: null }, '/ociVersion type'], [{ ociVersion, root: {} }, '/root required'], [{
  ociVersion,
  mounts: {},
}, '/mounts type'], [{ ociVersion, mounts: [{}] }, '/mounts/0 required'], [{ ociVersion, annotations: { 'a/b': 5 } },
  '/annotations/a~1b type'], [{ ociVersion, hooks: { poststop: [{ path: 'x', timeout: 0 }] } },
  '/hooks/poststop/0/timeout minimum'], [linux({ namespaces: [{ type: 'net' }] }), '/linux/namespaces/0/type enum'], [
  linux({ namespaces: [{}] }),
  '/linux/namespaces/0 required',
], [linux({ netDevices: { eth0: { name: 5 } } }), '/linux/netDevices/eth0/name type'], [
  linux({ devices: [{ type: 'x', path: '/x' }] }),
  '/linux/devices/0/type enum',
], [linux({ devices: [{ type: 'c' }] }), '/linux/devices/0 required'], [
  linux({ devices: [{ type: 'c', path: '/x', major: 9223372036854775808n }] }),
  '/linux/devices/0/major x-int',
], [linux({ uidMappings: [{ containerID: 0, hostID: 0 }] }), '/linux/uidMappings/0 required'], [
  linux({ uidMappings: [{ containerID: 0, hostID: 0, size: 4294967296 }] }),
  '/linux/uidMappings/0/size maximum',
], [resources({ hugepageLimits: [{ pageSize: '2mb', limit: 0 }] }),
  '/linux/resources/hugepageLimits/0/pageSize pattern'], [resources({ memory: { limit: new Inexact('1e9') } }),
  '/linux/resources/memory/limit x-int'], [resources({ memory: { limit: 9007199254740993 } }),
  '/linux/resources/memory/limit x-int'], [resources({ blockIO: { weight: 70000 } }),
  '/linux/resources/blockIO/weight maximum'], [resources({ rdma: { a: { hcaObjects: -1 } } }),
  '/linux/resources/rdma/a/hcaObjects minimum'], [resources({ devices: [{ type: 'x', allow: true }] }),
  '/linux/resources/devices/0/type enum'], [resources({ devices: [{}] }), '/linux/resources/devices/0 required'], [
  linux({ seccomp: {} }),
  '/linux/seccomp required',
], [seccomp({ architectures: ['x86'] }), '/linux/seccomp/architectures/0 enum'], [seccomp({ flags: ['X'] }),
  '/linux/seccomp/flags/0 enum'], [seccomp({ syscalls: [{ names: [], action: 'SCMP_ACT_LOG' }] }),
  '/linux/seccomp/syscalls/0/names minItems'], [
  seccomp({
    syscalls: [{ names: ['a'], action: 'SCMP_ACT_LOG', args: [{ index: 0, value: -1, op: 'SCMP_CMP_EQ' }] }],
  }),
  '/linux/seccomp/syscalls/0/args/0/value x-int',
]]);

verdicts('process', process as Validate, [
  { cwd: '/' },
  { cwd: '', args: [], env: [], user: {}, capabilities: {}, rlimits: [] },
  { cwd: '/', rlimits: [{ type: 'RLIMIT_RTTIME', soft: 0, hard: 18446744073709551615n }],
    scheduler: { policy: 'SCHED_IDLE' }, ioPriority: { class: 'IOPRIO_CLASS_IDLE' } },
], [
  [{}, ' required'],
  [{ cwd: 5 }, '/cwd type'],
  [{ cwd: '/', args: [1] }, '/args/0 type'],
  [{ cwd: '/', user: { uid: '0' } }, '/user/uid type'],
  [{ cwd: '/', user: { uid: 5n } }, '/user/uid type'],
  [{ cwd: '/', rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1 }] }, '/rlimits/0 required'],
  [{ cwd: '/', consoleSize: { height: 5 } }, '/consoleSize required'],
  [{ cwd: '/', oomScoreAdj: 1001 }, '/oomScoreAdj maximum'],
  [{ cwd: '/', execCPUAffinity: { initial: 'a' } }, '/execCPUAffinity/initial pattern'],
  [{ cwd: '/', scheduler: {} }, '/scheduler required'],
]);

verdicts('state', state as Validate, [
  { ociVersion, id: 'a', status: 'running', pid: 5, bundle: '/b', annotations: { a: 'b' } },
  { ociVersion, id: 'a', status: 'stopped', bundle: '/b' },
], [
  [{ ociVersion, id: 'a', status: 'gone', bundle: '/b' }, '/status enum'],
  [{ ociVersion, id: 'a', status: 'created' }, ' required'],
  [{ ociVersion, id: 'a', status: 'created', bundle: '/b', pid: -1 }, '/pid minimum'],
]);

verdicts('features', features as Validate, [
  { ociVersionMin: '1.0.0', ociVersionMax: '1.3.0' },
  {
    ociVersionMin: '1.0.0',
    ociVersionMax: '1.3.0',
    hooks: ['prestart'],
    mountOptions: ['ro'],
    linux: { namespaces: ['pid'], capabilities: ['CAP_BPF'], cgroup: { v1: true },
      seccomp: { enabled: true, actions: ['SCMP_ACT_LOG'] }, mountExtensions: { idmap: { enabled: false } } },
  },
], [
  [{ ociVersionMin: '1.0.0' }, ' required'],
  [{ ociVersionMin: '1', ociVersionMax: '1', linux: { capabilities: ['chown'] } }, '/linux/capabilities/0 pattern'],
]);
