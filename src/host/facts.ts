// What a plan may depend on besides the configuration: facts about the host and the caller. native/host/facts.cc
// writes them as JSON text; the library gets the same text from the addon.

/** One mounted cgroup v1 hierarchy. */
export interface CgroupV1 {
  /** Controllers of the hierarchy, as in its mount options: `cpu,cpuacct`, or `name=systemd`. */
  readonly controllers: string;
  /** Absolute mount point. */
  readonly mount: string;
  /** The caller's cgroup below the mount point: `/` or `/a/b`; `/` too when it lies outside of the mount. */
  readonly path: string;
  /** Whether the caller may make cgroups below its own; for `doctor` alone. */
  readonly writable?: boolean;
}

/** The mounted cgroup v2 hierarchy. */
export interface CgroupV2 {
  readonly mount: string;
  /** The caller's cgroup below the mount point, as in {@link CgroupV1}. */
  readonly path: string;
  /** Controllers of the hierarchy's root (cgroup.controllers); empty on a hybrid host. */
  readonly controllers: readonly string[];
  /** As in {@link CgroupV1}. */
  readonly writable?: boolean;
  /** Controllers of the caller's own cgroup; for `doctor` alone. */
  readonly available?: readonly string[];
}

export interface CgroupFacts {
  /** v1: no v2 hierarchy; hybrid: v2 is mounted beside v1 controllers; v2: v2 alone; none: nothing is mounted. */
  readonly mode: 'v1' | 'hybrid' | 'v2' | 'none';
  readonly v1: readonly CgroupV1[];
  readonly v2: CgroupV2 | null;
}

/** A range of subordinate ids: first id, count (subuid(5)). */
export type IdRange = readonly [start: number, count: number];

/** Facts about the host and the caller. Pure data; a plan is a function of the configuration and these. */
export interface HostFacts {
  /** Release of the kernel (uname(2)): `6.18.44`, perhaps with a suffix. */
  readonly kernel: string;
  /** Machine of uname(2): `x86_64`, `aarch64`. */
  readonly arch: string;
  /** Effective ids of the caller. */
  readonly euid: number;
  readonly egid: number;
  /** Name of the effective user in the host's /etc/passwd, or `#` and the number. */
  readonly user: string;
  /** Absolute current directory; empty when it has none. */
  readonly cwd: string;
  /** Number of the last capability that the kernel knows (capabilities(7)). */
  readonly lastCap: number;
  /** Permitted capabilities: bits 0 to 31, bits 32 to 63. */
  readonly capabilities: readonly [low: number, high: number];
  /** True when the caller is not root of the initial user namespace. */
  readonly rootless: boolean;
  /** True when the caller is in a user namespace that is not the initial one. */
  readonly userNamespace: boolean;
  readonly cgroup: CgroupFacts;
  readonly lsm: { readonly apparmor: boolean; readonly selinux: boolean };
  /** Names of the filters in ROOT/.cache/seccomp: SHA-256 of the profile, a dash, SHA-256 of the program. */
  readonly seccompCache: readonly string[];
  readonly seccomp: { /** Version of libseccomp. */ readonly version: string };
  /** LISTEN_FDS of the caller (sd_listen_fds(3)), 0 when it is absent or meant for another process. */
  readonly listenFds: number;
  /** NOTIFY_SOCKET of the caller (sd_notify(3)), when it is an absolute path. */
  readonly notifySocket?: string;
  /** Whether standard error is a terminal. */
  readonly terminal: boolean;
  /** Bytes of a page. */
  readonly pageSize: number;
  /** $XDG_RUNTIME_DIR when it is absolute; only there when `rootless`. */
  readonly runtimeDir?: string;
  /** The caller's uid as the parent of its user namespace sees it; only there in a user namespace. */
  readonly ownerUid?: number;
  /** Subordinate ids of the caller; only there when `rootless`. */
  readonly subids?: { readonly uid: readonly IdRange[]; readonly gid: readonly IdRange[] };
}
