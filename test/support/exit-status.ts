// What the kernel tells of processes that have ended.
import { release } from 'node:os';

/** Whether it tells how a process has ended that somebody else has reaped (PIDFD_GET_INFO, Linux 6.15). */
const [major = 0, minor = 0] = release().split('.').map(Number);
export const tellsExit: boolean = major > 6 || (major === 6 && minor >= 15);

/** Whether an exit status is the expected one, or "unknown" where the kernel tells it only while nobody has reaped the process. */
export function isExit(found: unknown, expected: number): boolean {
  const text = String(found).trim();
  return text === String(expected) || (!tellsExit && text === 'unknown');
}
