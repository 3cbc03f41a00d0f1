// A sandbox: runs programs that nobody trusts, each in a fresh container of its own.
import { randomUUID } from 'node:crypto';
import { constants, openSync } from 'node:fs';
import type { HostFacts } from '../generated/protocol.ts';
import { addon } from '../host/addon.ts';
import { hostFacts, stateRoot } from '../host/node.ts';
import { onAbort } from '../library/abort.ts';
import type { LayerFds } from '../library/child.ts';
import { collect } from '../library/collect.ts';
import type { Container } from '../library/container.ts';
import { VelociError } from '../library/error.ts';
import type { Exit } from '../library/process.ts';
import { Runtime } from '../library/runtime.ts';
import { sandboxConfig, type ConfigOptions, type Program, type Sizes } from './config.ts';
import { putFiles, takeFiles, inFolder, type InputFile } from './files.ts';
import { chooseIds } from './ids.ts';
import { reportLimits, trials, type Limits } from './limits.ts';
import { SandboxPool, Stock, type Keeper, type SandboxPoolOptions } from './pool.ts';
import { checkHost, type SandboxCheck } from './check.ts';
import { sourceOf, type SourceOptions } from './source.ts';
import type { SandboxResult, SandboxRunOptions, SandboxUsage } from './types.ts';
import { bytesOf, countOf, millisecondsOf } from './units.ts';

/** What a sandbox consists of, and what each program in it may use. */
export interface SandboxOptions extends SourceOptions {
  /** Memory of all its processes, their files included: bytes, or a text such as `128 MiB`. Default: 256 MiB. */
  readonly memory?: number | string;
  /** Processors: 0.5 is half of the time of one. Default: 1. */
  readonly cpus?: number;
  /** Processes and threads. Default: 64. */
  readonly processes?: number;
  /** Bytes of all files that it makes. They are in memory. Default: 64 MiB. */
  readonly disk?: number | string;
  /** How many files it may make. Default: 16384. */
  readonly inodes?: number;
  /** There is none: a network namespace without any interface but a loopback. */
  readonly network?: 'none';
  /** Working directory of programs, theirs to write in. Default: that of the image, if it is not the root, else /work. */
  readonly work?: string;
  /** What a forbidden system call does: it fails with EPERM, or it ends the program (`reason` is then `seccomp`). Default: fail. */
  readonly forbidden?: 'fail' | 'kill';
  /** Environment of programs. Default: PATH, HOME and LANG, and that of the image. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ids of its containers begin with this. Default: sandbox. */
  readonly name?: string;
  /** State root and command of veloci; default: those of the installation. */
  readonly root?: string;
  readonly command?: string;
}

const defaults = {
  memory: 256 << 20,
  cpus: 1,
  processes: 64,
  disk: 64 << 20,
  inodes: 16384,
  timeout: 10_000,
  output: 1 << 20,
  files: 16 << 20,
  work: '/work',
};
const least = { memory: 1 << 20, disk: 64 << 10, cpus: 0.01 };
/** Entries of the writable layer that are looked at after a run, and files that are taken out. */
const most = { entries: 20_000, files: 1000 };

function sizesOf(
  { memory = defaults.memory, cpus = defaults.cpus, processes = defaults.processes, disk = defaults.disk,
    inodes = defaults.inodes }: SandboxOptions,
): Sizes {
  if (!(cpus >= least.cpus && cpus <= 4096)) throw new RangeError(`cpus is ${cpus}: it must be at least ${least.cpus}`);
  return { cpus, memory: bytesOf(memory, 'memory', least.memory), processes: countOf(processes, 'processes'),
    disk: bytesOf(disk, 'disk', least.disk), inodes: countOf(inodes, 'inodes', 16) };
}

function openFolder(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
}

/** A folder and those on the way to it. */
function pathsTo(folder: string): string[] {
  const parts = folder.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

function entriesOf(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => {
    if (/[=\0]/.test(name) || name === '' || value.includes('\0')) throw new TypeError(`"${name}" is no variable`);
    return `${name}=${value}`;
  });
}

/** What all runs of a sandbox share. */
interface Settings extends ConfigOptions {
  /** Ids of containers begin with it. */
  readonly name: string;
}

/** A container that waits for its program, and its files. */
interface Ready {
  readonly container: Container;
  readonly fds: LayerFds;
}

/**
 * Runs programs that nobody trusts: each in a fresh container, which is gone when `run` resolves. See docs/sandbox.md for
 * what keeps them in.
 */
