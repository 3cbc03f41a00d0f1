// A plan in the making: one list of operations for each program. Every concern appends to the programs it
// needs, so that the order of the concerns in compile.ts is the order of the operations in every program.
import type { Alt, CgroupDir, DbusSocket, HostOperation, InitOperation, NamespaceFlag, Operation,
  StagerOperation } from '../generated/plan.ts';
import type { Process, Spec } from '../generated/config.ts';
import type { Context } from './context.ts';

/**
 * Slots for descriptors. A slot is free again once its descriptor was sent and used, so sources of mounts
 * share one.
 */
export const slot = { cgroup: 0, source: 2, console: 3, filter: 4, pidfd: 5, listener: 6, listenerState: 7, pids: 8,
  layer: 9, view: 10 } as const;

/** Kind of a namespace. */
export type NamespaceName = keyof typeof NamespaceFlag;

/** A namespace that is joined by its path. */
export interface Join {
  readonly type: NamespaceName;
  readonly path: string;
  readonly from: string;
}

/** Namespaces of a container, as sets of NamespaceFlag bits. What is in no set is the host's. */
export interface Namespaces {
  /** New ones. */
  readonly created: number;
  /** Joined ones. */
  readonly joined: number;
  readonly joins: readonly Join[];
  /** JSON pointer of the new user namespace. */
  readonly userFrom: string;
}

/** The container's cgroup in one hierarchy. */
export interface Place {
  readonly dir: CgroupDir;
  /** Controllers as in /proc/PID/cgroup: `cpu,cpuacct`, `name=systemd`, empty for v2. */
  readonly controllers: string;
  readonly version: 1 | 2;
  /** The caller's cgroup in it, below the mount point, with a slash in front. */
  readonly own: string;
  /** The cgroup that is mounted, as /proc/PID/cgroup names it; empty for the whole hierarchy. */
  readonly root: string;
}

/** The systemd unit of a container. */
export interface UnitPlace {
  readonly name: string;
  /** Empty for a unit that is a slice itself. */
  readonly slice: string;
  /** Where its manager listens. */
  readonly sockets: readonly DbusSocket[];
  /** Whether the host has cgroup v2 alone. */
  readonly unified: boolean;
  /** Name of the cgroup below the unit's in which the processes are; absent: in the unit's own. */
  readonly subgroup?: string;
}

/** The container's cgroups. */
export interface Cgroups {
  /** Empty when cgroups are not managed. */
  readonly places: readonly Place[];
  /** JSON pointer for operations that no single resource causes. */
  readonly from: string;
  /** The caller may lack the right to make them, and no limit was asked for. */
  readonly optional: boolean;
  /** Init is cloned into its v2 cgroup: what makes it has the host's credentials. */
  readonly byClone: boolean;
  /** The unit, when systemd makes the cgroups. */
  readonly unit?: UnitPlace;
}

export interface Draft {
  readonly spec: Spec;
  /** The process to start: the configuration's, or that of exec. */
  readonly process: Process;
  /** JSON pointer of the process: `/process`, or empty for exec, whose document is the process itself. */
  readonly processPointer: string;
  readonly context: Context;
  readonly namespaces: Namespaces;
  readonly cgroups: Cgroups;
  /** Init comes to others in their pid namespace, and stays out of their sight until process.enter. */
  readonly hides: boolean;
  /** Cgroups that the host's side moves the process to once it is there, since it cannot be made in them. */
  readonly attach: CgroupDir[];
  /** Program of the executor: `create`, or `exec`. */
  readonly host: HostOperation[];
  readonly stager: StagerOperation[];
  readonly init: InitOperation[];
  readonly start: HostOperation[];
  readonly kill: HostOperation[];
  readonly delete: HostOperation[];
  readonly pause: HostOperation[];
  readonly resume: HostOperation[];
}

export { errno } from '../diagnostic/errno.ts';

/** `operation`, or `otherwise` (nothing when absent) when it fails with one of the errnos. */
export function alt(operation: Operation, onErrno: readonly number[], otherwise?: Operation): Alt {
  return otherwise === undefined
    ? { op: 'alt', from: operation.from, try: operation, onErrno }
    : { op: 'alt', from: operation.from, try: operation, onErrno, else: otherwise };
}
