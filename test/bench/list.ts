// list at scale: many containers in one state root, and what it takes to name them.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Meter } from './meter.ts';
import type { Record, Runtime } from './scenario.ts';

/** `count` containers of each runtime, in `created`. */
export class Lists {
  readonly #dir: string;
  readonly #count: number;
  readonly #runtimes: readonly Runtime[];

  /** Creates them, from the scenario's bundle `many` below `dir`. */
  constructor(dir: string, runtimes: readonly Runtime[], count: number) {
    this.#dir = dir;
    this.#count = count;
    this.#runtimes = runtimes;
    for (const runtime of runtimes) {
      for (let i = 0; i < count; i++) this.#rt(runtime, 'create', '--bundle', join(dir, 'many'), Lists.#id(runtime, i));
    }
  }

  /** Ids that differ between runtimes, too: by default they are names of cgroups. */
  static #id({ name }: Runtime, i: number): string {
    return `list-${name.replaceAll(' ', '-')}-${i}`;
  }

  #command({ name, path }: Runtime, ...args: string[]): string[] {
    return [path, '--root', join(this.#dir, `state-list-${name.replaceAll(' ', '-')}`), ...args];
  }

  #rt(runtime: Runtime, ...args: string[]): void {
    const [path = '', ...rest] = this.#command(runtime, ...args);
    if (spawnSync(path, rest, { stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0)
      throw new Error(`${runtime.name}: ${args.join(' ')} failed`);
  }

  /** One round of one runtime. */
  async round(runtime: Runtime, meter: Meter, record: Record): Promise<void> {
    record(`list -q of ${this.#count}`, await meter.run(this.#command(runtime, 'list', '-q')));
    record(`list -f json of ${this.#count}`, await meter.run(this.#command(runtime, 'list', '-f', 'json')));
  }

  close(): void {
    for (const runtime of this.#runtimes) {
      for (let i = 0; i < this.#count; i++) this.#rt(runtime, 'delete', '--force', Lists.#id(runtime, i));
    }
  }
}
