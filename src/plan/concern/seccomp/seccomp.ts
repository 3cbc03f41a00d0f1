// linux.seccomp: names and texts to what libseccomp takes; the compiled filter comes from the cache where it
// is there.
import { diagnose, placeAt } from '../../../diagnostic/diagnose.ts';
import type { Diagnostic } from '../../../diagnostic/types.ts';
import { most } from '../../../spec/checks/findings.ts';
import { readDockerProfile } from '../../../spec/seccomp/docker-profile.ts';
import { suggest } from '../../../spec/suggest.ts';
import type { Host, SeccompRules } from '../../../engine/protocol.ts';
import type { State } from '../../../generated/state.ts';
import type { Seccomp, SeccompAction, SeccompArchitecture, SeccompFlag,
  SeccompOperator } from '../../../generated/config.ts';
import { annotation, annotationPointer, invalid, isAnnotated } from '../../annotations.ts';
import { PlanError } from '../../context.ts';
import { errno, slot } from '../../draft.ts';
import type { Draft } from '../../draft.ts';
import { decodeBase64 } from '../../base64.ts';
import { permitsClone } from './permits.ts';
import { openListener } from './seccomp-listener.ts';

/** Actions as libseccomp numbers them (seccomp.h); ERRNO and TRACE take a value in their low 16 bits. */
export const actions: Readonly<Record<SeccompAction, number>> = {
  SCMP_ACT_KILL: 0x00000000,
  SCMP_ACT_KILL_THREAD: 0x00000000,
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_TRAP: 0x00030000,
  SCMP_ACT_ERRNO: 0x00050000,
  SCMP_ACT_TRACE: 0x7ff00000,
  SCMP_ACT_NOTIFY: 0x7fc00000,
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_ALLOW: 0x7fff0000,
};

export const operators: Readonly<Record<SeccompOperator, number>> = {
  SCMP_CMP_NE: 1,
  SCMP_CMP_LT: 2,
  SCMP_CMP_LE: 3,
  SCMP_CMP_EQ: 4,
  SCMP_CMP_GE: 5,
  SCMP_CMP_GT: 6,
  SCMP_CMP_MASKED_EQ: 7,
};

/** Bits of SECCOMP_FILTER_FLAG_*. */
export const filterFlags: Readonly<Record<SeccompFlag, number>> = {
  SECCOMP_FILTER_FLAG_TSYNC: 1,
  SECCOMP_FILTER_FLAG_LOG: 2,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 4,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 32,
};

/** SECCOMP_FILTER_FLAG_NEW_LISTENER. */
const newListener = 8;

/** What Host.syscallNumber says of a name that libseccomp does not know. */
const unknownCall = -1;

/** Changes when the translation below does, so that filters of an older one are not found in the cache. */
const translation = 3;

/** Default actions that do not stand in the way of calls newer than the profile. */
const passing: ReadonlySet<string> = new Set(['SCMP_ACT_ALLOW', 'SCMP_ACT_LOG', 'SCMP_ACT_TRACE', 'SCMP_ACT_NOTIFY']);

/** The value that ERRNO and TRACE give back. */
function actionOf(name: SeccompAction, value: number | undefined): number {
  const action = actions[name];
  return name === 'SCMP_ACT_ERRNO' || name === 'SCMP_ACT_TRACE' ? action | ((value ?? errno.EPERM) & 0xffff) : action;
}

/** Names of architectures as libseccomp has them. */
export const architectures: Readonly<Record<SeccompArchitecture, string>> = {
  SCMP_ARCH_X86_64: 'x86_64',
  SCMP_ARCH_X86: 'x86',
  SCMP_ARCH_X32: 'x32',
  SCMP_ARCH_ARM: 'arm',
  SCMP_ARCH_AARCH64: 'aarch64',
  SCMP_ARCH_LOONGARCH64: 'loongarch64',
  SCMP_ARCH_M68K: 'm68k',
  SCMP_ARCH_MIPS: 'mips',
  SCMP_ARCH_MIPS64: 'mips64',
  SCMP_ARCH_MIPS64N32: 'mips64n32',
  SCMP_ARCH_MIPSEL: 'mipsel',
  SCMP_ARCH_MIPSEL64: 'mipsel64',
  SCMP_ARCH_MIPSEL64N32: 'mipsel64n32',
  SCMP_ARCH_PPC: 'ppc',
  SCMP_ARCH_PPC64: 'ppc64',
  SCMP_ARCH_PPC64LE: 'ppc64le',
  SCMP_ARCH_S390: 's390',
  SCMP_ARCH_S390X: 's390x',
  SCMP_ARCH_SH: 'sh',
  SCMP_ARCH_SHEB: 'sheb',
  SCMP_ARCH_PARISC: 'parisc',
  SCMP_ARCH_PARISC64: 'parisc64',
  SCMP_ARCH_RISCV64: 'riscv64',
};

