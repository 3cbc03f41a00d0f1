// process.capabilities from what a program was seen to use.
import type { Process } from '../generated/config.ts';
import type { LearnedCapabilities } from '../generated/protocol.ts';
import { capabilityNames } from '../spec/capabilities.ts';

type Capabilities = NonNullable<Process['capabilities']>;

/** The sets that a learned file has, in the order in which it has them. */
const sets = ['bounding', 'effective', 'permitted', 'inheritable', 'ambient'] as const;

/** Names of bits 0 to 31 and 32 to 63. */
function namesOf([low, high]: readonly [number, number]): string[] {
  return capabilityNames().filter((_, number) => ((number < 32 ? low >> number : high >> number - 32) & 1) !== 0);
}

/** What an earlier run has written; undefined for another text. */
function earlier(text: string): readonly string[] | undefined {
  if (text === '') return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { bounding } = Object(value) as Readonly<Record<string, unknown>>;
  const known = capabilityNames();
  return Array.isArray(bounding) && bounding.every((name) => known.includes(name as string)) ? bounding : undefined;
}

/** What was used, with that of earlier runs: sorted names. Undefined when the file is another one. */
export function capabilitiesOf({ used, before }: LearnedCapabilities): string[] | undefined {
  const known = earlier(before);
  return known === undefined ? undefined : [...new Set([...known, ...namesOf(used)])].sort();
}

/**
 * The smallest sets in OCI form. A user other than root keeps capabilities over execve by the ambient set alone.
 *
 * @param kept whether the process has them by its ambient set
 */
export function capabilitySets(names: readonly string[], kept: boolean): Capabilities {
  const all = Object.fromEntries(sets.map((set) => [set, set === 'inheritable' || set === 'ambient' ? [] : names]));
  return kept ? { ...all, inheritable: [...names], ambient: [...names] } : all;
}

/** A line for people. */
export function capabilitiesReport(names: readonly string[]): string {
  return names.length === 0 ? 'no capability was used\n' : `capabilities that were used: ${names.join(', ')}\n`;
}
