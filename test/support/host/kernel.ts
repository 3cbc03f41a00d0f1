// What a kernel has from which version on.
import { release } from 'node:os';

const [major = 0, minor = 0] = release().split('.').map(Number);
const reaches = (wanted: string): boolean => {
  const [first = 0, second = 0] = wanted.split('.').map(Number);
  return major > first || (major === first && minor >= second);
};

/** Why a case is skipped that needs something of a newer kernel; false when this one has it. */
export function needs(what: string, version: string): string | false {
  return reaches(version) ? false : `${what}: since Linux ${version}, and this is ${major}.${minor}`;
}

export const noRecursive = needs('recursive attributes (mount_setattr)', '5.12');
export const noMappedTmpfs = needs('mapped ids of tmpfs', '6.3');

/** Whether it tells how a process has ended that somebody else has reaped (PIDFD_GET_INFO). */
export const reportsExit: boolean = reaches('6.15');
