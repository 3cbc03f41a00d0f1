// npm run bench [-- options]: runs the runtime and its peers in turn, round by round, and prints a table.
//
//   --rounds N      rounds (50; 10 with --cold; 15 with --podman)
//   --json FILE     writes all numbers
//   --runtime PATH  the runtime that is compared (env RUNTIME, else dist/bin/veloci)
//   --busy          every core is kept busy meanwhile
//   --cold          the page cache is dropped before each command
//   --limit         the caller is in a cgroup of 64 MB of memory
//   --newest        Debian's newest crun and runc, too, unpacked in the cache
//   --calls         system calls of run, create and exec, too (strace)
//   --list N        lists of N containers instead
//   --parallel N    also N execs at once
//   --library       containers by the library, in this process, beside the commands of peers
//   --heap MB       this process holds so much memory meanwhile (for --library)
//   --podman        real podman run and exec instead of the bare commands
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { countCalls, countFloor } from '../test/bench/calls.ts';
import { Floor } from '../test/bench/floor.ts';
import { closeLibrary, fillHeap, libraryBundle, libraryRound } from '../test/bench/library.ts';
import { Lists } from '../test/bench/list.ts';
import { Meter } from '../test/bench/meter.ts';
import { findRuntimes } from '../test/bench/peers.ts';
import { podmanRound } from '../test/bench/podman.ts';
import { add, render, renderRatios, type Samples, summarise, table } from '../test/bench/report.ts';
import { type Record as Recorder, type Runtime, Scenario } from '../test/bench/scenario.ts';
import { dropCaches, limitMemory, withHugetlb } from '../test/bench/surroundings.ts';
import { repository } from '../test/support/paths.ts';
import { Podman } from '../test/support/engines/podman.ts';

const memoryStep = 'memory in created: PSS';

/** Entry point of the script; resolves to the exit status. */
export async function main(args: string[]): Promise<number> {
  if (process.getuid?.() !== 0) throw new Error('the bench needs root: it runs containers');
  return withHugetlb((isThere) => bench(args, isThere));
}

async function bench(args: string[], hasHugetlb: boolean): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string' },
      json: { type: 'string' },
      runtime: { type: 'string' },
      busy: { type: 'boolean' },
      cold: { type: 'boolean' },
      limit: { type: 'boolean' },
      parallel: { type: 'string' },
      newest: { type: 'boolean' },
      calls: { type: 'boolean' },
      list: { type: 'string' },
      podman: { type: 'boolean' },
      library: { type: 'boolean' },
      heap: { type: 'string' },
    },
  });
  const own = values.runtime ?? process.env['RUNTIME'] ?? join(repository, 'dist/bin/veloci');
  const runtimes = findRuntimes(own, hasHugetlb, values.newest ?? false);
  const rounds = Number(values.rounds ?? (values.cold ? 10 : values.podman ? 15 : 50));

  const dir = mkdtempSync(join(tmpdir(), 'veloci-bench-'));
  const podman = values.podman ? new Podman(join(dir, 'podman')) : undefined;
  const meter = new Meter(join(dir, 'errors'), podman?.env);
  const unlimit = values.limit ? limitMemory(meter.pid, 64 << 20) : undefined;
  if (values.busy) { for (let i = 0; i < availableParallelism(); i++) await meter.spin(); }
  if (podman) podman.importImage(runtimes[0]?.path ?? '');
  const scenario = podman
    ? undefined
    : new Scenario(dir, { before: values.cold ? dropCaches : () => {}, parallel: Number(values.parallel ?? 0) });

  const library = values.library ? libraryBundle(dir) : undefined;
  const heap = fillHeap(Number(values.heap ?? 0));
  const samples: Samples = new Map();
  const recorder = (round: number, name: string): Recorder => (step, measure) => {
    if (round >= 0) add(samples, step, name, measure);
  };
  const lists = values.list ? new Lists(dir, runtimes, Number(values.list)) : undefined;
  const floor = scenario && !library && !lists ? new Floor(dir, runtimes[0]!) : undefined;
  const calls: [string, { run: number; create?: number; exec?: number }][] = [];
  try {
    for (let round = -1; round < rounds; round++) {
      // the order turns, so that nobody always follows the same neighbour; round -1 warms up
      for (let i = 0; i < runtimes.length; i++) {
        const runtime = runtimes[(i + round + runtimes.length) % runtimes.length] as Runtime;
        const record = recorder(round, runtime.name);
        if (podman) await podmanRound(podman, runtime, meter, record);
        else if (library !== undefined) await libraryRound(dir, library, runtime, meter, record);
        else if (lists) await lists.round(runtime, meter, record);
        else await scenario?.round(runtime, meter, record);
      }
      await floor?.round(meter, recorder(round, 'floor'));
    }
    if (values.calls && scenario) {
      for (const runtime of runtimes) calls.push([runtime.name, await countCalls(dir, runtime)]);
      calls.push(['floor', { run: countFloor(dir) }]);
    }
  } finally {
    await closeLibrary();
    floor?.close();
    lists?.close();
    await meter.close();
    unlimit?.();
    podman?.reset(runtimes[0]?.path ?? '');
    if (spawnSync('findmnt', ['-rn', '-o', 'TARGET']).stdout.includes(dir))
      throw new Error(`mounts are left in ${dir}`);
    rmSync(dir, { recursive: true, force: true });
  }

  const memory = samples.get(memoryStep);
  samples.delete(memoryStep);
  const names = [...runtimes.map(({ name }) => name), ...floor ? ['floor'] : []];
  const summary = summarise(samples, names);
  if (library !== undefined)
    console.log(`${Math.round(process.memoryUsage().rss / (1 << 20))} MB in this process, ${heap.length} objects`);
  console.log(`${rounds} interleaved rounds${
    (['busy', 'cold', 'limit', 'podman', 'library'] as const)
      .filter((flag) => values[flag]).map((flag) => `, ${flag}`).join('')
  }\n`);
  console.log(render(summary, names));
  console.log(`\n${renderRatios(summary, names)}`);
  const sizes: Record<string, object> = {};
  const rows = [['KiB', ...runtimes.map(({ name }) => name)]];
  const row = (title: string, value: (runtime: Runtime) => number): void => {
    rows.push([
      title,
      ...runtimes.map((runtime) => {
        sizes[runtime.name] = { ...sizes[runtime.name], [title]: value(runtime) };
        return String(value(runtime));
      }),
    ]);
  };
  if (memory) {
    row('init in created, PSS', ({ name }) => Math.min(...(memory.get(name) ?? []).map(({ rss }) => rss)));
    row('runtime in run, peak RSS', ({ name }) => summary['run']?.[name]?.rss ?? NaN);
  }
  row('the command', ({ path }) => Math.round(statSync(path).size / 1024));
  console.log(`\n${table(rows)}`);
  if (calls.length > 0) {
    const verbs = ['run', 'create', 'exec'] as const;
    const counts = verbs.map((verb) => [verb, ...calls.map(([, count]) => String(count[verb] ?? '-'))]);
    console.log(`\n${table([['system calls', ...calls.map(([name]) => name)], ...counts])}`);
  }
  if (values.json) {
    writeFileSync(
      values.json,
      `${
        JSON.stringify(
          {
            rounds,
            options: values,
            runtimes,
            summary,
            sizes,
            calls: Object.fromEntries(calls),
            samples: Object.fromEntries([...samples].map(([step, by]) => [step, Object.fromEntries(by)])),
          },
          null,
          1,
        )
      }\n`,
    );
  }
  return 0;
}
