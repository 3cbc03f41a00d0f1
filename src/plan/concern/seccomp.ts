// linux.seccomp: names and texts to what libseccomp takes; the compiled filter comes from the cache where it
// is there.
import { diagnose, placeAt } from '../../diagnostic/diagnose.ts';
import type { SeccompRules } from '../../engine/protocol.ts';
import type {
  Seccomp, SeccompAction, SeccompArchitecture, SeccompFlag, SeccompOperator,
} from '../../generated/config.ts';
import { PlanError } from '../context.ts';
import { slot } from '../draft.ts';
import type { Draft } from '../draft.ts';

/** Actions as libseccomp numbers them (seccomp.h); ERRNO and TRACE take a value in their low 16 bits. */
export const actions: Readonly<Record<Exclude<SeccompAction, 'SCMP_ACT_NOTIFY'>, number>> = {
  SCMP_ACT_KILL: 0x00000000, SCMP_ACT_KILL_THREAD: 0x00000000, SCMP_ACT_KILL_PROCESS: 0x80000000, SCMP_ACT_TRAP: 0x00030000,
  SCMP_ACT_ERRNO: 0x00050000, SCMP_ACT_TRACE: 0x7ff00000, SCMP_ACT_LOG: 0x7ffc0000, SCMP_ACT_ALLOW: 0x7fff0000,
};

export const operators: Readonly<Record<SeccompOperator, number>> = {
  SCMP_CMP_NE: 1, SCMP_CMP_LT: 2, SCMP_CMP_LE: 3, SCMP_CMP_EQ: 4, SCMP_CMP_GE: 5, SCMP_CMP_GT: 6, SCMP_CMP_MASKED_EQ: 7,
};

/** Bits of SECCOMP_FILTER_FLAG_*. */
export const filterFlags: Readonly<Record<SeccompFlag, number>> = {
  SECCOMP_FILTER_FLAG_TSYNC: 1, SECCOMP_FILTER_FLAG_LOG: 2, SECCOMP_FILTER_FLAG_SPEC_ALLOW: 4,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 32,
};

/** Changes when the translation below does, so that filters of an older one are not found in the cache. */
const translation = 1;

const EPERM = 1;

/** The value that ERRNO and TRACE give back. */
function actionOf(name: SeccompAction, value: number | undefined): number {
  const action = actions[name as keyof typeof actions];
  return name === 'SCMP_ACT_ERRNO' || name === 'SCMP_ACT_TRACE' ? action | ((value ?? EPERM) & 0xffff) : action;
}

/** Names of architectures as libseccomp has them. */
export const architectures: Readonly<Record<SeccompArchitecture, string>> = {
  SCMP_ARCH_X86_64: 'x86_64', SCMP_ARCH_X86: 'x86', SCMP_ARCH_X32: 'x32', SCMP_ARCH_ARM: 'arm',
  SCMP_ARCH_AARCH64: 'aarch64', SCMP_ARCH_LOONGARCH64: 'loongarch64', SCMP_ARCH_M68K: 'm68k',
  SCMP_ARCH_MIPS: 'mips', SCMP_ARCH_MIPS64: 'mips64', SCMP_ARCH_MIPS64N32: 'mips64n32',
  SCMP_ARCH_MIPSEL: 'mipsel', SCMP_ARCH_MIPSEL64: 'mipsel64', SCMP_ARCH_MIPSEL64N32: 'mipsel64n32',
  SCMP_ARCH_PPC: 'ppc', SCMP_ARCH_PPC64: 'ppc64', SCMP_ARCH_PPC64LE: 'ppc64le', SCMP_ARCH_S390: 's390',
  SCMP_ARCH_S390X: 's390x', SCMP_ARCH_SH: 'sh', SCMP_ARCH_SHEB: 'sheb', SCMP_ARCH_PARISC: 'parisc',
  SCMP_ARCH_PARISC64: 'parisc64', SCMP_ARCH_RISCV64: 'riscv64',
};

/** Translates a profile. Architectures have libseccomp's names; that of the host is always among them. */
export function seccompRules(profile: Seccomp, arch: string): SeccompRules {
  const wanted = [arch];
  for (const name of profile.architectures ?? []) {
    const own = architectures[name];
    if (!wanted.includes(own)) wanted.push(own);
  }
  const defaultAction = actionOf(profile.defaultAction, profile.defaultErrnoRet);
  const rules: SeccompRules['rules'][number][] = [];
  for (const call of profile.syscalls ?? []) {
    const action = actionOf(call.action, call.errnoRet);
    if (action === defaultAction) continue;
    const args = (call.args ?? []).map((arg) => ({
      index: arg.index, op: operators[arg.op], value: arg.value, valueTwo: arg.valueTwo ?? 0,
    }));
    // Several tests of one argument are alternatives: libseccomp takes one test for each argument of a rule.
    const alternatives = args.length > 1 && args.some((arg, index) => args.findIndex((other) => other.index === arg.index) < index);
    for (const name of call.names) {
      if (alternatives) for (const arg of args) rules.push({ name, action, args: [arg] });
      else rules.push({ name, action, args });
    }
  }
  return { defaultAction, architectures: wanted, rules };
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
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

/** Opens the filter on the host and hands it to init. */
export function openFilter(d: Draft): void {
  const profile = d.spec.linux?.seccomp;
  if (profile === undefined) return;
  const { facts, host } = d.context;
  const from = '/linux/seccomp';
  const hash = host.sha256(`${translation} ${facts.arch} ${facts.seccomp.version} ${textOf(profile)}`);
  if (facts.seccompCache.includes(hash)) {
    d.host.push({ op: 'filter.open', from, slot: slot.filter, hash });
  } else {
    let program: Uint8Array;
    try {
      program = host.seccomp(seccompRules(profile, facts.arch));
    } catch (error) {
      throw new PlanError(diagnose('seccompCompile', { detail: error instanceof Error ? error.message : String(error) }, placeAt(from)));
    }
    d.host.push({ op: 'filter.open', from, slot: slot.filter, hash, program });
  }
  d.host.push({ op: 'fd.send', from, slot: slot.filter });
  d.init.push({ op: 'fd.receive', from, slot: slot.filter });
}

/** Without no_new_privs the filter needs CAP_SYS_ADMIN: before capabilities are dropped. */
export function loadEarly(d: Draft): void {
  if (d.process.noNewPrivileges !== true) load(d);
}

/** With no_new_privs it is the last thing before execve: it need not allow what init does. */
export function loadLate(d: Draft): void {
  if (d.process.noNewPrivileges === true) load(d);
}

function load(d: Draft): void {
  const profile = d.spec.linux?.seccomp;
  if (profile === undefined) return;
  let bits = profile.flags === undefined ? filterFlags.SECCOMP_FILTER_FLAG_SPEC_ALLOW : 0;
  for (const name of profile.flags ?? []) bits |= filterFlags[name];
  d.init.push({ op: 'seccomp.load', from: '/linux/seccomp', slot: slot.filter, flags: bits });
}
