// compileApply(declared, kept, …): the plan that makes a container what its configuration says, and the one that takes that
// back. Everything of them are operations; no value of a container is read but by the observers.
import type { ApplierName } from '../generated/apply-classes.ts';
import type { Spec } from '../generated/config.ts';
import type { HostOperation, Operation, Plan } from '../generated/plan.ts';
import type { Report, Subject } from '../observe/subject.ts';
import { newDraft } from '../plan/begin.ts';
import { changeInside } from '../plan/compile-mounts.ts';
import { writeState } from '../plan/concern/state.ts';
import type { Context } from '../plan/context.ts';
import { alt, errno } from '../plan/draft.ts';
import { changesOf, isToDo, type Change } from './change.ts';
import { classOf } from './classes.ts';
import { devices } from './devices.ts';
import { annotations, kept, names, paths, sysctls } from './inside.ts';
import { Job, type Applier, type Step } from './job.ts';
import { rdt, resources } from './limits.ts';
import { mounts } from './mounts.ts';
import { affinity, ioPriority, oomScore, rlimits, scheduler } from './process.ts';

/** In the order in which they act: first what is refused soonest, devices of cgroup v2 as the last from outside. */
const appliers: Readonly<Record<ApplierName, Applier>> = { kept, annotations, rlimits, oomScore, scheduler, ioPriority,
  affinity, rdt, resources, sysctls, names, devices, mounts, paths };

/** What a container lacks to be what its configuration says. */
export interface Application {
  readonly changes: readonly Change[];
  /** What makes all live changes; undefined when there is nothing to do. */
  readonly plan: Plan | undefined;
  /** What takes back what of the plan's programs was done inside; the executor takes back the rest itself. */
  readonly undo: (program: string, index: number) => Plan | undefined;
}

/**
 * Compiles the changes of a container that runs.
 *
 * @param plan the plan of the declared configuration
 * @param report the comparison of that plan with the container
 * @throws PlanError when this host cannot do it
 */
export function compileApply(
  declared: Spec,
  before: Spec,
  plan: Plan,
  subject: Subject,
  report: Report,
  context: Context,
): Application {
  const changes = changesOf(declared, before, report);
  const job = new Job(declared, before, plan, subject, context);
  for (const [name, apply] of Object.entries(appliers)) {
    const own = changes.filter(({ property, outcome }) => {
      const { live } = classOf(property) as { live?: ApplierName };
      return live === name && outcome.kind === 'live';
    });
    if (own.length > 0) apply(job, own);
  }
  const { host, steps } = job;
  if (!changes.some(isToDo)) return { changes, plan: undefined, undo: () => undefined };
  // What changes last is what state shows.
  const last = stateOf(declared, context);
  if (steps.length === 0)
    return { changes, plan: planOf({ update: [...host, ...last] }), undo: () => undone(job, [], 0) };
  // Where the first one begins, and where each ends.
  const ends: number[] = [];
  const inside = changeInside(declared, context, (d) => {
    ends.push(d.init.length);
    for (const step of steps) {
      step.make(d);
      ends.push(d.init.length);
    }
  });
  const { exec = [], ...others } = inside.programs;
  return {
    changes,
    plan: planOf({ update: host, exec: [...exec, ...last], ...others }),
    undo: (program, index) =>
      undone(job, begun(steps, ends, others.init ?? [], program, index, exec.length), steps.length),
  };
}

function planOf(programs: Plan['programs']): Plan {
  return { planVersion: 1, programs };
}

function stateOf(spec: Spec, context: Context): HostOperation[] {
  const d = newDraft(spec, spec.process ?? { cwd: '/' }, '/process', context);
  writeState(d);
  // What the streams of the container are is not known here.
  return d.host.map((operation) => (operation.op === 'state.write' ? { ...operation, status: undefined } : operation));
}

/** A step that was done, or may have been, and the operations of it that were: undefined where nobody knows. */
interface Begun {
  readonly step: Step;
  readonly done?: readonly Operation[];
}

/** The steps that were begun before a failure. */
function begun(
  steps: readonly Step[],
  ends: readonly number[],
  operations: readonly Operation[],
  program: string,
  index: number,
  exec: number,
): readonly Begun[] {
  if (program === 'update' || program === 'stager') return [];
  // The state is written when all is done.
  const all = program !== 'init' && index >= exec;
  return steps.flatMap((step, number): Begun[] => {
    const begin = ends[number]!, end = ends[number + 1]!;
    if (all || (program === 'init' && end <= index)) return [{ step, done: operations.slice(begin, end) }];
    if (step.covers || (program === 'init' && begin > index)) return [];
    if (program !== 'init') return [{ step }];
    // A mount that could not be removed is there.
    return index === begin && operations[begin]?.op === 'mount.remove'
      ? []
      : [{ step, done: operations.slice(begin, index) }];
  });
}

/** Errnos of what is to be taken back and was never done. */
const notDone = [errno.EINVAL, errno.ENOENT, errno.EEXIST, errno.ENOTDIR, errno.EPERM];

function undone({ kept: before, context, undo }: Job, steps: readonly Begun[], all: number): Plan | undefined {
  const host = [...undo, ...stateOf(before, context)];
  if (steps.length === 0) return undo.length > 0 || all === 0 ? planOf({ update: host }) : undefined;
  const inside = changeInside(before, context, (d) => {
    for (const { step, done } of [...steps].reverse()) step.undo(d, done);
  });
  const { exec, stager, init = [] } = inside.programs;
  return planOf({ update: host, exec, stager, init: (init as Operation[]).map(bearing) as never });
}

function bearing(operation: Operation): Operation {
  const changes = ['mount.remove', 'mount.attr', 'mount.reconfigure', 'mount.bind', 'mount.fs', 'device.node',
    'sysctl.write', 'hostname.set'];
  return changes.includes(operation.op) ? alt(operation, notDone) : operation;
}
