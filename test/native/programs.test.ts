import { existsSync, readdirSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { inRoot } from '../../scripts/lib/root.ts';

// Each test/native/NAME.cc is built with sanitizers to build/native/test/NAME. A program passes when it exits with 0;
// a fuzz target gets a fixed seed and a few seconds, enough to notice what became wrong.
const folder = inRoot('build', 'native', 'test');
const sources = existsSync(inRoot('test', 'native')) ? readdirSync(inRoot('test', 'native')) : [];

for (const source of sources.filter((name) => name.endsWith('.cc')).sort()) {
  const name = source.slice(0, -'.cc'.length);
  t.test(name, async (t) => {
    const fuzz = name.endsWith('_fuzz') ? ['-seed=1', '-runs=200000', '-max_total_time=5', '-verbosity=0'] : [];
    const corpus = inRoot('test', 'native', 'corpus', name);
    // libFuzzer writes what it finds to the first folder: it gets one below build/, and reads the corpus.
    const folders = name.endsWith('_fuzz') && existsSync(corpus) ? [corpus] : [];
    const artifacts = name.endsWith('_fuzz') ? [`-artifact_prefix=${folder}/`] : [];
    const run = spawnSync(`${folder}/${name}`, [...fuzz, ...artifacts, ...folders], { encoding: 'utf8', timeout: 60_000 });
    t.equal(run.status, 0, `${name} exits with 0`, { output: `${run.stdout}${run.stderr}`, signal: run.signal, error: run.error });
  });
}
