// The oldest kernel that plans are made for (docs/architecture.md): below it system calls are missing that nothing replaces.
import { diagnose } from '../diagnostic/diagnose.ts';
import { PlanError } from './context.ts';

const major = 5;
const minor = 10;

/**
 * Refuses older kernels, before anything is done.
 *
 * @param release of uname(2)
 * @throws PlanError
 */
export function requireKernel(release: string): void {
  const version = /^(\d+)\.(\d+)/.exec(release);
  if (version === null) return;
  const [first, second] = [Number(version[1]), Number(version[2])];
  if (first > major || (first === major && second >= minor)) return;
  throw new PlanError(diagnose('kernelTooOld', { version: release, needed: `${major}.${minor}` }));
}
