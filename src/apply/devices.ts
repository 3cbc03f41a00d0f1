// The applier of device nodes, and of the links beside them.
import type { DeviceNode } from '../generated/plan.ts';
import { isNode } from '../observe/devices.ts';
import type { Draft } from '../plan/draft.ts';
import { makeDevice, nodesOf } from '../plan/concern/mount/devices.ts';
import { isNested } from '../plan/concern/namespaces.ts';
import type { Applier, Job } from './job.ts';

const missing = 2;

export const devices: Applier = (job, changes) => {
  const { declared, kept, subject } = job;
  const wanted = new Map(nodesOf(declared).map((node) => [node.path, node]));
  const old = new Map(nodesOf(kept).map((node) => [node.path, node]));
  let acts = false;
  for (const [path, node] of wanted) {
    const seen = subject.path(path);
    const before = old.get(path);
    const same = before !== undefined && textOf(before) === textOf(node);
    if (same && (seen === undefined || isNode(node, seen, subject))) continue;
    acts = true;
    // What is there now goes: another one is not changed, but made anew.
    const there = before !== undefined && seen?.errno === 0 ? before : undefined;
    job.steps.push({ covers: false, make: (d) => exchange(d, there, node), undo: (d) => exchange(d, node, there) });
  }
  for (const [path, node] of old) {
    if (wanted.has(path) || subject.path(path)?.errno === missing) continue;
    acts = true;
    job.steps.push({ covers: false, make: (d) => exchange(d, node, undefined), undo: (d) =>
      exchange(d, undefined, node) });
  }
  restoreLinks(job);
  for (const change of changes) {
    if (change.against !== 'running' || change.property !== '/linux/devices' || !change.declared.includes(' -> '))
      continue;
    if (!change.before.endsWith(' is gone'))
      change.outcome = { kind: 'left', reason: 'the container has something else there' };
  }
  if (!acts) {
    for (const change of changes)
      if (change.against === 'applied') change.outcome = { kind: 'kept' };
  }
};

function textOf({ from, ...node }: DeviceNode): string {
  return JSON.stringify({ ...node, from: from === '/linux/devices' });
}

/** Takes a node away and makes another one. */
function exchange(d: Draft, from: DeviceNode | undefined, to: DeviceNode | undefined): void {
  if (from !== undefined) {
    const { path, kind } = from;
    // A pointer of the kept configuration would lead to another device.
    const pointer = to?.from ?? '/linux/devices';
    if (isNested(d) && kind !== 'fifo') d.init.push({ op: 'mount.remove', from: pointer, target: path });
    else d.init.push({ ...from, from: pointer, kind: 'none' });
  }
  if (to !== undefined) makeDevice(d, to);
}

/** Links that are gone are made anew. */
function restoreLinks(job: Job): void {
  for (const link of job.operations('path.symlink', '/linux/devices')) {
    if (job.subject.path(link.path)?.errno !== missing) continue;
    job.steps.push({ covers: false, make: ({ init }) => init.push(link), undo: () => undefined });
  }
}
