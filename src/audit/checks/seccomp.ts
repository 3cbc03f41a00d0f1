import { annotationNames } from '../../plan/annotations.ts';
import { pointerPart } from '../../spec/parse/position.ts';
import type { Arguments } from '../../spec/seccomp/arguments.ts';
import type { Seccomp } from '../../spec/types.ts';
import type { Report } from '../report.ts';
import { causeOf, passes } from '../seccomp-profile.ts';
import type { RuleName } from '../table.ts';
import type { Risk } from '../types.ts';
import type { View } from '../view.ts';

/** Calls by the rule that is about them. */
const groups: readonly (readonly [rule: RuleName, calls: readonly string[]])[] = [
  ['seccomp-mount', ['mount', 'umount2', 'move_mount', 'open_tree', 'fsopen', 'fsconfig', 'fsmount', 'fspick',
    'mount_setattr']],
  ['seccomp-bpf', ['bpf', 'perf_event_open']],
  ['seccomp-keyring', ['keyctl', 'add_key', 'request_key']],
  ['seccomp-userfaultfd', ['userfaultfd']],
  ['seccomp-io-uring', ['io_uring_setup', 'io_uring_enter', 'io_uring_register']],
  ['seccomp-modules', ['init_module', 'finit_module', 'delete_module', 'kexec_load', 'kexec_file_load']],
  ['seccomp-handles', ['open_by_handle_at']],
  ['seccomp-ports', ['iopl', 'ioperm']],
];

const newUser = 0x10000000n;
const newMount = 0x00020000n;
const vsock = 40n;

/** Calls that make or enter namespaces, with arguments that do. */
const namespaceCalls: readonly (readonly [call: string, args: Arguments])[] = [
  ['unshare', { 0: newUser }],
  ['unshare', { 0: newMount }],
  ['setns', {}],
  // The flags are the first argument, on s390 the second.
  ['clone', { 0: newUser }],
  ['clone3', {}],
];

/** The filter: whether there is one, and what it lets pass. */
export function checkSeccomp(view: View, report: Report): void {
  const { spec: { linux, annotations } } = view;
  const program = annotations?.[annotationNames.seccompProgram] ?? '';
  if (program !== '') {
    report.add('seccomp-program', `/annotations/${pointerPart(annotationNames.seccompProgram)}`);
    return;
  }
  const profile = linux?.seccomp;
  if (profile === undefined) {
    report.add('seccomp-none', '/linux');
    return;
  }
  if (profile.defaultAction === 'SCMP_ACT_ALLOW' || profile.defaultAction === 'SCMP_ACT_LOG')
    report.add('seccomp-default-allow', '/linux/seccomp/defaultAction');
  checkCalls(profile, view, report);
  checkSockets(profile, report);
}

function checkCalls(profile: Seccomp, view: View, report: Report): void {
  const make = [...new Set(namespaceCalls.filter(([call, args]) => passes(profile, call, args)).map(([call]) => call))];
  if (make.length > 0) report.add('seccomp-namespaces', causeOf(profile, make), { calls: make.join(', ') });
  for (const [rule, calls] of groups) {
    const open = calls.filter((call) => passes(profile, call));
    if (open.length > 0) report.add(rule, causeOf(profile, open), { calls: open.join(', ') }, worse(rule, view));
  }
}

/** Capabilities without which the kernel refuses the calls of a rule. */
const needs: Readonly<Partial<Record<RuleName, string>>> = {
  'seccomp-mount': 'CAP_SYS_ADMIN',
  'seccomp-bpf': 'CAP_BPF',
  'seccomp-modules': 'CAP_SYS_MODULE',
  'seccomp-handles': 'CAP_DAC_READ_SEARCH',
  'seccomp-ports': 'CAP_SYS_RAWIO',
};

/** With the capability nothing else is in the way. */
function worse(rule: RuleName, { capabilities, confined }: View): Risk | undefined {
  return !confined && capabilities.has(needs[rule] ?? '') ? 'high' : undefined;
}

/** Architectures on which sockets are also made by a call that hides the family. */
const multiplexing: ReadonlySet<string> = new Set(['SCMP_ARCH_X86', 'SCMP_ARCH_ARM', 'SCMP_ARCH_PPC', 'SCMP_ARCH_S390',
  'SCMP_ARCH_MIPS', 'SCMP_ARCH_MIPSEL', 'SCMP_ARCH_SH', 'SCMP_ARCH_M68K']);

function checkSockets(profile: Seccomp, report: Report): void {
  if (passes(profile, 'socket', { 0: vsock })) {
    report.add('seccomp-vsock', causeOf(profile, ['socket']));
    return;
  }
  const index = profile.architectures?.findIndex((name) => multiplexing.has(name)) ?? -1;
  if (index >= 0 && passes(profile, 'socket') && passes(profile, 'socketcall')) {
    report.add('seccomp-multiplexer', `/linux/seccomp/architectures/${index}`, {
      architecture: profile.architectures![index]!,
      call: 'socketcall',
    });
  }
}
