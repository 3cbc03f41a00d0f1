import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync,
  writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, ExpectedError } from '../lib/command.ts';
import { objectOf, readObject } from '../lib/json.ts';

const applets = ['sh', 'cat', 'echo', 'hostname', 'id', 'ls', 'mount', 'ps', 'sleep', 'touch', 'uname'];

/** A bundle in a temporary folder: an image of busybox alone, under a writable layer that can be thrown away. */
export class Bundle {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'veloci-demo-'));
  /** State root of the runtime, so that the demo meets no other container. */
  readonly stateRoot: string = join(this.folder, 'state');
  private readonly image = join(this.folder, 'image');
  private readonly rootfs = join(this.folder, 'rootfs');
  private mounted = false;

  /** Fills the image with busybox and links to it, and lets the runtime write its default config.json. */
  async make(runtime: string): Promise<void> {
    const busybox = '/bin/busybox';
    if (!existsSync(busybox)) throw new ExpectedError(`${busybox} is missing: install busybox-static`);
    for (const name of ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp'])
      mkdirSync(join(this.image, name), { recursive: true });
    mkdirSync(this.rootfs);
    mkdirSync(this.stateRoot, { mode: 0o700 });
    copyFileSync(busybox, join(this.image, 'bin', 'busybox'));
    for (const name of applets) symlinkSync('busybox', join(this.image, 'bin', name));
    const rootless = process.getuid?.() === 0 ? [] : ['--rootless'];
    await command(runtime, ['spec', '--bundle', this.folder, ...rootless]);
  }

  /** Sets what the container runs. */
  configure(script: string): void {
    const path = join(this.folder, 'config.json');
    const config = readObject(readFileSync(path, 'utf8'), path);
    const process = { ...objectOf(config['process'], `process of ${path}`), args: ['sh', '-c', script],
      terminal: false };
    const changed = { ...config, process, root: { path: 'rootfs', readonly: false }, hostname: 'veloci-demo' };
    writeFileSync(path, JSON.stringify(changed, undefined, 2));
  }

  /** Puts an empty writable layer over the image: an overlay mount for root, a copy for other users. */
  async freshLayer(): Promise<void> {
    await this.dropLayer();
    const layer = join(this.folder, 'layer');
    rmSync(layer, { recursive: true, force: true });
    mkdirSync(join(layer, 'upper'), { recursive: true });
    mkdirSync(join(layer, 'work'));
    if (process.getuid?.() !== 0) {
      await command('cp', ['-a', `${this.image}/.`, this.rootfs]);
      return;
    }
    const options = `lowerdir=${this.image},upperdir=${join(layer, 'upper')},workdir=${join(layer, 'work')}`;
    await command('mount', ['-t', 'overlay', 'overlay', '-o', options, this.rootfs]);
    this.mounted = true;
  }

  private async dropLayer(): Promise<void> {
    if (this.mounted) await command('umount', [this.rootfs]);
    else rmSync(this.rootfs, { recursive: true, force: true });
    this.mounted = false;
    mkdirSync(this.rootfs, { recursive: true });
  }

  /** Removes everything, and refuses to while something is mounted inside. */
  async remove(): Promise<void> {
    await this.dropLayer();
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) =>
      line.includes(this.folder)
    );
    if (mounts.length > 0) throw new ExpectedError(`still mounted, left alone:\n${mounts.join('\n')}`);
    rmSync(this.folder, { recursive: true });
  }
}
