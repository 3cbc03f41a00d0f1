// dockerd inside the tests' sandbox, on folders of its own and without networks, with one runtime and an image made of
// the busybox rootfs.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Daemon, endDaemon, startDaemon } from './daemon.ts';
import { busyboxRootfs } from '../helpers.ts';
import { which } from '../paths.ts';

let etcIsOpen = false;

/** The daemon wants to write into /etc/docker, and the sandbox's /etc is read-only. */
function openEtc(): void {
  if (etcIsOpen) return;
  for (const name of ['upper', 'work']) mkdirSync(join('/tmp/docker-etc', name), { recursive: true });
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o',
    'lowerdir=/etc,upperdir=/tmp/docker-etc/upper,workdir=/tmp/docker-etc/work', '/etc']);
  etcIsOpen = true;
}

export class Docker {
  readonly image = 'veloci-test';
  readonly runFlags = ['--network', 'none'];
  readonly env: Record<string, string>;
  readonly #dir: string;
  readonly #daemon: Daemon;
  readonly #parent: string;

  private constructor(dir: string, parent: string, env: Record<string, string>, daemon: Daemon) {
    this.#dir = dir;
    this.#parent = parent;
    this.env = env;
    this.#daemon = daemon;
  }

  /** Why it cannot be used; undefined when all is there. */
  static lacking(): string | undefined {
    const missing = ['dockerd', 'docker', 'containerd', 'containerd-shim-runc-v2'].find((name) =>
      which(name) === undefined
    );
    return missing && `${missing} is not installed`;
  }

  /** Version of the daemon: "20.10.24+dfsg1". */
  static version(): string {
    return /version ([^,]+)/.exec(spawnSync('dockerd', ['--version'], { encoding: 'utf8' }).stdout)?.[1] ?? '';
  }

  /** Starts the daemon with this runtime; `dir` takes all that it keeps. */
  static async begin(dir: string, runtime: string): Promise<Docker> {
    const parent = `veloci-docker-${randomBytes(4).toString('hex')}`;
    mkdirSync(join(dir, 'home'), { recursive: true });
    openEtc();
    const env = { PATH: process.env['PATH'] ?? '', HOME: join(dir, 'home'), DOCKER_CONFIG: join(dir, 'home') };
    const daemon = await startDaemon(join(dir, 'dockerd'), ['dockerd', '--host', `unix://${dir}/socket`, '--data-root',
      join(dir, 'data'), '--exec-root', join(dir, 'exec'), '--pidfile', join(dir, 'docker.pid'), '--storage-driver',
      'vfs', '--bridge', 'none', '--iptables=false', '--ip6tables=false', '--exec-opt', 'native.cgroupdriver=cgroupfs',
      '--cgroup-parent', `/${parent}`, '--add-runtime', `tested=${runtime}`, '--default-runtime', 'tested'],
      join(dir, 'socket'), env);
    const docker = new Docker(dir, parent, env, daemon);
    const tree = spawnSync('tar', ['-C', busyboxRootfs(), '-c', '.'], { maxBuffer: 1 << 28 });
    const [command = '', ...args] = docker.command(['import', '-', docker.image]);
    execFileSync(command, args, { env, input: tree.stdout, stdio: ['pipe', 'ignore', 'inherit'] });
    return docker;
  }

  /** The whole command line of a call of its client. */
  command(args: readonly string[]): string[] {
    return ['docker', '--host', `unix://${this.#dir}/socket`, ...args];
  }

  /** Removes every container and ends the daemon. */
  async end(): Promise<void> {
    const list = spawnSync('docker', this.command(['ps', '-aq']).slice(1), { env: this.env, encoding: 'utf8' });
    const ids = list.stdout.split('\n').filter((id) => id !== '');
    if (ids.length > 0) spawnSync('docker', this.command(['rm', '--force', ...ids]).slice(1), { env: this.env });
    await endDaemon(this.#daemon);
    spawnSync('sh', ['-c', 'find /sys/fs/cgroup/*/"$1" /sys/fs/cgroup/"$1" -depth -type d -exec rmdir {} + 2>/dev/null',
      'sh', this.#parent]);
  }
}
