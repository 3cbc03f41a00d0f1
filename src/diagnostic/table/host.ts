import type { Entries } from '../types.ts';

/** E05xx: what this host or the rootfs lacks. */
export const host = {
  rootfsMissing: {
    code: 'E0501', native: true, message: 'the root file system "{path}" is missing', hint: 'root.path is relative to the bundle {bundle}',
  },
  rootfsNotDirectory: { code: 'E0502', native: true, message: 'the root file system "{path}" is no directory' },
  kernelTooOld: { code: 'E0503', native: true, message: 'kernel {version} is too old', hint: 'veloci needs Linux {needed} or newer' },
  namespaceUnknown: { code: 'E0504', message: 'this kernel has no {type} namespaces', hint: 'remove it, or enable {option} in the kernel' },
  cgroupMissing: { code: 'E0505', message: 'no cgroup hierarchy with the controller "{controller}" is mounted', hint: 'remove {name}, or mount it' },
  cgroupVersion: { code: 'E0506', message: '{name} has no equivalent on cgroup {version}', hint: '{remedy}' },
  seccompUnavailable: { code: 'E0507', message: 'seccomp filters cannot be compiled here', hint: 'this build has no libseccomp' },
  seccompCompile: { code: 'E0508', message: 'the seccomp profile cannot be compiled ({detail})' },
  lsmMissing: { code: 'E0509', message: '{lsm} is not enabled on this host, but {name} asks for it', hint: 'remove {name}' },
  rootlessMap: {
    code: 'E0510', message: 'user {user} may not map the ids {first} to {last} of {name}',
    hint: 'see /etc/subuid and /etc/subgid, subuid(5)',
  },
  privilegeMissing: { code: 'E0511', message: '{what} needs root or a user namespace', hint: 'add { "type": "user" } to linux.namespaces' },
  capabilityUnavailable: { code: 'E0512', warning: true, message: 'capability {value} is not available here and is left out' },
  systemdCgroup: { code: 'E0513', message: 'the systemd cgroup manager is not yet supported', hint: 'leave --systemd-cgroup out' },
  annotationValue: { code: 'E0520', message: 'annotation {name} is "{value}"', hint: 'it must be {expected}' },
  cgroupManager: { code: 'E0514', message: 'cgroup manager "{value}" is not supported', hint: 'use "cgroupfs" or "disabled"' },
} as const satisfies Entries;
