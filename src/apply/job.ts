// What appliers work on: a container, its two configurations, and the operations that change the one to the other.
import type { Spec } from '../generated/config.ts';
import type { HostOperation, Operation, Plan } from '../generated/plan.ts';
import type { Subject } from '../observe/subject.ts';
import type { Context } from '../plan/context.ts';
import type { Draft } from '../plan/draft.ts';
import type { Change } from './change.ts';

/** A change that a process makes inside the container, and what takes it back. Both push to a draft. */
export interface Step {
  readonly make: (d: Draft) => void;
  /**
   * Has to bear that it was not, or not wholly, made.
   *
   * @param done the operations of it that were done; undefined where nobody knows
   */
  readonly undo: (d: Draft, done?: readonly Operation[]) => void;
  /** Whether it may be taken back only when it is known to be done: it would take away what was there before. */
  readonly covers: boolean;
}

export class Job {
  readonly declared: Spec;
  readonly kept: Spec;
  /** The plan of the declared configuration: its operations are what changes are made of. */
  readonly plan: Plan;
  readonly subject: Subject;
  readonly context: Context;
  /** What is done from outside; the executor takes it back itself, but for what is in `undo`. */
  readonly host: HostOperation[] = [];
  readonly undo: HostOperation[] = [];
  readonly steps: Step[] = [];

  constructor(declared: Spec, kept: Spec, plan: Plan, subject: Subject, context: Context) {
    this.declared = declared;
    this.kept = kept;
    this.plan = plan;
    this.subject = subject;
    this.context = context;
  }

  /** The operations of one kind that the value at a pointer, or something in it, has caused in the plan. */
  operations<K extends Operation['op']>(op: K, pointer: string): Extract<Operation, { op: K }>[] {
    const found: Extract<Operation, { op: K }>[] = [];
    for (const program of ['create', 'stager', 'init'] as const) {
      for (const operation of this.plan.programs[program] ?? []) {
        if (operation.op === op && (operation.from === pointer || operation.from.startsWith(`${pointer}/`)))
          found.push(operation as Extract<Operation, { op: K }>);
      }
    }
    return found;
  }
}

/** Makes changes of one kind, or says what becomes of them instead. */
export type Applier = (job: Job, changes: readonly Change[]) => void;

/** A property that the configuration does not name any more is never cleared. */
export function leaveRemoved(changes: readonly Change[]): Change[] {
  return changes.filter((change) => {
    if (change.removed) change.outcome = { kind: 'left', reason: 'what is not named is not cleared' };
    return !change.removed;
  });
}

/** The first parts of pointers, so many of them, each once. */
export function elementsOf(changes: readonly Change[], depth: number): string[] {
  return [...new Set(changes.map(({ property }) => property.split('/').slice(0, depth + 1).join('/')))];
}
