import type { Entries } from '../types.ts';

/** E05xx: what this host or the rootfs lacks. */
export const host = {
  procMissing: { code: 'E0515', native: true, message: 'cannot read /proc ({errno})',
    hint: 'it must be that of this pid namespace: "mount -t proc proc /proc"' },
  kernelTooOld: { code: 'E0503', message: 'kernel {version} is too old',
    hint: 'veloci needs Linux {needed} or newer; see "veloci doctor"' },
  notifyWrite: { code: 'E0531', message: 'SCMP_ACT_NOTIFY cannot be used for the write syscall',
    hint: 'remove the rule; runc refuses it, too, and under its own name veloci accepts it' },
  cgroupMissing: { code: 'E0505', message: 'no cgroup hierarchy with the controller "{controller}" is mounted',
    hint: 'remove {name}, or mount the controller' },
  cgroupVersion: { code: 'E0506', message: '{name} has no equivalent on cgroup {version}', hint: '{remedy}' },
  deviceHole: {
    code: 'E0516',
    message: 'cgroup v1 cannot {verb} "{rule}" while "{wildcard}" is {verbed}',
    hint: 'write rules for single devices in place of the wider one, or use cgroup v2',
  },
  seccompCompile: {
    code: 'E0508',
    message: 'the seccomp profile cannot be compiled ({detail})',
    hint: 'look for a rule that contradicts another one or the default action, or for too many rules',
  },
  lsmMissing: { code: 'E0509', message: '{lsm} is not enabled on this host, but {name} asks for it',
    hint: 'remove {name}' },
  landlockFault: { code: 'E0591', message: 'annotation org.veloci.landlock: {what}', hint: '{hint}' },
  landlockMissing: {
    code: 'E0592',
    message: 'this kernel has {has}, which cannot refuse {names}; {needed} is required',
    hint:
      'use a newer kernel, with landlock among its security modules (lsm=), or set disableBestEffort to false: what it does not know is left out then',
  },
  landlockPartly: {
    code: 'E0593',
    warning: true,
    message: 'this kernel has {has}, which cannot refuse {names}: that is left out',
    hint: '"disableBestEffort": true makes it an error; it takes {needed}',
  },
  landlockPrivileges: {
    code: 'E0594',
    message: 'the kernel takes rules of Landlock only from a process with noNewPrivileges, or with CAP_SYS_ADMIN',
    hint: 'set process.noNewPrivileges to true',
  },
  landlockImages: {
    code: 'E0595',
    message: 'CRIU saves no rules of Landlock: the container would come back without them',
    hint: 'remove the annotation org.veloci.landlock from a container that is to be checkpointed',
  },
  rootOverlay: {
    code: 'E0596',
    message: 'an overlay on "/" is the root file system, and needs {expected}',
    hint: 'write "lowerdir=/upper:/lower", "upperdir=/DIR/upper", "workdir=/DIR/work", each as an option of its own',
  },
  capabilityUnavailable: {
    code: 'E0512',
    warning: true,
    message: 'capabilities that the caller does not have are left out: {value}',
    hint: 'remove them, or give them to the caller',
  },
  rightsMissing: {
    code: 'E0588',
    message: 'uid {uid} has no right (CAP_SYS_ADMIN) to make this container, which has no user namespace',
    hint:
      '"veloci spec --rootless" writes a configuration for users; their state root is $XDG_RUNTIME_DIR/veloci, or given with --root',
  },
  seccompUnknown: {
    code: 'E0521',
    warning: true,
    message: 'unknown system call "{name}" is left out of the filter',
    hint: 'the nearest known name is "{suggestion}"',
    otherwise: 'check how it is spelt; it may be newer than libseccomp',
  },
  seccompRefused: {
    code: 'E0586',
    message: 'unknown system call "{name}"',
    hint: 'the nearest known name is "{suggestion}"',
    otherwise:
      'check how it is spelt; it may be newer than libseccomp; without run.oci.seccomp_fail_unknown_syscall it is left out',
  },
  subgroupVersion: { code: 'E0529', message: '{name} needs cgroup v2',
    hint: 'remove the annotation: on v1 not every limit reaches a cgroup below, and delegation is not safe' },
  annotationUnknown: {
    code: 'E0587',
    warning: true,
    message: 'annotation "{name}" has no effect',
    hint: 'the nearest known name is "{suggestion}"',
    otherwise: '"veloci features" lists those that have one; remove it, or use a runtime that knows it',
  },
  restoreSharedPids: {
    code: 'E0589',
    message:
      'a container in the pid namespace of others cannot be restored: they would see CRIU, with all its rights and folders of ' +
      'the host open',
    hint: 'restore it with a pid namespace of its own: leave "path" out',
  },
  seenFilter: {
    code: 'E0590',
    message:
      'with noNewPrivileges the seccomp filter comes after the startContainer hooks, where others in the pid namespace could keep ' +
      'the process from loading it',
    hint:
      'make them createContainer hooks, set process.noNewPrivileges to false, or give the container a pid namespace of its own',
  },
  annotationValue: { code: 'E0520', message: 'annotation {name} is "{value}"', hint: 'it must be {expected}' },
  systemdUser: { code: 'E0513', message: 'XDG_RUNTIME_DIR is not set: the systemd of the user cannot be reached',
    hint: 'set it, log in with a session, or leave --systemd-cgroup out' },
  systemdUserV1: {
    code: 'E0533',
    message: 'the systemd of a user cannot set linux.resources: on cgroup v1 it has no controllers',
    hint: 'leave them out, run as root, or boot with cgroup v2 (systemd.unified_cgroup_hierarchy=1)',
  },
  cgroupsPathSystemd: {
    code: 'E0584',
    message: 'cgroupsPath "{value}" has the form of the systemd manager',
    hint: 'use --systemd-cgroup, or write a path such as "/group/name"',
  },
  cgroupsPathForm: {
    code: 'E0581',
    message: 'expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got "{value}" instead',
    hint: 'write "SLICE:PREFIX:NAME", or leave --systemd-cgroup out',
  },
  annotationProperty: {
    code: 'E0582',
    message: 'annotation "{name}" names no property of a unit that may be set',
    hint: 'a name consists of letters and digits; annotations cannot set the processes or the slice of a unit',
  },
  annotationVariant: {
    code: 'E0583',
    message: 'annotation "{name}" has the invalid value "{value}"',
    hint: 'properties are written as GVariant text, such as "uint64 5000000" or "\'text\'"',
  },
} as const satisfies Entries;
