// podman on private storage, with an image made of the busybox rootfs: for tests and the bench.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxRootfs } from '../helpers.ts';
import { which } from '../paths.ts';

export class Podman {
  readonly image = 'localhost/veloci-test';
  /** no network back end is needed, no systemd, and no right to raise limits */
  readonly runFlags = ['--network', 'none', '--log-driver', 'k8s-file', '--ulimit', 'nofile=1024:1024', '--ulimit',
    'nproc=4096:4096'];
  readonly env: Record<string, string>;
  readonly #dir: string;
  readonly #path: string;

  /** `dir` takes storage, state and configuration. */
  constructor(dir: string) {
    const path = which('podman');
    if (!path) throw new Error('podman is not installed');
    this.#path = path;
    this.#dir = dir;
    for (const name of ['storage', 'run', 'tmp', 'home', 'networks']) mkdirSync(join(dir, name), { recursive: true });
    writeFileSync(join(dir, 'containers.conf'), `[engine]
events_logger = "file"
cgroup_manager = "cgroupfs"
runtime_supports_json = ["crun", "runc", "veloci"]
runtime_supports_nocgroups = ["crun", "veloci"]
runtime_supports_nocgroup = ["crun", "veloci"]
[network]
network_backend = "netavark"
network_config_dir = "${join(dir, 'networks')}"
`);
    this.env = { PATH: process.env['PATH'] ?? '', HOME: join(dir, 'home'), TMPDIR: join(dir, 'tmp'),
      CONTAINERS_CONF: join(dir, 'containers.conf'), PODMAN_IGNORE_CGROUPSV1_WARNING: '1' };
  }

  /** The whole command line of a podman call with this runtime. */
  command(runtime: string, args: string[]): string[] {
    return [this.#path, '--root', join(this.#dir, 'storage'), '--runroot', join(this.#dir, 'run'), '--tmpdir',
      join(this.#dir, 'tmp'), '--storage-driver', 'vfs', '--cgroup-manager', 'cgroupfs', '--runtime', runtime, ...args];
  }

  /** Imports the busybox rootfs as the image. */
  importImage(runtime: string): void {
    const archive = join(this.#dir, 'image.tar');
    execFileSync('tar', ['-C', busyboxRootfs(), '-cf', archive, '.']);
    const [command = '', ...args] = this.command(runtime, ['import', '--quiet', archive, this.image]);
    const result = spawnSync(command, args, { env: this.env, encoding: 'utf8' });
    if (result.status !== 0) throw new Error(`podman import: ${result.stderr}`);
  }

  /** Removes every container, and what vfs storage and its mounts hold. */
  reset(runtime: string): void {
    const [command = '', ...args] = this.command(runtime, ['rm', '--all', '--force', '--time', '0']);
    spawnSync(command, args, { env: this.env });
    spawnSync('umount', ['-R', join(this.#dir, 'storage/vfs'), join(this.#dir, 'storage')], { stdio: 'ignore' });
  }
}
