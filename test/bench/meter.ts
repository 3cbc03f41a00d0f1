// The client of meter.c: one small process that starts and times the commands.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { program } from '../support/helpers.ts';

/** One measured command. Times in ms, memory in KiB. */
export interface Measure {
  wall: number;
  cpu: number;
  rss: number;
  status: number;
  pid: number;
}

export class Meter {
  readonly #child: ChildProcess;
  readonly #errors: string;
  readonly #waiting: ((line: string) => void)[] = [];

  /** `errors` is the file that takes the stderr of the commands. */
  constructor(errors: string, env: Record<string, string> = { PATH: process.env['PATH'] ?? '' }) {
    this.#errors = errors;
    this.#child = spawn(program('meter'), [errors], { stdio: ['pipe', 'pipe', 'inherit'], env });
    if (!this.#child.stdout) throw new Error('the meter has no stdout');
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#waiting.shift()?.(line));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  #ask(...fields: (string | number)[]): Promise<Measure> {
    return new Promise((resolve) => {
      this.#waiting.push((line) => {
        const [wall = 0, cpu = 0, rss = 0, status = 0, pid = 0] = line.split(' ').map(Number);
        resolve({ wall: wall / 1e6, cpu: cpu / 1e6, rss, status, pid });
      });
      this.#child.stdin?.write(`${fields.join('\t')}\n`);
    });
  }

  /** Runs a command, which must leave with `expected`; a pid file adds the CPU time of that process. */
  async run(command: string[], pidFile = '-', expected = 0): Promise<Measure> {
    const measure = await this.#ask('run', pidFile, ...command);
    if (measure.status !== expected) {
      throw new Error(
        `${command.join(' ')} left with ${measure.status}: ${readFileSync(this.#errors, 'utf8').slice(-500)}`,
      );
    }
    return measure;
  }

  /** Runs `count` of a command at once. */
  async many(count: number, command: string[]): Promise<Measure> {
    const measure = await this.#ask('many', count, ...command);
    if (measure.status !== 0) throw new Error(`one of ${count} × ${command.join(' ')} left with ${measure.status}`);
    return measure;
  }

  /** Waits for an orphan of the commands. */
  reap(pid: number): Promise<Measure> {
    return this.#ask('reap', pid);
  }

  /** Keeps one core busy as long as the meter lives. */
  spin(): Promise<Measure> {
    return this.#ask('spin');
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#child.on('close', () => resolve());
      this.#child.stdin?.end();
    });
  }
}
