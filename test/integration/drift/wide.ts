// A second configuration, with the properties that the first one (large.ts) does not have.
import { execFileSync } from 'node:child_process';
import { unified } from '../../support/case.ts';
import type { Config, Mount } from '../../support/spec.ts';

const ip = (...args: string[]): void => {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
};

/** The network device of the next container: that of the one before ends with it, but not at once. */
export function addDevice(): void {
  try {
    ip('link', 'delete', 'pvdrift');
  } catch { /* there is none */ }
  ip('link', 'add', 'vdrift', 'type', 'veth', 'peer', 'name', 'pvdrift');
}

/** Mounts by what their changes are called. */
export const mountsOf = (data: string): Readonly<Record<string, Mount>> => ({
  nodev: { destination: '/data', type: 'bind', source: data, options: ['bind', 'nodev', 'noatime', 'nosymfollow'] },
  shared: { destination: '/shared', type: 'bind', source: data, options: ['bind', 'shared'] },
  strict: { destination: '/strict', type: 'tmpfs', source: 'tmpfs',
    options: ['strictatime', 'nodiratime', 'mode=750', 'nr_inodes=100', 'private'] },
  outer: { destination: '/outer', type: 'tmpfs', source: 'outer', options: ['size=1m'] },
  inner: { destination: '/outer/inner', type: 'tmpfs', source: 'inner', options: ['size=2m'] },
  mapped: { destination: '/mapped', type: 'bind', source: data, options: ['bind', 'idmap'],
    uidMappings: [{ containerID: 0, hostID: 500, size: 10 }],
    gidMappings: [{ containerID: 0, hostID: 600, size: 10 }] } as Mount,
  lower: { destination: '/twice', type: 'tmpfs', source: 'lower', options: ['size=1m'] },
  upper: { destination: '/twice', type: 'tmpfs', source: 'upper', options: ['size=2m'] },
});

export const firstMount = 7;

/** Fills a configuration. The container's device is that of addDevice, its UTS namespace the one of a path. */
export function widen(config: Config, data: string, namespace: string): void {
  const { process, linux } = config;
  process.args = ['/probe', 'pause'];
  process.rlimits = [{ type: 'RLIMIT_NPROC', soft: 100, hard: 200 }, { type: 'RLIMIT_STACK', soft: 1 << 20,
    hard: 1 << 21 }, { type: 'RLIMIT_FSIZE', soft: 1 << 30, hard: 1 << 30 }];
  process.oomScoreAdj = 100;
  process['scheduler'] = { policy: 'SCHED_OTHER', nice: 3, flags: ['SCHED_FLAG_RESET_ON_FORK'] };
  process['ioPriority'] = { class: 'IOPRIO_CLASS_IDLE', priority: 0 };
  process.capabilities = { bounding: ['CAP_CHOWN'], effective: ['CAP_CHOWN'], permitted: ['CAP_CHOWN'] };
  config.root.readonly = false;
  config.mounts = [...(config.mounts ?? []), ...Object.values(mountsOf(data))];
  const proc = config.mounts.find(({ destination }) => destination === '/proc')!;
  proc.options = ['hidepid=2'];
  linux['netDevices'] = { vdrift: { name: 'eth0' } };
  linux['memoryPolicy'] = { mode: 'MPOL_BIND', nodes: '0' };
  linux.namespaces = [...['pid', 'network', 'ipc', 'mount', 'cgroup'].map((type) => ({ type })), { type: 'uts',
    path: namespace }];
  delete config.hostname;
  linux.devices = [{ path: '/dev/loop9', type: 'b', major: 7, minor: 9, fileMode: 0o600, uid: 0, gid: 0 }, {
    path: '/dev/queue',
    type: 'p',
    fileMode: 0o622,
    uid: 3,
    gid: 4,
  }];
  linux.sysctl = { 'fs.mqueue.msg_max': '20', 'kernel.shm_rmid_forced': '1', 'net.core.somaxconn': '200',
    'net.ipv4.ip_local_port_range': '20000 30000', 'kernel.sem': '250 32000 32 128',
    'net.ipv4.conf.eth0.forwarding': '1' };
  linux.maskedPaths = ['/proc/swaps', '/proc/fs'];
  linux.readonlyPaths = ['/proc/irq'];
  linux['rootfsPropagation'] = 'slave';
  linux.resources = {
    devices: [{ allow: false, access: 'rwm' }, { allow: true, type: 'b', major: 7, access: 'rm' }],
    ...(unified ? {} : {
      memory: { limit: 67108864, swap: 134217728, disableOOMKiller: true },
      cpu: { cpus: '0', mems: '0' },
      blockIO: { throttleReadBpsDevice: [{ major: 7, minor: 0, rate: 1048576 }] },
    }),
    ...(unified ? { unified: { 'cgroup.max.depth': '7', 'cgroup.max.descendants': '9' } } : {}),
  };
}
