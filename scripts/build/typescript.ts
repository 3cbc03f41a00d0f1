import { existsSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { command } from '../lib/command.ts';
import { filesBelow } from '../lib/files.ts';
import { inRoot, root } from '../lib/root.ts';
import { runStep } from '../lib/stamp.ts';

const tsc = inRoot('node_modules', 'typescript', 'bin', 'tsc');

interface Compilation {
  project: string;
  /** Folders of sources. */
  folders: readonly string[];
  output: string;
  /** Leading part of the sources' paths that the output does not have. */
  base: string;
  /** A file that shows that the output is there. */
  proof: string;
}

const everything: Compilation = {
  project: 'tsconfig.json',
  folders: ['src', 'test', 'scripts', 'conformance'],
  output: 'build',
  base: '',
  proof: 'build/scripts/build.js',
};
const library: Compilation = {
  project: 'tsconfig.lib.json',
  folders: ['src'],
  output: 'dist/lib',
  base: 'src',
  proof: 'dist/lib/index.d.ts',
};

async function compile(compilation: Compilation): Promise<void> {
  const { project, folders, output, base, proof } = compilation;
  const sources = folders.flatMap((folder) => filesBelow(folder, '.ts', '.json'));
  const args = [tsc, '-p', project, '--pretty', String(process.stdout.isTTY ?? false)];
  const ran = await runStep({
    name: `typescript/${project}`,
    key: args.slice(0, 3),
    inputs: [...sources, inRoot('tsconfig.json'), inRoot(project), inRoot('package-lock.json')],
    outputs: [inRoot(proof)],
    run: async () => {
      await command(process.execPath, args);
      for (const folder of folders) removeOrphans(join(output, relative(base, folder)), folder);
    },
  });
  if (ran) console.log(`compiled ${project}`);
}

/** A compiled test whose source is gone would still run. */
function removeOrphans(compiled: string, sources: string): void {
  for (const file of filesBelow(compiled, '.js', '.js.map', '.d.ts')) {
    const source = join(root, sources, relative(join(root, compiled), file).replace(/(\.d\.ts|\.js|\.js\.map)$/, ''));
    if (!existsSync(`${source}.ts`) && !existsSync(`${source}.js`)) rmSync(file);
  }
}

/** Compiles tests, scripts and sources to build/, and the library with its types to dist/lib. */
export async function compileTypeScript(): Promise<void> {
  if (!existsSync(inRoot('src', 'index.ts'))) console.log('skipped dist/lib: src/index.ts is missing');
  await Promise.all([compile(everything), ...(existsSync(inRoot('src', 'index.ts')) ? [compile(library)] : [])]);
}