export class Sandbox {
  /** Which limits hold, by what means, and which could not be set here. */
  readonly limits: Limits;
  readonly #runtime: Runtime;
  readonly #options: Settings;
  readonly #env: Readonly<Record<string, string>>;
  readonly #lowers: readonly number[];
  readonly #runs = new Set<Promise<unknown>>();
  readonly #pools = new Set<SandboxPool>();
  readonly #containers = new Set<Container>();
  #closed = false;

  private constructor(
    runtime: Runtime,
    options: Settings,
    env: Readonly<Record<string, string>>,
    lowers: number[],
  ) {
    this.#runtime = runtime;
    this.#options = options;
    this.#env = env;
    this.#lowers = lowers;
    this.limits = reportLimits(options);
  }

  /**
   * Makes a sandbox; nothing runs yet. What this host allows is found out by making a first container.
   * @throws RangeError or TypeError for options that are none; VelociError when the image is refused, or this host has no way to
   *   make a sandbox ({@link Sandbox.check} says why)
   */
  static async open(options: SandboxOptions): Promise<Sandbox> {
    const { forbidden = 'fail', name = 'sandbox', root = stateRoot(), command } = options;
    if (options.network !== undefined && options.network !== 'none') throw new RangeError('network is "none"');
    const sizes = sizesOf(options);
    const facts: HostFacts = hostFacts();
    const source = await sourceOf(options);
    const { folders } = source;
    const [rootfs, ...above] = folders;
    const { work = source.work ?? defaults.work } = options;
    const env = { ...source.env, ...options.env };
    entriesOf(env);
    // As root its programs would own, and read, what is root's.
    if (folders.includes('/'))
      throw new RangeError('rootfs is the root of the host: name a folder with files that programs may see');
    const common = { name, rootfs, layers: above, sizes, facts, ids: chooseIds(facts), work: `/${inFolder('', work)}`,
      kills: forbidden === 'kill' };
    const lowers: number[] = [];
    try {
      for (const folder of folders) lowers.push(openFolder(folder));
      let failure: unknown;
      for (const { means, cgroupManager } of trials(facts)) {
        const runtime = new Runtime({ root, ...(command === undefined ? {} : { command }),
          ...(cgroupManager === undefined ? {} : { cgroupManager }) });
        const sandbox = new Sandbox(runtime, { ...common, means }, env, lowers);
        try {
          await sandbox.#try();
          return sandbox;
        } catch (error) {
          // Everything else is there before the program is looked for.
          if (error instanceof VelociError && error.code === 'E0732') return sandbox;
          failure ??= error;
          if (!(error instanceof VelociError)) break;
        }
      }
      throw failure;
    } catch (error) {
      lowers.forEach((fd) => addon().close(fd));
      throw error;
    }
  }

