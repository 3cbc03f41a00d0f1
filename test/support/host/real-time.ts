// Real-time processor time in cgroups of v1: where the kernel has CONFIG_RT_GROUP_SCHED, they divide that of the host.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../spec.ts';

const top = '/sys/fs/cgroup/cpu';
const isDivided = existsSync(join(top, 'cpu.rt_runtime_us'));

/** The part of each period that a cgroup has; 0 when it is gone. */
function share(folder: string): number {
  const read = (name: string): number => Number(readFileSync(join(folder, `cpu.rt_${name}_us`), 'utf8'));
  try {
    return read('runtime') / read('period');
  } catch {
    return 0;
  }
}

/** Why a container gets no real-time processor time here; false when it does. */
export function noRealTime(): string | false {
  if (!isDivided) return false;
  const folders = readdirSync(top, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const taken = folders.reduce((sum, { name }) => sum + share(join(top, name)), 0);
  return share(top) - taken < 0.05 ? 'other cgroups have the real-time processor time of this host' : false;
}

/** Gives the container's cgroup the time that SCHED_FIFO and SCHED_RR take: it has none by default. */
export function giveRealTime(config: Config): void {
  if (!isDivided) return;
  config.linux.resources = { ...config.linux.resources, cpu: { realtimePeriod: 1_000_000, realtimeRuntime: 10_000 } };
}
