// Files of the host, and views of the kernel, in the container's tree.
import type { Rules } from '../types.ts';

export const fileRules = {
  'root-of-host': {
    risk: 'critical',
    message: "the root file system is {path}, a directory of the host's own system",
    why:
      "the files of the host are the container's: it reads secrets and, unless all is read-only, changes programs that the host runs",
    remedy: 'give root.path a directory of its own, made for this container',
    references: ['pivot_root(2)'],
  },
  'root-writable': {
    risk: 'low',
    message: 'the root file system is writable',
    why: 'an attacker keeps tools and changed programs in it, and fills the disk of the host',
    remedy: 'set root.readonly to true, with a tmpfs of a limited size for /tmp and /run',
    references: ['mount_setattr(2)'],
  },
  'engine-socket': {
    risk: 'critical',
    confined: 'high',
    message: '{source}, the socket of {name}, is in the container',
    why:
      'who can write to it starts a container that has all of the host, or reads the secrets of all others; read-only mounts do not help',
    remedy: 'remove the mount; where an agent needs it, put a proxy with an allow list in between',
    references: ['unix(7)'],
  },
  'host-path': {
    risk: 'high',
    confined: 'medium',
    message: '{source} of the host is in the container{access}: {what}',
    why: '{why}',
    remedy: 'bind only the file or the directory that is needed, read-only',
    references: ['mount(2)'],
  },
  'writable-bind': {
    risk: 'low',
    message: '{source} of the host is writable in the container',
    why:
      'what the host or another container reads from there is what an attacker writes: programs, set-user-id files, symbolic links',
    remedy: 'add "ro" to its options, or mount a file system that is the container\'s own',
    references: ['mount_setattr(2)', 'CVE-2017-1002101'],
  },
  'shared-propagation': {
    risk: 'high',
    confined: 'medium',
    message: 'mounts that are made in {where} appear on the host',
    why: 'with CAP_SYS_ADMIN it mounts over files of the host, and keeps mounts of the host from being removed',
    remedy: 'use "rslave" or "rprivate"',
    references: ['mount_namespaces(7)'],
  },
  'mount-suid': {
    risk: 'low',
    message: 'the mount at {destination} lacks nosuid',
    why: 'set-user-id files that are put there change the user, in the container or, through a bind, on the host',
    remedy: 'add "nosuid" to its options',
    references: ['mount(8)'],
  },
  'mount-dev': {
    risk: 'low',
    confined: 'none',
    message: 'the mount at {destination} lacks nodev',
    why: 'device nodes that are put there work as far as the device rules let them',
    remedy: 'add "nodev" to its options',
    references: ['mount(8)'],
  },
  'mount-in-procfs': {
    risk: 'medium',
    message: 'a mount lies on {destination}, below {below}',
    why: 'what covers files of the kernel deceives programs that trust them, and runtimes that write to them',
    remedy: 'mount it elsewhere; only lxcfs has reasons to cover files of /proc',
    references: ['CVE-2019-16884', 'CVE-2023-27561'],
  },
  'second-procfs': {
    risk: 'medium',
    confined: 'low',
    message: 'a second procfs is mounted at {destination}',
    why:
      'maskedPaths and readonlyPaths cover /proc alone: kcore, sysrq-trigger and sys/kernel/core_pattern are open there',
    remedy: 'remove the mount',
    references: ['proc(5)'],
  },
  'procfs-unmasked': {
    risk: 'medium',
    confined: 'low',
    message: 'linux.maskedPaths lacks {paths}',
    why: 'these files tell of the kernel and of other containers: memory, keys, timers, devices',
    remedy: 'add {paths} to linux.maskedPaths',
    references: ['proc(5)'],
  },
  'procfs-writable': {
    risk: 'high',
    confined: 'low',
    message: 'linux.readonlyPaths lacks {paths}',
    why:
      'root writes settings of the host there: sys/kernel/core_pattern names a program that the host runs, sysrq-trigger restarts it',
    remedy: 'add {paths} to linux.readonlyPaths',
    references: ['core(5)', 'proc(5)'],
  },
  'sysfs-writable': {
    risk: 'high',
    confined: 'low',
    message: 'sysfs is writable at {destination}',
    why: 'root sets kernel/uevent_helper, a program that the host runs, and changes devices and power',
    remedy: 'add "ro" to its options',
    references: ['sysfs(5)'],
  },
  'cgroup-writable': {
    risk: 'medium',
    confined: 'low',
    message: 'the cgroups are writable at {destination}',
    why: 'root raises its own limits; on cgroup v1 a release_agent is a program that the host runs',
    remedy: 'add "ro" to its options',
    references: ['cgroups(7)', 'CVE-2022-0492'],
  },
  'cgroup-of-host-writable': {
    risk: 'high',
    confined: 'medium',
    message: 'the cgroups are writable at {destination}, and there is no cgroup namespace',
    why:
      'root of the container changes limits and device rules of all others and, on cgroup v1, sets a release_agent that the host runs',
    remedy: 'add "ro" to its options, and {"type": "cgroup"} to linux.namespaces',
    references: ['cgroup_namespaces(7)', 'CVE-2022-0492', 'CVE-2023-25809'],
  },
  'kernel-file-system': {
    risk: 'high',
    confined: 'low',
    message: 'a {type} is mounted at {destination}',
    why: "it shows or changes the inside of the host's kernel: tracing, debugging, programs that are loaded",
    remedy: 'remove the mount',
    references: ['mount(2)'],
  },
  'working-directory': {
    risk: 'high',
    message: 'the working directory is {path}',
    why: 'a descriptor that a runtime forgets there leads to the directories of the host',
    remedy: 'set process.cwd to a directory of the root file system',
    references: ['CVE-2024-21626'],
  },
} as const satisfies Rules;