/** Translates a profile. Architectures have libseccomp's names; that of the host is always among them. */
function seccompRules(profile: Seccomp, arch: string, strictNames: boolean): SeccompRules {
  const wanted = [arch];
  for (const name of profile.architectures ?? []) {
    const own = architectures[name];
    if (!wanted.includes(own)) wanted.push(own);
  }
  const defaultAction = actionOf(profile.defaultAction, profile.defaultErrnoRet);
  // Programs try new calls and fall back on ENOSYS alone: a profile that is older than they are must neither say EPERM nor
  // kill. A tracer is asked, for it may know better.
  const newerMissing = !passing.has(profile.defaultAction) && profile.defaultErrnoRet !== errno.ENOSYS;
  const rules: SeccompRules['rules'][number][] = [];
  for (const call of profile.syscalls ?? []) {
    const action = actionOf(call.action, call.errnoRet);
    if (action === defaultAction && !newerMissing && !strictNames) continue;
    const args = (call.args ?? []).map((arg) => ({
      index: arg.index,
      op: operators[arg.op],
      value: arg.value,
      valueTwo: arg.valueTwo ?? 0,
    }));
    // Several tests of one argument are alternatives: libseccomp takes one test for each argument of a rule.
    const alternatives = args.length > 1 &&
      args.some((arg, index) => args.findIndex((other) => other.index === arg.index) < index);
    for (const name of call.names) {
      if (alternatives) { for (const arg of args) rules.push({ name, action, args: [arg] }); }
      else rules.push({ name, action, args });
    }
  }
  return { defaultAction, newerMissing, strictNames, architectures: wanted, rules };
}

/**
 * A profile as a text: the same for the same rules, another one for others. Written by hand, since
 * JSON.stringify is slow on the hundreds of names.
 */
function textOf(profile: Seccomp): string {
  // One join: a text that grows is copied each time.
  const parts = [`${profile.defaultAction} ${profile.defaultErrnoRet} ${profile.architectures?.join()}`];
  for (const { names, action, errnoRet, args } of profile.syscalls ?? []) {
    const joined = names.join('\n');
    // A line feed within a name would make two lists look alike.
    parts.push(lineFeeds(joined) === names.length - 1 ? joined : JSON.stringify(names), `${action} ${errnoRet}`);
    for (const { index, op, value, valueTwo } of args ?? []) parts.push(`${index} ${op} ${value} ${valueTwo}`);
  }
  return parts.join('\n\n');
}

function lineFeeds(text: string): number {
  let count = 0;
  for (let newline = text.indexOf('\n'); newline >= 0; newline = text.indexOf('\n', newline + 1)) count += 1;
  return count;
}

/** Whether there is a filter: a profile, or a compiled program in an annotation. */
function hasFilter({ spec }: Draft): boolean {
  return spec.linux?.seccomp !== undefined ||
    (spec.annotations !== undefined && annotation(spec, 'seccompProgram') !== undefined);
}

/** Whether a program outside gets to decide about some calls. */
function isNotifying({ spec, context }: Draft): boolean {
  const { syscalls, listenerPath = '' } = spec.linux?.seccomp ?? {};
  const wanted = context.flags.learn === true || syscalls?.some(({ action }) => action === 'SCMP_ACT_NOTIFY') === true
    || (context.habits.listensWithoutRule && listenerPath !== '');
  return wanted && (spec.annotations === undefined || annotation(spec, 'seccompProgram') === undefined);
}

/**
 * Opens the filter on the host and hands it to init.
 *
 * @param status that of the container, for the listener
 */
export function openFilter(d: Draft, status: State['status']): void {
  if (!hasFilter(d)) return;
  const given = d.spec.annotations === undefined ? undefined : annotation(d.spec, 'seccompProgram');
  const from = given === undefined ? '/linux/seccomp' : annotationPointer('seccompProgram');
  const { hash, program } = given === undefined
    ? profileFilter(d, d.spec.linux!.seccomp!, from)
    : givenFilter(d, given);
  d.host.push(program === undefined
    ? { op: 'filter.open', from, slot: slot.filter, hash }
    : { op: 'filter.open', from, slot: slot.filter, hash, program });
  d.host.push({ op: 'fd.send', from, slot: slot.filter });
  d.init.push({ op: 'fd.receive', from, slot: slot.filter });
  if (!isNotifying(d)) return;
  refuseWrite(d);
  openListener(d, status);
}

/** write(2) is not handed over under a name whose runtime writes behind its filter. */
function refuseWrite({ spec, context }: Draft): void {
  if (!context.habits.refusesNotifyOfWrite) return;
  const rules = spec.linux?.seccomp?.syscalls ?? [];
  const index = rules.findIndex(({ action, names }) => action === 'SCMP_ACT_NOTIFY' && names.includes('write'));
  if (index >= 0)
    throw new PlanError(diagnose('notifyWrite', {}, placeAt(`/linux/seccomp/syscalls/${index}`)));
}

interface Filter {
  readonly hash: string;
  readonly program?: Uint8Array;
}

/** The last one: a start that is to be remembered is planned twice, and libseccomp takes longer than all else. */
let compiled: { readonly host: Host; readonly filter: Filter } | undefined;

