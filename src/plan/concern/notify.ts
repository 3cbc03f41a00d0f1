// NOTIFY_SOCKET: a service manager waits for the container's program to say that it is ready (sd_notify(3)). The
// container gets a socket of its own, from which start and run pass on what may pass.
import { MountAttrFlag } from '../../generated/plan.ts';
import { slot } from '../draft.ts';
import type { Draft } from '../draft.ts';
import { plainBind } from './mount/plain.ts';

/** Name of the socket in its directory. */
const socketName = 'notify';

/**
 * Binds the directory of the socket into the container: at the path of the caller's socket, as crun does. The
 * directory, since the socket itself is made anew by every command that listens.
 */
export function mountNotify(d: Draft): void {
  const target = d.context.facts.notifySocket;
  if (target === undefined) return;
  d.host.push({ op: 'notify.open', from: '', slot: slot.source });
  d.host.push({ op: 'fd.send', from: '', slot: slot.source });
  d.init.push({ op: 'fd.receive', from: '', slot: slot.source });
  const set = MountAttrFlag.nosuid | MountAttrFlag.nodev | MountAttrFlag.noexec | MountAttrFlag.rdonly;
  d.init.push({ ...plainBind('', target, set), slot: slot.source });
}

/** NOTIFY_SOCKET in the environment of the container's program; it replaces a configured one. */
export function notifyEntry(d: Draft): string | undefined {
  const target = d.context.facts.notifySocket;
  return target === undefined ? undefined : `NOTIFY_SOCKET=${target}/${socketName}`;
}
