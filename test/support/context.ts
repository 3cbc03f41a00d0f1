// What a case works with: fresh ids, bundles and calls of the runtime on a state root of its own.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readObject } from '../../scripts/lib/json.ts';
import { type Bundle, type BundleOptions, dropBundle, makeBundle } from './bundle.ts';
import { type Facts, readFacts } from './facts.ts';
import { leaks, type Snapshot, snapshot } from './leak.ts';
import { runtimePath, timeScale } from './paths.ts';
import { begin, type Call, call, type CallOptions, type Result, runtimeName } from './runtime.ts';
import type { Config } from './spec.ts';

/** The result of create, with the id and the pid of the container's first process. */
export interface Created extends Result {
  id: string;
  pid: number;
}

let counter = 0;

export class Context {
  readonly root: string;
  readonly token: string;
  readonly #bundles: Bundle[] = [];
  readonly #ids = new Set<string>();
  readonly #calls: Call[] = [];
  readonly #later: (() => void)[] = [];
  readonly #before: Snapshot;
  readonly #habit: (item: string) => boolean;

  /** `habit` tells what the runtime leaves behind in every case. */
  constructor(token: string, root: string, habit: (item: string) => boolean) {
    this.#habit = habit;
    this.token = token;
    this.root = root;
    this.#before = snapshot(token, root);
  }

  /** A fresh id; what is called so is deleted by force after the case. */
  id(): string {
    const id = `${this.token}-${++counter}`;
    this.#ids.add(id);
    return id;
  }

  /** A bundle whose mounts end with the case. */
  bundle(change: (config: Config) => void = () => {}, options: BundleOptions = {}): Bundle {
    const bundle = makeBundle(change, options);
    this.#bundles.push(bundle);
    return bundle;
  }

  /** A bundle that runs these args. */
  command(args: string[], change: (config: Config) => void = () => {}, options: BundleOptions = {}): Bundle {
    return this.bundle((config) => {
      config.process.args = args;
      change(config);
    }, options);
  }

  /** A fresh folder in /tmp. */
  dir(): string {
    return mkdtempSync('/tmp/dir-');
  }

  /** Runs something after the case, whatever became of it. */
  later(action: () => void): void {
    this.#later.push(action);
  }

  /** Calls the runtime with `--root` and these arguments. */
  rt(args: string[], options: CallOptions = {}): Promise<Result> {
    return call([runtimePath(), '--root', this.root, ...args], options);
  }

  /** Starts a call of the runtime without waiting for its end; it is killed after the case. */
  begin(args: string[], options: CallOptions = {}): Call {
    const begun = begin([runtimePath(), '--root', this.root, ...args], options);
    this.#calls.push(begun);
    return begun;
  }

  /** Starts another program without waiting; it is killed after the case. */
  beginProgram(command: string[], options: CallOptions = {}): Call {
    const begun = begin(command, options);
    this.#calls.push(begun);
    return begun;
  }

