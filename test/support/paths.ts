// Where things lie: the repository, the cache of this machine, the runtime under test.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function findRepository(): string {
  for (let dir = dirname(fileURLToPath(import.meta.url));; dir = dirname(dir)) {
    const file = join(dir, 'package.json');
    if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name === 'veloci') return dir;
    if (dir === dirname(dir)) throw new Error('the repository of veloci was not found above the tests');
  }
}

/** The root of the repository (the tests run as compiled files below its build/). */
export const repository: string = findRepository();

/** Sources of the small C programs and the data files: test/support. */
export const supportSources: string = join(repository, 'test/support');

/** What tests keep on this machine between runs: helper programs and root file systems. */
export function cacheDir(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'veloci-test');
}

/** Looks a program up in PATH; undefined when it is not installed. */
export function which(name: string): string | undefined {
  if (name.includes('/')) return existsSync(name) ? realpathSync(name) : undefined;
  for (const dir of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(dir, name);
    if (dir && existsSync(path)) return realpathSync(path);
  }
  return undefined;
}

/** The command as it is shipped, whatever is under test. */
export function productPath(): string {
  return join(repository, 'dist/bin/veloci');
}

/** The runtime under test: env RUNTIME, a path or a name in PATH; else dist/bin/veloci. */
export function runtimePath(): string {
  const wanted = process.env['RUNTIME'] || productPath();
  const found = which(wanted);
  if (!found) throw new Error(`runtime ${wanted} does not exist: build it, or name another one with RUNTIME=`);
  return found;
}

/** Multiplies every time limit of the tests (an emulated machine is slow): env VELOCI_TEST_SCALE. */
export const timeScale: number = Number(process.env['VELOCI_TEST_SCALE'] || 1);
