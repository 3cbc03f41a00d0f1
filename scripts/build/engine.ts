import { build, type BuildOptions } from 'esbuild';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { inRoot, root } from '../lib/root.ts';
import { runStep } from '../lib/stamp.ts';

/** The engines by the names of their entry files in src/engine. */
const engines = ['main', 'tools', 'images'] as const;

// The engine is a script, not a module: it needs no job queue to start.
const bundling = {
  bundle: true,
  platform: 'neutral',
  target: 'es2023',
  format: 'iife',
  globalName: 'veloci',
  minify: true,
} satisfies BuildOptions;

async function bundleEngine(name: string): Promise<void> {
  const entry = inRoot('src', 'engine', `${name}.ts`);
  const outfile = inRoot('build', 'engine', `${name}.js`);
  const ran = await runStep({
    name: `engine/${name}`,
    key: bundling,
    inputs: [entry],
    outputs: [outfile],
    run: async () => {
      const files = { entryPoints: [entry], outfile, absWorkingDir: root };
      const { metafile } = await build({ ...bundling, ...files, metafile: true, logLevel: 'warning' });
      return Object.keys(metafile.inputs).map((file) => resolve(root, file));
    },
  });
  if (ran) console.log(`bundled the engine ${name} (${Math.round(statSync(outfile).size / 1000)} KB of script)`);
}

/** Bundles each engine to build/engine, a script of the plain language: an import of node:* is an error. */
export async function bundleEngines(): Promise<void> {
  await Promise.all(engines.map(bundleEngine));
}
