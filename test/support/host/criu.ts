// A CRIU that works on this kernel: the system's, or one of a newer Debian beside it.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { supportSources, which } from '../paths.ts';
import type { Config } from '../spec.ts';
import { needs } from './kernel.ts';

const works = (path: string): boolean => spawnSync(path, ['check'], { stdio: 'ignore' }).status === 0;

function find(): { path: string; why: string } {
  const own = which('criu');
  if (own && works(own)) return { path: own, why: '' };
  const got = spawnSync(join(supportSources, 'host', 'get-criu'), { encoding: 'utf8' });
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

/** Lets CRIU save a program of glibc before Linux 5.13: whether it has restartable sequences cannot be seen there. */
export function withoutSequences(config: Config): void {
  if (needs('PTRACE_GET_RSEQ_CONFIGURATION', '5.13') === false) return;
  config.process.env = [...config.process.env ?? [], 'GLIBC_TUNABLES=glibc.pthread.rseq=0'];
}
