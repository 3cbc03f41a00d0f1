import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { root } from './root.ts';

/** An error whose message says everything that a reader needs; it is shown without a stack. */
export class ExpectedError extends Error {
  readonly expected = true;
}

export interface CommandOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** `inherit` shows the output while the command runs; `capture` (default) returns it. */
  output?: 'capture' | 'inherit';
}

/** At most this many commands run at a time: compilers keep one processor busy each. */
const limit = availableParallelism();
let running = 0;
const waiting: Array<() => void> = [];

async function acquire(): Promise<void> {
  if (running < limit) {
    running += 1;
    return;
  }
  await new Promise<void>((resolve) => waiting.push(resolve));
}

function release(): void {
  const next = waiting.shift();
  if (next) next();
  else running -= 1;
}

/**
 * Runs a command without a shell and without standard input.
 * @returns what it wrote to standard output
 * @throws ExpectedError with its output and the command, when it cannot be started or does not exit with 0
 */
export async function command(name: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  await acquire();
  try {
    return await start(name, args, options);
  } finally {
    release();
  }
}

function start(name: string, args: readonly string[], options: CommandOptions): Promise<string> {
  const pipe = options.output === 'inherit' ? 'inherit' : 'pipe';
  return new Promise((resolve, reject) => {
    const child = spawn(name, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, LC_ALL: 'C', ...options.env },
      stdio: ['ignore', pipe, pipe],
    });
    const stdout: Buffer[] = [];
    const all: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout.push(chunk);
      all.push(chunk);
    });
    child.stderr?.on('data', (chunk: Buffer) => all.push(chunk));
    child.on('error', (error) => reject(new ExpectedError(`cannot run ${name}: ${error.message}`)));
    child.on('close', (status, signal) => {
      if (status === 0) {
        resolve(Buffer.concat(stdout).toString());
        return;
      }
      const ending = signal === null ? `status ${status}` : `signal ${signal}`;
      const text = Buffer.concat(all).toString();
      reject(new ExpectedError(`${text}${name} failed with ${ending}; the command was\n${[name, ...args].join(' ')}`));
    });
  });
}
