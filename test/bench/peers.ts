// Who is compared: the runtime, the peers that are installed, the newest of Debian, and what it costs without a runtime.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { supportSources, which } from '../support/paths.ts';
import type { Runtime } from './scenario.ts';

/** Version of a runtime, of the first line of its `--version`. */
const versionOf = (path: string): string =>
  /\d+(\.\d+)+/.exec(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[0] ?? '';

/** A peer of Debian's newest release, unpacked in the cache beside what is installed. */
function newest(name: string): Runtime | undefined {
  const got = spawnSync(join(supportSources, 'host', 'get-newer'), ['--elf', name, `usr/bin/${name}`], {
    encoding: 'utf8',
  });
  const path = got.stdout?.trim() ?? '';
  if (got.status === 0 && path !== '') return { name: `${name} ${versionOf(path)}`, path };
  console.log(`without the newest ${name}, which cannot be had here: ${got.stderr?.trim().split('\n').at(-1) ?? ''}`);
  return undefined;
}

/**
 * The runtimes, ours first.
 *
 * @param own path or name of ours
 * @param hasHugetlb whether crun finds all that it wants of cgroup v1
 * @param alsoNewest whether Debian's newest crun and runc take part, too: that needs a network at the first call, and patchelf
 */
export function findRuntimes(own: string, hasHugetlb: boolean, alsoNewest: boolean): Runtime[] {
  const usable = hasHugetlb ? ['crun', 'runc'] : ['runc'];
  if (usable.length < 2) console.log('without crun, which needs the hugetlb controller on cgroup v1');
  const installed = usable.map((name): Runtime | undefined => {
    const path = which(name);
    return path === undefined ? undefined : { name: alsoNewest ? `${name} ${versionOf(path)}` : name, path };
  });
  const path = which(own);
  const ours = path === undefined ? undefined : { name: 'veloci', path };
  return [ours, ...installed, ...alsoNewest ? usable.map(newest) : []].filter((one) => one !== undefined);
}
