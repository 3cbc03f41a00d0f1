import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { inRoot } from '../../scripts/lib/root.ts';
import { writeSeeds } from './seeds.ts';

// Each test/native/NAME.cc is built with sanitizers to build/meson/sanitize/test/native/NAME; it passes when it exits with 0.
const folder = inRoot('build', 'meson', 'sanitize', 'test', 'native');
const names = readdirSync(inRoot('test', 'native'))
  .filter((file) => file.endsWith('.cc'))
  .map((file) => file.slice(0, -'.cc'.length))
  .sort();

/** A fuzz target gets a fixed seed and a few seconds: enough to notice what became wrong. */
function fuzzing(name: string): string[] {
  const found = join(folder, `${name}.corpus`);
  mkdirSync(found, { recursive: true });
  const corpus = inRoot('test', 'native', 'corpus', name);
  const seeds = join(folder, `${name}.seeds`);
  const folders = [...(existsSync(corpus) ? [corpus] : []), ...(writeSeeds(name, seeds) ? [seeds] : [])];
  const limits = ['-seed=1', '-runs=200000', '-max_total_time=5', '-verbosity=0'];
  // libFuzzer writes what it finds into the first folder and only reads the others.
  return [...limits, `-artifact_prefix=${found}/`, found, ...folders];
}

t.test('every native test is built', async (t) => {
  t.same(names.filter((name) => !existsSync(join(folder, name))), []);
});

for (const name of names) {
  t.test(name, async (t) => {
    const args = name.endsWith('_fuzz') ? fuzzing(name) : [];
    const run = spawnSync(join(folder, name), args, { encoding: 'utf8', timeout: 60_000 });
    const seen = { output: `${run.stdout}${run.stderr}`, signal: run.signal, error: run.error?.message };
    t.equal(run.status, 0, `${name} exits with 0`, seen);
  });
}
