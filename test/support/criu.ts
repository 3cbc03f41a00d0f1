// A CRIU that works on this kernel: the system's, or one of a newer Debian beside it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { supportSources, which } from './paths.ts';

const works = (path: string): boolean => spawnSync(path, ['check'], { stdio: 'ignore' }).status === 0;

function find(): { path: string; why: string } {
  const own = which('criu');
  if (own && works(own)) return { path: own, why: '' };
  const got = spawnSync(join(supportSources, 'get-criu'), { encoding: 'utf8' });
  const path = got.stdout?.trim() ?? '';
  if (got.status !== 0) return { path: '', why: 'no CRIU is installed, and none can be downloaded' };
  return works(path) ? { path, why: '' } : { path: '', why: 'CRIU does not work on this kernel' };
}

const found = find();

/** Why there is none, or false. */
export const noCriu: string | false = found.path === '' ? found.why : false;

/** PATH with it in front: as an installed one would be found. */
export const criuPath: Record<string, string> = {
  PATH: `${
    found.path === '' ? '' : `${dirname(found.path)}:`
  }/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
};

/** Controllers that the kernel still counts to a hierarchy of v1 which nobody mounts any more. */
function fading(): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => line.includes(' - cgroup '));
  const mounted = new Set(mounts.flatMap((line) => line.slice(line.lastIndexOf(' ') + 1).split(',')));
  return readFileSync('/proc/cgroups', 'utf8').split('\n')
    .map((line) => line.split('\t'))
    .filter(([name = '', hierarchy = '0']) => /^[1-9]/.test(hierarchy) && !mounted.has(name))
    .map(([name = '']) => name);
}

// CRIU mounts each hierarchy that it finds in /proc/PID/cgroup, and gets EBUSY from fsconfig(2) for one that an earlier test had
// mounted and the kernel is just giving up.
for (let tries = 0; noCriu === false && tries < 300 && fading().length > 0; tries++) await sleep(100);
