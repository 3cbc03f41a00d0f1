// The container's life as a process: handing the programs over, waiting for `created`, and what the later
// verbs do.
import { NamespaceFlag, SignalReachFlag } from '../../generated/plan.ts';
import type { HostOperation } from '../../generated/plan.ts';
import { annotatedPath, annotationPointer } from '../annotations.ts';
import { alt, errno } from '../draft.ts';
import type { Draft } from '../draft.ts';
import { mainDir } from './cgroup/cgroup.ts';
import { limitDevices } from './cgroup/device-limits.ts';
import { freezerOf } from './cgroup/freezer.ts';
import { endUnit } from './cgroup/systemd.ts';
import { mapsUsers } from './namespaces.ts';

/**
 * How long delete waits for init, for the processes of a cgroup, and for an empty cgroup to be free, in
 * milliseconds.
 */
const timeLimit = 10000;

export function spawn(d: Draft): void {
  d.host.push({ op: 'process.spawn', from: d.processPointer, apart: isSeenWaiting(d) });
}

/**
 * Whether others may look into init while it waits for its start: then it may hold neither the record nor the FIFO. These are
 * the processes of a joined pid namespace, and in a container with CAP_SYS_PTRACE over the host what is executed before the
 * start; with CAP_SYS_ADMIN as well the host is open to it anyway.
 */
function isSeenWaiting({ namespaces, process: { capabilities = {} } }: Draft): boolean {
  if ((namespaces.joined & NamespaceFlag.pid) !== 0) return true;
  const has = (name: string): boolean => Object.values(capabilities).some((names) => names.includes(name));
  return !mapsUsers(namespaces) && has('CAP_SYS_PTRACE') && !has('CAP_SYS_ADMIN');
}

/** The last operations of create: the container is there, and only now the pid file says so. */
export function awaitCreated(d: Draft): void {
  d.host.push({ op: 'sync.await', from: '', point: 'created' });
  limitDevices(d, true);
  sendPidfd(d);
  writePid(d);
  if (isSeenWaiting(d)) d.host.push({ op: 'start.relay', from: d.processPointer });
}

/** A program that watches over the container gets a pidfd of its init (annotation run.oci.pidfd_receiver). */
function sendPidfd(d: Draft): void {
  if (d.spec.annotations === undefined) return;
  const path = annotatedPath(d.spec, 'pidfdReceiver');
  if (path !== undefined) d.host.push({ op: 'pidfd.send', from: annotationPointer('pidfdReceiver'), path });
}

export function writePid(d: Draft): void {
  const path = d.context.flags.pidFile;
  if (path !== undefined) d.host.push({ op: 'pid.file', from: '', path });
}

export function startProgram(d: Draft): void {
  if (d.spec.process === undefined) d.start.push({ op: 'start.refuse', from: '' });
  else d.start.push({ op: 'process.start', from: `${d.processPointer}/args` });
}

/** Without a pid namespace of its own, init's end does not end the other processes. */
function hasOwnPids(d: Draft): boolean {
  return (d.namespaces.created & NamespaceFlag.pid) !== 0;
}

/**
 * Whom `kill` reaches: init, and with --all every process of the container's cgroup; so does SIGKILL where init's end does
 * not end the others, and where it has ended already. Who has no cgroup (any more) is reached by init alone.
 */
export function killProgram(d: Draft): void {
  const init: HostOperation = { op: 'process.signal', from: '', reach: 0, freezer: freezerOf(d.cgroups) };
  const cgroup = mainDir(d.cgroups);
  if (cgroup === undefined) {
    d.kill.push(init);
    return;
  }
  const { all, kill, orphans } = SignalReachFlag;
  const reach = all | orphans | (hasOwnPids(d) ? 0 : kill);
  d.kill.push(alt({ ...init, cgroup, reach }, [errno.ENOENT, errno.ESTALE], init));
}

export function deleteProgram(d: Draft): void {
  const main = mainDir(d.cgroups);
  const freezer = freezerOf(d.cgroups);
  d.delete.push({ op: 'process.end', from: '', freezer, timeout: timeLimit });
  if (main !== undefined && !hasOwnPids(d)) {
    d.delete.push({ op: 'cgroup.kill', from: '', dir: main, freezer, timeout: timeLimit });
  }
  if (d.cgroups.unit !== undefined) endUnit(d, d.cgroups.unit);
  for (const place of d.cgroups.places) {
    d.delete.push({ op: 'cgroup.remove', from: d.cgroups.from, dir: place.dir, timeout: timeLimit });
  }
  d.delete.push({ op: 'state.remove', from: '' });
}

/** pause and resume; both stay empty where no cgroup can freeze. */
export function pausePrograms(d: Draft): void {
  const freezer = freezerOf(d.cgroups);
  if (freezer === undefined) return;
  d.pause.push({ op: 'cgroup.freeze', from: d.cgroups.from, ...freezer, frozen: true, timeout: timeLimit });
  d.resume.push({ op: 'cgroup.freeze', from: d.cgroups.from, ...freezer, frozen: false, timeout: timeLimit });
}
