// Device rules of a container that runs, on cgroup v1: only what changes is written, so that no access is denied in
// between that was allowed before and is afterwards.
import { v1Rule } from '../../cgroup/device-rules.ts';
import type { DeviceRule } from '../../cgroup/device-rules.ts';

/** A line for devices.allow or devices.deny. */
export interface RuleChange {
  readonly allow: boolean;
  readonly value: string;
  readonly from: string;
}

/** Rights by device (`c 1:3`), for rules that come to a list of allowed devices. */
type Allowed = Map<string, { access: Set<string>; from: string }>;

/**
 * The lines that lead from one list of rules to another. Where the lists are no plain lists of exceptions from "deny
 * everything", all rules are written again.
 */
export function deviceChanges(before: readonly DeviceRule[], after: readonly DeviceRule[]): readonly RuleChange[] {
  const old = allowedBy(before);
  const wanted = allowedBy(after);
  if (old === undefined || wanted === undefined) {
    return after.flatMap((rule) => v1Rule(rule).map((value) => ({ allow: rule.allow, value, from: rule.from })));
  }
  // First what is new, then what goes: a narrower rule may come in place of a wider one.
  return [...missing(wanted, old, true), ...missing(old, wanted, false)];
}

function missing(all: Allowed, other: Allowed, allow: boolean): RuleChange[] {
  const changes: RuleChange[] = [];
  for (const [device, { access, from }] of all) {
    const has = other.get(device)?.access;
    const rest = [...access].filter((right) => has?.has(right) !== true).join('');
    if (rest !== '') changes.push({ allow, value: `${device} ${rest}`, from });
  }
  return changes;
}

/** The kernel's list of exceptions after these rules; undefined when they do not come to one. */
function allowedBy(rules: readonly DeviceRule[]): Allowed | undefined {
  const allowed: Allowed = new Map();
  if (rules[0]?.allow !== false || v1Rule(rules[0])[0] !== 'a') return undefined;
  for (const rule of rules.slice(1)) {
    for (const line of v1Rule(rule)) {
      const device = line.slice(0, line.lastIndexOf(' '));
      const known = allowed.get(device);
      if (rule.allow) {
        const entry = known ?? { access: new Set<string>(), from: rule.from };
        for (const right of rule.access) entry.access.add(right);
        allowed.set(device, entry);
      } else if (device.includes('*') || line === 'a') {
        // What it takes away depends on entries that it only overlaps.
        return undefined;
      } else {
        for (const right of rule.access) known?.access.delete(right);
      }
    }
  }
  return allowed;
}
