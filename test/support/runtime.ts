// Runs the runtime under test (or any program) and collects what it said. Its output goes to files, not
// pipes: a container keeps its creator's stdio, and waiting for a pipe's end would wait for the container.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { noteOutput } from './codes.ts';
import { runtimePath, timeScale } from './paths.ts';

export interface Result {
  /** exit status; null when a signal ended it */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** wall time in ms */
  ms: number;
  /** true when the time limit ended it */
  timedOut: boolean;
  /** reads stdout again: a detached container goes on writing to it */
  output(): string;
  /** the same for stderr */
  errors(): string;
}

export interface CallOptions {
  cwd?: string;
  /** the whole environment (default: PATH alone) */
  env?: Record<string, string>;
  input?: string | Buffer;
  /** ms, before scaling; default 20 000 */
  timeLimit?: number;
  /** fds of ours to pass on: number in the child → our fd */
  fds?: Record<number, number>;
  /** a command to put before the runtime: strace, ptyrun, prlimit … */
  prefix?: string[];
  /** called once it runs */
  onStart?: (child: ChildProcess) => void;
}

/** VELOCI_PLAN_CACHE=verify of the tests is that of all commands. */
const planCache = process.env['VELOCI_PLAN_CACHE'];
export const plainEnv: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  ...(planCache === undefined ? {} : { VELOCI_PLAN_CACHE: planCache }),
};

/** A running call: its process, and its result once it has left. */
export interface Call {
  child: ChildProcess;
  done: Promise<Result>;
}

/** Starts a program with its stdio in files. */
export function begin(command: string[], options: CallOptions = {}): Call {
  const dir = mkdtempSync('/tmp/call-');
  const paths = { in: '/dev/null', out: join(dir, 'stdout'), err: join(dir, 'stderr') };
  if (options.input !== undefined) {
    paths.in = join(dir, 'stdin');
    writeFileSync(paths.in, options.input);
  }
  const stdio: ('ignore' | number)[] = [openSync(paths.in, 'r'), openSync(paths.out, 'a'), openSync(paths.err, 'a')];
  const own = stdio.slice() as number[];
  for (const [number, fd] of Object.entries(options.fds ?? {})) {
    while (stdio.length < Number(number)) stdio.push('ignore');
    stdio[Number(number)] = fd;
  }
  const argv = [...(options.prefix ?? []), ...command];
  const begun = performance.now();
  const child = spawn(argv[0] as string, argv.slice(1), {
    stdio,
    env: options.env ?? plainEnv,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  own.forEach((fd) => closeSync(fd));
  const read = (path: string) => (): string => readFileSync(path, 'utf8');
  const done = new Promise<Result>((resolve, reject) => {
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, (options.timeLimit ?? 20_000) * timeScale);
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      noteOutput(read(paths.out)(), read(paths.err)());
      resolve({
        code,
        signal,
        timedOut,
        ms: performance.now() - begun,
        stdout: read(paths.out)(),
        stderr: read(paths.err)(),
        output: read(paths.out),
        errors: read(paths.err),
      });
    });
  });
  options.onStart?.(child);
  return { child, done };
}

/** Runs a program to its end. */
export async function call(command: string[], options: CallOptions = {}): Promise<Result> {
  return begin(command, options).done;
}

let version: string | undefined;

/** Name and version of the runtime under test, from the first line of --version: "crun 1.8.1". */
export function runtimeName(): string {
  version ??= (spawnSync(runtimePath(), ['--version'], { encoding: 'utf8' }).stdout ?? '')
    .split('\n')[0]?.replace(' version ', ' ').trim() ?? '';
  return version;
}
