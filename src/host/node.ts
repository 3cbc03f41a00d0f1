// Host on Node, by the addon. Imported by the library alone; the engine's bundle for the planner never contains it.
import type { Host, WireWriter } from '../engine/protocol.ts';
import { readHostFacts } from '../generated/read-protocol.ts';
import type { FileLook } from '../generated/plan.ts';
import type { HostFacts, Seen } from '../generated/protocol.ts';
import { addon } from './addon.ts';
import { createWriter } from './writer.ts';

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
  return readFacts(factsText(root));
}

/** The same as JSON text. */
export function factsText(root = ''): string {
  return addon().hostFacts(root);
}

/** Facts of such a text. */
export function readFacts(text: string): HostFacts {
  return readHostFacts(JSON.parse(text));
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
