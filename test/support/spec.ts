// The config.json of the tests: what `runc spec` writes, with changes; and one as large as Docker's.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './paths.ts';

export interface Mount {
  destination: string;
  type?: string;
  source?: string;
  options?: string[];
}
export interface Namespace {
  type: string;
  path?: string;
}
export interface IdMapping {
  containerID: number;
  hostID: number;
  size: number;
}
export interface Hook {
  path: string;
  args?: string[];
  env?: string[];
  timeout?: number;
}
export interface Capabilities {
  bounding?: string[];
  effective?: string[];
  permitted?: string[];
  inheritable?: string[];
  ambient?: string[];
}
export interface Process {
  terminal?: boolean;
  consoleSize?: { height: number; width: number };
  user: { uid: number; gid: number; umask?: number; additionalGids?: number[] };
  args: string[];
  env?: string[];
  cwd: string;
  capabilities?: Capabilities;
  rlimits?: { type: string; hard: number; soft: number }[];
  noNewPrivileges?: boolean;
  oomScoreAdj?: number;
  apparmorProfile?: string;
  [key: string]: unknown;
}
export interface Linux {
  namespaces: Namespace[];
  uidMappings?: IdMapping[];
  gidMappings?: IdMapping[];
  devices?: { path: string; type: string; major?: number; minor?: number; fileMode?: number; uid?: number;
    gid?: number }[];
  cgroupsPath?: string;
  resources?: Record<string, unknown>;
  rootfsPropagation?: string;
  seccomp?: unknown;
  sysctl?: Record<string, string>;
  maskedPaths?: string[];
  readonlyPaths?: string[];
  [key: string]: unknown;
}
/** The part of the OCI runtime configuration that the tests touch. */
export interface Config {
  ociVersion: string;
  process: Process;
  root: { path: string; readonly?: boolean };
  hostname?: string;
  mounts: Mount[];
  hooks?: Record<string, Hook[]>;
  annotations?: Record<string, string>;
  linux: Linux;
  [key: string]: unknown;
}

const pseudo = ['nosuid', 'noexec', 'nodev'];

/** What `runc spec` writes, but without a terminal. */
export function defaultConfig(): Config {
  const capabilities = (): string[] => ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'];
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: ['sh'],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'TERM=xterm'],
      cwd: '/',
      capabilities: {
        bounding: capabilities(),
        effective: capabilities(),
        permitted: capabilities(),
        ambient: capabilities(),
      },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: 'rootfs', readonly: true },
    hostname: 'runc',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs',
        options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
      { destination: '/dev/pts', type: 'devpts', source: 'devpts',
        options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'] },
      { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: [...pseudo, 'mode=1777', 'size=65536k'] },
      { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: pseudo },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...pseudo, 'ro'] },
      { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [...pseudo, 'relatime', 'ro'] },
    ],
    linux: {
      resources: { devices: [{ allow: false, access: 'rwm' }] },
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'].map((type) => ({ type })),
      maskedPaths: ['/proc/acpi', '/proc/asound', '/proc/kcore', '/proc/keys', '/proc/latency_stats',
        '/proc/timer_list', '/proc/timer_stats', '/proc/sched_debug', '/sys/firmware', '/proc/scsi'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}

/** Docker's default seccomp profile for a container with Docker's default capabilities on x86-64. */
export function dockerSeccomp(): unknown {
  return JSON.parse(readFileSync(join(repository, 'schema/docker-seccomp.json'), 'utf8'));
}

/** A config of the size and kind that dockerd writes: profile, capabilities, masks, limits, annotations. */
export function dockerConfig(): Config {
  const config = defaultConfig();
  const names = ['CHOWN', 'DAC_OVERRIDE', 'FSETID', 'FOWNER', 'MKNOD', 'NET_RAW', 'SETGID', 'SETUID', 'SETFCAP',
    'SETPCAP', 'NET_BIND_SERVICE', 'SYS_CHROOT', 'KILL', 'AUDIT_WRITE'].map((name) => `CAP_${name}`);
  config.process.capabilities = { bounding: names, effective: names, permitted: names };
  config.process.noNewPrivileges = false;
  config.process.oomScoreAdj = 0;
  delete config.process.rlimits;
  config.root.readonly = false;
  config.linux.maskedPaths?.push('/proc/interrupts', '/sys/devices/virtual/powercap');
  config.linux.seccomp = dockerSeccomp();
  config.linux.sysctl = { 'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': '0 2147483647' };
  const device = (major: number, minor: number | undefined, access: string, allow = true): unknown => ({ allow,
    type: 'c', major, ...(minor === undefined ? {} : { minor }), access });
  config.linux.resources = {
    devices: [{ allow: false, access: 'rwm' }, device(1, 5, 'rwm'), device(1, 3, 'rwm'), device(1, 9, 'rwm'),
      device(1, 8, 'rwm'), device(5, 0, 'rwm'), device(5, 1, 'rwm'), device(10, 229, 'rwm', false)],
    memory: { disableOOMKiller: false },
    cpu: { shares: 0 },
    pids: { limit: 0 },
    blockIO: { weight: 0 },
  };
  return config;
}
