// Runs containers through the native command.
import type { StdioOptions } from 'node:child_process';
import { resolve } from 'node:path';
import type { State } from '../generated/state.ts';
import { validateState } from '../generated/validate-state.ts';
import { listText, stateRoot, stateText } from '../host/node.ts';
import { runCommand, type CommandOptions } from './command.ts';
import { VelociError } from './error.ts';
import { planLaunch } from './launch.ts';

/** Settings of a {@link Runtime}. */
export interface RuntimeOptions {
  /** State root; default: that of the command. */
  readonly root?: string;
  /** The native command; default: the one that is installed beside the library. */
  readonly command?: string;
  /** Who makes cgroups; default: cgroupfs. */
  readonly cgroupManager?: 'cgroupfs' | 'systemd' | 'disabled';
}

/** How a process of a container is started. */
export interface StartOptions {
  /** Standard streams of the process, as for node:child_process; default: ignored. */
  readonly stdio?: StdioOptions;
  /** AF_UNIX stream socket that receives the master of the terminal (process.terminal). */
  readonly consoleSocket?: string;
  /** A file that the pid is written to. */
  readonly pidFile?: string;
  /** Ends the command when it is aborted. */
  readonly signal?: AbortSignal;
}

/** How a container is created. */
export interface CreateOptions extends StartOptions {
  /** The bundle: a directory with config.json. */
  readonly bundle: string;
}

/** How a further process is run: by its arguments, or as `process` of config.json in a file. */
export interface ExecOptions extends StartOptions {
  /** Arguments of the program, its name first. */
  readonly args?: readonly string[];
  /** A process file; instead of `args`. */
  readonly process?: string;
  /** Working directory in the container. */
  readonly cwd?: string;
  /** Variables that are added to the environment, as NAME=VALUE. */
  readonly env?: readonly string[];
  /** UID or UID:GID. */
  readonly user?: string;
}

/** Turns `{pidFile: 'x'}` into `['--pid-file', 'x']`; flags without a value are left out. */
function flags(values: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
}

function absolute(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}

/** Calls the addon, whose errors are lines of the command. */
function translateErrors<T>(ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    throw VelociError.fromLine((error as Error).message);
  }
}

function checked(value: unknown): State {
  if (validateState(value)) return value as State;
  throw new VelociError('a state is not what the schema says', { code: '' });
}

/** Runs containers: each method is one command of veloci, and fails with a {@link VelociError}. */
export class Runtime {
  readonly root: string;
  readonly #options: RuntimeOptions;

  constructor(options: RuntimeOptions = {}) {
    this.#options = options;
    this.root = options.root ?? stateRoot();
  }

  /** Sets a container up without starting its program. Its standard streams are those of `options.stdio`. */
  async create(id: string, options: CreateOptions): Promise<void> {
    await this.#launch('create', id, options);
  }

  /** Creates a container, starts it, waits for it and deletes it. Resolves to its exit status. */
  async run(id: string, options: CreateOptions): Promise<number> {
    return this.#launch('run', id, options);
  }

  /** Starts the program of a created container. */
  async start(id: string): Promise<void> {
    await this.#command(['start', id]);
  }

  /** Runs a further process in a container and waits for it. Resolves to its exit status. */
  async exec(id: string, options: ExecOptions): Promise<number> {
    const { args = [], process, cwd, user, env = [], consoleSocket, pidFile } = options;
    const given = flags({ process, cwd, user, 'console-socket': consoleSocket, 'pid-file': pidFile });
    return this.#command(['exec', ...given, ...env.flatMap((entry) => ['--env', entry]), id, ...args], options, true);
  }

  /**
   * Sends a signal to a container.
   * @param signal name, with or without SIG, or number
   * @param all to all its processes instead of the first
   */
  async kill(id: string, signal: string | number = 'TERM', all = false): Promise<void> {
    await this.#command(['kill', ...(all ? ['--all'] : []), id, String(signal)]);
  }

  /** Removes what a stopped container has left; `force` kills a running one first. */
  async delete(id: string, force = false): Promise<void> {
    await this.#command(['delete', ...(force ? ['--force'] : []), id]);
  }

  /**
   * State of a container, as the command prints it; undefined when it does not exist.
   * @throws VelociError when it is just being created, or its files are damaged
   */
  state(id: string): State | undefined {
    const text = translateErrors(() => stateText(this.root, id));
    return text === undefined ? undefined : checked(JSON.parse(text));
  }

  /** States of all containers, by id. Damaged ones are left out, as `list` does. */
  list(): State[] {
    const states: unknown = JSON.parse(translateErrors(() => listText(this.root)));
    return (Array.isArray(states) ? states : [states]).map(checked);
  }

  /** Plans in this process; the command executes the plan. */
  async #launch(verb: 'create' | 'run', id: string, options: CreateOptions): Promise<number> {
    const { bundle, consoleSocket, pidFile, stdio, signal } = options;
    const { cgroupManager } = this.#options;
    const given = { 'console-socket': absolute(consoleSocket), 'pid-file': absolute(pidFile) };
    const plan = planLaunch(verb, id, {
      bundle,
      root: this.root,
      flags: { ...given, ...(cgroupManager && { 'cgroup-manager': cgroupManager }) },
    });
    const answers = verb === 'run';
    return this.#command([verb, ...flags({ bundle, ...given }), id], { stdio, signal, plan }, answers);
  }

  /** `answers`: the exit status is the process's, so that only a logged error is a failure. */
  async #command(args: readonly string[], options: CommandOptions = {}, answers = false): Promise<number> {
    const { root, command, cgroupManager } = this.#options;
    const given = flags({ root, 'cgroup-manager': cgroupManager });
    const { stdio, signal, plan } = options;
    const status = await runCommand(given, args, { command, stdio, signal, plan });
    if (status === 0 || answers) return status;
    throw new VelociError(`veloci ${args[0]} ended with status ${status} and without a message`, { code: '' });
  }
}
