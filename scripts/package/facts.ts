// What all packages say of themselves.
import { readFileSync } from 'node:fs';
import { identity, sourceDate } from '../build/identity.ts';
import type { Machine } from '../build/toolchain.ts';
import { readObject, textMember } from '../lib/json.ts';
import { inRoot } from '../lib/root.ts';

/** A processor, as each kind of package names it. */
export interface Processor {
  /** As gcc and the kernel name it. */
  machine: Machine;
  deb: string;
  rpm: string;
  apk: string;
  npm: string;
}

/** The processors that packages are made for, by the name that `--arch` takes. */
const processors: Readonly<Record<string, Processor>> = {
  amd64: { machine: 'x86_64', deb: 'amd64', rpm: 'x86_64', apk: 'x86_64', npm: 'x64' },
  arm64: { machine: 'aarch64', deb: 'arm64', rpm: 'aarch64', apk: 'aarch64', npm: 'arm64' },
};

export interface Facts {
  name: string;
  version: string;
  commit: string;
  /** One line. */
  summary: string;
  /** Some lines. */
  description: readonly string[];
  maintainer: string;
  licence: string;
  /** Seconds since 1970 that every file bears. */
  date: number;
  processor: Processor;
  /** The object of package.json. */
  manifest: Readonly<Record<string, unknown>>;
}

/** @throws Error when package.json lacks what packages need */
export async function facts(processor: Processor): Promise<Facts> {
  const manifest = readObject(readFileSync(inRoot('package.json'), 'utf8'), 'package.json');
  const { version, commit } = await identity();
  return {
    name: textMember(manifest, 'name', 'package.json'),
    version,
    commit,
    summary: 'declarative OCI runtime for Linux containers',
    description: [
      'veloci runs the containers of Podman, Buildah, containerd, Docker and',
      'CRI-O, or an OCI bundle by hand. It compiles config.json into a plan, a',
      'list of typed operations, and executes exactly that: the plan can be',
      'looked at before, compared with the running container later, and errors',
      'name the line of the configuration.',
    ],
    maintainer: textMember(manifest, 'author', 'package.json'),
    licence: textMember(manifest, 'license', 'package.json'),
    date: await sourceDate(),
    processor,
    manifest,
  };
}

/**
 * The processor of this name, in the way of Debian, npm or the kernel.
 * @returns undefined when there are no packages for it
 */
export function processorOf(name: string): Processor | undefined {
  return Object.values(processors).find((processor) => Object.values(processor).includes(name));
}

/** All processors that there are packages for, as npm names them. */
export function processorNames(): string[] {
  return Object.values(processors).map(({ npm }) => npm);
}
