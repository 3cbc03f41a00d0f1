// The system calls of a sandbox: Docker's profile for a program without capabilities, less what attacks use and programs hardly do.
import type { Seccomp } from '../generated/config.ts';
import { callTables, readDockerProfile } from '../spec/seccomp/docker-profile.ts';

type Syscall = NonNullable<Seccomp['syscalls']>[number];
type Comparison = NonNullable<Syscall['args']>[number];

/** Calls that Docker lets pass. */
// dprint-ignore
const refused: ReadonlySet<string> = new Set([
  // Other processes: their memory, registers and descriptors.
  'ptrace', 'process_vm_readv', 'process_vm_writev', 'pidfd_getfd', 'kcmp', 'process_madvise',
  // Asynchronous I/O, which few programs use and whose code has had many faults.
  'io_setup', 'io_destroy', 'io_submit', 'io_cancel', 'io_getevents', 'io_pgetevents', 'io_pgetevents_time64',
  // Parts of the kernel that are old, rare, or of no use without rights.
  'modify_ldt', 'vhangup', 'fanotify_mark', 'fanotify_init', 'name_to_handle_at', 'memfd_secret', 'remap_file_pages', 'uselib',
  'adjtimex', 'clock_adjtime', 'clock_adjtime64', 'clock_settime', 'clock_settime64', 'settimeofday', 'stime', 'chroot', 'mknod',
  'mknodat', 'syslog', 'quotactl', 'acct', 'vmsplice', 'ioprio_set', 'setns', 'unshare', 'mount', 'umount', 'umount2',
  'set_mempolicy', 'mbind', 'migrate_pages', 'move_pages', 'lookup_dcookie', 'ipc', 'socketcall', 'personality', 'socket',
  'socketpair', 'mlockall',
]);

const equal = (index: number, value: number): Comparison => ({ index, value, op: 'SCMP_CMP_EQ' });

const allow = (name: string, ...args: Comparison[]): Syscall => ({ names: [name], action: 'SCMP_ACT_ALLOW', args });

const family = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;

/** Calls that pass with some arguments alone. */
const limited: readonly Syscall[] = [
  // What glibc asks for, and how it is.
  allow('personality', equal(0, 0)),
  allow('personality', equal(0, 0xffff_ffff)),
  // Not AF_VSOCK, AF_PACKET, AF_ALG and whatever else a kernel has; of netlink the part that lists interfaces.
  allow('socket', equal(0, family.unix)),
  allow('socket', equal(0, family.inet)),
  allow('socket', equal(0, family.inet6)),
  allow('socket', equal(0, family.netlink), equal(2, 0)),
  allow('socketpair', equal(0, family.unix)),
];

/** FIFOs and sockets by mknod(2), no devices: these are bits of the file's type in the mode. */
const fileType = 0o170000;
const fifos: readonly Syscall[] = ([['mknod', 1], ['mknodat', 2]] as const).map(([name, index]) =>
  allow(name, { index, value: fileType, valueTwo: 0o010000, op: 'SCMP_CMP_MASKED_EQ' })
);

/**
 * The profile.
 *
 * @param arch machine of uname(2)
 * @param kills whether a forbidden call ends the program (`reason` is then `seccomp`) in place of failing with EPERM
 */
export function sandboxProfile(arch: string, kills: boolean): Seccomp {
  const key = `${arch} ${kills}`;
  const profile = profiles.get(key) ?? makeProfile(arch, kills);
  profiles.set(key, profile);
  return profile;
}

const profiles = new Map<string, Seccomp>();

function makeProfile(arch: string, kills: boolean): Seccomp {
  const { defaultErrnoRet, ...docker } = readDockerProfile();
  const passing = (docker.syscalls ?? []).flatMap((entry) => {
    const names = entry.names.filter((name) => !refused.has(name));
    return names.length === 0 ? [] : [{ ...entry, names }];
  });
  // The host's own calls alone: those of others pass filters that were written for these.
  const native = callTables[arch]?.[0];
  return {
    ...docker,
    ...(kills ? { defaultAction: 'SCMP_ACT_KILL_PROCESS' } : { defaultErrnoRet }),
    ...(native === undefined ? {} : { architectures: [native] }),
    syscalls: [...passing, ...limited, ...fifos],
  } as Seccomp;
}
