// exec of a user from where the kernel lets him move nothing to the container's cgroup, such as the session of a login:
// the manager of the user, which may ask that of the system, moves the stager.
import { attachToUnit, managerSockets } from '../../../cgroup/systemd.ts';
import type { HostFacts } from '../../../generated/protocol.ts';
import { alt, errno } from '../../draft.ts';
import type { Draft } from '../../draft.ts';
import { send } from './systemd.ts';

/** A cgroup of a unit of a user's manager, or one below it. */
export interface UnitCgroup {
  readonly unit: string;
  /** From the unit's cgroup on, with a slash in front. */
  readonly below: string;
}

/** How exec comes into the container's cgroup: by itself, or else it stays outside or fails; or moved by a manager. */
export type Move = 'strict' | 'lenient' | UnitCgroup;

/** How long the manager may take, in milliseconds. */
const timeLimit = 10000;

/** Errnos that mean that there is no manager, and that it refuses. */
const unreachable: readonly number[] = [errno.ENOENT, errno.ECONNREFUSED, errno.ECONNRESET, errno.EACCES, errno.EPERM,
  errno.ETIMEDOUT];
const refused = [...unreachable, errno.EREMOTEIO];

/**
 * The unit that a cgroup belongs to: as systemd finds it, the first name behind the manager and its slices. Names below it are
 * the container's choice.
 *
 * @param path below the hierarchy, with or without a slash in front
 */
export function unitOfCgroup(path: string): UnitCgroup | undefined {
  const match = /^\/?(?:[^/]+\.slice\/)*user@[0-9]+\.service\/(?:[^/]+\.slice\/)*([^/]+\.(?:scope|service))(\/.*)?$/
    .exec(path);
  return match === null ? undefined : { unit: match[1]!, below: match[2] ?? '/' };
}

/**
 * Has the stager moved before it is at work.
 *
 * @param optional whether a container without limits may do without: then also when the manager refuses
 */
export function attachStager(d: Draft, { unit, below }: UnitCgroup, optional: boolean): void {
  const sockets = managerSockets(runtimeDir(d.context.facts));
  const attach = send({ sockets }, d.cgroups.from, attachToUnit(unit, below), { job: false, timeout: timeLimit });
  d.host.push(alt(attach, optional ? refused : unreachable));
}

/** Services of a user and what su(1) starts have no $XDG_RUNTIME_DIR: where logind makes it. */
function runtimeDir({ runtimeDir: given, ownerUid, euid }: HostFacts): string {
  return given ?? `/run/user/${ownerUid ?? euid}`;
}
