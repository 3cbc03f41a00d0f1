// Properties that the specification calls REQUIRED: a configuration without one is refused, and the same with it is
// what the other tests run.
import { put, refused } from '../support/refused.ts';

const hook = { path: '/bin/true' };
const mapping = { containerID: 0, hostID: 100000, size: 65536 };
const rate = { major: 8, minor: 0, rate: 1000 };
const rule = { names: ['getpriority'], action: 'SCMP_ACT_ERRNO', args: [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }] };

/** Where a valid object is put, the object, and what is required of it. */
const objects: readonly (readonly [path: string, value: object, required: readonly string[]])[] = [
  ['mounts/7', { destination: '/mnt', type: 'tmpfs', source: 'tmpfs' }, ['destination']],
  ['process/rlimits/0', { type: 'RLIMIT_CORE', soft: 1, hard: 1 }, ['type', 'soft', 'hard']],
  ['process/scheduler', { policy: 'SCHED_OTHER', nice: 1 }, ['policy']],
  ['process/ioPriority', { class: 'IOPRIO_CLASS_BE', priority: 4 }, ['class']],
  ...['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'].map((kind) =>
    [`hooks/${kind}/0`, hook, ['path']] as const
  ),
  ['linux/namespaces/0', { type: 'pid' }, ['type']],
  ['linux/uidMappings/0', mapping, ['containerID', 'hostID', 'size']],
  ['linux/gidMappings/0', mapping, ['containerID', 'hostID', 'size']],
  ['linux/devices/0', { type: 'c', path: '/dev/x', major: 1, minor: 3 }, ['type', 'path', 'major', 'minor']],
  ['linux/resources/devices/0', { allow: true, type: 'c', access: 'rwm' }, ['allow']],
  ['linux/resources/blockIO/weightDevice/0', { major: 8, minor: 0, weight: 100 }, ['major', 'minor']],
  ...['throttleReadBpsDevice', 'throttleWriteBpsDevice', 'throttleReadIOPSDevice', 'throttleWriteIOPSDevice'].map((
    name,
  ) => [`linux/resources/blockIO/${name}/0`, rate, ['major', 'minor', 'rate']] as const),
  ['linux/resources/hugepageLimits/0', { pageSize: '2MB', limit: 1 }, ['pageSize', 'limit']],
  ['linux/resources/network/priorities/0', { name: 'lo', priority: 1 }, ['name', 'priority']],
  ['linux/memoryPolicy', { mode: 'MPOL_BIND', nodes: '0' }, ['mode']],
  ['linux/seccomp', { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] }, ['defaultAction']],
];

for (const [path, value, required] of objects) {
  for (const name of required) {
    refused(`${path.replaceAll(/\/\d+/g, '[]').replaceAll('/', '.')} without ${name}`, path, (config) => {
      const object = structuredClone(value) as Record<string, unknown>;
      delete object[name];
      put(config, path, object);
    }, name);
  }
}

for (const name of ['names', 'action'] as const) {
  refused(`linux.seccomp.syscalls[] without ${name}`, 'linux/seccomp/syscalls/0', (config) => {
    const { [name]: _, ...rest } = rule;
    put(config, 'linux/seccomp', { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rest] });
  }, name);
}

for (const name of ['index', 'value', 'op'] as const) {
  refused(`linux.seccomp.syscalls[].args[] without ${name}`, 'linux/seccomp/syscalls/0/args/0', (config) => {
    const { [name]: _, ...rest } = rule.args[0]!;
    put(config, 'linux/seccomp', { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ ...rule, args: [rest] }] });
  }, name);
}

for (const name of ['height', 'width']) {
  refused(`process.consoleSize without ${name}`, 'process/consoleSize', (config) => {
    const size: Record<string, number> = { height: 10, width: 20 };
    delete size[name];
    put(config, 'process/consoleSize', size);
  }, name);
}

refused('no ociVersion', '', (config) => put(config, 'ociVersion', undefined), 'ociVersion');
refused('no root', '', (config) => put(config, 'root', undefined), 'root');
refused('root without path', 'root', (config) => put(config, 'root', {}), 'path');
refused('process without cwd', 'process', (config) => put(config, 'process/cwd', undefined), 'cwd');
refused('process.args without an entry', 'process/args', (config) => put(config, 'process/args', []));
