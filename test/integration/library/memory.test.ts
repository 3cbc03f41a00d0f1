// What a program that has run many containers holds of them: nothing. The heap is looked at when it is collected: until then it
// grows to what V8 allows itself.
import { spawnSync } from 'node:child_process';
import { assert, test } from '../../support/case.ts';
import { busyboxRootfs } from '../../support/helpers.ts';
import { runtimePath, timeScale } from '../../support/paths.ts';

interface Held {
  /** Bytes of objects that can be reached, at the beginning, in the middle and at the end. */
  readonly heap: readonly number[];
  /** Bytes outside of the heap. */
  readonly external: readonly number[];
  readonly descriptors: readonly number[];
  readonly processes: readonly number[];
  /** Containers that were deleted, and those of them that something still refers to. */
  readonly containers: number;
  readonly alive: number;
  /** What keeps the program from ending. */
  readonly resources: readonly string[];
}

const program = `
  import { readdirSync } from 'node:fs';
  const [, index, root, command, bundle, rootfs, name] = process.argv;
  const { Runtime, Sandbox } = await import(index);
  const runtime = new Runtime({ root, command });
  const box = await Sandbox.open({ rootfs, root, command, name });
  const created = [];
  let count = 0;
  async function one() {
    const container = await runtime.create({ bundle, stdio: 'pipe', id: name + '-' + count++ });
    created.push(new WeakRef(container));
    container.stdout.on('data', () => container.id);
    await container.start();
    await container.exit;
    await container.delete();
    await box.run(['true'], { files: { in: 'x' }, signal });
  }
  async function many(count) {
    for (let i = 0; i < count; i += 3) await Promise.all([one(), one(), one()]);
  }
  async function look() {
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      gc();
    }
    const { heapUsed, external } = process.memoryUsage();
    const processes = readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).length;
    return { heap: heapUsed, external, descriptors: readdirSync('/proc/self/fd').length, processes };
  }
  // What it is given for all runs must not gather them either.
  const { signal } = new AbortController();
  await many(45);
  const seen = [await look()];
  for (let i = 0; i < 2; i++) {
    await many(60);
    seen.push(await look());
  }
  const values = Object.fromEntries(Object.keys(seen[0]).map((key) => [key, seen.map((values) => values[key])]));
  console.log(JSON.stringify({ ...values, containers: created.length,
    alive: created.filter((container) => container.deref() !== undefined).length,
    resources: process.getActiveResourcesInfo().filter((kind) => kind !== 'PipeWrap') }));
  await box.close();
`;

test('a program holds nothing of the containers that are gone', async (c) => {
  const index = new URL('../../../src/index.js', import.meta.url).href;
  const bundle = c.command(['true']).dir;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', program,
    index, c.root, runtimePath(), bundle, busyboxRootfs(), c.id()], { encoding: 'utf8', timeout: 120_000 * timeScale });
  assert.equal(status, 0, stderr);
  const held = JSON.parse(stdout) as Held;
  // What is held for each run is held each time; the code that V8 compiles for what runs often is compiled once.
  const grown = ([first = 0, second = 0, third = 0]: readonly number[]): number =>
    Math.min(second - first, third - second);
  assert.deepEqual([grown(held.descriptors), grown(held.processes), held.resources], [0, 0, []]);
  assert.ok(held.alive <= 1, `${held.alive} of ${held.containers} containers are held`);
  // One run that is held takes more than 10 KB.
  assert.ok(grown(held.heap) < 500_000, `the heap has grown: ${held.heap.join(', ')}`);
  assert.ok(grown(held.external) < 500_000, `and what is outside of it: ${held.external.join(', ')}`);
}, { only: 'veloci' });
