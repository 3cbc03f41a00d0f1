// Images: their layers as directories, and bundles made of them, by the program that unpacks them.
import { Readable } from 'node:stream';
import type { Spec } from '../generated/config.ts';
import { call, type Caller } from './call.ts';

/**
 * Where an image is: the path of an OCI image layout (directory or archive), or of an archive of `docker save` or `podman save`;
 * or the bytes of such an archive, as a stream.
 */
export type ImageSource = string | AsyncIterable<Uint8Array>;

/** How far an unpack has come. Layers that are in the cache are not counted. */
export interface ImageProgress {
  /** Bytes of the layers, compressed as they are, that were read. */
  readonly done: number;
  readonly total: number;
}

/** How an image is unpacked. */
export interface ImageSourceOptions {
  /** Which image, where an archive or a layout has several: a tag, or a name with one. */
  readonly reference?: string;
  /** `OS/ARCHITECTURE[/VARIANT]`; default: that of this host. */
  readonly platform?: string;
  /** `USER[:GROUP]` in place of the image's User: names that it has, or ids. */
  readonly user?: string;
  /** Where layers are kept; default: /var/lib/veloci/layers, or ~/.local/share/veloci/layers for a user. */
  readonly cache?: string;
  /** Owners of the files for a user namespace, as `CONTAINER:HOST:SIZE`. */
  readonly uidMap?: readonly string[];
  /** Their groups. */
  readonly gidMap?: readonly string[];
  /** Whether all devices of the image are made; default: those that every container has. A layer with others is refused. */
  readonly devices?: boolean;
  /** Most MiB that a layer may unpack to; default: 65536, and a hundred times its size from 1 GiB on. */
  readonly maxSize?: number;
  /** Called ten times a second while layers are unpacked. */
  readonly onProgress?: (progress: ImageProgress) => void;
  /** Ends it; it rejects with the reason, and nothing of what is not complete is left. */
  readonly signal?: AbortSignal;
  /** The native command; default: the one that is installed beside the library. */
  readonly command?: string;
}

/** How a bundle is made of an image. */
export interface UnpackOptions extends ImageSourceOptions {
  /**
   * Whether the bundle gets files of its own; default: its root file system is an overlay of layers in the cache where that can be
   * had, and a copy where not.
   */
  readonly copy?: boolean;
}

/** An image whose layers are unpacked. */
export interface OpenedImage {
  /** Directories of its layers, the lowest first, as overlayfs joins them. They are shared: nobody may write to them. */
  readonly layers: string[];
  /** The configuration of the image, as it is in it (image-spec, config.md). */
  readonly config: ImageConfig;
  /** The same as config.json of a bundle, by the rules of image-spec's conversion.md. */
  readonly spec: Spec;
}

/** An image that has become a bundle. */
export type UnpackedImage = Pick<OpenedImage, 'config' | 'spec'>;

/** What an image says about its containers. */
export interface ImageConfig {
  readonly architecture?: string;
  readonly os?: string;
  readonly config?: {
    readonly User?: string;
    readonly Env?: readonly string[] | null;
    readonly Entrypoint?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
    readonly WorkingDir?: string;
    readonly Volumes?: Readonly<Record<string, object>> | null;
    readonly ExposedPorts?: Readonly<Record<string, object>> | null;
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly StopSignal?: string;
  } | null;
}

/**
 * Unpacks the layers of an image that are not in the cache yet. Every digest is verified.
 *
 * @param image where it is
 * @throws VelociError when it is damaged, meant to do harm, or does not fit on this host: nothing of a layer is kept then. The
 * reason of `signal`; what a stream fails with.
 */
export async function openImage(image: ImageSource, options: ImageSourceOptions = {}): Promise<OpenedImage> {
  return await ask(image, options, [], []);
}

/**
 * Makes a bundle of an image: a root file system that can be written to, and a config.json by the rules of image-spec's
 * conversion.md.
 *
 * @param image where it is
 * @param bundle a directory that does not exist, an empty one, or what an unpack that was killed has left
 * @throws VelociError and others as {@link openImage}; nothing of the bundle is left then
 */
export async function unpack(image: ImageSource, bundle: string, options: UnpackOptions = {}): Promise<UnpackedImage> {
  const { config, spec } = await ask(image, options, options.copy === true ? ['--copy'] : [], [bundle]);
  return { config, spec };
}

async function ask(
  image: ImageSource,
  options: ImageSourceOptions,
  flags: readonly string[],
  operands: readonly string[],
): Promise<OpenedImage> {
  const { onProgress, signal } = options;
  const path = typeof image === 'string' ? image : '-';
  const args = ['unpack', '--json', ...flags, ...flagsOf(options), '--', operandOf(path, options), ...operands];
  const text = await call(callerOf(options), args, {
    ...(typeof image === 'string' ? {} : { input: image instanceof Readable ? image : Readable.from(image) }),
    ...(onProgress === undefined ? {} : {
      onEvent: ({ event, done, total }) => {
        if (event === 'progress') onProgress({ done: done ?? 0, total: total ?? 0 });
      },
    }),
    signal,
  });
  return JSON.parse(text) as OpenedImage;
}

function callerOf({ command }: ImageSourceOptions): Caller {
  return { global: [], command };
}

function operandOf(image: string, { reference }: ImageSourceOptions): string {
  return reference === undefined ? image : `${image}:${reference}`;
}

function flagsOf(
  { platform, user, cache, uidMap = [], gidMap = [], devices = false, maxSize }: ImageSourceOptions,
): string[] {
  return [
    ...(platform === undefined ? [] : ['--platform', platform]),
    ...(user === undefined ? [] : ['--user', user]),
    ...(cache === undefined ? [] : ['--cache', cache]),
    ...uidMap.flatMap((entry) => ['--uid-map', entry]),
    ...gidMap.flatMap((entry) => ['--gid-map', entry]),
    ...(devices ? ['--devices'] : []),
    ...(maxSize === undefined ? [] : ['--max-size', String(maxSize)]),
  ];
}
