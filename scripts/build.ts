import { parseArgs } from 'node:util';
import { bundleEngines } from './build/engine.ts';
import { generate } from './build/generate.ts';
import { identityHeader } from './build/identity.ts';
import { buildManual } from './build/man.ts';
import { publishSchema } from './build/schema.ts';
import { machineOf, ownMachine, type Machine } from './build/toolchain.ts';
import { buildTree, install } from './build/trees.ts';
import { compileTypeScript } from './build/typescript.ts';

/** Where the programs of a machine are put: bin/veloci, bin/veloci-unpack and veloci.node. */
export function programsOf(machine: Machine): string {
  return machine === ownMachine ? 'dist' : `build/${machine}`;
}

async function buildNative(machine: Machine, tests: boolean): Promise<void> {
  await Promise.all([bundleEngines(), identityHeader()]);
  await buildTree('release', machine);
  const programs = 'native/programs', to = programsOf(machine);
  await install('release', `${programs}/veloci`, `${to}/bin/veloci`, machine);
  await install('release', `${programs}/veloci-unpack`, `${to}/bin/veloci-unpack`, machine);
  await install('release', `${programs}/veloci.node`, `${to}/veloci.node`, machine);
  if (tests) await buildTree('sanitize', machine);
}

/**
 * Builds everything that is out of date: generated files, JavaScript, bytecode, programs, manual pages.
 * `--tests` adds the native test programs, which need clang. `--arch arm64` (or amd64) builds the programs for another
 * machine, into build/aarch64.
 */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { arch: { type: 'string' }, tests: { type: 'boolean', default: false } },
  });
  const machine = values.arch === undefined ? ownMachine : machineOf(values.arch);
  await generate();
  publishSchema();
  await Promise.all([compileTypeScript(), buildManual(), buildNative(machine, values.tests)]);
}