/** The filter of a profile; without its program when that is in the cache. */
function profileFilter(d: Draft, profile: Seccomp, from: string): Filter {
  const { facts, host, warn } = d.context;
  const strict = d.spec.annotations !== undefined && isAnnotated(d.spec, 'seccompFailUnknown');
  if (strict)
    reportUnknown(d, profile, 'seccompRefused', (diagnostic) => {
      throw new PlanError(diagnostic);
    });
  else if (warn !== undefined) reportUnknown(d, profile, 'seccompUnknown', warn);
  const hash = host.sha256(`${translation} ${facts.arch} ${facts.seccomp.version} ${strict} ${textOf(profile)}`);
  const cached = facts.seccompCache.find((name) => name.startsWith(hash));
  if (cached !== undefined) return { hash: cached };
  if (compiled?.host === host && compiled.filter.hash === hash) return compiled.filter;
  try {
    const filter = { hash, program: host.seccomp(seccompRules(profile, facts.arch, strict)) };
    compiled = { host, filter };
    return filter;
  } catch (error) {
    throw new PlanError(
      diagnose('seccompCompile', { detail: error instanceof Error ? error.message : String(error) }, placeAt(from)),
    );
  }
}

/** A program that the annotation has in base64: instructions of 8 bytes (struct sock_filter). */
function givenFilter(d: Draft, text: string): Filter {
  const program = decodeBase64(text);
  if (program === undefined || program.length === 0 || program.length % 8 !== 0) {
    throw invalid(d.spec, 'seccompProgram', 'a cBPF program in base64, 8 bytes for each instruction');
  }
  return { hash: d.context.host.sha256(`program ${text}`), program };
}

/** Names with a suggestion: a flood of them comes from a profile that is newer than libseccomp, and suggestions are slow. */
const suggestions = 5;

/** Tells the names that libseccomp does not know: likely they are misspelt, or newer. */
function reportUnknown(
  { context: { host, facts } }: Draft,
  profile: Seccomp,
  kind: 'seccompUnknown' | 'seccompRefused',
  report: (diagnostic: Diagnostic) => void,
): void {
  if (facts.seccomp.version === '') return;
  let known: string[] | undefined;
  let count = 0;
  for (const [rule, { names }] of (profile.syscalls ?? []).entries()) {
    for (const [index, name] of names.entries()) {
      if (host.syscallNumber(name) !== unknownCall) continue;
      count += 1;
      if (count > most) {
        report(diagnose('moreFindings', { count: most }));
        return;
      }
      const suggestion = count > suggestions ? undefined : suggest(name, known ??= callNames());
      report(diagnose(kind, { name, suggestion }, placeAt(`/linux/seccomp/syscalls/${rule}/names/${index}`)));
    }
  }
}

/**
 * Refuses a filter that is loaded where others in the pid namespace see the process and could keep it from that: behind hooks that
 * the filter is not to bind.
 *
 * @throws PlanError
 */
export function refuseSeenFilter(d: Draft): void {
  if (d.spec.linux?.seccomp === undefined || !d.hides || isEarly(d)) return;
  throw new PlanError(diagnose('seenFilter', {}, placeAt('/hooks/startContainer')));
}

/** Names of system calls, for suggestions. */
function callNames(): string[] {
  return readDockerProfile().syscalls!.flatMap(({ names }) => names);
}

/** A listener must be there before anything is notified: its filter is loaded early, too, unless we listen ourselves. */
function isEarly(d: Draft): boolean {
  return d.process.noNewPrivileges !== true || (isNotifying(d) && !d.hides && d.context.flags.learn !== true);
}

/**
 * Without no_new_privs the filter needs CAP_SYS_ADMIN: before capabilities are dropped, but behind the change of ids, which
 * it may deny.
 */
export function loadEarly(d: Draft): void {
  if (hasFilter(d) && isEarly(d)) load(d, (d.process.user?.uid ?? 0) !== 0, d.hides);
}

/**
 * With no_new_privs it is the last thing before execve: it need not allow what init does.
 *
 * @param makesOne whether the process that is seen is still to be made
 */
export function loadLate(d: Draft, makesOne: boolean): void {
  if (hasFilter(d) && !isEarly(d)) load(d, false, makesOne);
}

function load(d: Draft, raise: boolean, makesOne: boolean): void {
  const given = d.spec.linux?.seccomp?.flags;
  let flags = given === undefined ? filterFlags.SECCOMP_FILTER_FLAG_SPEC_ALLOW : 0;
  for (const name of given ?? []) flags |= filterFlags[name];
  // The process that is seen is to be born with its filter.
  const pass = makesOne && (isNotifying(d) || !permitsClone(d));
  const common = { op: 'seccomp.load', from: '/linux/seccomp', slot: slot.filter, raise, pass } as const;
  // There is one thread: nothing to synchronize, and the kernel takes only one of the two. It takes waitKillableRecv
  // with a listener alone.
  d.init.push(isNotifying(d)
    ? {
      ...common,
      flags: (flags & ~filterFlags.SECCOMP_FILTER_FLAG_TSYNC) | newListener,
      listener: slot.listener,
      state: slot.listenerState,
    }
    : { ...common, flags: flags & ~filterFlags.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV });
}
