// The table of exit statuses, tried with podman and one runtime.
import { basename } from 'node:path';
import { assert, test } from './case.ts';
import { exitTable, type ExitCase } from './exit-table.ts';
import { which } from './paths.ts';
import { Podman } from './podman.ts';
import { call, type Result } from './runtime.ts';

/** Declares a case for each line of the table; `path` is the runtime's, undefined when it is not installed. */
export function exitTableOf(runtime: 'veloci' | 'runc' | 'crun', path: string | undefined): void {
  const missing = path === undefined ? runtime : which('podman') === undefined ? 'podman' : undefined;
  let podman: Podman | undefined;

  /** Calls podman by the shell, as the table writes its programs; R and C are containers that run. */
  const run = (line: string): Promise<Result> => {
    const made = podman!;
    return call(['sh', '-c', `exec "$@" ${line}`, 'sh', ...made.command(path!, [])], { env: made.env,
      timeLimit: 60_000 });
  };

  /** The storage is made once, inside the sandbox. */
  const prepare = async (): Promise<Podman> => {
    podman = new Podman(`/tmp/podman-${basename(path!)}`);
    podman.importImage(path!);
    for (const [name, flags] of [['C', ''], ['R', '--read-only']]) {
      const started = await run(
        `run --detach --name ${name} ${flags} ${podman.runFlags.join(' ')} ${podman.image} /probe pause`,
      );
      assert.equal(started.code, 0, started.stderr);
    }
    return podman;
  };

  const line = ({ flags = '', program }: ExitCase, by: string, { runFlags, image }: Podman): string => {
    if (by === 'run') return `run --rm ${runFlags.join(' ')} ${flags} ${image} ${program}`;
    return `exec ${flags} ${by === 'exec' ? 'C' : 'R'} ${program}`;
  };

  for (const row of exitTable) {
    for (const by of row.by ?? ['run', 'exec']) {
      const wanted = row[runtime] ?? row.veloci;
      test(`podman with ${runtime}, ${by}: ${row.name}: ${wanted}`, async () => {
        const result = await run(line(row, by, podman ??= await prepare()));
        assert.equal(result.code, wanted, result.stderr);
      }, { skip: missing === undefined ? false : `${missing} is not installed`, leaks: 'ignore' });
    }
  }

  if (missing === undefined) {
    test(`podman with ${runtime}: the containers are removed`, async () => {
      const removed = await run('rm --all --force --time 0');
      assert.equal(removed.code, 0, removed.stderr);
    }, { leaks: 'ignore' });
  }
}
