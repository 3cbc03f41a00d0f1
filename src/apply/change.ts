// What is other in a container than its configuration says, and what becomes of each of these changes.
import type { Spec } from '../generated/config.ts';
import { compareConfigs, textOf, type ConfigDifference } from '../observe/configs.ts';
import type { Report } from '../observe/subject.ts';
import { findValue, isObject, type JsonValue } from '../spec/parse/value.ts';
import { pointerPart } from '../spec/parse/position.ts';
import { classOf } from './classes.ts';

/**
 * What becomes of a change: it is made in the running container; only the kept configuration follows, for what is kept
 * there or is so already; it is left as it is; it takes a restart; it never has an effect.
 */
export type Outcome =
  | { readonly kind: 'live' | 'kept' }
  | { readonly kind: 'left' | 'restart' | 'never'; readonly reason: string };

/** A change, from what is to what is declared. */
export interface Change {
  /** Where it is shown: its place in the declared configuration. */
  readonly pointer: string;
  /** The property, in the configuration that has it. */
  readonly property: string;
  readonly declared: string;
  readonly before: string;
  readonly against: 'running' | 'applied';
  /** Whether the configuration has changed, and not the container alone. */
  readonly configured: boolean;
  /** Whether it is no longer declared. */
  readonly removed: boolean;
  outcome: Outcome;
}

/** What is already so, though the kept configuration has something else. */
const already: Outcome = { kind: 'kept' };
const live: Outcome = { kind: 'live' };

function isWithin(pointer: string, above: string): boolean {
  return pointer === above || pointer.startsWith(`${above}/`);
}

function isRelated(pointer: string, other: string): boolean {
  return isWithin(pointer, other) || isWithin(other, pointer);
}

/**
 * The changes that lead from a container to a configuration.
 *
 * @param report what the kernel shows beside the declared configuration; undefined when nothing runs
 */
export function changesOf(declared: Spec, kept: Spec, report: Report | undefined): Change[] {
  const configs = compareConfigs(declared as unknown as JsonValue, kept as unknown as JsonValue)
    .flatMap((difference) => leavesOf(difference, declared, kept));
  const seen = report?.differences ?? [];
  const found = seen.flatMap(({ pointer, declared: wanted, running }): Change[] => {
    const configured = configs.some(({ property, removed }) => !removed && isRelated(pointer, property));
    const own = classOf(pointer);
    // What takes a restart is told from the two configurations.
    if (!('live' in own) && configured) return [];
    const outcome: Outcome = 'live' in own ? live : { kind: 'left', reason: reasonOf(own) };
    return [{ pointer, property: pointer, declared: wanted, before: running, against: 'running', configured,
      removed: false, outcome }];
  });
  for (const { pointer, property, removed, declared: wanted, applied } of configs) {
    const own = classOf(property);
    const isLive = 'live' in own;
    if (isLive && !removed && seen.some((difference) => isWithin(difference.pointer, property))) continue;
    const isSo = isLive && !removed && report?.compared.has(property) === true;
    const outcome: Outcome = isSo
      ? already
      : isLive
      ? live
      : { kind: 'restart' in own ? 'restart' : 'never', reason: reasonOf(own) };
    found.push({ pointer, property, declared: wanted, before: applied, against: 'applied', configured: true, removed,
      outcome });
  }
  return found;
}

function reasonOf(own: ReturnType<typeof classOf>): string {
  return 'restart' in own ? own.restart : 'never' in own ? own.never : '';
}

/** The values in an object that was not there before, or is no longer, each by itself. */
function leavesOf(difference: ConfigDifference, declared: Spec, kept: Spec): ConfigDifference[] {
  const { property, removed, applied } = difference;
  const whole = (removed ? kept : declared) as unknown as JsonValue;
  const value = findValue(whole, property);
  const above = findValue(whole, property.slice(0, property.lastIndexOf('/')));
  // An element of a list stays whole.
  if (!isObject(value) || Array.isArray(above) || (!removed && applied !== 'none')) return [difference];
  return Object.keys(value).flatMap((key) => {
    const pointer = `${property}/${pointerPart(key)}`;
    const text = textOf(value[key]);
    const leaf = removed
      ? { ...difference, property: pointer, declared: `${key} none`, applied: `${key} ${text}` }
      : { ...difference, pointer, property: pointer, declared: text };
    return leavesOf(leaf, declared, kept);
  });
}

/** Whether there is something to do: in the container, or in what is kept of it. */
export function isToDo({ configured, outcome }: Change): boolean {
  return configured || outcome.kind === 'live';
}
