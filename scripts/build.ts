import { existsSync } from 'node:fs';
import { embeddedHeader, embeddedObjects, engineObject } from './build/engine.ts';
import { generate } from './build/generate.ts';
import { buildProgram, buildTestPrograms } from './build/link.ts';
import { addon, init, plannerDriver, veloci, type Program } from './build/programs.ts';
import { compileTypeScript } from './build/typescript.ts';
import { inRoot } from './lib/root.ts';

/** Whether all that a program is made of exists; says what does not. */
function complete(program: Program): boolean {
  const needed = [...program.folders.map((folder) => `native/${folder}`), ...(program.embeds ? ['src/engine/main.ts'] : [])];
  const missing = needed.filter((path) => !existsSync(inRoot(path)));
  if (missing.length > 0) console.log(`skipped ${program.output}: ${missing.join(', ')} missing`);
  return missing.length === 0;
}

async function buildNative(tests: boolean): Promise<void> {
  await embeddedHeader();
  const command = async (): Promise<void> => {
    if (!complete(init)) return;
    await buildProgram(init);
    if (complete(veloci)) await buildProgram(veloci, await embeddedObjects());
  };
  await Promise.all([
    command(),
    complete(addon) ? buildProgram(addon) : undefined,
    tests ? buildTestPrograms() : undefined,
    tests && complete(plannerDriver) ? buildProgram(plannerDriver, [await engineObject()]) : undefined,
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
