// The commands that the fuzzer of faults calls: what a container is before each, and what its output promises.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../case.ts';
import type { Bundle } from '../bundle.ts';
import type { Context } from '../context.ts';
import { criuPath, noCriu } from '../host/criu.ts';
import type { CallOptions } from '../runtime.ts';

/** What a container is when the command comes to it. */
export type Before = 'nothing' | 'created' | 'running' | 'paused' | 'stopped' | 'mounted' | 'checkpointed';

/** What a command works on. */
export interface Subject {
  id: string;
  bundle: Bundle;
  /** A folder that the command may fill. */
  dir: string;
}

export interface Command {
  name: string;
  before: Before;
  args: (subject: Subject) => string[];
  options?: CallOptions;
  /** Whether the output is whole: status 0 promises that. */
  isWhole?: (output: string, id: string) => boolean;
  /** What the output has when it is itself the report of what is wrong. */
  reports?: RegExp;
  /** The container is the same afterwards, and serves for the next call. */
  looksOnly?: true;
  /** The status when nothing fails, if that is not 0. */
  status?: number;
  /** Why it cannot be tried here. */
  skip?: string | false;
}

function isJson(output: string): boolean {
  try {
    return JSON.parse(output) !== null;
  } catch {
    return false;
  }
}

const looksOnly = true;
const criu = { skip: noCriu, options: { env: criuPath } };
const mountDocument = (dir: string): string => {
  const file = join(dir, 'mounts.json');
  writeFileSync(file, JSON.stringify([{ destination: '/dev/added', type: 'tmpfs', source: 'tmpfs' }]));
  return file;
};

export const commands: readonly Command[] = [
  { name: 'create', before: 'nothing', args: ({ id, bundle }) => ['create', '--bundle', bundle.dir, id] },
  { name: 'run', before: 'nothing', args: ({ id, bundle }) => ['run', '--detach', '--bundle', bundle.dir, id] },
  { name: 'start', before: 'created', args: ({ id }) => ['start', id] },
  { name: 'exec', before: 'running', args: ({ id }) => ['exec', id, '/probe', 'exit', '0'], looksOnly },
  { name: 'kill', before: 'running', args: ({ id }) => ['kill', id, 'KILL'] },
  { name: 'pause', before: 'running', args: ({ id }) => ['pause', id] },
  { name: 'resume', before: 'paused', args: ({ id }) => ['resume', id] },
  { name: 'update', before: 'running', args: ({ id }) => ['update', '--pids-limit', '100', id], looksOnly },
  { name: 'state', before: 'running', args: ({ id }) => ['state', id], looksOnly,
    isWhole: (output) => isJson(output) && output.includes('"status": "running"') },
  { name: 'state (paused)', before: 'paused', args: ({ id }) => ['state', id], looksOnly,
    isWhole: (output) => isJson(output) && output.includes('"status": "paused"') },
  { name: 'list', before: 'running', args: () => ['list', '--format', 'json'], looksOnly,
    isWhole: (output, id) => isJson(output) && output.includes(`"${id}"`) },
  { name: 'list (table)', before: 'running', args: () => ['list'], looksOnly,
    isWhole: (output, id) => output.includes(id) },
  { name: 'ps', before: 'running', args: ({ id }) => ['ps', '--format', 'json', id], looksOnly,
    isWhole: (output) => isJson(output) && /\d/.test(output) },
  { name: 'ps (table)', before: 'running', args: ({ id }) => ['ps', id], looksOnly,
    isWhole: (output) => output.includes('probe') },
  { name: 'events', before: 'running', args: ({ id }) => ['events', '--stats', id], isWhole: isJson, looksOnly },
  { name: 'wait', before: 'stopped', args: ({ id }) => ['wait', id], looksOnly,
    isWhole: (output) => /^(unknown|\d+)\n$/.test(output) },
  { name: 'mounts add', before: 'running', args: ({ id, dir }) => ['mounts', 'add', id, mountDocument(dir)] },
  { name: 'mounts remove', before: 'mounted', args: ({ id, dir }) => ['mounts', 'remove', id, mountDocument(dir)] },
  { name: 'checkpoint', before: 'running', args: ({ id, dir }) => ['checkpoint', '--image-path', join(dir, 'new'), id],
    ...criu },
  { name: 'restore', before: 'checkpointed', ...criu, args: (
    { id, bundle, dir },
  ) => ['restore', '--detach', '--bundle', bundle.dir, '--image-path', join(dir, 'images'), id] },
  { name: 'delete', before: 'stopped', args: ({ id }) => ['delete', id] },
  { name: 'delete (running)', before: 'running', args: ({ id }) => ['delete', id], status: 1, looksOnly },
  { name: 'delete --force', before: 'running', args: ({ id }) => ['delete', '--force', id] },
  { name: 'validate', before: 'nothing', args: ({ bundle }) => ['validate', '--bundle', bundle.dir], looksOnly,
    isWhole: (output) => output.includes('valid'), reports: /^config\.json: \d+ error/m },
  { name: 'plan', before: 'nothing', args: ({ bundle }) => ['plan', '--bundle', bundle.dir], looksOnly },
  { name: 'features', before: 'nothing', args: () => ['features'], isWhole: isJson, looksOnly },
  { name: 'spec', before: 'nothing', args: ({ dir }) => ['spec', '--bundle', dir] },
];

/** Makes a container that is so. */
export async function prepare(c: Context, { before }: Command, subject: Subject): Promise<void> {
  const { id, bundle, dir } = subject;
  if (before === 'nothing') return;
  const steps = [['create', '--bundle', bundle.dir, id]];
  if (before !== 'created') steps.push(['start', id]);
  if (before === 'paused') steps.push(['pause', id]);
  if (before === 'stopped') steps.push(['kill', id, 'KILL']);
  if (before === 'mounted') steps.push(['mounts', 'add', id, mountDocument(dir)]);
  if (before === 'checkpointed')
    steps.push(['checkpoint', '--image-path', join(dir, 'images'), id], ['delete', '--force', id]);
  for (const step of steps) {
    const result = await c.rt(step, before === 'checkpointed' ? criu.options : {});
    assert.equal(result.code, 0, `${step.join(' ')}: ${result.stderr}`);
  }
  if (before === 'stopped') await c.until(id, 'stopped');
}

/** Names of system calls by their numbers, as far as the headers are installed. */
export function callNames(): Map<number, string> {
  const header = process.arch === 'x64'
    ? '/usr/include/x86_64-linux-gnu/asm/unistd_64.h'
    : '/usr/include/asm-generic/unistd.h';
  try {
    return new Map([...readFileSync(header, 'utf8').matchAll(/#define __NR_(\w+) (\d+)/g)].map((
      [, name = '', number],
    ) => [Number(number), name]));
  } catch {
    return new Map();
  }
}
