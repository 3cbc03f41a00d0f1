// Configurations to begin with.
import type { Mount, Spec } from '../generated/config.ts';
import { maskedPaths, readonlyPaths } from './default-paths.ts';
import { readDockerProfile } from './seccomp/docker-profile.ts';
import { specVersion } from './version.ts';

const capabilities = (): string[] => ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'];
const quiet = ['nosuid', 'noexec', 'nodev'];

/** `sh` in a container with namespaces of its own, read-only and with few rights. */
export function defaultSpec(): Spec {
  return {
    ociVersion: specVersion,
    process: {
      terminal: true,
      user: { uid: 0, gid: 0 },
      args: ['sh'],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'TERM=xterm'],
      cwd: '/',
      capabilities: { bounding: capabilities(), effective: capabilities(), permitted: capabilities() },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: 'rootfs', readonly: true },
    hostname: 'veloci',
    mounts: defaultMounts(),
    linux: {
      resources: { devices: [{ allow: false, access: 'rwm' }] },
      namespaces: [{ type: 'pid' }, { type: 'network' }, { type: 'ipc' }, { type: 'uts' }, { type: 'mount' }],
      maskedPaths: [...maskedPaths],
      readonlyPaths: [...readonlyPaths],
    },
  };
}

function defaultMounts(): Mount[] {
  return [
    { destination: '/proc', type: 'proc', source: 'proc' },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: [...quiet, 'mode=1777', 'size=65536k'] },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: quiet },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...quiet, 'ro'] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [...quiet, 'relatime', 'ro'] },
  ];
}

/** Capabilities of a Docker container that asks for none. */
const dockerCapabilities = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

/** What Docker gives a container of programs of this machine without flags: capabilities, seccomp profile, paths, a writable root. */
export function likeDocker(config: Spec, machine: string): void {
  const process = config.process!;
  process.capabilities = { bounding: dockerCapabilities, effective: dockerCapabilities, permitted: dockerCapabilities };
  process.noNewPrivileges = false;
  delete process.rlimits;
  config.root = { path: 'rootfs', readonly: false };
  const linux = config.linux!;
  linux.seccomp = readDockerProfile(machine);
  linux.maskedPaths = [...maskedPaths, '/proc/interrupts', '/sys/devices/virtual/powercap'];
}

/** A user namespace in which the caller is root, and nothing that needs more rights. */
export function makeRootless(config: Spec, uid: number, gid: number): void {
  const linux = config.linux!;
  linux.uidMappings = [{ containerID: 0, hostID: uid, size: 1 }];
  linux.gidMappings = [{ containerID: 0, hostID: gid, size: 1 }];
  linux.namespaces!.push({ type: 'user' });
  delete linux.resources;
  for (const mount of config.mounts!) {
    if (mount.options === undefined) continue;
    mount.options = mount.options.filter((option) => !option.startsWith('gid=') && !option.startsWith('uid='));
  }
}
