// What of the kernel the container's programs reach.
import type { Rules } from '../types.ts';

const call = 'take {calls} out of what linux.seccomp allows';

export const kernelRules = {
  'seccomp-none': {
    risk: 'medium',
    message: 'there is no seccomp filter',
    why: 'all system calls of the kernel are open, also those in which most faults were found',
    remedy: 'add linux.seccomp; "veloci spec --from docker-default" writes Docker\'s profile',
    references: ['seccomp(2)'],
  },
  'seccomp-default-allow': {
    risk: 'medium',
    message: 'the seccomp filter allows what it does not name',
    why: 'a call that is newer than the profile, or that it forgot, is open',
    remedy: 'set linux.seccomp.defaultAction to SCMP_ACT_ERRNO, and list what is allowed',
    references: ['seccomp(2)'],
  },
  'seccomp-program': {
    risk: 'info',
    message: 'the seccomp filter is a compiled program of an annotation: what it allows is not known',
    why: 'linux.seccomp has no effect then',
    remedy: 'use linux.seccomp, which can be read',
    references: ['seccomp(2)'],
  },
  'seccomp-mount': {
    risk: 'low',
    message: 'the seccomp filter lets pass calls that mount: {calls}',
    why:
      'with CAP_SYS_ADMIN, or in a user namespace that the program makes, it mounts file systems whose parsers trust their data',
    remedy: call,
    references: ['mount(2)', 'CVE-2022-0185'],
  },
  'seccomp-namespaces': {
    risk: 'medium',
    message: 'the seccomp filter lets pass calls that make or enter namespaces: {calls}',
    why:
      'in a user namespace of its own the program has all capabilities, and reaches code of the kernel that was written for root',
    remedy: 'take {calls} out of what linux.seccomp allows; clone only without CLONE_NEW flags, and clone3 with ENOSYS',
    references: ['user_namespaces(7)', 'CVE-2022-0185', 'CVE-2022-25636'],
  },
  'seccomp-bpf': {
    risk: 'medium',
    message: 'the seccomp filter lets pass {calls}',
    why: 'programs in the kernel, and its counters, have been a way to its memory again and again',
    remedy: call,
    references: ['bpf(2)', 'perf_event_open(2)', 'CVE-2021-3490', 'CVE-2022-1729'],
  },
  'seccomp-keyring': {
    risk: 'low',
    message: 'the seccomp filter lets pass calls of the keyring: {calls}',
    why: 'keys have no namespace: those of the same uid, in other containers too, can be found',
    remedy: call,
    references: ['keyrings(7)', 'CVE-2016-0728'],
  },
  'seccomp-userfaultfd': {
    risk: 'low',
    message: 'the seccomp filter lets pass {calls}',
    why: 'an attacker stops the kernel in the middle of a copy, which makes races easy to win',
    remedy: call,
    references: ['userfaultfd(2)'],
  },
  'seccomp-io-uring': {
    risk: 'medium',
    message: 'the seccomp filter lets pass {calls}',
    why: 'its operations are not seen by the filter, and it has had many faults',
    remedy: call,
    references: ['io_uring(7)', 'CVE-2022-29582', 'CVE-2023-2598'],
  },
  'seccomp-modules': {
    risk: 'medium',
    message: 'the seccomp filter lets pass calls that load code into the kernel: {calls}',
    why: 'capabilities alone keep the program from them',
    remedy: call,
    references: ['init_module(2)', 'kexec_load(2)'],
  },
  'seccomp-handles': {
    risk: 'medium',
    message: 'the seccomp filter lets pass {calls}',
    why: 'with CAP_DAC_READ_SEARCH it opens every file of a file system by its number',
    remedy: call,
    references: ['open_by_handle_at(2)'],
  },
  'seccomp-ports': {
    risk: 'medium',
    message: 'the seccomp filter lets pass {calls}',
    why: 'with CAP_SYS_RAWIO they open the ports of the machine',
    remedy: call,
    references: ['ioperm(2)', 'iopl(2)'],
  },
  'seccomp-vsock': {
    risk: 'low',
    message: 'the seccomp filter lets pass sockets of every family, AF_VSOCK among them',
    why: 'these have no namespace: in a virtual machine they lead to the hypervisor and its agents',
    remedy: 'allow socket with an argument that is not 40 (AF_VSOCK), as Docker does',
    references: ['vsock(7)'],
  },
  'seccomp-multiplexer': {
    risk: 'low',
    message: 'on {architecture} the seccomp filter lets pass {call}, which makes sockets that it refuses elsewhere',
    why: 'a program of that architecture gets around the test of the family',
    remedy: 'take {architecture} out of linux.seccomp.architectures, or {call} out of what is allowed',
    references: ['socketcall(2)'],
  },
  'lsm-none': {
    risk: 'medium',
    confined: 'low',
    message: 'the host has {module}, but the container has no {property}',
    why: 'the one layer is missing that still holds when the program is root and capabilities let it pass',
    remedy:
      'set process.{property}, to docker-default or a profile of your own for AppArmor, to container_t for SELinux',
    references: ['apparmor(7)', 'selinux(8)'],
  },
  'sysctl-host': {
    risk: 'high',
    message: 'the kernel parameter {name} is one of the host',
    why: 'it changes for all: {type}',
    remedy: 'remove it from linux.sysctl, and set it on the host where it is needed',
    references: ['sysctl(8)', 'namespaces(7)'],
  },
} as const satisfies Rules;
