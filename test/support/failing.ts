// Cases in which one thing goes wrong on the host: a row says what, and which error must be told.
//
// Where no real cause can be made, strace lets one system call of the runtime's own processes fail (or sends them a
// signal): what is told, undone and left behind is the real thing.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle, BundleOptions } from './bundle.ts';
import { assert, test } from './case.ts';
import type { Context } from './context.ts';
import { program } from './helpers.ts';
import { which } from './paths.ts';
import { plainEnv, type CallOptions } from './runtime.ts';
import type { Config } from './spec.ts';

/** What a JSON log says of an error. */
export interface Entry {
  level: string;
  code: string;
  msg: string;
  file?: string;
  pointer?: string;
  line?: number;
  column?: number;
  /** What a hook, a helper or systemd has written. */
  output?: string;
  hint?: string;
  errno?: string;
  step?: string;
}

/** What a row works with. */
export interface Scene {
  c: Context;
  bundle: Bundle;
  id: string;
}

export interface Failing {
  /** what goes wrong, in a few words */
  name: string;
  code: string;
  /** the cause, as `ERRNO, step STEP`, or `ERRNO` outside of operations; '' when there is none of the kernel's */
  why: string;
  /** pointer of the value of config.json that is to blame */
  pointer?: string;
  hint?: RegExp;
  /** a warning in the log before the error */
  warning?: RegExp;
  /** changes config.json; the cgroup is `/ID` */
  change?: (config: Config, scene: Scene) => void;
  rootfs?: BundleOptions['rootfs'];
  /** prepares what fails and says the arguments of the call (default: create) */
  call?: (scene: Scene) => string[] | Promise<string[]>;
  /** failures as strace takes them: `write:error=EIO:when=2` */
  inject?: string | string[];
  /** calls that a filter refuses in all processes, as test/support/programs/fault.c takes them: `clone.0=0x50f00=11` */
  refuse?: string[];
  /** the failures are only those of calls that concern one of these paths */
  on?: (scene: Scene) => string[];
  options?: (scene: Scene) => CallOptions;
  /** what the case itself has made and the runtime must leave alone */
  stays?: RegExp;
  /** the exit status (default 1) */
  exit?: number;
  skip?: string | false;
}

const noStrace = which('strace') ? false : 'strace is not installed';

/** The command that lets system calls of what follows it fail. */
export function injecting(faults: readonly string[], paths: readonly string[] = []): string[] {
  const calls = [...new Set(faults.map((fault) => fault.split(':')[0]!))];
  return ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls.join(',')}`, '-e', 'signal=none',
    ...faults.flatMap((fault) => ['-e', `inject=${fault}`]), ...paths.flatMap((path) => ['-P', path])];
}

/** The last line of a JSON log. */
function lastEntry(log: string): Entry {
  return logEntries(log).at(-1)!;
}

function logEntries(log: string): Entry[] {
  return readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Entry);
}

/** `create` of the scene's bundle, with further flags. */
export const create =
  (...flags: string[]) => ({ bundle, id }: Scene): string[] => ['create', '--bundle', bundle.dir, ...flags, id];
/** `run` of the scene's bundle. */
export const run =
  (...flags: string[]) => ({ bundle, id }: Scene): string[] => ['run', '--bundle', bundle.dir, ...flags, id];

/** Another command on the scene's container, which runs (or is only created); ID is its id. */
export const onContainer =
  (state: 'created' | 'running' | 'stopped', ...args: string[]) =>
  async ({ c, bundle, id }: Scene): Promise<string[]> => {
    const created = await c.rt(['create', '--bundle', bundle.dir, id]);
    assert.equal(created.code, 0, created.stderr);
    if (state !== 'created') {
      const started = await c.rt(['start', id]);
      assert.equal(started.code, 0, started.stderr);
      if (state === 'stopped') {
        process.kill((await c.state(id))['pid'] as number, 'SIGKILL');
        await c.until(id, 'stopped');
      }
    }
    return args.map((arg) => (arg === 'ID' ? id : arg));
  };

/** Declares the rows as cases; `skip` is a reason that holds for all of them. */
export function failing(rows: readonly Failing[], skip: string | false = false): void {
  for (const row of rows) declare({ ...row, skip: skip || (row.skip ?? false) });
}

function declare(
  { name, code, why, pointer, hint, warning, change, rootfs, call = create(), inject = [], refuse = [], on = () => [],
    options, stays, exit = 1, skip }: Failing,
): void {
  const faults = [inject].flat();
  test(`${name}: ${code}`, async (c) => {
    const id = c.id();
    const bundle = c.command(['/probe', 'pause'], () => {}, { rootfs: rootfs ?? 'bind' });
    const scene = { c, bundle, id };
    bundle.config.linux.cgroupsPath = `/${id}`;
    change?.(bundle.config, scene);
    bundle.write();
    const args = await call(scene);
    const log = join(c.dir(), 'log');
    const prefix = [...(refuse.length > 0 ? [program('fault'), ...refuse, '--'] : []),
      ...(faults.length > 0 ? injecting(faults, on(scene)) : [])];
    const given = options?.(scene) ?? {};
    // Calls are counted: no start is planned a second time to be remembered.
    const env = { ...given.env ?? plainEnv, VELOCI_PLAN_CACHE: '0' };
    const result = await c.rt(['--log', log, '--log-format', 'json', ...args], { ...given, env,
      prefix: [...prefix, ...(given.prefix ?? [])] });
    assert.equal(result.code, exit, `${result.signal ?? ''} ${result.stderr}`);
    const entry = lastEntry(log);
    const cause = entry.errno === undefined
      ? ''
      : [entry.errno, entry.step && `step ${entry.step}`].filter(Boolean).join(', ');
    const seen = { code: entry.code, why: cause, pointer: entry.pointer };
    assert.deepEqual(seen, { code, why, pointer }, `${JSON.stringify(seen)}: ${entry.msg}`);
    if (pointer) assert.ok((entry.line ?? 0) > 0, 'it has a line');
    assert.match(entry.hint ?? '', /./, 'it says what to do');
    if (hint) assert.match([entry.output, entry.hint].join('\n'), hint, 'the words');
    if (warning) assert.match(logEntries(log).find(({ level }) => level === 'warning')?.msg ?? '', warning);
    if (why !== '') assert.ok(result.stderr.includes(why), result.stderr);
    if (['create', 'run', 'restore'].includes(args[0]!)) await c.nothingLeft((item) => stays?.test(item) ?? false);
  }, { only: 'veloci', skip: skip || (faults.length > 0 && noStrace) });
}
