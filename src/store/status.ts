// The status of a container is derived, never stored: from its record, its process and its freezer.
import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { State } from '../generated/state.ts';
import { readText } from './files.ts';
import type { ContainerRecord } from './record.ts';

/** Whether the process of a record lives: the pid may belong to another one by now, a zombie has ended. */
function alive({ pid, startTime }: ContainerRecord): boolean {
  if (pid <= 1) return false;
  const stat = readText(`/proc/${pid}/stat`);
  // The name, field 2, is in parentheses and may contain anything.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields === undefined || fields.length < 20) return false;
  return fields[0] !== 'Z' && fields[0] !== 'X' && fields[19] === String(startTime);
}

function frozen({ cgroups }: ContainerRecord): boolean {
  const group = cgroups.find(({ mount }) => basename(mount).split(',').includes('freezer')) ?? cgroups.at(-1);
  if (group === undefined) return false;
  const folder = join(group.mount, group.path);
  // Somebody may have put another in its place.
  if (statSync(folder, { bigint: true, throwIfNoEntry: false })?.ino !== group.inode) return false;
  const v1 = readText(join(folder, 'freezer.state'));
  return v1 === undefined ? readText(join(folder, 'cgroup.freeze'))?.trim() === '1' : v1.trim() === 'FROZEN';
}

/** Status of the container that a record describes. */
export function statusOf(record: ContainerRecord): State['status'] {
  if (record.stage === 'creating') return 'creating';
  if (!alive(record)) return 'stopped';
  if (frozen(record)) return 'paused';
  return record.stage === 'created' ? 'created' : 'running';
}
