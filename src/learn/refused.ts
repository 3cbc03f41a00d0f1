// Which of the calls that were made a profile refuses.
import type { LearnedCall } from '../generated/protocol.ts';
import { mayFit, type Arguments } from '../spec/seccomp/arguments.ts';
import type { Seccomp } from '../spec/types.ts';

/** What a profile does with a call, and where it says so. */
export interface Refusal {
  readonly action: string;
  readonly pointer: string;
}

const passing: ReadonlySet<string> = new Set(['SCMP_ACT_ALLOW', 'SCMP_ACT_LOG', 'SCMP_ACT_TRACE', 'SCMP_ACT_NOTIFY']);

/**
 * Why a profile refuses a call, with one of the values that its arguments had.
 *
 * @param seen the values of its first arguments, where they are known
 * @returns undefined for one that passes
 */
export function refusalOf(
  profile: Seccomp | undefined,
  name: string,
  [firsts, seconds]: readonly (readonly string[] | undefined)[],
): Refusal | undefined {
  if (profile === undefined) return undefined;
  const values = (list: readonly string[] | undefined): readonly (bigint | undefined)[] =>
    list === undefined || list.length === 0 ? [undefined] : list.map(BigInt);
  for (const first of values(firsts)) {
    for (const second of values(seconds)) {
      const refusal = refusalWith(profile, name, { 0: first, 1: second });
      if (refusal !== undefined) return refusal;
    }
  }
  return undefined;
}

function refusalWith(profile: Seccomp, name: string, values: Arguments): Refusal | undefined {
  const rules = (profile.syscalls ?? []).map((rule, index) => ({ rule, pointer: `/linux/seccomp/syscalls/${index}` }))
    .filter(({ rule }) => rule.names.includes(name) && mayFit(rule, values));
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
