import { bundleEngines } from './build/engine.ts';
import { generate } from './build/generate.ts';
import { identityHeader } from './build/identity.ts';
import { buildManual } from './build/man.ts';
import { publishSchema } from './build/schema.ts';
import { buildTree, install } from './build/trees.ts';
import { compileTypeScript } from './build/typescript.ts';

async function buildNative(tests: boolean): Promise<void> {
  await Promise.all([bundleEngines(), identityHeader()]);
  await buildTree('release');
  const programs = 'native/programs';
  await install('release', `${programs}/veloci`, 'dist/bin/veloci');
  await install('release', `${programs}/veloci-unpack`, 'dist/bin/veloci-unpack');
  await install('release', `${programs}/veloci.node`, 'dist/veloci.node');
  if (tests) await buildTree('sanitize');
}

/**
 * Builds everything that is out of date: generated files, JavaScript, bytecode, programs, manual pages.
 * `--tests` adds the native test programs, which need clang.
 */
export async function main(args: readonly string[]): Promise<void> {
  await generate();
  publishSchema();
  await Promise.all([compileTypeScript(), buildManual(), buildNative(args.includes('--tests'))]);
}
