// A CRIU that works on this kernel: the system's, or one of a newer Debian beside it.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { supportSources, which } from '../paths.ts';
import type { Config } from '../spec.ts';
import { needs } from './kernel.ts';

const works = (path: string): boolean => spawnSync(path, ['check'], { stdio: 'ignore' }).status === 0;

/** major * 10000 + minor * 100 of `criu --version`. */
function versionOf(path: string): number {
  const [, major, minor] = /^Version: (\d+)\.(\d+)/.exec(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout) ??
    [];
  return Number(major) * 10000 + Number(minor) * 100;
}

/**
 * The system's if it is good, else that of a Debian suite: that of Debian 12 fails on kernels since 6.15 or so, and 4.1 of
 * trixie cannot save TCP sockets since 6.16.
 */
function find(suite: string, isGood: (version: number) => boolean): { path: string; why: string } {
  const own = which('criu');
  if (own && isGood(versionOf(own)) && works(own)) return { path: own, why: '' };
  const got = spawnSync(join(supportSources, 'host', 'get-newer'), ['criu', 'usr/sbin/criu', suite], {
    encoding: 'utf8',
  });
  const path = got.stdout?.trim() ?? '';
  if (got.status !== 0) return { path: '', why: 'no CRIU of that kind is installed, and none can be downloaded' };
  return works(path) ? { path, why: '' } : { path: '', why: 'CRIU does not work on this kernel' };
}

// Earlier ones lose no_new_privs, which most configurations of the tests have.
const found = find('sid', (version) => version >= 31900);

/** Why there is none, or false. */
export const noCriu: string | false = found.path === '' ? found.why : false;

/** One that forgets whether the root file system is read-only, as all before 4.2 do. */
export const oldCriu = (): { path: string; why: string } => find('trixie', (version) => version < 40200);

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
