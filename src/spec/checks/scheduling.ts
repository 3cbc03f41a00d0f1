// process.scheduler, ioPriority, execCPUAffinity and linux.memoryPolicy, personality: the kernel's rules, which it
// reports by EINVAL alone (sched(7), ioprio_set(2), set_mempolicy(2)).
import { listLimit, parseNumberList } from '../number-list.ts';
import type { Process, Scheduler, Spec } from '../types.ts';
import type { Findings } from './findings.ts';

/** Times of SCHED_DEADLINE in nanoseconds, none longer than the next; the shortest, and the first that is too long. */
const spans = ['runtime', 'deadline', 'period'] as const;
type Span = (typeof spans)[number];
const shortest = 1024n;
const tooLong = 2n ** 63n;

export function checkScheduler({ scheduler }: Process, pointer: string, findings: Findings): void {
  if (scheduler === undefined) return;
  const { policy, nice = 0, priority = 0 } = scheduler;
  const schedulerPointer = `${pointer}/scheduler`;
  const isNice = policy === 'SCHED_OTHER' || policy === 'SCHED_BATCH';
  const isRealTime = policy === 'SCHED_FIFO' || policy === 'SCHED_RR';
  const keeps = scheduler.flags?.includes('SCHED_FLAG_KEEP_PARAMS') === true;
  if (policy === 'SCHED_ISO') {
    findings.add('schedulerIso', `${schedulerPointer}/policy`);
  }
  if (nice < -20 || nice > 19)
    findings.add('valueRange', `${schedulerPointer}/nice`, { name: 'nice', value: nice, expected: '-20 to 19' });
  // The kernel does not look at it, where it is not the policy's.
  else if (findings.warnings && nice !== 0 && !isNice)
    findings.add('schedulerNice', `${schedulerPointer}/nice`, { policy });
  if (priority !== 0 && !isRealTime)
    forOthers(findings, `${schedulerPointer}/priority`, 'priority', policy, 'SCHED_FIFO or SCHED_RR');
  if (isRealTime && !keeps && (priority < 1 || priority > 99)) {
    findings.add('valueRange', scheduler.priority === undefined ? schedulerPointer : `${schedulerPointer}/priority`, {
      name: `priority of ${policy}`,
      value: priority,
      expected: '1 to 99',
    });
  }
  if (policy === 'SCHED_DEADLINE') {
    if (!keeps) checkDeadline(scheduler, schedulerPointer, findings);
    return;
  }
  for (const name of spans) {
    if (BigInt(scheduler[name] ?? 0) !== 0n)
      forOthers(findings, `${schedulerPointer}/${name}`, name, policy, 'SCHED_DEADLINE');
  }
}

function forOthers(findings: Findings, pointer: string, name: string, policy: string, policies: string): void {
  findings.add('schedulerParameter', pointer, { name, policy, policies });
}

/** Each of 1024 ns at least and below 2^63; runtime <= deadline <= period, and no period is one (sched(7) "SCHED_DEADLINE"). */
function checkDeadline(scheduler: Scheduler, pointer: string, findings: Findings): void {
  const pointerOf = (name: Span): string => (scheduler[name] === undefined ? pointer : `${pointer}/${name}`);
  const values = spans.map((name) => BigInt(scheduler[name] ?? 0));
  let last: number | undefined;
  spans.forEach((name, index) => {
    const value = values[index]!;
    if (value === 0n) {
      if (name !== 'period')
        findings.add(scheduler[name] === undefined ? 'deadlineMissing' : 'deadlineZero', pointerOf(name), { name });
    } else if (value < shortest || value >= tooLong) {
      findings.add('deadlineRange', pointerOf(name), { name, value, least: shortest, most: tooLong });
    } else {
      if (last !== undefined && values[last]! > value) {
        findings.add('deadlineOrder', pointerOf(name), { name: spans[last]!, value: values[last]!, other: name,
          limit: value });
      }
      last = index;
    }
  });
}

/** A process of SCHED_DEADLINE may not fork, and so run no hooks, unless its children are reset. */
export function checkDeadlineHooks({ process, hooks }: Spec, findings: Findings): void {
  const scheduler = process?.scheduler;
  if (scheduler?.policy !== 'SCHED_DEADLINE' || (hooks?.startContainer ?? []).length === 0) return;
  if (scheduler.flags?.includes('SCHED_FLAG_RESET_ON_FORK') !== true)
    findings.add('schedulerFork', '/process/scheduler');
}

export function checkIoPriority({ ioPriority }: Process, pointer: string, findings: Findings): void {
  const priority = ioPriority?.priority;
  if (priority === undefined || (priority >= 0 && priority <= 7)) return;
  findings.add('valueRange', `${pointer}/ioPriority/priority`, { name: 'priority', value: priority,
    expected: '0 to 7' });
}

export function checkAffinity({ execCPUAffinity }: Process, pointer: string, findings: Findings): void {
  if (execCPUAffinity === undefined) return;
  for (const name of ['initial', 'final'] as const) {
    const list = execCPUAffinity[name];
    if (list !== undefined) checkList(list, `${pointer}/execCPUAffinity/${name}`, `execCPUAffinity.${name}`, findings);
  }
}

function checkList(list: string, pointer: string, name: string, findings: Findings): boolean {
  if (parseNumberList(list) !== undefined) return true;
  findings.add('numberList', pointer, { name, value: list, most: listLimit - 1 });
  return false;
}

/** Which modes take nodes: some need them, some refuse them. */
export function checkMemoryPolicy({ linux }: Spec, findings: Findings): void {
  const policy = linux?.memoryPolicy;
  if (policy === undefined) return;
  const pointer = '/linux/memoryPolicy';
  const { mode, nodes = '', flags = [] } = policy;
  if (mode === undefined) {
    findings.add('emptyValue', pointer, { name: 'memoryPolicy.mode', remedy: 'name a mode such as MPOL_BIND' });
    return;
  }
  if (!checkList(nodes, `${pointer}/nodes`, 'memoryPolicy.nodes', findings)) return;
  const named = nodes.trim() !== '';
  if (mode === 'MPOL_DEFAULT' || mode === 'MPOL_LOCAL') {
    if (named) findings.add('memoryNoNodes', `${pointer}/nodes`, { mode, count: countOf(nodes) });
    if (mode === 'MPOL_DEFAULT' && flags.length > 0)
      findings.add('memoryNodes', `${pointer}/flags`, { mode, rule: 'takes no flags' });
  } else if (!named && mode !== 'MPOL_PREFERRED') {
    findings.add('memoryNodes', policy.nodes === undefined ? pointer : `${pointer}/nodes`, { mode,
      rule: 'needs at least one node' });
  }
  if (flags.includes('MPOL_F_STATIC_NODES') && flags.includes('MPOL_F_RELATIVE_NODES')) {
    findings.add('memoryNodes', `${pointer}/flags`, { mode,
      rule: 'takes only one of MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES' });
  }
}

/** How many numbers a list has. */
function countOf(list: string): number {
  return (parseNumberList(list) ?? []).reduce((count, [first, last]) => count + last - first + 1, 0);
}

/** No flags are defined yet (config-linux.md, Personality). */
export function checkPersonality({ linux }: Spec, findings: Findings): void {
  linux?.personality?.flags?.forEach((value, index) => {
    findings.add('personalityFlag', `/linux/personality/flags/${index}`, { value });
  });
}
