// What a hierarchy of cgroups can do: most files are in every cgroup but the first.
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether cgroups of this hierarchy have such a file.
 *
 * @param top where the hierarchy is mounted
 */
export function hasCgroupFile(top: string, file: string): boolean {
  if (!existsSync(join(top, 'cgroup.procs'))) return false;
  if (existsSync(join(top, file))) return true;
  const probe = join(top, `veloci-probe-${process.pid}`);
  mkdirSync(probe);
  try {
    return existsSync(join(probe, file));
  } finally {
    rmdirSync(probe);
  }
}
