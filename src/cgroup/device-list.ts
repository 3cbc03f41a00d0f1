// Device rules as cgroup v1 keeps them: one verdict for every device, and a list of exceptions from it.
import { isAll, own } from './device-rules.ts';
import type { DeviceRule } from './device-rules.ts';

/** A line for devices.allow or devices.deny. */
export interface DeviceLine {
  readonly allow: boolean;
  readonly value: string;
  readonly from: string;
}

interface Exception {
  readonly rule: DeviceRule;
  readonly access: Set<string>;
}

/** What the kernel knows of a cgroup after some rules. */
export interface DeviceList {
  /** Whether what no exception is about is allowed. */
  readonly allow: boolean;
  readonly from: string;
  /** By device, as lines name it (`c 1:3`). */
  readonly exceptions: ReadonlyMap<string, Exception>;
}

/** A rule that would have to make an exception from an exception, which the kernel cannot keep. */
export interface Hole {
  readonly hole: DeviceRule;
  readonly wildcard: DeviceRule;
}

/**
 * Comes to the list that rules mean. The kernel itself takes a rule away only where it is about the very same devices,
 * and says nothing where it is not: therefore the rules never reach it as they are.
 */
export function deviceList(rules: readonly DeviceRule[]): DeviceList | Hole {
  const [{ allow, from }, ...others] = rules as readonly [DeviceRule, ...DeviceRule[]];
  const exceptions = new Map<string, Exception>();
  for (const given of others) {
    for (const rule of kindsOf(given)) {
      const problem = given.allow === allow ? takeAway(exceptions, rule) : add(exceptions, rule);
      if (problem !== undefined) return problem;
    }
  }
  if (!allow) widen(exceptions);
  return { allow, from, exceptions };
}

function kindsOf(rule: DeviceRule): readonly DeviceRule[] {
  return rule.type === 'a' ? [{ ...rule, type: 'c' }, { ...rule, type: 'b' }] : [rule];
}

function add(exceptions: Map<string, Exception>, rule: DeviceRule): undefined {
  const device = deviceOf(rule);
  const known = exceptions.get(device) ?? { rule, access: new Set<string>() };
  for (const right of rule.access) known.access.add(right);
  exceptions.set(device, known);
}

function takeAway(exceptions: Map<string, Exception>, rule: DeviceRule): Hole | undefined {
  for (const { rule: other, access } of exceptions.values()) {
    if (!overlap(other, rule) || ![...rule.access].some((right) => access.has(right))) continue;
    if (covers(rule, other)) { for (const right of rule.access) access.delete(right); }
    // What every container may do yields to what the configuration denies.
    else if (rule.from !== own) return { hole: rule, wildcard: other };
  }
  return undefined;
}

/** The kernel looks for one exception that allows all rights of an access: narrow ones get those of the wider ones. */
function widen(exceptions: ReadonlyMap<string, Exception>): void {
  for (const { rule, access } of exceptions.values()) {
    for (const { rule: wider, access: others } of exceptions.values()) {
      if (wider === rule || !covers(wider, rule)) continue;
      // Nodes are made by an access of its own.
      for (const right of others) if (right !== 'm') access.add(right);
    }
  }
}

function matches(wanted: number, number: number): boolean {
  return wanted < 0 || wanted === number;
}

function covers(rule: DeviceRule, other: DeviceRule): boolean {
  return rule.type === other.type && matches(rule.major, other.major) && matches(rule.minor, other.minor);
}

function overlap(a: DeviceRule, b: DeviceRule): boolean {
  return a.type === b.type && (matches(a.major, b.major) || b.major < 0) && (matches(a.minor, b.minor) || b.minor < 0);
}

function deviceOf({ type, major, minor }: DeviceRule): string {
  return `${type} ${major < 0 ? '*' : major}:${minor < 0 ? '*' : minor}`;
}

/** A rule as people read it. */
export function ruleText(rule: DeviceRule): string {
  return isAll(rule) ? 'a' : `${deviceOf(rule)} ${rule.access}`;
}

function lineOf(allow: boolean, device: string, rights: readonly string[], from: string): DeviceLine {
  return { allow, value: `${device} ${[...'rwm'].filter((right) => rights.includes(right)).join('')}`, from };
}

/** The lines that make the list in a cgroup, whatever it has. */
export function listLines({ allow, from, exceptions }: DeviceList): readonly DeviceLine[] {
  const lines: DeviceLine[] = [{ allow, value: 'a', from }];
  for (const [device, { rule, access }] of exceptions) {
    if (access.size > 0) lines.push(lineOf(!allow, device, [...access], rule.from));
  }
  return lines;
}

/**
 * The lines that lead from one list to another: only what changes, so that no access is denied in between that was
 * allowed before and is afterwards.
 *
 * @param before undefined when it is not known
 */
export function changeLines(before: DeviceList | undefined, after: DeviceList): readonly DeviceLine[] {
  if (before?.allow !== after.allow) return listLines(after);
  // First what is new, then what goes: a narrower rule may come in place of a wider one.
  return [...missing(after, before, !after.allow), ...missing(before, after, after.allow)];
}

function missing(list: DeviceList, other: DeviceList, allow: boolean): DeviceLine[] {
  const lines: DeviceLine[] = [];
  for (const [device, { rule, access }] of list.exceptions) {
    const has = other.exceptions.get(device)?.access;
    const rights = [...access].filter((right) => has?.has(right) !== true);
    if (rights.length > 0) lines.push(lineOf(allow, device, rights, rule.from));
  }
  return lines;
}
