import { limitsOf } from '../limits.ts';
import type { Report } from '../report.ts';
import type { View } from '../view.ts';

/** Limits, and what stands above them. */
export function checkResources(view: View, report: Report): void {
  const { spec: { linux }, process } = view;
  const { memory, swap, pids, cpu } = limitsOf(linux?.resources);
  const at = (name: 'memory' | 'pids' | 'cpu'): string =>
    linux?.resources?.[name] !== undefined
      ? `/linux/resources/${name}`
      : linux?.resources !== undefined
      ? '/linux/resources'
      : '/linux';
  if (!memory) report.add('memory-unlimited', at('memory'));
  else if (!swap) report.add('swap-unlimited', at('memory'));
  if (!pids) report.add('pids-unlimited', at('pids'));
  if (!cpu) report.add('cpu-unlimited', at('cpu'));
  if (linux?.resources?.memory?.disableOOMKiller === true)
    report.add('oom-disabled', '/linux/resources/memory/disableOOMKiller');
  if (linux?.cgroupsPath === '/') report.add('cgroup-root', '/linux/cgroupsPath');
  if (process === undefined) return;
  const missing = ['RLIMIT_CORE', 'RLIMIT_NOFILE', 'RLIMIT_NPROC'].filter((name) =>
    process.rlimits?.some(({ type }) => type === name) !== true
  );
  if (missing.length > 0)
    report.add('rlimits-unset', process.rlimits === undefined ? '/process' : '/process/rlimits', {
      names: missing.join(', '),
    });
  const { oomScoreAdj = 0, scheduler } = process;
  if (oomScoreAdj < 0) report.add('oom-protected', '/process/oomScoreAdj', { value: oomScoreAdj });
  if (scheduler !== undefined && /^SCHED_(FIFO|RR|DEADLINE)$/.test(scheduler.policy))
    report.add('real-time', '/process/scheduler/policy', { policy: scheduler.policy });
}
