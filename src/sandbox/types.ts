// What a run of a sandbox takes and gives.
import type { Buffer } from 'node:buffer';
import type { Exit } from '../library/process.ts';
import type { Change, InputFile } from './files.ts';

/** How one program is run. */
export interface SandboxRunOptions {
  /** When it is killed, with all its processes: milliseconds, or a text such as `2s`. Default: 10 s. */
  readonly timeout?: number | string;
  /** Files that it finds, by their paths in the work folder (or absolute ones). */
  readonly files?: Readonly<Record<string, InputFile>>;
  /** Standard input. Default: none. */
  readonly stdin?: string | Uint8Array;
  /** The most that it may print, stdout and stderr together. Default: 1 MiB. */
  readonly outputLimit?: number | string;
  /** The most that is taken out in `files`. Default: 16 MiB. */
  readonly filesLimit?: number | string;
  /** Variables that are added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory. Default: the work folder. */
  readonly cwd?: string;
  /** Kills it, with all its processes. */
  readonly signal?: AbortSignal;
}

/** What it has used. */
export interface SandboxUsage {
  /** Processor time in user mode and in the kernel, in milliseconds. */
  readonly userTime: number;
  readonly systemTime: number;
  /** The largest resident set of one of its processes, in bytes. */
  readonly peakMemory: number;
  /** Bytes and number of files that it has left. */
  readonly disk: number;
  readonly inodes: number;
}

/** How a program has ended, and what it has left. */
export interface SandboxResult extends Omit<Exit, 'usage'> {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** Files of the work folder that are new or changed, by their path there: regular files alone. */
  readonly files: Readonly<Record<string, Buffer>>;
  /** All that it has changed. */
  readonly changed: readonly Change[];
  /** Whether `files` and `changed` have everything: there may have been more than the limits allow. */
  readonly complete: boolean;
  readonly usage: SandboxUsage;
}
