// Whether the resources of a container have a bound.
import type { Resources } from '../spec/types.ts';

export interface Limits {
  readonly memory: boolean;
  /** Memory and swap together. */
  readonly swap: boolean;
  readonly pids: boolean;
  readonly cpu: boolean;
}

export function limitsOf(resources: Resources | undefined): Limits {
  const { memory, pids, cpu, unified = {} } = resources ?? {};
  const set = (name: string): boolean => unified[name] !== undefined && !unified[name].startsWith('max');
  const given = (value: number | bigint | undefined): boolean => value !== undefined && value > 0;
  return {
    memory: given(memory?.limit) || set('memory.max'),
    swap: given(memory?.swap) || set('memory.swap.max'),
    // 0 and less are no limit for engines.
    pids: given(pids?.limit) || set('pids.max'),
    cpu: given(cpu?.quota) || (cpu?.cpus ?? '') !== '' || set('cpu.max') || unified['cpuset.cpus'] !== undefined,
  };
}
