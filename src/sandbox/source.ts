// Where the files of a sandbox come from: a folder, or the layers of an image.
import { realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { openImage, type ImageSourceOptions } from '../library/image.ts';

/** How the image of a sandbox is unpacked. Owners are mapped by the sandbox itself. */
export type SandboxImageOptions = Omit<ImageSourceOptions, 'uidMap' | 'gidMap' | 'user' | 'command'>;

/** What of the options says it. */
export interface SourceOptions {
  /** Folder with the files that programs see. They cannot change it. This or `image`. */
  readonly rootfs?: string;
  /**
   * An image in place of `rootfs`, as {@link openImage} takes it: an OCI image layout, or an archive of `docker save` or
   * `podman save`. Its Env and WorkingDir are defaults of `env` and `work`; User, Entrypoint, Cmd and Volumes are not used.
   */
  readonly image?: string;
  /** Which of several images, and where its layers are kept. */
  readonly imageOptions?: SandboxImageOptions;
  /** Folders that are laid over it, lowest first. */
  readonly layers?: readonly string[];
}

/** Files of a sandbox, and what they ask for. */
export interface Source {
  /** The lowest layer, then those above. Without links on their way. */
  readonly folders: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  /** Working directory; undefined when there is none but the root. */
  readonly work: string | undefined;
}

/** @throws VelociError for an image that is refused; TypeError unless there is one of `rootfs` and `image` */
export async function sourceOf(
  { rootfs, image, imageOptions = {}, layers = [], command }: SourceOptions & { readonly command?: string },
): Promise<Source> {
  if ((rootfs === undefined) === (image === undefined)) throw new TypeError('a sandbox has a rootfs or an image');
  if (image === undefined) return { folders: foldersOf([rootfs!, ...layers]), env: {}, work: undefined };
  // Its own user is not used, and need not exist.
  const opened = await openImage(image, { ...imageOptions, user: '0:0',
    ...(command === undefined ? {} : { command }) });
  const { env = [], cwd = '/' } = opened.spec.process ?? {};
  const work = posix.normalize(`${cwd}/.`).replace(/\/$/, '');
  return { folders: foldersOf([...opened.layers, ...layers]), env: variablesOf(env),
    work: work === '' ? undefined : work };
}

function foldersOf(paths: readonly string[]): Source['folders'] {
  const folders = paths.map((path) => realpathSync(path));
  // An overlay takes no directory twice. Above, a layer hides all that it has below.
  const once = folders.filter((folder, index) => folders.lastIndexOf(folder) === index);
  if (once.length === 0) throw new TypeError('the image has no layers');
  return once as [string, ...string[]];
}

/** Variables of an image; an entry without a value is none. */
function variablesOf(env: readonly string[]): Record<string, string> {
  return Object.fromEntries(env.flatMap((entry) => {
    const at = entry.indexOf('=');
    return at < 0 ? [] : [[entry.slice(0, at), entry.slice(at + 1)]];
  }));
}
