// The native addon, loaded by absolute path. Imported by the library alone; the engine's bundle for the planner never
// contains it.
import { createRequire } from 'node:module';
import type { Scan, SeccompRules } from '../engine/protocol.ts';
import type { FileLook } from '../generated/plan.ts';
import type { Seen } from '../generated/protocol.ts';
import { installed } from './installed.ts';

/** What a file of a layer is; removed: it hides one of a layer below. */
export type LayerKind = 'file' | 'directory' | 'link' | 'fifo' | 'socket' | 'device' | 'removed';

/** Path from the folder, kind, size, what changes with a file, and whether a folder hides the one below it. */
export type LayerEntry = readonly [path: Buffer, kind: LayerKind, size: number, mark: string, replaces: boolean];

/** What the addon offers; native/addon says more of each. */
export interface Addon {
  /** Facts as JSON text; `root` is the state root, or empty. */
  hostFacts(root: string): string;
  scan(bytes: Uint8Array): Scan;
  sha256(text: string): string;
  seccomp(rules: SeccompRules): Uint8Array;
  syscallNumber(name: string): number;
  look(files: readonly FileLook[]): readonly Seen[];
  /** The default state root of this process; empty when there is none. */
  stateRoot(): string;
  /** What `state` prints of a container; undefined when there is none of this id. Throws an error with the line of the command. */
  state(root: string, id: string): string | undefined;
  /** What `list --format json` prints. Throws as `state` does. */
  list(root: string): string;
  /** Starts a program with exactly these descriptors, from 0 on, in a session of its own; its pid. */
  launch(path: string, args: readonly string[], env: readonly string[], fds: readonly number[]): number;
  /** How it has ended, as a shell reports it; -1 when it has not. */
  reap(pid: number): number;
  /** /dev/null. */
  openNull(): number;
  /** The end for reading, and the one for writing. */
  pipe(): [number, number];
  socketPair(): [number, number];
  /** A descriptor that a message on this socket has brought along, or -1. */
  receiveDescriptor(socket: number): number;
  /** Sends a few bytes, if the other side is still there. */
  send(socket: number, bytes: Uint8Array): void;
  /** Whom to tell that a descriptor is ready; once, before the first `watch`. */
  onReady(callback: (id: number) => void): void;
  /** Waits once until it can be read (1) or written (2), or has ended. */
  watch(fd: number, id: number, wanted: number): void;
  /** Whether the program goes on as long as it waits. */
  hold(holds: boolean): void;
  /** Nothing at the end of a stream; undefined when there is nothing yet. */
  read(fd: number, size: number): Uint8Array | undefined;
  /** How many bytes were taken; 0 when there is no room. */
  write(fd: number, bytes: Uint8Array): number;
  close(fd: number): void;
  /** Makes a new file below a folder, and the folders on its way; what it makes belongs to these ids of the host. */
  writeFile(root: number, path: string, bytes: Uint8Array, mode: number, uid: number, gid: number): void;
  /** The bytes of a regular file, the number of them when that is above `limit`, or undefined. */
  readFile(root: number, path: string | Uint8Array, limit: number): Buffer | number | undefined;
  /** What is below a folder, each folder before what is in it; not `complete` when there is more than `limit`, or it is too deep. */
  walk(root: number, limit: number): { readonly entries: readonly LayerEntry[]; readonly complete: boolean };
  /**
   * The kind of what a layer of an overlay has at a path: removed also when something on the way hides the layers below; empty when
   * it knows nothing of the path. Links are not followed.
   */
  kindOf(root: number, path: string | Uint8Array): LayerKind | '';
  /** Bytes of a file system, those that are free, its files, those that are free. */
  room(root: number): readonly [number, number, number, number];
  resize(terminal: number, columns: number, rows: number): void;
}

let loaded: Addon | undefined;

const functions: readonly (keyof Addon)[] = ['hostFacts', 'scan', 'sha256', 'seccomp', 'syscallNumber', 'launch'];

function isAddon(value: unknown): value is Addon {
  if (typeof value !== 'object' || value === null) return false;
  return functions.every((name) => typeof (value as Partial<Addon>)[name] === 'function');
}

/** The addon of this installation. */
export function addon(): Addon {
  if (loaded !== undefined) return loaded;
  const path = installed('veloci.node');
  const loadedModule: unknown = createRequire(import.meta.url)(path);
  if (!isAddon(loadedModule))
    throw new Error(`${path} is not the addon of this version of veloci: build or install both together`);
  return loaded = loadedModule;
}
