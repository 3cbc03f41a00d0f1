// The tests of a seccomp rule on the arguments of a call, as libseccomp reads them.
import type { SeccompArgument, SeccompRule } from '../types.ts';

/** Values of some arguments, by index; the others may be anything. */
export type Arguments = Readonly<Record<number, bigint | undefined>>;

/** Whether a rule is met: several tests of one argument are alternatives, tests of several arguments hold together. */
export function fits({ args = [] }: SeccompRule, test: (arg: SeccompArgument) => boolean): boolean {
  const repeated = args.length > 1 && args.some((arg, at) => args.findIndex(({ index }) => index === arg.index) < at);
  return args.length === 0 || (repeated ? args.some(test) : args.every(test));
}

/** Whether a test holds for a value. */
export function holds({ op, value, valueTwo = 0 }: SeccompArgument, actual: bigint): boolean {
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

/** Whether a rule can be met by a call with these arguments. */
export function mayFit(rule: SeccompRule, values: Arguments): boolean {
  return fits(rule, (arg) => values[arg.index] === undefined || holds(arg, values[arg.index]!));
}
