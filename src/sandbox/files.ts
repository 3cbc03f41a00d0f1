// Files of a sandbox: those that go in before its program starts, and what that has left.
import { Buffer } from 'node:buffer';
import { addon, type LayerEntry, type LayerKind } from '../host/addon.ts';
import type { IdMap } from './ids.ts';

/** A file for the program: its bytes or text, or these with its permissions. */
export type InputFile = string | Uint8Array | { readonly content: string | Uint8Array; readonly mode?: number };

/** What the program has done to one file. */
export interface Change {
  /** Absolute path in the sandbox; bytes that are no UTF-8 are replaced. */
  readonly path: string;
  /** Modified: a file of the root that is another one now; of a folder, that something in it has changed. */
  readonly change: 'added' | 'modified' | 'removed';
  readonly kind: 'file' | 'directory' | 'link' | 'fifo' | 'socket' | 'device' | 'unknown';
  /** Bytes, of a regular file. */
  readonly size: number;
}

/** How much is taken out. */
export interface TakeLimits {
  /** Entries of the writable layer that are looked at. */
  readonly entries: number;
  /** Bytes of all files together. */
  readonly bytes: number;
  /** Number of files. */
  readonly files: number;
}

export interface Taken {
  readonly changed: readonly Change[];
  readonly files: Readonly<Record<string, Buffer>>;
  /** Whether everything is in `changed` and in `files`. */
  readonly complete: boolean;
}

const readable = 0o644;

/** Path below the work folder as one from the root, without a slash at its ends. @throws TypeError for one that leads elsewhere */
export function inFolder(folder: string, path: string): string {
  const whole = path.startsWith('/') ? path : `${folder}/${path}`;
  const parts = whole.split('/').filter((part) => part !== '');
  if (path !== '' && !path.endsWith('/') && !path.includes('\0') &&
    !parts.some((part) => part === '.' || part === '..'))
    return parts.join('/');
  throw new TypeError(`"${path}" is no path of a file: it may not be empty, nor have "." or ".." in it`);
}

/** What a folder has, by path from the root: the mark that changes with each file. */
export type Marks = ReadonlyMap<string, string>;

/** Writes files into the root of a sandbox that does not run yet. */
export function putFiles(
  fds: { readonly view: number; readonly layer: number },
  folder: string,
  files: Readonly<Record<string, InputFile>>,
  ids: IdMap,
): Marks {
  const names = Object.entries(files);
  if (names.length === 0) return new Map();
  for (const [name, file] of names) {
    const { content, mode = readable } = typeof file === 'string' || file instanceof Uint8Array
      ? { content: file }
      : file;
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    addon().writeFile(fds.view, inFolder(folder, name), bytes, mode & 0o777, ids.uid, ids.gid);
  }
  const { entries } = addon().walk(fds.layer, 0xffff_ffff);
  return new Map(entries.flatMap(([path, kind, , mark]) => (kind === 'file' ? [[path.toString('latin1'), mark]] : [])));
}

/** Whether a layer below has something at a path: the highest that knows it decides. */
function isBelow(lowers: readonly number[], path: Buffer): boolean {
  for (let index = lowers.length - 1; index >= 0; index--) {
    const kind = addon().kindOf(lowers[index]!, path);
    if (kind !== '') return kind !== 'removed';
  }
  return false;
}

const kinds: Readonly<Record<LayerKind, Change['kind']>> = { file: 'file', directory: 'directory', link: 'link',
  fifo: 'fifo', socket: 'socket', device: 'device', removed: 'unknown' };

/** Where what a sandbox has left lies. */
export interface Places {
  readonly layer: number;
  /** The layers below, lowest first. */
  readonly lowers: readonly number[];
  /** The work folder, without a slash in front. */
  readonly folder: string;
  /** What was put in. */
  readonly marks: Marks;
  /** Folders that it has from the start. */
  readonly initial: ReadonlySet<string>;
}

/** Takes out what the program has left in the writable layer. Nothing of the sandbox may run any more. */
export function takeFiles({ layer, lowers, folder, marks, initial }: Places, limits: TakeLimits): Taken {
  const { entries, complete: seenAll } = addon().walk(layer, limits.entries);
  const changed: Change[] = [];
  const files: Record<string, Buffer> = Object.create(null) as Record<string, Buffer>;
  let complete = seenAll, bytes = 0, count = 0;
  for (const entry of entries) {
    const [path, kind, size, mark] = entry;
    if (marks.get(path.toString('latin1')) === mark || (kind === 'directory' && initial.has(path.toString('latin1'))))
      continue;
    const change = changeOf(entry, lowers);
    if (change === undefined) continue;
    const name = path.toString('utf8');
    changed.push({ path: `/${name}`, change, kind: kinds[kind], size: kind === 'file' ? size : 0 });
    if (kind !== 'file' || !isIn(folder, name)) continue;
    const content = count < limits.files ? addon().readFile(layer, path, limits.bytes - bytes) : undefined;
    if (!Buffer.isBuffer(content)) {
      complete = false;
      continue;
    }
    bytes += content.length;
    count++;
    files[folder === '' ? name : name.slice(folder.length + 1)] = content;
  }
  // What was put in and is gone leaves no trace in the layer.
  const left = new Set(entries.map(([path]) => path.toString('latin1')));
  for (const path of seenAll ? marks.keys() : []) {
    if (left.has(path)) continue;
    changed.push({ path: `/${Buffer.from(path, 'latin1').toString('utf8')}`, change: 'removed', kind: 'unknown',
      size: 0 });
  }
  return { changed, files, complete };
}

function isIn(folder: string, name: string): boolean {
  return folder === '' || name.startsWith(`${folder}/`);
}

function changeOf([path, kind, , , replaces]: LayerEntry, lowers: readonly number[]): Change['change'] | undefined {
  const below = isBelow(lowers, path);
  if (kind === 'removed') return below ? 'removed' : undefined;
  if (!below) return 'added';
  // A folder is there for what is in it.
  return kind === 'directory' && !replaces ? undefined : 'modified';
}
