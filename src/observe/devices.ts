// Observers of device nodes and of the links beside them.
import type { DeviceNode } from '../generated/plan.ts';
import type { ObservedPath } from '../generated/protocol.ts';
import { errnoWords } from '../diagnostic/errno.ts';
import { operationsOf, type Observer, type Subject } from './subject.ts';

const missing = 2;
const typeMask = 0o170000;
const types: Readonly<Record<DeviceNode['kind'], number>> = { char: 0o020000, block: 0o060000, fifo: 0o010000,
  none: 0 };

const kindNames: readonly (readonly [type: number, name: string])[] = [[0o020000, 'character device'], [0o060000,
  'block device'], [0o010000, 'FIFO'], [0o100000, 'regular file'], [0o040000, 'directory'], [0o120000, 'symbolic link'],
  [0o140000, 'socket']];

function kindOf({ mode, major, minor }: { mode: number; major: number; minor: number }): string {
  const name = kindNames.find(([type]) => type === (mode & typeMask))?.[1] ?? 'something else';
  return /device/.test(name) ? `${name} ${major}:${minor}` : name;
}

function modeText(mode: number): string {
  return `mode ${(mode & 0o7777).toString(8).padStart(4, '0')}`;
}

/** Whether what was seen at its path is the node. */
export function isNode(node: DeviceNode, seen: ObservedPath, subject: Subject): boolean {
  if (seen.errno !== 0 || kindOf({ ...node, mode: types[node.kind] }) !== kindOf(seen)) return false;
  if (seen.mountRoot) return true;
  return modeText(node.mode) === modeText(seen.mode) && subject.outside('uid', node.uid) === seen.uid &&
    subject.outside('gid', node.gid) === seen.gid;
}

export const devices: Observer = {
  looks: (steps) => operationsOf(steps, 'device.node').map(({ path }) => ({ path, where: 'link' })),
  compare: (steps, subject, report) => {
    // Two of one path: the last one is there.
    const nodes = new Map(operationsOf(steps, 'device.node').map((node) => [node.path, node]));
    for (const node of nodes.values()) {
      const { from, path, kind, major, minor, mode } = node;
      const seen = subject.path(path);
      const named = from === '/linux/devices' ? `${path} ` : '';
      if (report.isCovered(path)) {
        report.unseen(from, `${path} is covered by a mount`);
        continue;
      }
      if (seen === undefined || (seen.errno !== 0 && seen.errno !== missing)) {
        report.unseen(from, `${path} cannot be looked at: ${errnoWords(seen?.errno ?? missing)}`);
        continue;
      }
      const wanted = kindOf({ mode: types[kind], major, minor });
      const running = seen.errno === 0 ? kindOf(seen) : 'nothing';
      report.compare(from, `${named}${wanted}`, `${named}${running}`);
      // The host's own node has the host's owner and mode.
      if (wanted !== running || seen.mountRoot) continue;
      report.compare(from, `${named}${modeText(mode)}`, `${named}${modeText(seen.mode)}`);
      report.compare(from, ownerText(named, subject.outside('uid', node.uid), subject.outside('gid', node.gid)),
        ownerText(named, seen.uid, seen.gid));
    }
  },
};

function ownerText(named: string, uid: number, gid: number): string {
  return `${named}owner ${uid}:${gid}`;
}

export const links: Observer = {
  looks: (steps) => operationsOf(steps, 'path.symlink').map(({ path }) => ({ path, where: 'link' })),
  compare: (steps, subject, report) => {
    for (const { from, path, target, existing } of operationsOf(steps, 'path.symlink')) {
      const seen = subject.path(path);
      if (report.isCovered(path)) {
        report.unseen(from, `${path} is covered by a mount`);
        continue;
      }
      if (seen === undefined || (seen.errno !== 0 && seen.errno !== missing)) {
        report.unseen(from, `${path} cannot be looked at: ${errnoWords(seen?.errno ?? missing)}`);
        continue;
      }
      const running = textOf(seen);
      // What the image has in its place stays.
      if (existing === 'keep' && seen.errno === 0 && (seen.mode & typeMask) !== 0o120000) report.same(from);
      else report.compare(from, `${path} -> ${target}`, `${path} ${running}`);
    }
  },
};

function textOf(seen: ObservedPath): string {
  if (seen.errno !== 0) return 'is gone';
  return (seen.mode & typeMask) === 0o120000 ? `-> ${seen.link}` : `is a ${kindOf(seen)}`;
}
