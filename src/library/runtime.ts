// Runs containers through the native command.
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { Spec } from '../generated/config.ts';
import type { State } from '../generated/state.ts';
import { stateRoot } from '../host/node.ts';
import { call, type Caller } from './call.ts';
import { collect, type Output, type OutputOptions } from './collect.ts';
import { Container, type ImageOptions } from './container.ts';
import { VelociError } from './error.ts';
import { InitProcess } from './init.ts';
import { readLaunch } from './launch.ts';
import type { Exit, ProcessOptions } from './process.ts';
import { readState, readStates } from './state.ts';

/** Settings of a {@link Runtime}. */
export interface RuntimeOptions {
  /** State root; default: that of the command. */
  readonly root?: string;
  /** The native command; default: the one that is installed beside the library. */
  readonly command?: string;
  /** Who makes cgroups; default: cgroupfs. */
  readonly cgroupManager?: 'cgroupfs' | 'systemd' | 'disabled';
}

/** How a container is created. */
export interface CreateOptions extends ProcessOptions {
  /** The bundle: a directory with config.json. */
  readonly bundle: string;
  /** A configuration in place of config.json; its relative paths begin in the bundle all the same. */
  readonly config?: Spec;
  /** Its id; default: one that nobody else has. */
  readonly id?: string;
  /** A file that the pid is written to. */
  readonly pidFile?: string;
}

/** How a container is restored. */
export interface RestoreOptions extends ImageOptions {
  /** The bundle that it was created from. */
  readonly bundle: string;
  readonly id: string;
}

/** How a container is run from beginning to end. */
export type RunOptions = Omit<CreateOptions, 'detached' | 'stdio'> & OutputOptions;

/** What a container that was run has left. */
export interface RunResult extends Exit, Output {}

/** Runs the containers of one state root; each method fails with a {@link VelociError}. */
export class Runtime {
  readonly root: string;
  readonly #caller: Caller;
  readonly #cgroupManager: RuntimeOptions['cgroupManager'];

  constructor(options: RuntimeOptions = {}) {
    const { root = stateRoot(), command, cgroupManager } = options;
    this.root = root;
    this.#cgroupManager = cgroupManager;
    const manager = cgroupManager === undefined ? [] : ['--cgroup-manager', cgroupManager];
    this.#caller = { global: ['--root', root, ...manager], command };
  }

  /**
   * Sets a container up without starting its program (runtime.md, Create). Its standard streams are open from then on.
   * It is killed and removed when this program ends or nothing of it is held any more, unless it is `detached`.
   * @throws VelociError when its configuration is not valid, or the host refuses it
   */
  async create(options: CreateOptions): Promise<Container> {
    const { id = `veloci-${randomUUID()}`, bundle, config, pidFile } = options;
    const flags = { 'pid-file': pidFile === undefined ? undefined : resolve(pidFile) };
    const manager = this.#cgroupManager;
    const launch = readLaunch(id, { bundle, config, root: this.root,
      flags: { ...flags, ...(manager === undefined ? {} : { 'cgroup-manager': manager }) } });
    if (manager === 'disabled' && !launch.ownPids && (options.timeout !== undefined || options.signal !== undefined)) {
      throw new VelociError(
        'a time-out or an abort could not end all processes of the container: it has neither a pid namespace of its own nor a cgroup',
        { code: '', pointer: '/linux/namespaces', hint: 'give it a pid namespace, or let cgroups be made' },
      );
    }
    const file = pidFile === undefined ? [] : ['--pid-file', resolve(pidFile)];
    const init = new InitProcess(this.#caller, ['--bundle', bundle, ...file, id], launch, options);
    await init.created();
    return new Container(this.#caller, this.root, id, init);
  }

  /**
   * Runs a container from its creation to its removal, and collects what it prints.
   * @returns how its program has ended; a failure of the program is no error
   * @throws VelociError when it cannot be created or started
   */
  async run(options: RunOptions): Promise<RunResult> {
    const container = await this.create({ ...options, stdio: 'pipe' });
    return collect(container, options);
  }

  /**
   * Makes a container anew from images that {@link Container.checkpoint} has saved. Its streams are those that it had; it lives
   * on when this program ends.
   */
  async restore({ bundle, id, imagePath, workPath }: RestoreOptions): Promise<Container> {
    const work = workPath === undefined ? [] : ['--work-path', workPath];
    await call(this.#caller, ['restore', '--detach', '--bundle', bundle, '--image-path', imagePath, ...work, id]);
    return this.get(id);
  }

  /** A container that is there, whoever has created it. Nothing is looked at before one of its methods is called. */
  get(id: string): Container {
    return new Container(this.#caller, this.root, id);
  }

  /**
   * State of a container; undefined when it does not exist.
   * @throws VelociError when it is just being created, or its files are damaged
   */
  state(id: string): State | undefined {
    return readState(this.root, id);
  }

  /** States of all containers, by id. Damaged ones are left out, as `list` does. */
  list(): State[] {
    return readStates(this.root);
  }
}
