// What a seccomp profile lets pass, as libseccomp reads it.
import type { Seccomp, SeccompArgument, SeccompRule } from '../spec/types.ts';

/** Actions that let a call happen without anybody deciding about it. */
const passing: ReadonlySet<string> = new Set(['SCMP_ACT_ALLOW', 'SCMP_ACT_LOG']);

/** Values of some arguments, by index; the others may be anything. */
export type Arguments = Readonly<Record<number, bigint>>;

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

/** Several tests of one argument are alternatives, tests of several arguments hold together. */
function fits({ args = [] }: SeccompRule, test: (arg: SeccompArgument) => boolean): boolean {
  const repeated = args.length > 1 && args.some((arg, at) => args.findIndex(({ index }) => index === arg.index) < at);
  return args.length === 0 || (repeated ? args.some(test) : args.every(test));
}

function mayFit(rule: SeccompRule, values: Arguments): boolean {
  return fits(rule, (arg) => values[arg.index] === undefined || holds(arg, values[arg.index]!));
}

function surelyFits(rule: SeccompRule, values: Arguments): boolean {
  return fits(rule, (arg) => values[arg.index] !== undefined && holds(arg, values[arg.index]!));
}

function holds({ op, value, valueTwo = 0 }: SeccompArgument, actual: bigint): boolean {
  const wanted = BigInt(value);
  switch (op) {
    case 'SCMP_CMP_EQ':
      return actual === wanted;
    case 'SCMP_CMP_NE':
      return actual !== wanted;
    case 'SCMP_CMP_LT':
      return actual < wanted;
    case 'SCMP_CMP_LE':
      return actual <= wanted;
    case 'SCMP_CMP_GE':
      return actual >= wanted;
    case 'SCMP_CMP_GT':
      return actual > wanted;
    case 'SCMP_CMP_MASKED_EQ':
      return (actual & wanted) === (BigInt(valueTwo) & wanted);
  }
}
