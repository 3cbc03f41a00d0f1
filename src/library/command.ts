// Runs the native command as a child with what it may inherit: the caller's standard streams and no other descriptor,
// default signal handling (Node's spawn resets it), and the usual limit on open files.
import { spawn, type StdioOptions } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
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
  /** An encoded Response of the engine, which the command takes in place of asking its own planner. */
  readonly plan?: Uint8Array | undefined;
}

/** The three standard streams of `stdio`, and behind them nothing: no other descriptor reaches the command. */
function standardStreams(stdio: StdioOptions): Extract<StdioOptions, readonly unknown[]> {
  const given = typeof stdio === 'string' ? [stdio, stdio, stdio] : stdio;
  return [given[0] ?? 'pipe', given[1] ?? 'pipe', given[2] ?? 'pipe'];
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
      const entry: unknown = JSON.parse(line);
      const isError = typeof entry === 'object' && entry !== null && 'level' in entry && entry.level === 'error';
      if (isError && 'msg' in entry && typeof entry.msg === 'string') return VelociError.fromLine(entry.msg);
    } catch {
      // Not a line of ours.
    }
  }
  return undefined;
}

/** Descriptor on which a plan is handed over: the first after the standard streams. */
const planFd = 3;

function wait(path: string, args: readonly string[], options: CommandOptions): Promise<number> {
  const { stdio: wanted = 'ignore', signal, plan } = options;
  const streams = standardStreams(wanted);
  const stdio: StdioOptions = plan === undefined ? streams : [...streams, 'pipe'];
  return new Promise((resolve, reject) => {
    const child = withDefaultLimits(() => spawn(path, args, { stdio, ...(signal && { signal }) }));
    child.on('error', reject);
    const pipe = child.stdio[planFd] as Writable | undefined;
    // A command that fails before it has read the plan says why itself.
    pipe?.on('error', () => {});
    pipe?.end(plan);
    child.on('exit', (status, name) => resolve(status ?? 128 + (name === null ? 0 : constants.signals[name])));
  });
}

/**
 * Runs one command and waits for it.
 * @param global flags before the command
 * @param args the command and its arguments
 * @returns its exit status: 128 + N when signal N ended it
 * @throws VelociError with the error that it logged
 */
export async function runCommand(
  global: readonly string[],
  args: readonly string[],
  options: CommandOptions = {},
): Promise<number> {
  // A file of its own: standard error belongs to the container.
  const folder = mkdtempSync(join(tmpdir(), 'veloci-'));
  const log = join(folder, 'log');
  try {
    const path = options.command ?? installed('bin/veloci');
    const [verb, ...rest] = args;
    const given = options.plan === undefined ? args : [verb!, '--plan-fd', String(planFd), ...rest];
    const status = await wait(path, ['--log', log, '--log-format', 'json', ...global, ...given], options);
    const error = status === 0 ? undefined : loggedError(log);
    if (error !== undefined) throw error;
    return status;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
