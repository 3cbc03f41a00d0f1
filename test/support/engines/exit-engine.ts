// The table of exit statuses, tried with an engine and one runtime.
import { basename } from 'node:path';
import { assert, test } from '../case.ts';
import { Docker } from './docker.ts';
import { type EngineName, exitStatus, exitTable, type ExitCase, type ExitVerb,
  type RuntimeName } from './exit-table.ts';
import { which } from '../paths.ts';
import { Podman } from './podman.ts';
import { call, type Result } from '../runtime.ts';

/** An engine at work on one runtime. */
interface Engine {
  readonly image: string;
  readonly runFlags: readonly string[];
  readonly env: Record<string, string>;
  command(args: string[]): string[];
  end(): Promise<void>;
}

/** The statuses that docker's column has are those of Debian 12's. */
const dockerVersion = '20.10.';

function lackingDocker(): string | undefined {
  const lacking = Docker.lacking();
  if (lacking !== undefined || Docker.version().startsWith(dockerVersion)) return lacking;
  return `dockerd is version ${Docker.version()}, and the table has ${dockerVersion}`;
}

/** How an engine is made ready, inside the sandbox; and why it cannot be. */
const engines: Readonly<
  Record<EngineName, { lacking(): string | undefined; begin(dir: string, runtime: string): Promise<Engine> }>
> = {
  docker: { lacking: lackingDocker, begin: (dir, runtime) => Docker.begin(dir, runtime) },
  podman: {
    lacking: () => which('podman') === undefined ? 'podman is not installed' : undefined,
    begin: async (dir, runtime) => {
      const podman = new Podman(dir);
      podman.importImage(runtime);
      return {
        image: podman.image,
        runFlags: podman.runFlags,
        env: podman.env,
        command: (args) => podman.command(runtime, args),
        end: async () => podman.reset(runtime),
      };
    },
  },
};

/** Declares a case for each line of the table; `path` is the runtime's, undefined when it is not installed. */
export function exitTableOf(name: EngineName, runtime: RuntimeName, path: string | undefined): void {
  const lacking = path === undefined ? `${runtime} is not installed` : engines[name].lacking();
  let begun: Promise<Engine> | undefined;

  /** Calls the engine by the shell, as the table writes its programs. */
  const run = (engine: Engine, line: string): Promise<Result> =>
    call(['sh', '-c', `exec "$@" ${line}`, 'sh', ...engine.command([])], { env: engine.env, timeLimit: 60_000 });

  const prepare = async (): Promise<Engine> => {
    const engine = await engines[name].begin(`/tmp/${name}-${basename(path!)}`, path!);
    for (const [container, flags] of [['writable', ''], ['read-only', '--read-only']]) {
      const started = await run(engine,
        `run --detach --name ${container} ${flags} ${engine.runFlags.join(' ')} ${engine.image} /probe pause`);
      assert.equal(started.code, 0, started.stderr);
    }
    return engine;
  };

  const line = ({ flags = '', program }: ExitCase, verb: ExitVerb, { runFlags, image }: Engine): string => {
    if (verb === 'run') return `run --rm ${runFlags.join(' ')} ${flags} ${image} ${program}`;
    return `exec ${flags} ${verb === 'exec' ? 'writable' : 'read-only'} ${program}`;
  };

  for (const row of exitTable) {
    for (const verb of row.by ?? ['run', 'exec']) {
      const wanted = exitStatus(row, name, verb, runtime);
      if (wanted === undefined) throw new Error(`the table has no status of ${name} ${verb}: ${row.name}`);
      test(`${name} with ${runtime}, ${verb}: ${row.name}: ${wanted}`, async () => {
        const engine = await (begun ??= prepare());
        const result = await run(engine, line(row, verb, engine));
        assert.equal(result.code, wanted, result.stderr);
      }, { skip: lacking ?? false, leaks: 'ignore' });
    }
  }

  if (lacking === undefined) {
    test(`${name} with ${runtime}: the containers are removed`, async () => {
      const engine = await begun!;
      const removed = await run(engine, 'rm --force writable read-only');
      await engine.end();
      assert.equal(removed.code, 0, removed.stderr);
    }, { leaks: 'ignore' });
  }
}
