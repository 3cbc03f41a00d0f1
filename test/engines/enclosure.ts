// The engines' daemons, shims and monitors outlive who started them. So all of them live in a process namespace whose
// end ends them, however this command ends, and in a mount and a network namespace that go with it.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { runtimePath } from '../support/paths.ts';

/** Process 1 of the namespace: collects orphans while the work lasts. */
const first = '"$@" & wait $!';

/** The cgroup that engines are told to put their containers into. */
export function cgroupParent(work: string): string {
  return `/${basename(work)}`;
}

function removeCgroups(work: string): void {
  spawnSync('sh', ['-c', 'find /sys/fs/cgroup/*/"$1" /sys/fs/cgroup/"$1" -depth -type d -exec rmdir {} + 2>/dev/null',
    'sh', basename(work)]);
}

/**
 * Runs a script of this repository again inside namespaces of its own.
 * @param variable the environment variable that tells it its folder
 * @returns its exit status
 */
export async function enclosed(variable: string, args: readonly string[]): Promise<number> {
  const work = mkdtempSync(join(tmpdir(), 'veloci-engines-'));
  chmodSync(work, 0o711); // for steps of an ordinary user
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--mount', '--net', '--pid', '--fork',
    '--kill-child', '--mount-proc', '--propagation', 'private', 'sh', '-c', first, 'sh', process.execPath, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, [variable]: work, RUNTIME: runtimePath() },
  });
  const end = (): void => {
    child.kill('SIGKILL');
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, end); // a second one must not end the clean-up
  const status = await new Promise<number>((resolve) => {
    child.once('close', (code) => resolve(code ?? 1));
  });
  removeCgroups(work);
  rmSync(work, { recursive: true, force: true });
  return status;
}
