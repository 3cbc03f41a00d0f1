// The library beside the commands of peers: a container from its creation to its removal, and ten of them at once.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Runtime as Library, Sandbox, SandboxPool } from '../../src/index.ts';
import { repository } from '../support/paths.ts';
import { defaultConfig } from '../support/spec.ts';
import type { Measure, Meter } from './meter.ts';
import type { Record, Runtime } from './scenario.ts';

const atOnce = 10;

/** What takes memory in this process, as a program's data do: `megabytes` of small objects. */
export function fillHeap(megabytes: number): readonly unknown[] {
  const objectBytes = 100;
  return Array.from({ length: Math.round(megabytes * (1 << 20) / objectBytes) },
    (_, i) => ({ i, half: i / 2, text: `${i}` }));
}

/** The processor time of a container is that of its command, which this process cannot tell from others': it is left out. */
async function timed(work: () => Promise<unknown>): Promise<Measure> {
  const begun = performance.now();
  await work();
  return { wall: performance.now() - begun, cpu: NaN, rss: 0, status: 0, pid: 0 };
}

/** Makes the bundle, whose container has a cgroup by its id, so that ten fit beside each other. */
export function libraryBundle(dir: string): string {
  const bundle = join(dir, 'library');
  mkdirSync(bundle);
  const config = defaultConfig();
  config.root.path = join(dir, 'rootfs');
  config.process.args = ['/true'];
  delete config.linux.cgroupsPath;
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  return bundle;
}

/** What is measured of the library. */
interface Opened {
  readonly runtime: Library;
  readonly box: Sandbox;
  readonly pool: SandboxPool;
}

let opened: Promise<Opened> | undefined;

/** The library as it is shipped: this script is a bundle, which has no addon beside it. */
async function openLibrary(options: { root: string; command: string }, rootfs: string): Promise<Opened> {
  const library = await import(join(repository, 'dist/lib/index.js')) as typeof import('../../src/index.ts');
  const box = await library.Sandbox.open({ ...options, rootfs, name: 'library' });
  return { runtime: new library.Runtime(options), box, pool: await box.pool({ size: 2, args: ['/true'] }) };
}

/** Ends what the rounds have opened. */
export async function closeLibrary(): Promise<void> {
  await (await opened)?.box.close();
}

let count = 0;

/** One round: veloci by the library, in this process; the others by their `run`. */
export async function libraryRound(
  dir: string,
  bundle: string,
  runtime: Runtime,
  meter: Meter,
  record: Record,
): Promise<void> {
  const root = join(dir, `state-${runtime.name}`);
  if (runtime.name === 'veloci') {
    const { runtime: library, box, pool } =
      await (opened ??= openLibrary({ root, command: runtime.path }, join(dir, 'rootfs')));
    const one = (): Promise<unknown> => library.run({ bundle });
    record('create, start, wait, delete', await timed(one));
    record(`${atOnce} of them at once`, await timed(() => Promise.all(Array.from({ length: atOnce }, one))));
    record('run of a sandbox', await timed(() => box.run(['/true'])));
    record('run of a waiting sandbox', await timed(() => pool.run()));
    record('the program alone', await meter.run([join(dir, 'rootfs/true')]));
    // What replaces the one that was used is none of the next row's.
    await pool.ready();
    return;
  }
  const command = (): string[] => [runtime.path, '--root', root, 'run', '--bundle', bundle, `library-${count++}`];
  record('create, start, wait, delete', await meter.run(command()));
  record(`${atOnce} of them at once`, await timed(() =>
    Promise.all(
      Array.from({ length: atOnce },
        () =>
          new Promise((resolve) => spawn(runtime.path, command().slice(1), { stdio: 'ignore' }).on('exit', resolve))),
    )
  ));
}
