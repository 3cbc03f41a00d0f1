// The oldest kernel that plans are made for (docs/architecture.md): below it system calls are missing that nothing replaces.
import { diagnose } from '../diagnostic/diagnose.ts';
import { PlanError } from './context.ts';

const floor = [5, 10] as const;

/** Whether a release of uname(2) is this version or a later one; a release of another form is. */
export function isAtLeast(release: string, [major, minor]: readonly [number, number]): boolean {
  const version = /^(\d+)\.(\d+)/.exec(release);
  if (version === null) return true;
  const [first, second] = [Number(version[1]), Number(version[2])];
  return first > major || (first === major && second >= minor);
}

/**
 * Refuses older kernels, before anything is done.
 *
 * @param release of uname(2)
 * @throws PlanError
 */
export function requireKernel(release: string): void {
  if (isAtLeast(release, floor)) return;
  throw new PlanError(diagnose('kernelTooOld', { version: release, needed: floor.join('.') }));
}
