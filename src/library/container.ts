// A container as an object: what this program owns of one that it has created, and all that the command can do with it.
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Mount, Resources, Spec } from '../generated/config.ts';
import type { Plan } from '../generated/plan.ts';
import type { State } from '../generated/state.ts';
import { compile, loadBundle } from './bundle.ts';
import { call, type Caller } from './call.ts';
import { Child, type LayerFds } from './child.ts';
import { VelociError } from './error.ts';
import { ExecProcess, type InitProcess } from './init.ts';
import { exitOfCode, type EndReason, type Exit, type Process, type ProcessOptions } from './process.ts';
import { readState } from './state.ts';
import type { Terminal } from './terminal.ts';

/** How a further process is run in a container. */
export interface ExecOptions extends ProcessOptions {
  /** Working directory in the container; default: that of its configuration. */
  readonly cwd?: string;
  /** Variables that are added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** UID, or UID:GID. */
  readonly user?: string;
  /** Gives the process a terminal. */
  readonly tty?: boolean;
}

/** How a container is made what its configuration says. */
export interface ApplyOptions {
  readonly config?: Spec;
  readonly dryRun?: boolean;
  readonly repair?: boolean;
}

/** What checkpoint and restore share. */
export interface ImageOptions {
  /** Where the images are. */
  readonly imagePath: string;
  /** Where CRIU writes its logs; default: that of the images. */
  readonly workPath?: string;
}

