import { embeddedHeader, embeddedObjects, engineObject } from './build/engine.ts';
import { generate } from './build/generate.ts';
import { identityHeader } from './build/identity.ts';
import { buildProgram, buildTestPrograms } from './build/link.ts';
import { addon, init, plannerDriver, veloci } from './build/programs.ts';
import { compileTypeScript } from './build/typescript.ts';

async function buildNative(tests: boolean): Promise<void> {
  await Promise.all([embeddedHeader(), identityHeader()]);
  const command = async (): Promise<void> => {
    await buildProgram(init);
    await buildProgram(veloci, await embeddedObjects());
  };
  await Promise.all([
    command(),
    buildProgram(addon),
    tests ? buildTestPrograms() : undefined,
    tests ? engineObject().then((engine) => buildProgram(plannerDriver, [engine])) : undefined,
  ]);
}

/**
 * Builds everything that is out of date: generated files, JavaScript, bytecode, programs.
 * `--tests` adds the native test programs, which need clang.
 */
export async function main(args: readonly string[]): Promise<void> {
  await generate();
  await Promise.all([compileTypeScript(), buildNative(args.includes('--tests'))]);
}