  /** Gives the bundle's config the id's own cgroup, unless it names one itself. */
  #adopt(bundle: Bundle, id: string): void {
    if (bundle.config.linux && bundle.config.linux.cgroupsPath === undefined) {
      const config = structuredClone(bundle.config);
      config.linux.cgroupsPath = `/${id}`;
      bundle.write(JSON.stringify(config, null, 2));
    }
  }

  /** `run` in the foreground. `raw` leaves config.json as it was written by the case. */
  async run(
    bundle: Bundle,
    options: CallOptions & { flags?: string[]; global?: string[]; id?: string; raw?: boolean } = {},
  ): Promise<Result> {
    const id = options.id ?? this.id();
    if (!options.raw) this.#adopt(bundle, id);
    return this.rt([...(options.global ?? []), 'run', '--bundle', bundle.dir, ...(options.flags ?? []), id], options);
  }

  /** `create` with a pid file. */
  async create(
    bundle: Bundle,
    options: CallOptions & { flags?: string[]; global?: string[]; id?: string; raw?: boolean } = {},
  ): Promise<Created> {
    const id = options.id ?? this.id();
    if (!options.raw) this.#adopt(bundle, id);
    const pidFile = join(this.dir(), 'pid');
    const result = await this.rt([...(options.global ?? []), 'create', '--bundle', bundle.dir, '--pid-file', pidFile,
      ...(options.flags ?? []), id], options);
    return { ...result, id, pid: result.code === 0 ? Number(readFileSync(pidFile, 'utf8')) : 0 };
  }

  /** create and start, both of which must succeed. */
  async started(bundle: Bundle, options: Parameters<Context['create']>[1] = {}): Promise<Created> {
    const created = await this.create(bundle, options);
    assert.equal(created.code, 0, `create: ${created.stderr}`);
    const start = await this.rt(['start', created.id]);
    assert.equal(start.code, 0, `start: ${start.stderr}`);
    return created;
  }

  /** The parsed output of `state`, which must succeed. */
  async state(id: string): Promise<Record<string, unknown>> {
    const result = await this.rt(['state', id]);
    assert.equal(result.code, 0, `state: ${result.stderr}`);
    return readObject(result.stdout, 'the output of state');
  }

  /** Waits until the container has this status (10 s at most). */
  async until(id: string, status: string): Promise<void> {
    const end = Date.now() + 10_000 * timeScale;
    for (let seen: unknown; seen !== status; await sleep(10)) {
      seen = (await this.state(id))['status'];
      assert.ok(seen === status || Date.now() < end, `status of ${id} is ${String(seen)}, not ${status}`);
    }
  }

  /** `delete --force`, which must succeed. */
  async destroy(id: string): Promise<void> {
    const result = await this.rt(['delete', '--force', id]);
    assert.equal(result.code, 0, `delete --force: ${result.stderr}`);
  }

  /** Runs /probe in a container and returns what it saw. */
  async probe(change: (config: Config) => void = () => {}, options:
    & Parameters<Context['run']>[1]
    & { bundle?: BundleOptions } = {}): Promise<Facts>
  {
    const result = await this.run(this.command(['/probe'], change, options.bundle), options);
    assert.equal(result.code, 0, `run: ${result.stderr}`);
    return readFacts(result.stdout);
  }

  /** Runs a shell script in a container; it must leave with 0. Returns its output. */
  async sh(script: string, change: (config: Config) => void = () => {}, options: BundleOptions = {}): Promise<string> {
    const result = await this.run(this.command(['sh', '-c', script], change, options));
    assert.equal(result.code, 0, `run: ${result.stdout}${result.stderr}`);
    return result.stdout;
  }

  /** Fails if the case has left anything so far: to be asked before the clean-up, after a failed create. `expected` is the case's own. */
  async nothingLeft(expected: (item: string) => boolean = () => false): Promise<void> {
    const leaked = await leaks(this.#before, this.token, this.root,
      (item) => expected(item) || this.#habit(item) || this.#bundles.some((bundle) => item.includes(bundle.dir)));
    assert.deepEqual(leaked, [], 'something is left behind');
  }

  /**
   * Ends what the case began: calls, containers, mounts.
   *
   * @param compares whether containers that still run are compared with their configuration before
   * @returns what is other than it was applied
   */
  async cleanUp(compares: boolean): Promise<string[]> {
    for (const { child } of this.#calls)
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await Promise.all(this.#calls.map(({ done }) => done.catch(() => undefined)));
    const asks = compares && process.env['VELOCI_DRIFT'] !== '0' && runtimeName().startsWith('veloci');
    const drifted = asks ? await this.#drift() : [];
    for (const id of this.#ids) await this.rt(['delete', '--force', id]);
    for (const action of this.#later) action();
    this.#bundles.forEach(dropBundle);
    return drifted;
  }

  /** What `diff --applied` says of the containers that still run: nothing, unless the case has changed them. */
  async #drift(): Promise<string[]> {
    const found: string[] = [];
    for (const id of this.#ids) {
      if (!existsSync(join(this.root, id))) continue;
      const { code, stdout, stderr } = await this.rt(['diff', '--applied', id]);
      if (code === 0) continue;
      const state = await this.rt(['state', id]);
      if (state.code === 0 && /"status": "(running|created|paused)"/.test(state.stdout))
        found.push(`${id}: ${stdout}${stderr}`);
    }
    return found;
  }
}
