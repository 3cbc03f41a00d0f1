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
  /** Where its lines come from. */
  rule: DeviceRule;
  /** Letters of `rwm`. */
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
 * and says nothing where it is not: therefore the rules never reach it as they are. Thousands of rules do not look at
 * thousands of exceptions each.
 */
export function deviceList(rules: readonly DeviceRule[]): DeviceList | Hole {
  const [{ allow, from }, ...others] = rules as readonly [DeviceRule, ...DeviceRule[]];
  const exceptions = new Map<string, Exception>();
  // Devices that have a right, by kind, right and major number, and by kind and right alone.
  const holders = new Map<string, Set<string>>();
  const held = (index: string): readonly string[] => [...holders.get(index) ?? []];
  const indexes = ({ type, major }: DeviceRule, right: string): string[] => [type + right, `${type}${right}${major}`];
  const widerOf = (rule: DeviceRule): string[] =>
    [{ ...rule, minor: -1 }, { ...rule, major: -1 }, { ...rule, major: -1, minor: -1 }].map(deviceOf);

  const add = (rule: DeviceRule): void => {
    const device = deviceOf(rule);
    let known = exceptions.get(device);
    if (known === undefined) exceptions.set(device, known = { rule, access: new Set<string>() });
    else if (known.rule.from === own) known.rule = rule;
    for (const right of rule.access) {
      known.access.add(right);
      for (const index of indexes(rule, right)) holders.set(index, (holders.get(index) ?? new Set()).add(device));
    }
  };

  // Devices with a right, among which are all that the rule is about.
  const candidates = (rule: DeviceRule, right: string): readonly string[] => {
    const { type, major, minor } = rule;
    if (major < 0) return held(type + right);
    if (minor < 0) return [...held(`${type}${right}${major}`), ...held(`${type}${right}-1`)];
    return [deviceOf(rule), ...widerOf(rule)].filter((device) => exceptions.has(device));
  };

  // Returns an exception that is wider than the rule: what stays of it has no form.
  const takeAway = (rule: DeviceRule): DeviceRule | undefined => {
    for (const right of rule.access) {
      for (const device of candidates(rule, right)) {
        const { rule: other, access } = exceptions.get(device)!;
        if (!overlap(other, rule) || !access.has(right)) continue;
        if (covers(rule, other)) {
          access.delete(right);
          for (const index of indexes(other, right)) holders.get(index)!.delete(device);
          if (access.size === 0) exceptions.delete(device);
          continue;
        }
        // The right to make any node: one that cannot be opened harms nobody, and engines deny it without a thought.
        if (right !== 'm' || other.from !== own || other.major >= 0) return other;
      }
    }
    return undefined;
  };

  for (const given of others) {
    for (const rule of kindsOf(given)) {
      const wildcard = given.allow === allow ? takeAway(rule) : add(rule);
      if (wildcard) return { hole: rule, wildcard };
    }
  }
  if (allow) return { allow, from, exceptions };
  // The kernel looks for one exception that allows all rights of an access: narrow ones get those of the wider ones.
  for (const { rule, access } of exceptions.values()) {
    for (const wider of widerOf(rule)) {
      // Nodes are made by an access of its own.
      for (const right of exceptions.get(wider)?.access ?? []) if (right !== 'm') access.add(right);
    }
  }
  return { allow, from, exceptions };
}

function kindsOf(rule: DeviceRule): readonly DeviceRule[] {
  return rule.type === 'a' ? [{ ...rule, type: 'c' }, { ...rule, type: 'b' }] : [rule];
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

/** The lines that make the list in a cgroup, whatever it has: first what the configuration names, in its order. */
export function listLines({ allow, from, exceptions }: DeviceList): readonly DeviceLine[] {
  const lines: DeviceLine[] = [{ allow, value: 'a', from }];
  const ours: DeviceLine[] = [];
  for (const [device, { rule, access }] of exceptions) {
    if (access.size > 0) (rule.from === own ? ours : lines).push(lineOf(!allow, device, [...access], rule.from));
  }
  return [...lines, ...ours];
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

/** The list that the kernel shows in devices.list. What is denied where all is allowed it does not show. */
export function shownList(text: string, from: string): DeviceList {
  const exceptions = new Map<string, Exception>();
  for (const line of text.split('\n')) {
    const [, type, major, minor, access] = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]+)$/.exec(line) ?? [];
    if (type === 'a') return { allow: true, from, exceptions: new Map() };
    if (type === undefined) continue;
    const number = (digits: string | undefined): number => (digits === '*' ? -1 : Number(digits));
    const rule: DeviceRule = { allow: true, type: type as DeviceRule['type'], major: number(major),
      minor: number(minor), access: access!, from };
    const known = exceptions.get(deviceOf(rule));
    if (known === undefined) exceptions.set(deviceOf(rule), { rule, access: new Set(access) });
    else for (const right of access!) known.access.add(right);
  }
  return { allow: false, from, exceptions };
}