function isEvent(value: unknown): value is { readonly type: string; readonly data?: unknown } {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** A container of a {@link Runtime}. */
export class Container {
  readonly id: string;
  readonly #caller: Caller;
  readonly #root: string;
  /** Its first process, when this program has created it. */
  readonly #init: InitProcess | undefined;
  #exit: Promise<Exit> | undefined;

  /** @internal */
  constructor(caller: Caller, root: string, id: string, init?: InitProcess) {
    this.#caller = caller;
    this.#root = root;
    this.id = id;
    this.#init = init;
    init?.guard(this);
  }

  /** Standard input of its program, where that is a pipe to this program. */
  get stdin(): Writable | undefined {
    return this.#held?.stdin;
  }

  get stdout(): Readable | undefined {
    return this.#held?.stdout;
  }

  get stderr(): Readable | undefined {
    return this.#held?.stderr;
  }

  /** Its terminal (process.terminal), when this program has created it. */
  get terminal(): Terminal | undefined {
    return this.#held?.terminal;
  }

  /** Pid of its first process, as this program's pid namespace has it; 0 when there is none. */
  get pid(): number {
    return this.#init?.pid ?? this.state()?.pid ?? 0;
  }

  /** Warnings about its configuration. */
  get warnings(): readonly VelociError[] {
    return this.#init?.warnings ?? [];
  }

  /**
   * The plan of its configuration, as this host would have it now.
   * @throws VelociError when the container does not exist any more
   */
  get plan(): Plan {
    return compile(loadBundle(this.#known().bundle), { id: this.id });
  }

  /**
   * Resolves when its first process has ended. Rejects with a VelociError when that could not be started, or when nobody
   * can say how it has ended.
   */
  get exit(): Promise<Exit> {
    return this.#exit ??= this.#held?.exit ?? this.#wait();
  }

  /**
   * Its state; undefined when it does not exist.
   * @throws VelociError when it is just being created, or its files are damaged
   */
  state(): State | undefined {
    return readState(this.#root, this.id);
  }

  /** Starts its program (runtime.md, Start). */
  async start(): Promise<void> {
    if (this.#init !== undefined) await this.#init.start();
    else await this.#ask('start');
  }

  /**
   * Runs a further process in it. Its streams are there before it is.
   * @param args arguments of the program, its name first; or `process` of config.json as a file
   */
  async exec(args: readonly string[] | { readonly process: string }, options: ExecOptions = {}): Promise<Process> {
    const { cwd, env = {}, user, tty = false } = options;
    const given: string[] = [];
    if (cwd !== undefined) given.push('--cwd', cwd);
    if (user !== undefined) given.push('--user', user);
    if (tty) given.push('--tty');
    for (const [name, value] of Object.entries(env)) given.push('--env', `${name}=${value}`);
    const program = 'process' in args ? ['--process', args.process, this.id] : [this.id, ...args];
    const process = new ExecProcess(this.#caller, ['exec', ...given, ...program], { ...options,
      terminal: tty || 'process' in args });
    await process.started();
    return process;
  }

  /**
   * Sends it a signal.
   * @param signal name, with or without SIG, or number
   * @param options.all to all its processes instead of the first
   */
  async kill(signal: string | number = 'TERM', { all = false }: { readonly all?: boolean } = {}): Promise<void> {
    if (this.#init !== undefined && !all) this.#init.signal(signal);
    else await this.#ask('kill', ...(all ? ['--all'] : []), this.id, String(signal));
  }

  /** Stops all its processes until {@link resume}. */
  async pause(): Promise<void> {
    await this.#ask('pause');
  }

  async resume(): Promise<void> {
    await this.#ask('resume');
  }

  /** Changes its limits: `linux.resources` of config.json, of which absent members stay as they are. */
  async update(resources: Resources): Promise<void> {
    await call(this.#caller, ['update', '--resources', '-', this.id], { input: JSON.stringify(resources) });
  }

  /**
   * Makes it what the configuration of its bundle says now, all changes or none; the object that `apply --json` prints.
   * @param options.config a whole configuration in place of the bundle's
   * @param options.dryRun says what would be changed, and changes nothing
   * @param options.repair brings back what was applied last, whatever the configuration says
   * @throws VelociError when a change takes a restart
   */
  async apply({ config, dryRun = false, repair = false }: ApplyOptions = {}): Promise<unknown> {
    const flags = [...(dryRun ? ['--dry-run'] : []), ...(repair ? ['--repair'] : []),
      ...(config === undefined ? [] : ['-f', '-'])];
    const input = config === undefined ? {} : { input: JSON.stringify(config) };
    return JSON.parse(await call(this.#caller, ['apply', '--json', ...flags, this.id], { ...input, good: [0, 2] }));
  }

  /** How it has ended, or why it did not start: the object that `why --json` prints. */
  async why(): Promise<unknown> {
    return JSON.parse(await this.#ask('why', '--json', this.id));
  }

  /** Adds mounts to a running container, or removes them: `mounts` of config.json. */
  async mounts(change: 'add' | 'remove', mounts: readonly Mount[]): Promise<void> {
    await call(this.#caller, ['mounts', change, this.id, '-'], { input: JSON.stringify(mounts) });
  }

  /** The pids of its processes, as this program's pid namespace has them. */
  async ps(): Promise<readonly number[]> {
    const pids: unknown = JSON.parse(await this.#ask('ps', '--format', 'json', this.id));
    return Array.isArray(pids) ? pids.filter((pid) => typeof pid === 'number') : [];
  }

  /** What it uses now: the object that `events --stats` prints. */
  async stats(): Promise<unknown> {
    return JSON.parse(await this.#ask('events', '--stats', this.id));
  }

  /**
   * What happens to it, until it ends: the objects that `events` prints (`type`: stats, oom, pause, resume, pressure, exit).
   * @param interval milliseconds between two reports of what it uses
   */
  async *events(interval = 5000): AsyncGenerator<{ readonly type: string; readonly data?: unknown }> {
    const child = new Child(this.#caller.global, ['events', '--interval', `${interval}ms`, this.id], {
      command: this.#caller.command,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const stdout = child.streams.stdout!;
    try {
      for await (const line of createInterface({ input: stdout })) {
        const event: unknown = JSON.parse(line);
        if (isEvent(event)) yield event;
      }
      await child.ended;
      if (child.error !== undefined) throw child.error;
    } finally {
      // It ends when nobody reads any more.
      stdout.destroy();
    }
  }

  /** Where it is not what its configuration says: the object that `diff --json` prints. */
  async diff(): Promise<unknown> {
    return JSON.parse(await call(this.#caller, ['diff', '--json', this.id], { good: [0, 2] }));
  }

  /** How its start went, as text. */
  timeline(): Promise<string> {
    return this.#ask('timeline');
  }

  /** What it could do to the host: the object that `audit --json` prints. */
  async audit(): Promise<unknown> {
    return JSON.parse(await this.#ask('audit', '--json', this.id));
  }

  /** Saves it to images from which {@link Runtime.restore} makes it anew. Its processes end unless `leaveRunning`. */
  async checkpoint(
    { imagePath, workPath, leaveRunning = false }: ImageOptions & { readonly leaveRunning?: boolean },
  ): Promise<void> {
    const work = workPath === undefined ? [] : ['--work-path', workPath];
    await this.#ask('checkpoint', '--image-path', imagePath, ...work, ...(leaveRunning ? ['--leave-running'] : []),
      this.id);
  }

  /** Kills what runs of it, and removes it. Nothing happens when it does not exist. */
  async delete(): Promise<void> {
    await this.#init?.remove();
    // What is detached was left when it ended.
    if (this.#init?.detached !== false) await this.#ask('delete', '--force', this.id);
  }

  /** {@link delete}, for `await using`. A detached container stays. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#init?.detached !== true) await this.delete();
  }

  /** The process, whose container lives on with whoever asks for this. */
  get #held(): InitProcess | undefined {
    this.#init?.hold(this);
    return this.#init;
  }

  /** Runs a command; by its id alone when nothing else is said. */
  #ask(verb: string, ...rest: string[]): Promise<string> {
    return call(this.#caller, [verb, ...(rest.length > 0 ? rest : [this.id])]);
  }

  #known(): State {
    const state = this.state();
    if (state !== undefined) return state;
    throw new VelociError(`container "${this.id}" does not exist in ${this.#root}`, { code: 'E0601' });
  }

  /** Of a container that somebody else has created. */
  async #wait(): Promise<Exit> {
    const code = (await this.#ask('wait')).trim();
    if (code !== 'unknown') return exitOfCode(Number(code));
    throw new VelociError(`nobody knows how container "${this.id}" has ended`, { code: '' });
  }

  /** @internal */
  end(cause: EndReason): void {
    this.#init?.end(cause);
  }

  /** @internal The files of its writable layer, once; whoever takes them closes them. */
  takeLayer(): LayerFds | undefined {
    return this.#init?.takeLayer();
  }

  /** @internal */
  dropStreams(): void {
    this.#init?.dropStreams();
  }

  /** @internal */
  removeEnded(): void {
    this.#init?.removeEnded();
  }

  /** @internal Kills what is left of it, and waits for its removal. */
  async removed(): Promise<void> {
    await this.#init?.remove();
  }
}
