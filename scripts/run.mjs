// Runs scripts/NAME.ts: bundles it with esbuild into build/.run/NAME.mjs and calls its `main(args)`.
// (Node 20 cannot run TypeScript by itself.) The number that main resolves to becomes the exit status.
//
//   node scripts/run.mjs NAME [args]
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const [name, ...args] = process.argv.slice(2);
const source = join(root, 'scripts', `${name}.ts`);
if (!name || !/^[a-z-]+$/.test(name) || !existsSync(source)) {
  console.error(`run: no script named ${name ?? '(nothing)'} in scripts/`);
  process.exit(1);
}

const bundle = join(root, 'build', '.run', `${name}.mjs`);
buildSync({
  entryPoints: [source],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
});
process.setSourceMapsEnabled(true);
process.chdir(root);
try {
  const script = await import(pathToFileURL(bundle).href);
  process.exitCode = (await script.main(args)) ?? 0;
} catch (error) {
  // Errors that carry their whole explanation in the message need no stack.
  console.error(error?.expected ? `${name} failed:\n${error.message}` : error);
  process.exitCode = 1;
}
