// What a learned profile means, in words.
import type { Seccomp } from '../generated/config.ts';
import { readDockerProfile } from '../spec/seccomp/docker-profile.ts';

/** Calls that reach much of the kernel: named when Docker's profile allows them and the program does without. */
const notable = ['bpf', 'clone3', 'io_uring_setup', 'keyctl', 'memfd_create', 'mount', 'open_by_handle_at',
  'perf_event_open', 'pidfd_getfd', 'process_vm_readv', 'process_vm_writev', 'ptrace', 'quotactl', 'seccomp', 'setns',
  'splice', 'unshare', 'userfaultfd', 'vmsplice'];

/** Lines for people. `calls` is the number of calls that were seen; `before` that of the names an earlier run had learned. */
export function learnedReport(profile: Seccomp, calls: number, before: number): string {
  const names = namesOf(profile);
  const docker = namesOf(readDockerProfile());
  const beyond = [...docker].filter((name) => !names.has(name));
  const some = notable.filter((name) => beyond.includes(name));
  const added = before === 0 ? '' : `, ${names.size - before} of them new`;
  return `learned ${names.size} system calls from ${calls} that were made${added}\n`
    + `Docker's profile allows ${beyond.length} more${some.length === 0 ? '' : `: ${some.join(', ')} and others`}\n`;
}

/** The names that a profile allows, with or without a condition. */
function namesOf({ syscalls = [] }: Seccomp): ReadonlySet<string> {
  return new Set(syscalls.filter(({ action }) => action === 'SCMP_ACT_ALLOW').flatMap(({ names }) => names));
}
