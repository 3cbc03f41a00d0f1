// What one round measures for one runtime: every verb once, on bundles whose payload costs nothing.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { program, trueProgram } from '../support/helpers.ts';
import { type Config, defaultConfig, dockerConfig } from '../support/spec.ts';
import type { Measure, Meter } from './meter.ts';

export interface Runtime {
  name: string;
  path: string;
}

export interface Options {
  /** called before each measured command: drops caches, for instance */
  before: () => void;
  /** how many execs at once; 0 = no such step */
  parallel: number;
}

export type Record = (step: string, measure: Measure) => void;

/** Bundles, process file and state roots below one folder. */
export class Scenario {
  readonly #dir: string;
  readonly #options: Options;
  #count = 0;

  constructor(dir: string, options: Options) {
    this.#dir = dir;
    this.#options = options;
    const rootfs = join(dir, 'rootfs');
    for (const name of ['dev', 'proc', 'sys', 'etc', 'tmp']) mkdirSync(join(rootfs, name), { recursive: true });
    copyFileSync(trueProgram(), join(rootfs, 'true'));
    copyFileSync(program('probe'), join(rootfs, 'probe'));
    this.#bundle('short', ['/true'], defaultConfig());
    this.#bundle('docker', ['/true'], dockerConfig());
    this.#bundle('long', ['/probe', 'pause'], defaultConfig());
    this.#bundle('floor', ['/probe', 'pause'], defaultConfig(), `/veloci-bench-target-${process.pid}`);
    // Each of many containers has a cgroup by its id.
    this.#bundle('many', ['/probe', 'pause'], defaultConfig(), '');
    const known = { ...defaultConfig().process, args: ['/true'] };
    writeFileSync(join(dir, 'process.json'), JSON.stringify(known));
  }

  #bundle(name: string, args: string[], config: Config, cgroup = `/veloci-bench-${process.pid}`): void {
    const dir = join(this.#dir, name);
    mkdirSync(dir);
    config.root.path = join(this.#dir, 'rootfs');
    config.process.args = args;
    if (cgroup !== '') config.linux.cgroupsPath = cgroup;
    writeFileSync(join(dir, 'config.json'), JSON.stringify(config));
  }

  /** One round of one runtime. */
  async round(runtime: Runtime, meter: Meter, record: Record): Promise<void> {
    const root = join(this.#dir, `state-${runtime.name.replaceAll(' ', '-')}`);
    const id = `bench-${++this.#count}`;
    const pidFile = join(this.#dir, 'pid');
    const rt = (...args: string[]): string[] => [runtime.path, '--root', root, ...args];
    const measure = async (step: string, command: string[], pid = '-', expected = 0): Promise<Measure> => {
      this.#options.before();
      const result = await meter.run(command, pid, expected);
      record(step, result);
      return result;
    };
    const bundle = (name: string): string => join(this.#dir, name);

    await measure('--version', [runtime.path, '--version']);
    await measure('run', rt('run', '--bundle', bundle('short'), id));
    await measure('run, Docker profile', rt('run', '--bundle', bundle('docker'), id));

    const created = await measure('create', rt('create', '--bundle', bundle('long'), '--pid-file', pidFile, id),
      pidFile);
    record('memory in created: PSS', { wall: 0, cpu: 0, rss: pss(created.pid), status: 0, pid: created.pid });
    await measure('state', rt('state', id));
    await measure('start', rt('start', id));
    await measure('exec', rt('exec', id, '/true'));
    await measure('exec --process', rt('exec', '--process', join(this.#dir, 'process.json'), id));
    if (this.#options.parallel > 0) {
      this.#options.before();
      record(`exec --process × ${this.#options.parallel}`,
        await meter.many(this.#options.parallel, rt('exec', '--process', join(this.#dir, 'process.json'), id)));
    }
    await measure('kill', rt('kill', id, 'KILL'));
    await meter.reap(created.pid);
    await measure('delete', rt('delete', id));

    const life: Measure[] = [];
    const part = async (command: string[], pid = '-'): Promise<Measure> => {
      this.#options.before();
      const result = await meter.run(command, pid);
      life.push(result);
      return result;
    };
    const short = await part(rt('create', '--bundle', bundle('short'), '--pid-file', pidFile, id), pidFile);
    await part(rt('start', id));
    await meter.reap(short.pid);
    await part(rt('delete', id));
    record('create + start + delete', life.reduce((sum, next) => ({
      ...sum,
      wall: sum.wall + next.wall,
      cpu: sum.cpu + next.cpu,
      rss: Math.max(sum.rss, next.rss),
    })));
  }
}

/** Proportional set size of a process, in KiB. */
function pss(pid: number): number {
  return Number(/^Pss: +(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? NaN);
}
