// What a seccomp profile lets pass, as libseccomp reads it.
import { fits, holds, mayFit, type Arguments } from '../spec/seccomp/arguments.ts';
import type { Seccomp, SeccompRule } from '../spec/types.ts';

/** Actions that let a call happen without anybody deciding about it. */
const passing: ReadonlySet<string> = new Set(['SCMP_ACT_ALLOW', 'SCMP_ACT_LOG']);

/**
 * Whether a call can pass, with these arguments. On architectures that a profile does not list no call passes: libseccomp
 * kills there.
 */
export function passes(profile: Seccomp, name: string, args: Arguments = {}): boolean {
  const rules = (profile.syscalls ?? []).filter(({ names }) => names.includes(name));
  if (rules.some((rule) => passing.has(rule.action) && rule.action !== profile.defaultAction && mayFit(rule, args)))
    return true;
  if (!passing.has(profile.defaultAction)) return false;
  return !rules.some((rule) => !passing.has(rule.action) && surelyFits(rule, args));
}

/** The pointer of what lets a call pass: a rule without arguments rather than one that has some. */
export function causeOf(profile: Seccomp, names: readonly string[]): string {
  const pointers: string[][] = [[], []];
  (profile.syscalls ?? []).forEach((rule, index) => {
    const place = rule.names.findIndex((name) => names.includes(name));
    if (place < 0 || !passing.has(rule.action)) return;
    pointers[(rule.args?.length ?? 0) === 0 ? 0 : 1]!.push(`/linux/seccomp/syscalls/${index}/names/${place}`);
  });
  return pointers.flat()[0] ?? '/linux/seccomp/defaultAction';
}

function surelyFits(rule: SeccompRule, values: Arguments): boolean {
  return fits(rule, (arg) => values[arg.index] !== undefined && holds(arg, values[arg.index]!));
}
