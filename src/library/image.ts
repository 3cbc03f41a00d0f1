// Images: their layers as directories, and bundles made of them, by the program that unpacks them.
import type { Spec } from '../generated/config.ts';
import { call, type Caller } from './call.ts';

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
  /** The native command; default: the one that is installed beside the library. */
  readonly command?: string;
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
 * @param image an OCI image layout (directory or archive), or an archive of `docker save` or `podman save`
 * @throws VelociError when it is damaged, meant to do harm, or does not fit on this host; nothing of a layer is kept then
 */
export async function openImage(image: string, options: ImageSourceOptions = {}): Promise<OpenedImage> {
  const text = await call(callerOf(options), ['unpack', '--json', ...flagsOf(options), '--',
    operandOf(image, options)]);
  return JSON.parse(text) as OpenedImage;
}

/**
 * Makes a bundle of an image: a root file system of its own, and a config.json by the rules of image-spec's conversion.md.
 *
 * @param bundle a directory that does not exist, or an empty one
 * @throws VelociError as {@link openImage}; nothing of the bundle is left then
 */
export async function unpack(image: string, bundle: string, options: ImageSourceOptions = {}): Promise<UnpackedImage> {
  const args = ['unpack', '--json', ...flagsOf(options), '--', operandOf(image, options), bundle];
  const { config, spec } = JSON.parse(await call(callerOf(options), args)) as OpenedImage;
  return { config, spec };
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
