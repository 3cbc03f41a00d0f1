import { resolve } from 'node:path';
import { build } from 'esbuild';
import { command } from '../lib/command.ts';
import { filesBelow } from '../lib/files.ts';
import { inRoot, root } from '../lib/root.ts';
import { runStep } from '../lib/stamp.ts';

/**
 * Runs the generators when a schema, a table or a generator changed. With CI set, generated files that differ from
 * the committed ones are an error.
 */
export async function generate(): Promise<void> {
  const entry = inRoot('scripts', 'generate.ts');
  const ran = await runStep({
    name: 'generate',
    key: 1,
    inputs: [entry, ...filesBelow('schema', '.json')],
    outputs: [inRoot('src', 'generated', 'encode.ts'), inRoot('native', 'generated', 'plan.gen.h')],
    run: async () => {
      const check = process.env['CI'] ? ['--check'] : [];
      await command(process.execPath, [inRoot('scripts', 'run.mjs'), 'generate', ...check]);
      // The generators' own imports, tables included, are inputs too.
      const { metafile } = await build({
        entryPoints: [entry],
        bundle: true,
        write: false,
        metafile: true,
        platform: 'node',
        format: 'esm',
        packages: 'external',
        absWorkingDir: root,
        outdir: 'build',
      });
      return Object.keys(metafile.inputs).map((file) => resolve(root, file));
    },
  });
  if (ran) console.log('generated files are up to date');
}