  /** Makes a container, and removes it. */
  async #try(): Promise<void> {
    const { container, fds } = await this.#create({ args: ['no-program'], env: [], cwd: this.#options.work });
    addon().close(fds.layer);
    addon().close(fds.view);
    await container.delete();
  }

  async #create(program: Program): Promise<Ready> {
    const config = sandboxConfig(this.#options, program);
    const { name, rootfs } = this.#options;
    const container = await this.#runtime.create({ id: `${name}-${randomUUID()}`, bundle: rootfs, config,
      stdio: 'pipe' });
    const fds = container.takeLayer();
    if (fds !== undefined) return { container, fds };
    await container.delete();
    throw new VelociError('the command has not handed over the files of the sandbox', { code: '' });
  }

  /**
   * Runs a program from its start to the removal of all it was.
   * @param args its name, then its arguments; the name is looked up in PATH of the sandbox
   * @returns how it has ended; that is never an error, whatever it does
   * @throws VelociError when it cannot be started; TypeError or RangeError for options that are none
   */
  async run(args: readonly string[], options: SandboxRunOptions = {}): Promise<SandboxResult> {
    this.#refuseClosed();
    const run = runOf(options);
    const running = this.#create(this.#programOf(args, options)).then((ready) => this.#execute(ready, run, true));
    return this.#track(running);
  }

  /**
   * Keeps containers ready for one program, so that a run of it costs no more than its start. Each runs once.
   * @throws VelociError when one cannot be made
   */
  async pool(options: SandboxPoolOptions): Promise<SandboxPool> {
    this.#refuseClosed();
    const program = this.#programOf(options.args, options);
    const keeper: Keeper<Ready> = {
      make: () => this.#create(program),
      isAlive: ({ container }) => container.state()?.status === 'created',
      drop: (ready) => this.#drop(ready),
    };
    const stock = new Stock(keeper, program, countOf(options.size, 'size'));
    const pool = new SandboxPool(stock,
      (ready, given) => this.#track(this.#execute(ready as Ready, runOf(given), false)));
    this.#pools.add(pool);
    try {
      await stock.full();
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  #refuseClosed(): void {
    if (this.#closed) throw new Error('the sandbox is closed');
  }

  #programOf(
    args: readonly string[],
    { env = {}, cwd = this.#options.work }: Pick<SandboxRunOptions, 'env' | 'cwd'>,
  ): Program {
    const all = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: this.#options.work, LANG: 'C.UTF-8', ...this.#env,
      ...env };
    return { args, env: entriesOf(all), cwd };
  }

  async #track<T>(running: Promise<T>): Promise<T> {
    this.#runs.add(running);
    try {
      return await running;
    } finally {
      this.#runs.delete(running);
    }
  }

  async #drop({ container, fds }: Ready): Promise<void> {
    for (const fd of [fds.view, fds.layer]) addon().close(fd);
    await container.delete();
  }

  /** @param waits whether the result waits for the removal of the container, none of whose processes is left then in any case */
  async #execute(
    { container, fds }: Ready,
    { time, outputLimit, filesLimit, files, stdin, signal }: Run,
    waits: boolean,
  ): Promise<SandboxResult> {
    let forget: (() => void) | undefined;
    let timer: NodeJS.Timeout | undefined;
    let isOpen = true;
    try {
      const { work, ids } = this.#options;
      const folder = inFolder('', work);
      const marks = putFiles(fds, folder, files, ids);
      const initial = new Set([...pathsTo(folder), 'tmp', 'proc', 'dev']);
      addon().close(fds.view);
      isOpen = false;
      this.#containers.add(container);
      forget = onAbort(signal, () => container.end('aborted'));
      if (this.#closed) container.end('aborted');
      timer = setTimeout(() => container.end('timeout'), time);
      const exit = await collect(container, { outputLimit, waits, ...(stdin === undefined ? {} : { input: stdin }) });
      const taken = takeFiles({ layer: fds.layer, lowers: this.#lowers, folder, marks, initial }, { ...most,
        bytes: filesLimit });
      return { ...exit, ...taken, usage: usageOf(exit, fds.layer) };
    } finally {
      clearTimeout(timer);
      forget?.();
      this.#containers.delete(container);
      if (isOpen) addon().close(fds.view);
      addon().close(fds.layer);
      const removal = this.#track(container.delete());
      if (waits) await removal;
      else removal.catch(() => {}); // close() waits for it
    }
  }

  /** Ends what runs, waits for that, and closes the sandbox and its pools. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const container of this.#containers) container.end('aborted');
    await Promise.all([...this.#pools].map((pool) => pool.close()));
    // The end of a run begins the removal of its container.
    while (this.#runs.size > 0) await Promise.allSettled(this.#runs);
    this.#lowers.forEach((fd) => addon().close(fd));
  }

  /** {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Whether this host lets sandboxes be made, what they would lack, and what to do about it: to be asked before the first use.
   * @param options the state root and command that sandboxes will have
   */
  static check(options: Pick<SandboxOptions, 'root' | 'command'> = {}): Promise<SandboxCheck> {
    return checkHost(async () => {
      // Any folder does: no program of it is run.
      const box = await Sandbox.open({ ...options, rootfs: '/usr' });
      await box.close();
      return box.limits;
    });
  }
}

/** Checked options of a run. */
interface Run extends Pick<SandboxRunOptions, 'stdin' | 'signal'> {
  readonly time: number;
  readonly outputLimit: number;
  readonly filesLimit: number;
  readonly files: Readonly<Record<string, InputFile>>;
}

function runOf(
  { timeout = defaults.timeout, outputLimit = defaults.output, filesLimit = defaults.files, files = {}, stdin, signal }:
    SandboxRunOptions,
): Run {
  return { time: millisecondsOf(timeout, 'timeout'), outputLimit: bytesOf(outputLimit, 'outputLimit', 0),
    filesLimit: bytesOf(filesLimit, 'filesLimit', 0), files, ...(stdin === undefined ? {} : { stdin }),
    ...(signal === undefined ? {} : { signal }) };
}

function usageOf({ usage }: Exit, layer: number): SandboxUsage {
  const [size, free, inodes, freeInodes] = addon().room(layer);
  const { userTime = 0, systemTime = 0, peakMemory = 0 } = usage ?? {};
  return { userTime, systemTime, peakMemory, disk: size - free, inodes: inodes - freeInodes };
}
