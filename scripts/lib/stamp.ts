import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { objectOf, readObject } from './json.ts';
import { inRoot } from './root.ts';

/** One input of a step: size and time tell quickly that it is unchanged, the hash tells for certain. */
interface InputRecord {
  size: number;
  mtimeMs: number;
  sha256: string;
}

interface Stamp {
  key: string;
  inputs: Record<string, InputRecord>;
}

export interface Step {
  /** Unique; also the name of the stamp's file. */
  name: string;
  /** Everything beside file contents that decides the result: flags, versions, the list of inputs. */
  key: unknown;
  /** Files (absolute paths) that are read. A missing one makes the step run, and fail by itself. */
  inputs: readonly string[];
  /** Files that must exist for the step to count as done. */
  outputs: readonly string[];
  /** Does the work; may return further inputs that it found (headers, imports). */
  run: () => Promise<readonly string[] | void>;
}

const hashes = new Map<string, string>();

function hashFile(path: string, size: number, mtimeMs: number): string {
  const id = `${path}\0${size}\0${mtimeMs}`;
  let hash = hashes.get(id);
  if (hash === undefined) {
    hash = createHash('sha256').update(readFileSync(path)).digest('hex');
    hashes.set(id, hash);
  }
  return hash;
}

function record(path: string): InputRecord {
  const { size, mtimeMs } = statSync(path);
  return { size, mtimeMs, sha256: hashFile(path, size, mtimeMs) };
}

function unchanged(path: string, known: InputRecord): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.size !== known.size) return false;
  return stat.mtimeMs === known.mtimeMs || hashFile(path, stat.size, stat.mtimeMs) === known.sha256;
}

/** @throws Error when it is none */
function inputOf(value: unknown, path: string): InputRecord {
  const { size, mtimeMs, sha256 } = objectOf(value, path);
  if (typeof size === 'number' && typeof mtimeMs === 'number' && typeof sha256 === 'string')
    return { size, mtimeMs, sha256 };
  throw new Error(`${path} is of another version`);
}

/** A stamp that is damaged, or of another version, counts as missing. */
function readStamp(path: string): Stamp | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const { key, inputs } = readObject(readFileSync(path, 'utf8'), path);
    const files = Object.entries(objectOf(inputs, path));
    if (typeof key !== 'string') return undefined;
    return { key, inputs: Object.fromEntries(files.map(([file, known]) => [file, inputOf(known, path)])) };
  } catch {
    return undefined;
  }
}

const started = new Map<string, Promise<boolean>>();

/**
 * Runs a build step unless its key, its inputs and its outputs are those of the last successful run. A step that
 * several programs need is looked at once per process.
 * @returns whether the step ran
 */
export function runStep(step: Step): Promise<boolean> {
  let result = started.get(step.name);
  if (result === undefined) {
    result = runIfNeeded(step);
    started.set(step.name, result);
  }
  return result;
}

async function runIfNeeded(step: Step): Promise<boolean> {
  const path = inRoot('build', '.stamps', `${step.name}.json`);
  const key = createHash('sha256').update(JSON.stringify([step.key, step.inputs, step.outputs])).digest('hex');
  const old = readStamp(path);
  if (
    old?.key === key &&
    step.outputs.every((file) => existsSync(file)) &&
    Object.entries(old.inputs).every(([file, known]) => unchanged(file, known))
  ) {
    return false;
  }
  // Recorded before the run: an input that changes meanwhile makes the next build run again.
  const inputs: Record<string, InputRecord> = {};
  for (const file of step.inputs) if (existsSync(file)) inputs[file] = record(file);
  for (const file of step.outputs) mkdirSync(dirname(file), { recursive: true });
  const outputs = await step.run();
  for (const file of outputs ?? []) inputs[file] ??= record(file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify({ key, inputs } satisfies Stamp));
  return true;
}
