// Runs of sandboxes as root and as an ordinary user, in a program of their own.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { SandboxOptions, SandboxResult, SandboxRunOptions } from '../../../src/index.ts';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { busyboxRootfs, program } from '../../support/helpers.ts';
import { runtimePath } from '../../support/paths.ts';

/** Who holds the sandboxes. */
export type Holder = 'root' | 'user';

/** Id of the ordinary user. */
export const user = 4242;

/** A result that has come over a line of JSON: bytes are texts, one character each. */
export interface Result extends Omit<SandboxResult, 'stdout' | 'stderr' | 'files'> {
  readonly stdout: string;
  readonly stderr: string;
  readonly files: Readonly<Record<string, string>>;
  readonly limits: { readonly memory: { readonly by: string } };
  /** Milliseconds. */
  readonly took: number;
  readonly error?: string;
  readonly code?: string;
}

class Scene {
  readonly holder: Holder;
  readonly rootfs: string;
  readonly child: ChildProcess;
  /** State root. */
  readonly root: string;
  readonly #name: string;
  readonly #answers = new Map<number, (result: Result) => void>();
  #count = 0;

  constructor(c: Context, holder: Holder) {
    this.holder = holder;
    this.#name = c.id();
    this.rootfs = rootfs();
    this.root = join(c.dir(), 'state');
    mkdirSync(this.root, { mode: 0o700 });
    if (holder === 'user') chownSync(this.root, user, user);
    chmodSync(join(this.root, '..'), 0o755);
    const prefix = holder === 'user'
      ? ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--']
      : ['env'];
    const [command, ...args] = [...prefix, process.execPath, fileURLToPath(new URL('./holder.js', import.meta.url))];
    this.child = spawn(command as string, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      const { number, ...result } = JSON.parse(line) as Result & { number: number };
      this.#answers.get(number)?.(result);
    });
  }

  /** The result of a run, be it an error. */
  ask(
    args: readonly string[],
    run: SandboxRunOptions & { abortAfter?: number } = {},
    options: Partial<SandboxOptions> = {},
  ): Promise<Result> {
    const number = ++this.#count;
    const sandbox = { ...(options.image === undefined ? { rootfs: this.rootfs } : {}), root: this.root,
      name: this.#name, memory: '48 MiB', processes: 24, disk: '8 MiB', command: runtimePath(), ...options };
    this.child.stdin!.write(`${JSON.stringify({ number, sandbox, args, run })}\n`);
    return new Promise((resolve) => this.#answers.set(number, resolve));
  }

  /** The result of a run that could be begun. */
  async run(...given: Parameters<Scene['ask']>): Promise<Result> {
    const result = await this.ask(...given);
    assert.equal(result.error, undefined);
    return result;
  }

  /** Runs a shell script. */
  sh(script: string, ...rest: [Parameters<Scene['ask']>[1]?, Parameters<Scene['ask']>[2]?]): Promise<Result> {
    return this.run(['sh', '-c', script], ...rest);
  }

  /** Lets the program end by itself. */
  async end(): Promise<void> {
    this.child.stdin!.end();
    if (this.child.exitCode === null && this.child.signalCode === null)
      await new Promise((resolve) => this.child.once('exit', resolve));
    assert.equal(this.child.exitCode, 0);
  }
}

/** A root file system that an ordinary user may enter. */
function rootfs(): string {
  const path = '/tmp/sandbox-rootfs';
  if (existsSync(path)) return path;
  execFileSync('cp', ['-a', busyboxRootfs(), path]);
  copyFileSync(program('forbidden'), join(path, 'bin/forbidden'));
  return path;
}

/** A case that is tried by root and by an ordinary user. Nothing may be left of either. */
export function sandboxed(name: string, body: (scene: Scene, c: Context) => Promise<void>): void {
  for (const holder of ['root', 'user'] as const) {
    test(`${holder}: ${name}`, async (c) => {
      const scene = new Scene(c, holder);
      c.later(() => {
        scene.child.kill('SIGKILL');
      });
      await body(scene, c);
      if (!scene.child.killed) await scene.end();
    }, { only: 'veloci' });
  }
}
