import { readFileSync } from 'node:fs';

/** Whether a process runs. One that has ended does not, whether or not somebody has waited for it. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false; // it may vanish between open and read
  }
}
