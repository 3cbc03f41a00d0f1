// The configuration of a sandbox: nothing of the host but the files of its root, which it cannot change.
import type { Mount, Rlimit, Spec } from '../generated/config.ts';
import type { HostFacts } from '../generated/protocol.ts';
import { acceptance } from '../audit/types.ts';
import { annotationNames } from '../plan/annotations.ts';
import { maskedPaths, readonlyPaths } from '../spec/default-paths.ts';
import { specVersion } from '../spec/version.ts';
import type { IdMap } from './ids.ts';
import { sandboxProfile } from './seccomp.ts';

/** What a sandbox may use; sizes in bytes. */
export interface Sizes {
  readonly memory: number;
  /** Share of processors: 0.5 is half of one. */
  readonly cpus: number;
  readonly processes: number;
  /** Of all files that it makes. */
  readonly disk: number;
  /** How many files. */
  readonly inodes: number;
}

/** How limits can be set here. */
export type Means = 'cgroup' | 'rlimit';

export interface ConfigOptions {
  readonly rootfs: string;
  /** Further layers above the rootfs, lowest first. */
  readonly layers: readonly string[];
  readonly sizes: Sizes;
  readonly means: Means;
  readonly ids: IdMap;
  readonly facts: HostFacts;
  readonly work: string;
  readonly kills: boolean;
}

/** What is different from run to run. */
export interface Program {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
}

const quiet = ['nosuid', 'noexec', 'nodev'];
/** Period of the processor's quota, in microseconds. */
const period = 100_000;
const shm = 16 << 20;
/** Init stays above the program. */
const firstProcess = 1;

function mounts(sizes: Sizes): Mount[] {
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: quiet },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs',
      options: ['nosuid', 'noexec', 'strictatime', 'mode=755', 'size=64k', 'nr_inodes=64', 'ro'] },
    { destination: '/dev/pts', type: 'devpts', source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'max=16'] },
    { destination: '/dev/shm', type: 'tmpfs', source: 'shm',
      options: [...quiet, 'mode=1777', `size=${Math.min(shm, sizes.disk)}`, 'nr_inodes=1024'] },
  ];
}

/** Limits that every process has for itself. */
function rlimits({ memory, processes, disk }: Sizes, means: Means): Rlimit[] {
  const limit = (type: Rlimit['type'], value: number): Rlimit => ({ type, soft: value, hard: value });
  const own = means === 'cgroup' ? [] : [limit('RLIMIT_AS', memory), limit('RLIMIT_NPROC', processes + firstProcess)];
  return [...own, limit('RLIMIT_CORE', 0), limit('RLIMIT_NOFILE', 1024), limit('RLIMIT_FSIZE', disk),
    limit('RLIMIT_MEMLOCK', 64 << 10), limit('RLIMIT_MSGQUEUE', 0), limit('RLIMIT_SIGPENDING', 1024),
    limit('RLIMIT_NICE', 0), limit('RLIMIT_RTPRIO', 0)];
}

/** A colon in a path, for a list of paths. */
const escaped = (path: string): string => path.replaceAll(/[:\\]/g, '\\$&');

/** config.json of a sandbox that runs this program. */
export function sandboxConfig(options: ConfigOptions, program: Program): Spec {
  const { rootfs, layers, sizes, means, ids, facts, work, kills } = options;
  const none: string[] = [];
  const { memory, cpus, processes } = sizes;
  return {
    ociVersion: specVersion,
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: [...program.args],
      env: [...program.env],
      cwd: program.cwd,
      capabilities: { bounding: none, effective: none, permitted: none, inheritable: none, ambient: none },
      rlimits: rlimits(sizes, means),
      noNewPrivileges: true,
      // Before anything of the host.
      oomScoreAdj: 1000,
    },
    root: { path: rootfs },
    hostname: 'sandbox',
    mounts: mounts(sizes),
    annotations: {
      [annotationNames.init]: '1',
      [annotationNames.layerSize]: String(sizes.disk),
      [annotationNames.layerInodes]: String(sizes.inodes),
      [annotationNames.layerFolders]: [...new Set([work, '/tmp'])].map(escaped).join(':'),
      ...(means === 'rlimit' ? {} : { [`${acceptance}rlimits-unset`]: 'pids.limit holds for all of its processes' }),
      ...(layers.length === 0 ? {} : { [annotationNames.layerLower]: layers.map(escaped).join(':') }),
    },
    linux: {
      namespaces: ['user', 'pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'].map((type) => ({ type })),
      uidMappings: [{ containerID: 0, hostID: ids.uid, size: ids.count }],
      gidMappings: [{ containerID: 0, hostID: ids.gid, size: ids.count }],
      ...(means === 'rlimit' ? {} : {
        resources: {
          memory: { limit: memory, swap: memory },
          pids: { limit: processes + firstProcess },
          cpu: { quota: Math.round(cpus * period), period },
        },
      }),
      maskedPaths: [...maskedPaths, '/proc/interrupts'],
      readonlyPaths: [...readonlyPaths],
      seccomp: sandboxProfile(facts.arch, kills),
    },
  } as Spec;
}
