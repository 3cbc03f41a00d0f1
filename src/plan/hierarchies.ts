// The same step for each hierarchy of cgroup v1 as one, for people: eleven lines that say the same hide the others.
import type { CgroupDir, Operation } from '../generated/plan.ts';

/** Operations in a row that do the same in several hierarchies. */
export interface Step {
  readonly first: Operation;
  /** Names of the hierarchies, when there are several. */
  readonly hierarchies: readonly string[];
  /** The cgroup in each of them, when that is the same. */
  readonly path: string;
}

/** Steps that are less than this many are shown one by one. */
const few = 3;

/** Joins neighbours that differ in their hierarchy alone. */
export function stepsOf(operations: readonly Operation[]): readonly Step[] {
  const steps: Step[] = [];
  for (let index = 0; index < operations.length;) {
    const first = operations[index]!;
    let end = index + 1;
    while (end < operations.length && isSame(first, operations[end]!)) end++;
    const group = operations.slice(index, end);
    if (group.length >= few) {
      const dirs = group.map((operation) => dirOf(operation)!);
      steps.push({ first, hierarchies: dirs.map(({ mount }) => mount.slice(mount.lastIndexOf('/') + 1)),
        path: lastPart(dirs[0]!) });
    } else {
      for (const operation of group) steps.push({ first: operation, hierarchies: [], path: '' });
    }
    index = end;
  }
  return steps;
}

function isSame(one: Operation, other: Operation): boolean {
  const [a, b] = [dirOf(one), dirOf(other)];
  return a !== undefined && b !== undefined && one.op === other.op && one.from === other.from &&
    lastPart(a) === lastPart(b);
}

/** The cgroup that an operation makes, joins or removes. */
function dirOf(operation: Operation): CgroupDir | undefined {
  return operation.op === 'cgroup.create' || operation.op === 'cgroup.join' || operation.op === 'cgroup.remove'
    ? operation.dir
    : undefined;
}

/** Below a hierarchy the caller has a cgroup of its own: the last parts are what is made for the container. */
function lastPart({ path = '' }: CgroupDir): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
