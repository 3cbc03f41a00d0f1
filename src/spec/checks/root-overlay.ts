// An overlay on "/" as the first of the mounts: the root file system of a bundle whose layers are elsewhere. Those who mount in the
// order of the configuration put it over root.path before anything else is there.
import { resolved } from '../destination.ts';
import { parametersOf } from '../mount-options.ts';
import type { Mount, Spec } from '../types.ts';

/** Layers of a root file system, as an overlay has them. */
export interface RootOverlay {
  /** The lowest first. */
  readonly lower: readonly string[];
  /** The folder that holds both the writable layer and its work folder, and their names in it; undefined: the root cannot be written to. */
  readonly writable: { readonly folder: string; readonly upper: string; readonly work: string } | undefined;
}

/** Most layers below: their places have to fit into the 255 bytes that fsconfig(2) takes. */
const mostLayers = 104;

const own = ['lowerdir', 'upperdir', 'workdir'];

/** Whether the first mount is the root file system. */
export function hasRootOverlay({ mounts }: Spec): boolean {
  const first = mounts?.[0];
  return first?.type === 'overlay' && resolved(first.destination) === '' && first.options?.includes('remount') !== true;
}

/** Whether a parameter of the file system is one of those that {@link rootOverlay} reads. */
export function namesLayers(key: string): boolean {
  return own.includes(key);
}

/** Its layers; a text says what is wrong with them. */
export function rootOverlay({ options = [] }: Mount): RootOverlay | string {
  const values = new Map<string, string>();
  for (const parameter of options.flatMap((text) => parametersOf(text))) {
    const [key = '', ...rest] = parameter.split('=');
    if (namesLayers(key) && rest.length > 0) values.set(key, rest.join('='));
  }
  const lower = pathsOf(values.get('lowerdir') ?? '').reverse();
  const upper = values.get('upperdir'), work = values.get('workdir');
  if (lower.length === 0) return 'lowerdir, with absolute paths of folders that are separated by colons';
  if (lower.length > mostLayers) return `at most ${mostLayers} layers below`;
  const isAbsolute = (path: string): boolean => path.startsWith('/');
  if (!lower.every(isAbsolute)) return 'absolute paths in lowerdir, each once between colons';
  if (upper === undefined && work === undefined) return { lower, writable: undefined };
  const [above, aside] = [upper, work].map((path) => split(path ?? ''));
  if (above === undefined || aside === undefined || above.folder !== aside.folder || above.name === aside.name)
    return 'upperdir and workdir as absolute paths of two folders in the same one';
  return { lower, writable: { folder: above.folder, upper: above.name, work: aside.name } };
}

/** Folder and name of an absolute path; undefined for others. */
function split(path: string): { readonly folder: string; readonly name: string } | undefined {
  const slash = path.lastIndexOf('/'), name = path.slice(slash + 1);
  if (!path.startsWith('/') || ['', '.', '..'].includes(name) || path.includes('\\')) return undefined;
  return { folder: path.slice(0, slash) || '/', name };
}

/** Paths between colons; a backslash stands before a colon that is part of one. */
function pathsOf(text: string): string[] {
  if (text === '') return [];
  const paths: string[] = [''];
  for (let offset = 0; offset < text.length; offset++) {
    const char = text[offset]!;
    if (char === ':') paths.push('');
    else paths[paths.length - 1] += char === '\\' ? text[++offset] ?? '' : char;
  }
  return paths;
}
