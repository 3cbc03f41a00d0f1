// Host on Node: the native addon, loaded by absolute path. Imported by the library alone; the engine's bundle for the
// planner never contains it.
import { createRequire } from 'node:module';
import type { Host, Scan, SeccompRules, WireWriter } from '../engine/protocol.ts';
import { readHostFacts } from '../generated/read-protocol.ts';
import type { FileLook } from '../generated/plan.ts';
import type { HostFacts, Seen } from '../generated/protocol.ts';
import { installed } from './installed.ts';
import { createWriter } from './writer.ts';

interface Addon {
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
  /** Sets the soft limit on open files and returns the old one. */
  setOpenFiles(soft: number): number;
}

let loaded: Addon | undefined;

const functions: readonly (keyof Addon)[] = ['hostFacts', 'scan', 'sha256', 'seccomp', 'syscallNumber', 'setOpenFiles'];

function isAddon(value: unknown): value is Addon {
  if (typeof value !== 'object' || value === null) return false;
  return functions.every((name) => typeof (value as Partial<Addon>)[name] === 'function');
}

function addon(): Addon {
  if (loaded !== undefined) return loaded;
  const path = installed('veloci.node');
  const loadedModule: unknown = createRequire(import.meta.url)(path);
  if (!isAddon(loadedModule))
    throw new Error(`${path} is not the addon of this version of veloci: build or install both together`);
  return loaded = loadedModule;
}

/** The Host of this process. */
export function nodeHost(): Host {
  const { scan, sha256, seccomp, syscallNumber } = addon();
  return { scan, sha256, seccomp, syscallNumber, writer: (): WireWriter => createWriter() };
}

/**
 * Facts about this host and the calling process.
 * @param root state root, whose cached seccomp filters are listed; none when absent
 */
export function hostFacts(root = ''): HostFacts {
  return readHostFacts(JSON.parse(addon().hostFacts(root)));
}

/** Looks at files; those of the root file system lie in the first one. */
export function look(files: readonly FileLook[]): readonly Seen[] {
  return addon().look(files);
}

/** The default state root of the calling process: that of the command. */
export function stateRoot(): string {
  return addon().stateRoot();
}

/** The state of a container as JSON text, as the command `state` prints it; undefined when there is no such container. */
export function stateText(root: string, id: string): string | undefined {
  return addon().state(root, id);
}

/** The states of all containers as JSON text, as `list --format json` prints them. */
export function listText(root: string): string {
  return addon().list(root);
}

/** The kernel's default soft limit on open files: what a process has whose parent did not change it. */
const defaultOpenFiles = 1024;

/**
 * Calls `start` with the soft limit on open files that a program expects: Node raises it for itself at its start, and
 * its children inherit it. `start` must start the child before it returns.
 */
export function withDefaultLimits<T>(start: () => T): T {
  const old = addon().setOpenFiles(defaultOpenFiles);
  try {
    return start();
  } finally {
    addon().setOpenFiles(old);
  }
}
