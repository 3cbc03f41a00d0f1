// Containers that are kept ready for one program: what is left to do for a run is its start.
import type { Program } from './config.ts';
import type { SandboxResult, SandboxRunOptions } from './types.ts';

/** What a pool keeps ready. */
export interface SandboxPoolOptions extends Pick<SandboxRunOptions, 'env' | 'cwd'> {
  /** How many containers wait. */
  readonly size: number;
  /** The program that all of them run; what differs from run to run comes by files and standard input. */
  readonly args: readonly string[];
}

/** What a pool does with containers. */
export interface Keeper<T> {
  make(program: Program): Promise<T>;
  /** Whether one that was ready still is. */
  isAlive(ready: T): boolean;
  drop(ready: T): Promise<void>;
}

/** Keeps a number of containers ready; each is lent once, and never comes back. */
export class Stock<T> {
  readonly #keeper: Keeper<T>;
  readonly #program: Program;
  readonly #size: number;
  readonly #waiting: Promise<T>[] = [];
  #closed = false;

  constructor(keeper: Keeper<T>, program: Program, size: number) {
    this.#keeper = keeper;
    this.#program = program;
    this.#size = size;
    this.#fill();
  }

  #fill(): void {
    while (!this.#closed && this.#waiting.length < this.#size) {
      const one = this.#keeper.make(this.#program);
      // Whoever is lent it sees why.
      one.catch(() => {});
      this.#waiting.push(one);
    }
  }

  /** Takes one out: nobody else can have it. One that has died meanwhile is left out. */
  async lend(): Promise<T> {
    for (;;) {
      const next = this.#waiting.shift() ?? this.#keeper.make(this.#program);
      const ready = await next;
      if (this.#keeper.isAlive(ready)) return ready;
      await this.#keeper.drop(ready);
    }
  }

  /** Makes what is missing. */
  refill(): void {
    this.#fill();
  }

  /** Resolves when all are ready. @throws what has kept one from being made */
  async full(): Promise<void> {
    await Promise.all(this.#waiting);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const left = this.#waiting.splice(0);
    await Promise.all(left.map(async (one) => {
      const ready = await one.catch(() => undefined);
      if (ready !== undefined) await this.#keeper.drop(ready);
    }));
  }
}

/** Containers that are kept ready for one program; {@link Sandbox.pool} makes it. */
export class SandboxPool {
  readonly #stock: Stock<unknown>;
  readonly #execute: (ready: unknown, options: SandboxRunOptions) => Promise<SandboxResult>;
  #closed = false;

  /** @internal */
  constructor(stock: Stock<unknown>, execute: (ready: unknown, options: SandboxRunOptions) => Promise<SandboxResult>) {
    this.#stock = stock;
    this.#execute = execute;
  }

  /** Runs the program in a container of its own, as `run` of the sandbox does. With more at once than are ready it takes longer. */
  async run(options: Omit<SandboxRunOptions, 'env' | 'cwd'> = {}): Promise<SandboxResult> {
    if (this.#closed) throw new Error('the pool is closed');
    const ready = await this.#stock.lend();
    try {
      return await this.#execute(ready, options);
    } finally {
      // Whoever waits for the result goes first.
      setImmediate(() => this.#stock.refill());
    }
  }

  /** Resolves when as many containers wait as are to. @throws what has kept one from being made */
  async ready(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    await this.#stock.full();
  }

  /** Removes those that wait. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#stock.close();
  }

  /** {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
