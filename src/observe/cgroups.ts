// Observers of the container's cgroups: the values of their files, and who may use which device.
import type { CgroupWrite } from '../generated/plan.ts';
import { compareValue } from './cgroup-values.ts';
import { below, joined, parseMounts, type MountEntry } from './mount-table.ts';
import { operationsOf, unread, type Observer, type Report, type Step, type Subject } from './subject.ts';

const missing = 2;

function isDeviceFile(file: string): boolean {
  return file === 'devices.allow' || file === 'devices.deny';
}

export const cgroupFiles: Observer = {
  looks: (steps) => {
    const files = operationsOf(steps, 'cgroup.write').map(({ file }) => (isDeviceFile(file) ? 'devices.list' : file));
    return [...new Set(files)].map((path) => ({ path, where: 'cgroup' }));
  },
  compare: (steps, subject, report) => {
    const devices: CgroupWrite[] = [];
    // Of two writes to the same line of a file the last one counts.
    const last = new Map<string, Step>();
    for (const step of steps) {
      const [first] = step.operations;
      if (first.op !== 'cgroup.write') continue;
      if (isDeviceFile(first.file)) devices.push(first);
      else last.set(`${first.file} ${/^\S+:\S+(?= )/.exec(first.value)?.[0] ?? ''}`, step);
    }
    for (const step of last.values()) compareFile(step, subject, report);
    if (devices.length > 0) compareDevices(devices, subject, report);
  },
};

function compareFile({ operations, from }: Step, subject: Subject, report: Report): void {
  const writes = operations.filter((operation): operation is CgroupWrite => operation.op === 'cgroup.write');
  // The file that the kernel has: another one may have the same meaning.
  const write = writes.find(({ file }) => subject.cgroupFile(file).errno !== missing);
  if (write === undefined) return report.unseen(from, 'the kernel has no such file, or the cgroup is gone');
  const file = subject.cgroupFile(write.file);
  if (file.errno !== 0) return report.unseen(from, unread(file));
  const compared = compareValue(write.file, write.value, file.text);
  if (compared === undefined) report.unseen(from, `${write.file} has a form that is not known`);
  else if (compared.same) report.same(from);
  else report.differ(from, compared.declared, compared.running);
}

/** A list of exceptions, as the kernel has it. */
class DeviceTable {
  allow = true;
  /** Rights by device, each with the pointer of what asked for it. */
  readonly exceptions = new Map<string, { readonly rights: Set<string>; readonly from: string }>();

  write(allow: boolean, value: string, from: string): void {
    if (value === 'a') {
      this.allow = allow;
      this.exceptions.clear();
      return;
    }
    const space = value.lastIndexOf(' ');
    const [device, rights] = [value.slice(0, space), value.slice(space + 1)];
    const entry = this.exceptions.get(device) ?? { rights: new Set(), from };
    for (const right of rights) {
      if (allow === this.allow) entry.rights.delete(right);
      else entry.rights.add(right);
    }
    if (entry.rights.size > 0) this.exceptions.set(device, entry);
    else this.exceptions.delete(device);
  }

  textOf(device: string): string {
    const rights = this.exceptions.get(device)?.rights;
    return rights === undefined ? 'none' : `${device} ${[...'rwm'].filter((right) => rights.has(right)).join('')}`;
  }
}

const rules = '/linux/resources/devices';

function compareDevices(writes: readonly CgroupWrite[], subject: Subject, report: Report): void {
  const file = subject.cgroupFile('devices.list');
  if (file.errno !== 0) return report.unseen(rules, unread(file));
  const wanted = new DeviceTable();
  for (const { file: name, value, from } of writes) wanted.write(name === 'devices.allow', value, from);
  const lines = file.text.trim().split('\n').filter((line) => line !== '');
  const all = lines.includes('a *:* rwm');
  if (all !== wanted.allow) {
    const [some, every] = ['only the devices of the rules', 'every device'];
    return report.differ(rules, wanted.allow ? every : some, all ? every : some);
  }
  if (all) {
    report.same(rules);
    if (wanted.exceptions.size > 0) report.unseen(rules, 'the kernel does not show what is denied of everything');
    return;
  }
  const running = new DeviceTable();
  running.write(false, 'a', rules);
  for (const line of lines) running.write(true, line, rules);
  for (const [device, { from }] of wanted.exceptions)
    report.compare(from, wanted.textOf(device), running.textOf(device));
  for (const device of running.exceptions.keys()) {
    if (!wanted.exceptions.has(device)) report.differ(rules, 'none', running.textOf(device));
  }
}

/** Whether init is in the cgroups that were made for it, or below: a service manager in the container moves itself there. */
export const membership: Observer = {
  compare: (steps, subject, report) => {
    const list = subject.file('cgroup');
    const mounts = parseMounts(subject.live.hostMounts);
    for (const { operations: [first], optional, from } of steps) {
      const operation = first.op === 'alt' ? undefined : first;
      if (operation?.op !== 'cgroup.join' && operation?.op !== 'cgroup.open') continue;
      if (list.errno !== 0) {
        report.unseen(from, unread(list));
        continue;
      }
      const mount = mounts.find(({ point, type }) => point === operation.dir.mount && type.startsWith('cgroup'));
      const running = mount === undefined ? undefined : pathIn(mount, list.text);
      // A caller in a cgroup namespace sees nothing of what is above.
      if (mount === undefined || running === undefined || running.startsWith('/..')) {
        report.unseen(from, 'the cgroups of its init are not those that the caller sees');
        continue;
      }
      const wanted = joined(mount.root, `/${operation.dir.path}`);
      if (below(running, wanted) !== undefined) report.same(from);
      else if (optional) report.unseen(from, `its creator may have had no right to ${operation.dir.mount}`);
      else report.differ(from, `in the cgroup ${wanted}`, `in ${running} (${operation.dir.mount})`);
    }
  },
};

/** The path of a process in the hierarchy of a mount (cgroups(7), /proc/PID/cgroup). */
function pathIn({ type, options }: MountEntry, text: string): string | undefined {
  for (const line of text.split('\n')) {
    const [, names = '', ...rest] = line.split(':');
    const fits = type === 'cgroup2'
      ? names === ''
      : names !== '' && names.split(',').every((name) => hasName(options, name));
    if (fits && rest.length > 0) return rest.join(':');
  }
  return undefined;
}

function hasName(options: MountEntry['options'], name: string): boolean {
  return name.startsWith('name=') ? options.get('name') === name.slice('name='.length) : options.has(name);
}
