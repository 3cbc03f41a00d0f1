import { deviceRules, isAll, own, type DeviceRule } from '../../cgroup/device-rules.ts';
import { ruleText } from '../../cgroup/device-list.ts';
import { nameOfNumbers, nameOfPath, type DeviceName } from '../device-names.ts';
import type { Report } from '../report.ts';
import type { View } from '../view.ts';

/** Nodes, rules and binds of devices. */
export function checkDevices(view: View, report: Report): void {
  const configured = view.spec.linux?.resources?.devices;
  const rules = deviceRules(configured);
  const seen = new Set<string>();
  view.spec.linux?.devices?.forEach(({ type, major = 0, minor = 0, path }, index) => {
    if (type === 'p') return;
    const kind = type === 'b' ? 'b' : 'c';
    // In a user namespace nodes are binds of those of the host, and rules are none of the container's.
    if (!view.confined && !mayOpen(rules, kind, Number(major), Number(minor))) return;
    seen.add(`${kind} ${major}:${minor}`);
    add(report, `/linux/devices/${index}`, path, kind, nameOfNumbers(Number(major), Number(minor)));
  });
  checkRules(rules, seen, report);
  for (const { source, pointer } of view.mounts) {
    if (source?.startsWith('/dev/') !== true) continue;
    const name = nameOfPath(source);
    if (name !== undefined) add(report, `${pointer}/source`, source, name.kind === 'block' ? 'b' : 'c', name);
  }
  const [first] = configured ?? [];
  if (first !== undefined && !(first.allow === false && isWhole(first)))
    report.add('device-no-deny', '/linux/resources/devices/0');
}

function isWhole({ type = 'a', major = -1, minor = -1, access = 'rwm' }: {
  readonly type?: string;
  readonly major?: number | bigint;
  readonly minor?: number | bigint;
  readonly access?: string;
}): boolean {
  return (type === 'a' || type === '') && major < 0 && minor < 0 && (access === '' || access.length === 3);
}

/** Rules that open devices for which there is no node (the container can make one), besides those that all containers have. */
function checkRules(rules: readonly DeviceRule[], seen: ReadonlySet<string>, report: Report): void {
  const opens = ({ access }: DeviceRule): boolean => /[rw]/.test(access);
  rules.forEach((rule, index) => {
    if (!rule.allow || !opens(rule) || rule.from === own) return;
    const { type, major, minor, from } = rule;
    if (rules.slice(index + 1).some((later) => !later.allow && covers(later, rule))) return;
    if (type === 'a' || major < 0) {
      const kind = type === 'b' ? 'all block devices' : 'all character devices';
      report.add('device-all', from, { which: isAll(rule) || type === 'a' ? 'all devices' : kind });
    } else if (!seen.has(`${type} ${major}:${minor}`) && !mayOpen(deviceRules(undefined), type, major, minor)) {
      add(report, from, ruleText(rule), type, nameOfNumbers(major, minor));
    }
  });
}

function covers(rule: DeviceRule, other: DeviceRule): boolean {
  const same = (wide: number, narrow: number): boolean => wide < 0 || wide === narrow;
  return (rule.type === 'a' || rule.type === other.type) && same(rule.major, other.major) &&
    same(rule.minor, other.minor) && /r/.test(rule.access) && /w/.test(rule.access);
}

function mayOpen(rules: readonly DeviceRule[], type: 'b' | 'c', major: number, minor: number): boolean {
  return ['r', 'w'].some((right) => {
    const last = rules.findLast((rule) =>
      (rule.type === 'a' || rule.type === type) && (rule.major < 0 || rule.major === major) &&
      (rule.minor < 0 || rule.minor === minor) && rule.access.includes(right)
    );
    return last?.allow === true;
  });
}

function add(report: Report, pointer: string, device: string, type: 'b' | 'c', found: DeviceName | undefined): void {
  if (type === 'b') {
    report.add('device-block', pointer, { device });
    return;
  }
  if (found === undefined) {
    report.add('device-other', pointer, { device });
    return;
  }
  const { kind, name, what } = found;
  if (kind === 'memory') report.add('device-memory', pointer, { device, name });
  else if (kind === 'host') report.add('device-host', pointer, { device, name, what });
  else if (kind === 'kernel') report.add('device-kernel', pointer, { device, name, what });
  else if (kind === 'terminal') report.add('host-terminal', pointer, { device });
}
