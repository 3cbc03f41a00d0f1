import { build, type BuildOptions } from 'esbuild';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { inRoot, root } from '../lib/root.ts';
import { runStep } from '../lib/stamp.ts';

const entry = inRoot('src', 'engine', 'main.ts');

// The engine is a script, not a module: it needs no job queue to start.
const bundling = {
  bundle: true,
  platform: 'neutral',
  target: 'es2023',
  format: 'iife',
  globalName: 'veloci',
  minify: true,
} satisfies BuildOptions;

/** Bundles src/engine/main.ts to build/engine/engine.js, a script of the plain language: an import of node:* is an error. */
export async function bundleEngine(): Promise<void> {
  const outfile = inRoot('build', 'engine', 'engine.js');
  const ran = await runStep({
    name: 'engine/bundle',
    key: bundling,
    inputs: [entry],
    outputs: [outfile],
    run: async () => {
      const files = { entryPoints: [entry], outfile, absWorkingDir: root };
      const { metafile } = await build({ ...bundling, ...files, metafile: true, logLevel: 'warning' });
      return Object.keys(metafile.inputs).map((file) => resolve(root, file));
    },
  });
  if (ran) console.log(`bundled the engine (${Math.round(statSync(outfile).size / 1000)} KB of script)`);
}
