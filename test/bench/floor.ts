// The floor of the table: the same container by hand, without a runtime.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { program } from '../support/helpers.ts';
import type { Meter } from './meter.ts';
import type { Record, Runtime } from './scenario.ts';

/** A running container, in which programs are started without a runtime. */
export class Floor {
  readonly #dir: string;
  readonly #runtime: Runtime;
  readonly #pid: string;

  /** Starts the container by `runtime`, from the scenario's bundle `long` below `dir`. */
  constructor(dir: string, runtime: Runtime) {
    this.#dir = dir;
    this.#runtime = runtime;
    this.#rt('create', '--bundle', join(dir, 'floor'), 'floor');
    this.#rt('start', 'floor');
    this.#pid = String((JSON.parse(this.#rt('state', 'floor')) as { pid: number }).pid);
  }

  #rt(...args: string[]): string {
    const done = spawnSync(this.#runtime.path, ['--root', join(this.#dir, 'state-floor'), ...args], { encoding: 'utf8',
      stdio: ['ignore', args[0] === 'state' ? 'pipe' : 'ignore', 'inherit'] });
    if (done.status !== 0) throw new Error(`${args.join(' ')} failed`);
    return done.stdout ?? '';
  }

  /** One round: what `run` and `exec` do. */
  async round(meter: Meter, record: Record): Promise<void> {
    const floor = program('floor');
    record('run', await meter.run([floor, 'run', join(this.#dir, 'rootfs'), `veloci-floor-${process.pid}`, '/true']));
    record('exec', await meter.run([floor, 'exec', this.#pid, '/true']));
  }

  close(): void {
    this.#rt('delete', '--force', 'floor');
  }
}
