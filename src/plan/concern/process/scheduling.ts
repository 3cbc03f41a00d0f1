// process.scheduler, ioPriority, execCPUAffinity; linux.memoryPolicy and personality. Scheduling needs the caller's
// rights, which a user namespace takes away: the host's side sets it while init waits.
import { maskOf, parseNumberList } from '../../../spec/number-list.ts';
import { ioClasses, memoryFlags, memoryModes, schedulerFlags, schedulerPolicies } from '../../../spec/scheduling.ts';
import type { Draft } from '../../draft.ts';

/** LINUX and LINUX32 (sys/personality.h). */
const domains = { LINUX: 0, LINUX32: 8 } as const;

/** Scheduling and I/O priority of init; late, since hooks and mounts are the runtime's work. */
export function schedule(d: Draft): void {
  const { scheduler, ioPriority } = d.process;
  if (scheduler === undefined && ioPriority === undefined) return;
  const from = scheduler === undefined ? `${d.processPointer}/ioPriority` : `${d.processPointer}/scheduler`;
  d.init.push({ op: 'sync.signal', from, point: 'limits' }, { op: 'sync.await', from, point: 'limitsSet' });
  d.host.push({ op: 'sync.await', from, point: 'limits' });
  if (scheduler !== undefined) {
    let flags = 0;
    for (const name of scheduler.flags ?? []) flags |= schedulerFlags[name];
    d.host.push({
      op: 'sched.set',
      from,
      policy: schedulerPolicies[scheduler.policy],
      nice: scheduler.nice ?? 0,
      priority: scheduler.priority ?? 0,
      flags,
      runtime: scheduler.runtime ?? 0,
      deadline: scheduler.deadline ?? 0,
      period: scheduler.period ?? 0,
    });
  }
  if (ioPriority !== undefined) {
    d.host.push({
      op: 'ioprio.set',
      from: `${d.processPointer}/ioPriority`,
      class: ioClasses[ioPriority.class],
      priority: ioPriority.priority ?? 0,
    });
  }
  d.host.push({ op: 'sync.signal', from, point: 'limitsSet' });
}

/** Whether a child of init does not get its scheduling, or cannot be made with it. */
export function isLostByFork({ hides, process: { scheduler } }: Draft): boolean {
  return hides && scheduler !== undefined
    && (scheduler.policy === 'SCHED_DEADLINE' || scheduler.flags?.includes('SCHED_FLAG_RESET_ON_FORK') === true);
}

/** The caller may be bound to some processors; that is nothing to the container, whose cgroup says where it may run. */
export function freeProcessors(d: Draft): void {
  d.stager.push({ op: 'cpu.affinity', from: '', mask: undefined });
}

/**
 * Processors of a further process: `initial` until it is in the container's cgroup, `final` from then on. Without either
 * it has all of them.
 */
export function bindProcessors(d: Draft, moment: 'initial' | 'final'): void {
  const list = d.process.execCPUAffinity?.[moment];
  const ranges = list === undefined ? [] : parseNumberList(list) ?? [];
  if (ranges.length > 0)
    d.stager.push({ op: 'cpu.affinity', from: `${d.processPointer}/execCPUAffinity/${moment}`, mask: maskOf(ranges) });
  else if (moment === 'final' && d.process.execCPUAffinity?.initial === undefined) freeProcessors(d);
}

/** Where memory is taken from, and what the program is told about its machine. */
export function adaptProcess(d: Draft): void {
  const { memoryPolicy, personality } = d.spec.linux ?? {};
  if (memoryPolicy?.mode !== undefined) {
    let mode = memoryModes[memoryPolicy.mode];
    for (const name of memoryPolicy.flags ?? []) mode |= memoryFlags[name];
    const ranges = parseNumberList(memoryPolicy.nodes ?? '') ?? [];
    d.init.push({ op: 'memory.policy', from: '/linux/memoryPolicy', mode,
      nodes: ranges.length === 0 ? undefined : maskOf(ranges) });
  }
  if (personality !== undefined) {
    d.init.push({ op: 'personality.set', from: '/linux/personality', domain: domains[personality.domain ?? 'LINUX'] });
  }
}
