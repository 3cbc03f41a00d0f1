// System calls of the verbs, as strace counts them: of everything that the command starts.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { program } from '../support/helpers.ts';
import type { Runtime } from './scenario.ts';

/** Calls by verb. */
export type Calls = Record<'run' | 'create' | 'exec', number>;

/** The sum of the table that `strace -c` writes. */
function total(file: string): number {
  const words = /^100\.00 .*total$/m.exec(readFileSync(file, 'utf8'))?.[0].trim().split(/\s+/) ?? [];
  return Number(words[3] ?? NaN);
}

/** Counts for one runtime, on the bundles of the scenario in `dir`. */
export async function countCalls(dir: string, { name, path }: Runtime): Promise<Calls> {
  const file = join(dir, 'calls');
  const root = join(dir, `state-calls-${name.replaceAll(' ', '-')}`);
  const rt = (...args: string[]): string[] => ['--root', root, ...args];
  const traced = async (command: string[], meanwhile?: () => Promise<void>): Promise<number> => {
    const child = spawn('strace', ['-f', '-c', '-qq', '-o', file, ...command], { stdio: 'ignore' });
    const left = once(child, 'exit');
    await meanwhile?.();
    await left;
    return total(file);
  };
  const ask = (...args: string[]): ReturnType<typeof spawnSync> =>
    spawnSync(path, rt(...args), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

  // The first run makes what later ones find.
  ask('run', '--bundle', join(dir, 'short'), 'calls');
  const run = await traced([path, ...rt('run', '--bundle', join(dir, 'short'), 'calls')]);
  const create = await traced([path, ...rt('create', '--bundle', join(dir, 'long'), 'calls')], async () => {
    // strace stays with the init that waits.
    for (let i = 0; i < 500 && !String(ask('state', 'calls').stdout).includes('"created"'); i++) await sleep(20);
    ask('kill', 'calls', 'KILL');
  });
  ask('delete', '--force', 'calls');
  spawnSync(path, rt('create', '--bundle', join(dir, 'long'), 'calls'), { stdio: 'ignore' });
  ask('start', 'calls');
  ask('exec', 'calls', '/true');
  const exec = await traced([path, ...rt('exec', 'calls', '/true')]);
  ask('delete', '--force', 'calls');
  return { run, create, exec };
}

/** Counts for the floor's `run`. */
export function countFloor(dir: string): number {
  const file = join(dir, 'calls');
  spawnSync('strace', ['-f', '-c', '-qq', '-o', file, program('floor'), 'run', join(dir, 'rootfs'),
    `veloci-floor-${process.pid}`, '/true'], { stdio: 'ignore' });
  return total(file);
}
