// Appliers of what init has of its own: its limits and how it is scheduled. Its first thread gets what belongs to a thread;
// processes that it has started keep theirs.
import type { HostOperation } from '../generated/plan.ts';
import type { Change } from './change.ts';
import { elementsOf, leaveRemoved, type Applier, type Job } from './job.ts';

/** Runs the operations of the plan on init from outside. */
function repeat(
  job: Job,
  changes: readonly Change[],
  op: 'rlimit.set' | 'oom.score' | 'sched.set' | 'ioprio.set',
  depth: number,
): void {
  for (const pointer of elementsOf(leaveRemoved(changes), depth))
    for (const operation of job.operations(op, pointer)) job.host.push(operation as HostOperation);
}

export const rlimits: Applier = (job, changes) => {
  repeat(job, changes, 'rlimit.set', 3);
};

export const oomScore: Applier = (job, changes) => {
  repeat(job, changes, 'oom.score', 2);
};

export const scheduler: Applier = (job, changes) => {
  repeat(job, changes, 'sched.set', 2);
};

export const ioPriority: Applier = (job, changes) => {
  repeat(job, changes, 'ioprio.set', 2);
};

/** What the configuration says of it is for exec; init may run on every processor of its cgroup. */
export const affinity: Applier = (job, changes) => {
  for (const change of changes) if (change.against === 'applied') change.outcome = { kind: 'kept' };
  const drifted = changes.find(({ against }) => against === 'running');
  if (drifted !== undefined) job.host.push({ op: 'cpu.affinity', from: drifted.property });
};
