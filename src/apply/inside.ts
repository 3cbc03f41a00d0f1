// Appliers of what belongs to the container's namespaces: kernel parameters, names, and paths that are covered.
import type { HostnameSet } from '../generated/plan.ts';
import { parseMounts } from '../observe/mount-table.ts';
import { knownAnnotations } from '../plan/known-annotations.ts';
import { pointerPath } from '../spec/parse/position.ts';
import type { Change } from './change.ts';
import { elementsOf, leaveRemoved, type Applier, type Job } from './job.ts';

/** What a kernel parameter of the container is now; undefined when it cannot be read. */
function now(job: Job, path: string): string | undefined {
  const { errno, text } = job.subject.kernel(path);
  return errno === 0 ? text.replace(/\n$/, '') : undefined;
}

export const sysctls: Applier = (job, changes) => {
  for (const pointer of elementsOf(leaveRemoved(changes), 3)) {
    for (const operation of job.operations('sysctl.write', pointer)) {
      const before = now(job, operation.path);
      job.steps.push({
        covers: false,
        make: ({ init }) => init.push(operation),
        undo: ({ init }) => {
          if (before !== undefined) init.push({ ...operation, value: before });
        },
      });
    }
  }
};

export const names: Applier = (job, changes) => {
  for (const { property } of leaveRemoved(changes)) {
    const isHost = property === '/hostname';
    const set = (name: string): HostnameSet => ({ op: 'hostname.set', from: property,
      ...(isHost ? { hostname: name } : { domainname: name }) });
    const name = (isHost ? job.declared.hostname : job.declared.domainname) ?? '';
    // An empty one is none.
    if (name === '') continue;
    const before = now(job, isHost ? 'kernel/hostname' : 'kernel/domainname');
    job.steps.push({
      covers: false,
      make: ({ init }) => init.push(set(name)),
      undo: ({ init }) => {
        if (before !== undefined) init.push(set(before));
      },
    });
  }
};

export const paths: Applier = (job, changes) => {
  const added: Change[] = [];
  for (const change of changes) {
    if (change.removed) change.outcome = { kind: 'restart', reason: 'a path that was covered stays so' };
    else added.push(change);
  }
  const points = new Set(parseMounts(job.subject.file('mountinfo').text).map(({ point }) => point));
  // Whole lists have no elements of their own to be found by.
  for (const pointer of new Set(added.map(({ property }) => property))) {
    for (const op of ['path.readonly', 'path.mask'] as const) {
      for (const operation of job.operations(op, pointer)) {
        const { path } = operation;
        job.steps.push({
          covers: points.has(path),
          make: ({ init }) => init.push(operation),
          undo: ({ init }) => init.push({ op: 'mount.remove', from: operation.from, target: path }),
        });
      }
    }
  }
};

/** Annotations are for people and other programs, but for those that create acts on. */
export const annotations: Applier = (_, changes) => {
  const known = knownAnnotations();
  for (const change of changes) {
    const name = pointerPath(change.property)[1];
    const acts = name === undefined || known.some((key) => (key.endsWith('.') ? name.startsWith(key) : name === key));
    change.outcome = acts ? { kind: 'restart', reason: 'create acts on it' } : { kind: 'kept' };
  }
};

export const kept: Applier = (_, changes) => {
  for (const change of changes) change.outcome = { kind: 'kept' };
};
