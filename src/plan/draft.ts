// A plan in the making: one list of operations for each program. Every concern appends to the programs it needs, so
// that the order of the concerns in compile.ts is the order of the operations in every program.
import type { Alt, HostOperation, InitOperation, Operation, StagerOperation } from '../generated/plan.ts';
import type { Process, Spec } from '../generated/config.ts';
import type { Cgroups } from './concern/cgroup.ts';
import type { Namespaces } from './concern/namespaces.ts';
import type { Context } from './context.ts';

/**
 * Slots for descriptors. A slot is free again once its descriptor was sent and used, so sources of mounts share one.
 */
export const slot = { cgroup: 0, container: 1, source: 2, console: 3, filter: 4, pidfd: 5 } as const;

export interface Draft {
  readonly spec: Spec;
  /** The process to start: the configuration's, or that of exec. */
  readonly process: Process;
  /** JSON pointer of the process: `/process`, or empty for exec, whose document is the process itself. */
  readonly at: string;
  readonly context: Context;
  readonly namespaces: Namespaces;
  readonly cgroups: Cgroups;
  /** Program of the executor: `create`, or `exec`. */
  readonly host: HostOperation[];
  readonly stager: StagerOperation[];
  readonly init: InitOperation[];
  readonly start: HostOperation[];
  readonly kill: HostOperation[];
  readonly delete: HostOperation[];
  readonly status: HostOperation[];
}

/** Numbers of errno(3) that plans react to. */
export const errno = { EPERM: 1, ENOENT: 2, EACCES: 13, EBUSY: 16, EINVAL: 22, EROFS: 30 } as const;

/** `operation`, or `otherwise` (nothing when absent) when it fails with one of the errnos. */
export function alt(operation: Operation, onErrno: readonly number[], otherwise?: Operation): Alt {
  return otherwise === undefined
    ? { op: 'alt', from: operation.from, try: operation, onErrno }
    : { op: 'alt', from: operation.from, try: operation, onErrno, else: otherwise };
}
