// The first process of a container that this program has created: the command that it owns holds the container.
import type { Caller } from './call.ts';
import type { Launch } from './launch.ts';
import { VelociError } from './error.ts';
import { Process, type ProcessOptions } from './process.ts';

/** Ends what nobody can reach any more. */
const forgotten = new FinalizationRegistry<() => void>((end) => end());

export class InitProcess extends Process {
  #holder: object | undefined;

  /** @param args of `run`, without the verb */
  constructor(caller: Caller, args: readonly string[], launch: Launch, options: ProcessOptions) {
    super(caller, ['run', ...args], { ...options, ...launch });
  }

  /** Resolves when the container is there. */
  async created(): Promise<void> {
    await this.until('created');
  }

  /** Starts the program. */
  async start(): Promise<void> {
    this.wish('start');
    const first = await Promise.race([this.until('started'), this.until('ended')]);
    if (first.event === 'started') return;
    throw new VelociError('the container has ended before its program was started', { code: 'E0605' });
  }

  /** Has the container removed as soon as it has ended. */
  removeEnded(): void {
    this.wish('removeEnded');
  }

  /** Kills what runs, and resolves when the container is removed. */
  async remove(): Promise<void> {
    this.wish('remove');
    await this.commandEnded;
  }

  /** Ends the container when `container` is not held any more. */
  guard(container: object): void {
    if (this.detached) return;
    forgotten.register(container, () => this.wish('remove'), this);
    // The registry holds this process, and a listener of its streams may hold the container: then neither would ever go.
    void this.commandEnded.then(() => forgotten.unregister(this));
  }

  /** Somebody waits for the process, or reads what it prints: it is held until it ends. */
  hold(container: object): void {
    if (this.#holder !== undefined) return;
    this.#holder = container;
    this.stayFor(true);
    const release = (): void => {
      this.#holder = undefined;
    };
    this.exit.then(release, release);
  }
}

/** A further process in a container. */
export class ExecProcess extends Process {
  /** Resolves when it runs. */
  async started(): Promise<void> {
    await this.until('started');
  }
}
