// Makes bundles below /tmp of the sandbox: a folder with config.json and a rootfs.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxRootfs, debianRootfs, programsRootfs } from './helpers.ts';
import { type Config, defaultConfig } from './spec.ts';

export interface BundleOptions {
  /** overlay: a thin writable layer over the shared rootfs (default); copy: a folder of its own;
   *  bind: the shared rootfs itself, read-only; none: no rootfs folder at all */
  rootfs?: 'overlay' | 'copy' | 'bind' | 'none';
  image?: 'busybox' | 'debian' | 'programs';
  /** where to start from (default: what `runc spec` writes) */
  base?: () => Config;
}

export interface Bundle {
  dir: string;
  rootfs: string;
  config: Config;
  /** writes config.json anew, after a change of `config`, or any text instead of it */
  write(text?: string | Buffer): void;
}

/** Puts a thin overlay of `image` at `rootfs`; `layer` holds the upper and the work folder. */
function mountOverlay(rootfs: string, layer: string, image: string): void {
  mkdirSync(join(layer, 'upper'), { recursive: true });
  mkdirSync(join(layer, 'work'), { recursive: true });
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o',
    `lowerdir=${image},upperdir=${layer}/upper,workdir=${layer}/work`, rootfs]);
}

const images = { busybox: busyboxRootfs, debian: debianRootfs, programs: programsRootfs } as const;

/** Makes a bundle; `change` alters the config before it is written. */
export function makeBundle(change: (config: Config) => void = () => {}, options: BundleOptions = {}): Bundle {
  const dir = mkdtempSync('/tmp/bundle-');
  chmodSync(dir, 0o755); // a mapped root passes through it
  const rootfs = join(dir, 'rootfs');
  const image = images[options.image ?? 'busybox']();
  const how = options.rootfs ?? 'overlay';
  if (how !== 'none') mkdirSync(rootfs);
  if (how === 'overlay') mountOverlay(rootfs, join(dir, 'layer'), image);
  if (how === 'bind') execFileSync('mount', ['--bind', image, rootfs]);
  if (how === 'copy') execFileSync('cp', ['-a', `${image}/.`, rootfs]);
  const config = (options.base ?? defaultConfig)();
  change(config);
  const bundle: Bundle = {
    dir,
    rootfs,
    config,
    write: (text = JSON.stringify(config, null, 2)) => writeFileSync(join(dir, 'config.json'), text),
  };
  bundle.write();
  return bundle;
}

/** Unmounts what makeBundle mounted. The folders die with the sandbox. */
export function dropBundle(bundle: Bundle): void {
  try {
    execFileSync('umount', ['-R', bundle.rootfs], { stdio: 'ignore' });
  } catch {
    // a copy, or no rootfs: nothing is mounted
  }
}
