// Which limits a sandbox can have on this host, and which it has.
import type { HostFacts } from '../generated/protocol.ts';
import type { RuntimeOptions } from '../library/runtime.ts';
import type { Means, Sizes } from './config.ts';

/** One limit, and what holds it. */
export interface Limit {
  /** cgroup: of all processes together. rlimit: of each process, or of the user. layer: of the file system. none: it does not hold. */
  readonly by: Means | 'layer' | 'none';
  /** What that means, where it is less than it was asked for. */
  readonly note?: string;
}

/** The limits of a sandbox. */
export interface Limits {
  readonly memory: Limit;
  readonly cpus: Limit;
  readonly processes: Limit;
  readonly disk: Limit;
}

interface Trial {
  readonly means: Means;
  readonly cgroupManager?: NonNullable<RuntimeOptions['cgroupManager']>;
}

/** Ways to set limits, the best first. */
export function trials(facts: HostFacts): readonly Trial[] {
  const cgroupfs: Trial = { means: 'cgroup' };
  if (!facts.rootless) return [cgroupfs];
  const systemd: Trial[] = facts.runtimeDir === undefined || facts.cgroup.mode !== 'v2'
    ? []
    : [{ means: 'cgroup', cgroupManager: 'systemd' }];
  return [cgroupfs, ...systemd, { means: 'rlimit', cgroupManager: 'disabled' }];
}

const undelegated = 'no cgroup is delegated to this user';

/** What holds. */
export function reportLimits({ means }: { readonly means: Means; readonly sizes: Sizes }): Limits {
  const disk: Limit = { by: 'layer', note: 'files are in memory' };
  if (means === 'cgroup')
    return { memory: { by: 'cgroup' }, cpus: { by: 'cgroup' }, processes: { by: 'cgroup' }, disk };
  return {
    memory: { by: 'rlimit', note: `address space of each process: ${undelegated}` },
    cpus: { by: 'none', note: undelegated },
    processes: { by: 'rlimit', note: 'processes of this user in the sandbox (Linux 5.14)' },
    disk,
  };
}
