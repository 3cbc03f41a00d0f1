// Runs the native command as a child with what it may inherit: the caller's standard streams and no other descriptor,
// default signal handling (Node's spawn resets it), and the usual limit on open files.
import { spawn, type StdioOptions } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { VelociError } from './error.ts';
import { installed } from '../host/installed.ts';
import { withDefaultLimits } from '../host/node.ts';

export interface CommandOptions {
  /** The executable; default: the one beside the library. */
  readonly command?: string | undefined;
  /** Standard streams of the command, and so of a container; default: ignored. */
  readonly stdio?: StdioOptions | undefined;
  /** Ends the command (SIGTERM) when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** The last error in a log of --log-format json. */
function loggedError(path: string): VelociError | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  for (const line of text.trimEnd().split('\n').reverse()) {
    try {
      const entry = JSON.parse(line) as { level?: string; msg?: string };
      if (entry.level === 'error' && entry.msg !== undefined) return VelociError.fromLine(entry.msg);
    } catch {
      // Not a line of ours.
    }
  }
  return undefined;
}

function wait(path: string, args: readonly string[], options: CommandOptions): Promise<number> {
  const { stdio = 'ignore', signal } = options;
  return new Promise((resolve, reject) => {
    const child = withDefaultLimits(() => spawn(path, args, { stdio, ...(signal && { signal }) }));
    child.on('error', reject);
    child.on('exit', (status, name) => resolve(status ?? 128 + (name === null ? 0 : constants.signals[name])));
  });
}

/**
 * Runs one command and waits for it.
 * @returns its exit status: 128 + N when signal N ended it
 * @throws VelociError with the error that it logged
 */
export async function runCommand(args: readonly string[], options: CommandOptions = {}): Promise<number> {
  // A file of its own: standard error belongs to the container.
  const folder = mkdtempSync(join(tmpdir(), 'veloci-'));
  const log = join(folder, 'log');
  try {
    const path = options.command ?? installed('bin/veloci');
    const status = await wait(path, ['--log', log, '--log-format', 'json', ...args], options);
    const error = status === 0 ? undefined : loggedError(log);
    if (error !== undefined) throw error;
    return status;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
