// What the kernel tells of processes that have ended.
import { reportsExit } from '../host/kernel.ts';

/** Whether an exit status is the expected one, or "unknown" where the kernel tells it only while nobody has reaped the process. */
export function isExit(found: unknown, expected: number): boolean {
  const text = String(found).trim();
  return text === String(expected) || (!reportsExit && text === 'unknown');
}
