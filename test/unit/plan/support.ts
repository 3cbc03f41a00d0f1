// Facts of imaginary hosts and configurations for the tests of the compiler.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { habitsOf } from '../../../src/compat/habits.ts';
import type { Spec } from '../../../src/generated/config.ts';
import type { Operation, Plan } from '../../../src/generated/plan.ts';
import type { CgroupFacts, HostFacts } from '../../../src/generated/protocol.ts';
import { plainHost } from '../../support/code/plain-host.ts';
import type { Host } from '../../../src/engine/protocol.ts';
import { compile } from '../../../src/plan/compile.ts';
import type { Context, Flags } from '../../../src/plan/context.ts';
import { defaultConfig, dockerConfig } from '../../support/spec.ts';
import type { Config } from '../../support/spec.ts';
import { repository } from '../../support/paths.ts';

const v1 = ['cpu,cpuacct', 'cpuset', 'memory', 'devices', 'freezer', 'blkio', 'pids', 'name=systemd'].map((
  controllers,
) => ({
  controllers,
  mount: `/sys/fs/cgroup/${controllers.replace('name=', '')}`,
  path: controllers === 'memory' ? '/own' : '/',
}));

export const cgroups: Readonly<Record<'v1' | 'hybrid' | 'v2', CgroupFacts>> = {
  v1: { mode: 'v1', v1, v2: null },
  hybrid: { mode: 'hybrid', v1, v2: { mount: '/sys/fs/cgroup/unified', path: '/', controllers: [] } },
  v2: {
    mode: 'v2',
    v1: [],
    v2: { mount: '/sys/fs/cgroup', path: '/user.slice/session',
      controllers: ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids', 'rdma'] },
  },
};

export function facts(changes: Partial<HostFacts> = {}): HostFacts {
  return {
    kernel: '6.1.0',
    arch: 'x86_64',
    euid: 0,
    egid: 0,
    user: 'root',
    cwd: '/',
    lastCap: 40,
    capabilities: [-1, 0x1ff],
    rootless: false,
    userNamespace: false,
    cgroup: cgroups.hybrid,
    lsm: { apparmor: false, selinux: false },
    seccompCache: [],
    seccomp: { version: '2.6.0' },
    listenFds: 0,
    terminal: false,
    pageSize: 4096,
    kcore: true,
    ...changes,
  };
}

/** A host whose seccomp compiler gives back what it was asked, as JSON. */
export function host(): Host {
  return { ...plainHost(), syscallNumber: () => 0,
    seccomp: (rules): Uint8Array => new TextEncoder().encode(JSON.stringify(rules)) };
}

export function context(changes: Partial<HostFacts> = {}, flags: Partial<Flags> = {}): Context {
  return {
    facts: facts(changes),
    host: host(),
    id: 'box',
    bundle: '/bundle',
    habits: habitsOf(undefined),
    flags: { preserveFds: 0, noPivot: false, noNewKeyring: false, detach: true, cgroupManager: 'cgroupfs', ...flags },
  };
}

/** Compiles a configuration that was changed by a function. */
export function planOf(
  change: (config: Config) => void,
  changes: Partial<HostFacts> = {},
  flags: Partial<Flags> = {},
): Plan {
  const config = defaultConfig();
  change(config);
  return compile(config as unknown as Spec, context(changes, flags));
}

/** The operations of a program with a name, alternatives' first choices included. */
export function find<Op extends Operation['op']>(
  list: readonly Operation[] | undefined,
  op: Op,
): Extract<Operation, { op: Op }>[] {
  return (list ?? []).map((entry) => (entry.op === 'alt' ? entry.try : entry))
    .filter((entry): entry is Extract<Operation, { op: Op }> => entry.op === op);
}

/** Names of operations in order, alternatives by their first choice. */
export function names(list: readonly Operation[] | undefined): string[] {
  return (list ?? []).map((entry) => (entry.op === 'alt' ? entry.try.op : entry.op));
}

export function addUser(config: Config): void {
  config.linux.namespaces.push({ type: 'user' });
  config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
}

/** As podman writes it: a pod's namespaces by path, an overlay rootfs, many bind mounts. */
export function podmanConfig(): Config {
  const config = defaultConfig();
  config.root.path = '/var/lib/containers/storage/overlay/abc/merged';
  config.linux.namespaces = [
    { type: 'pid' },
    { type: 'mount' },
    { type: 'cgroup' },
    { type: 'network', path: '/run/netns/netns-1' },
    { type: 'ipc', path: '/proc/77/ns/ipc' },
    { type: 'uts', path: '/proc/77/ns/uts' },
  ];
  delete config['hostname'];
  config.linux.cgroupsPath = '/libpod_parent/libpod-box';
  config.linux.rootfsPropagation = 'slave';
  config.linux.resources = { devices: [{ allow: false, access: 'rwm' }], pids: { limit: 2048 } };
  config.linux.sysctl = { 'net.ipv4.ping_group_range': '0 0' };
  for (const file of ['hostname', 'hosts', 'resolv.conf']) {
    config.mounts.push({ destination: `/etc/${file}`, type: 'bind', source: `/run/box/${file}`,
      options: ['bind', 'rprivate'] });
  }
  config.annotations = { 'io.container.manager': 'libpod', 'io.podman.annotations.init': 'FALSE' };
  return config;
}

export { defaultConfig, dockerConfig };

/** Where the expected texts lie; `npm test` with UPDATE=1 writes them. */
const folder = join(repository, 'test/unit/plan/plans');

/** The expected text of a name; with UPDATE=1 it becomes the given one. */
export function expected(name: string, given: string): string {
  const path = join(folder, `${name}.txt`);
  if (process.env['UPDATE'] === '1') {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, given);
  }
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
