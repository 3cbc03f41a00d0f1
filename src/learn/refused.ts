// Which of the calls that were made a profile refuses.
import type { Seccomp, SeccompRule } from '../generated/config.ts';
import type { LearnedCall } from '../generated/protocol.ts';

/** What a profile does with a call, and where it says so. */
export interface Refusal {
  readonly action: string;
  readonly pointer: string;
}

const passing: ReadonlySet<string> = new Set(['SCMP_ACT_ALLOW', 'SCMP_ACT_LOG', 'SCMP_ACT_TRACE', 'SCMP_ACT_NOTIFY']);

/** Whether conditions on arguments hold for one of these calls; an argument that was not seen may have any value. */
function mayHold({ args = [] }: SeccompRule, seen: readonly (readonly string[] | undefined)[]): boolean {
  return args.every(({ index, value, valueTwo = 0, op }) => {
    const values = seen[index]?.map(BigInt);
    if (values === undefined) return true;
    const [wanted, second] = [BigInt(value), BigInt(valueTwo)];
    return values.some((one) => {
      switch (op) {
        case 'SCMP_CMP_EQ':
          return one === wanted;
        case 'SCMP_CMP_NE':
          return one !== wanted;
        case 'SCMP_CMP_LT':
          return one < wanted;
        case 'SCMP_CMP_LE':
          return one <= wanted;
        case 'SCMP_CMP_GE':
          return one >= wanted;
        case 'SCMP_CMP_GT':
          return one > wanted;
        default:
          return (one & wanted) === second;
      }
    });
  });
}

/**
 * Why a profile refuses a call.
 *
 * @param seen the values of its first arguments, where they are known
 * @returns undefined for one that passes
 */
export function refusalOf(
  profile: Seccomp | undefined,
  name: string,
  seen: readonly (readonly string[] | undefined)[],
): Refusal | undefined {
  if (profile === undefined) return undefined;
  const rules = (profile.syscalls ?? []).map((rule, index) => ({ rule, pointer: `/linux/seccomp/syscalls/${index}` }))
    .filter(({ rule }) => rule.names.includes(name) && mayHold(rule, seen));
  // Conditions come before what holds without one.
  const found = rules.find(({ rule }) => (rule.args ?? []).length > 0 && !passing.has(rule.action))
    ?? rules.find(({ rule }) => passing.has(rule.action)) ?? rules[0];
  const { action, pointer } = found === undefined
    ? { action: profile.defaultAction as string, pointer: '/linux/seccomp/defaultAction' }
    : { action: found.rule.action as string, pointer: `${found.pointer}/action` };
  return passing.has(action) ? undefined : { action, pointer };
}

/** The calls that a profile would have refused, each with its place: for people. */
export function refusedReport(
  profile: Seccomp | undefined,
  calls: readonly LearnedCall[],
  place: (pointer: string) => string,
): string {
  const shown = 12;
  const refused = calls.flatMap(({ name, count, first, second }) => {
    const refusal = refusalOf(profile, name, [first, second]);
    return refusal === undefined ? [] : [`${name} (${count} times, ${place(refusal.pointer)})`];
  }).sort();
  if (refused.length === 0) return '';
  const more = refused.length > shown ? ` and ${refused.length - shown} more` : '';
  return `the profile of the configuration refuses ${refused.slice(0, shown).join(', ')}${more}\n`;
}
