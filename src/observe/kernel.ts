// Observers of the container's namespaces and of what belongs to them.
import { NamespaceFlag } from '../generated/plan.ts';
import type { Spec } from '../generated/config.ts';
import { operationsOf, unread, words, type Observer, type Report, type Subject } from './subject.ts';

/** Names in /proc/PID/ns. */
const linkNames: Readonly<Record<keyof typeof NamespaceFlag, string>> = { time: 'time', mount: 'mnt', cgroup: 'cgroup',
  uts: 'uts', ipc: 'ipc', user: 'user', pid: 'pid', network: 'net' };

type NamespaceName = keyof typeof NamespaceFlag;

/** Where the configuration names a namespace. */
function pointerOf(spec: Spec, type: NamespaceName): string {
  const index = spec.linux?.namespaces?.findIndex((entry) => entry.type === type) ?? -1;
  return index < 0 ? '/linux/namespaces' : `/linux/namespaces/${index}`;
}

export const namespaces: Observer = {
  looks: (steps) => operationsOf(steps, 'namespace.join').map(({ path }) => ({ path, where: 'host' })),
  compare: (steps, subject, report) => {
    const newTypes = operationsOf(steps, 'namespace.unshare').reduce((bits, { types }) => bits | types, 0)
      | operationsOf(steps, 'process.clone').reduce((bits, { types }) => bits | types, 0);
    for (const [type, bit] of Object.entries(NamespaceFlag) as [NamespaceName, number][]) {
      if ((newTypes & bit) !== 0) compareNew(type, subject, report);
    }
    for (const { from, path } of operationsOf(steps, 'namespace.join')) compareJoined(from, path, subject, report);
  },
};

function compareNew(type: NamespaceName, subject: Subject, report: Report): void {
  const pointer = pointerOf(subject.spec, type);
  const seen = subject.live.namespaces.find((entry) => entry.type === linkNames[type]);
  if (seen === undefined || seen.container === '') report.unseen(pointer, 'it cannot be read');
  else if (seen.container !== seen.caller) report.same(pointer);
  else report.differ(pointer, `a ${type} namespace of its own`, "the host's");
}

function compareJoined(from: string, path: string, subject: Subject, report: Report): void {
  const { namespaces: list = [] } = subject.spec.linux ?? {};
  const type = list[Number(from.slice(from.lastIndexOf('/') + 1))]?.type as NamespaceName | undefined;
  const seen = type === undefined ? undefined : subject.live.namespaces.find((entry) => entry.type === linkNames[type]);
  const file = subject.hostPath(path);
  if (seen === undefined || seen.container === '' || file === undefined || file.errno !== 0)
    return report.unseen(from, 'what its path names is gone, or cannot be read');
  const wanted = `${seen.type}:[${file.inode}]`;
  report.compare(`${from}/path`, wanted, seen.container);
}

export const idMaps: Observer = {
  compare: (steps, subject, report) => {
    const [step] = operationsOf(steps, 'process.ids');
    if (step === undefined) return;
    const compareMap = (file: string, pointer: string, map: string): void => {
      const live = subject.file(file);
      const lines = (text: string): string => text.trim().split('\n').map(words).join(', ');
      if (live.errno !== 0) report.unseen(pointer, unread(live));
      else report.compare(pointer, lines(map), lines(live.text));
    };
    compareMap('uid_map', '/linux/uidMappings', step.uidMap);
    compareMap('gid_map', '/linux/gidMappings', step.gidMap);
  },
};

export const clocks: Observer = {
  compare: (steps, subject, report) => {
    for (const { from, content } of operationsOf(steps, 'time.offsets')) {
      const file = subject.file('timens_offsets');
      const running = new Map(file.text.trim().split('\n').map((line) => [words(line).split(' ')[0], words(line)]));
      for (const line of content.trim().split('\n')) {
        const clock = line.split(' ')[0]!;
        if (file.errno !== 0) report.unseen(`${from}/${clock}`, unread(file));
        else report.compare(`${from}/${clock}`, words(line), running.get(clock) ?? 'none');
      }
    }
  },
};

export const names: Observer = {
  looks: () => [{ path: 'kernel/hostname', where: 'kernel' }, { path: 'kernel/domainname', where: 'kernel' }],
  compare: (steps, subject, report) => {
    for (const { hostname, domainname } of operationsOf(steps, 'hostname.set')) {
      if (hostname !== undefined) compareParameter('/hostname', 'kernel/hostname', hostname, subject, report);
      if (domainname !== undefined) compareParameter('/domainname', 'kernel/domainname', domainname, subject, report);
    }
  },
};

function compareParameter(pointer: string, path: string, wanted: string, subject: Subject, report: Report): void {
  const file = subject.kernel(path);
  if (file.errno !== 0) report.unseen(pointer, unread(file));
  else report.compare(pointer, words(wanted), words(file.text));
}

/** Parameters whose numbers are groups: each reader sees them as its own user namespace has them. */
const groupParameters: ReadonlySet<string> = new Set(['net/ipv4/ping_group_range']);

function outsideGroups(value: string, subject: Subject): string {
  return words(value).split(' ').map((number) => subject.outside('gid', Number(number))).join(' ');
}

export const sysctls: Observer = {
  looks: (steps) => operationsOf(steps, 'sysctl.write').map(({ path }) => ({ path, where: 'kernel' })),
  compare: (steps, subject, report) => {
    for (const { from, path, value } of operationsOf(steps, 'sysctl.write'))
      compareParameter(from, path, groupParameters.has(path) ? outsideGroups(value, subject) : value, subject, report);
  },
};

export const netDevices: Observer = {
  looks: () => [{ path: 'net', where: 'kernel' }],
  compare: (steps, subject, report) => {
    const file = subject.kernel('net');
    const present = new Set(file.text.split('\n').map((line) => line.split(':')[0]!.trim()));
    for (const { from, name } of operationsOf(steps, 'net.move')) {
      if (file.errno !== 0) report.unseen(from, unread(file));
      else if (name.includes('%')) report.unseen(from, 'the kernel has chosen its name');
      else if (present.has(name)) report.same(from);
      else report.differ(from, `a device ${name}`, 'no such device');
    }
  },
};

const interfaceUp = 1;

export const loopback: Observer = {
  looks: () => [{ path: 'lo', where: 'kernel' }],
  compare: (steps, subject, report) => {
    if (steps.length === 0) return;
    const pointer = pointerOf(subject.spec, 'network');
    const file = subject.kernel('lo');
    if (file.errno !== 0) return report.unseen(pointer, unread(file));
    report.compare(pointer, 'lo is up', (Number(file.text) & interfaceUp) !== 0 ? 'lo is up' : 'lo is down');
  },
};
