import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { command, ExpectedError } from '../lib/command.ts';
import { filesBelow } from '../lib/files.ts';
import { inRoot } from '../lib/root.ts';
import { runStep } from '../lib/stamp.ts';
import { compileObject, compilerFor } from './objects.ts';
import { testedFolders, type Program } from './programs.ts';
import { putSnapshot, snapshotObject, snapshotSize, takeSnapshot } from './snapshot.ts';
import { libseccomp, quickjs } from './third-party.ts';
import { toolchain, type Toolchain } from './toolchain.ts';

const lockedDown = '-Wl,-z,relro,-z,now,-z,noexecstack,--gc-sections,--build-id=none';

/** The linker call for musl by hand: gcc's specs for musl know no static-pie. */
function muslLink(tools: Toolchain, pie: boolean, inputs: readonly string[], output: string): string[] {
  const musl = (file: string): string => join(tools.muslLib, file);
  const gcc = (file: string): string => join(tools.gccLib, file);
  return [
    '-nostdlib',
    ...(pie ? ['-static-pie', '-Wl,--no-dynamic-linker,-z,text'] : ['-static', '-no-pie']),
    lockedDown,
    '-s',
    '-o',
    output,
    musl(pie ? 'rcrt1.o' : 'crt1.o'),
    musl('crti.o'),
    gcc(pie ? 'crtbeginS.o' : 'crtbeginT.o'),
    ...inputs,
    musl('libc.a'),
    gcc('libgcc.a'),
    gcc(pie ? 'crtendS.o' : 'crtend.o'),
    musl('crtn.o'),
  ];
}

/** Node gives the addon its N-API; node-addon-api's use of libstdc++ stays inside and hidden. */
function sharedLink(inputs: readonly string[], output: string): string[] {
  const runtime = ['-static-libgcc', '-static-libstdc++', '-Wl,--exclude-libs,ALL'];
  return ['-shared', ...runtime, lockedDown, '-s', '-o', output, ...inputs];
}

/** Compiles and links one program; `data` are objects that carry embedded files. */
export async function buildProgram(program: Program, data: readonly string[] = []): Promise<void> {
  const sources = program.folders.flatMap((folder) => filesBelow(join('native', folder), '.cc'));
  const objects = await Promise.all(sources.map((source) => compileObject(source, program.flavour)));
  const inputs = [...objects, ...data];
  // native/planner/memory_copy.cc takes the place of musl's memcpy.
  if (program.quickjs) inputs.push('-Wl,--wrap=memcpy', (await quickjs()).library);
  if (program.libseccomp) inputs.push((await libseccomp(program.libseccomp)).library);
  const tools = await toolchain();
  const output = inRoot(program.output);
  const linkTo = (more: readonly string[]): readonly [string, string[]] => (program.link === 'shared'
    ? ['g++', sharedLink([...inputs, ...more], output)]
    : ['gcc', muslLink(tools, program.link === 'static-pie', [...inputs, ...more], output)]);
  const ran = await runStep({
    name: `programs/${program.name}`,
    key: [linkTo([]), tools.version],
    inputs: inputs.filter((input) => !input.startsWith('-')),
    outputs: [output],
    run: async () => {
      if (program.quickjs) await linkWithSnapshot(program, async (object) => command(...linkTo([object])));
      else await command(...linkTo([]));
      checkSize(program, output);
    },
  });
  if (ran) console.log(`built ${program.output} (${Math.round(statSync(output).size / 1000)} KB)`);
}

/** Links once to learn how large the prepared engine is, and again with room for it. */
async function linkWithSnapshot(program: Program, link: (object: string) => Promise<unknown>): Promise<void> {
  const output = inRoot(program.output);
  await link(await snapshotObject(program.name, 0));
  const sample = takeSnapshot(output);
  if (sample === undefined) {
    console.log(`${program.output} has no prepared engine: this system starts programs at fixed addresses`);
    return;
  }
  await link(await snapshotObject(program.name, snapshotSize(sample)));
  const snapshot = takeSnapshot(output);
  if (snapshot !== undefined) putSnapshot(output, snapshot);
}

function checkSize(program: Program, output: string): void {
  const { size } = statSync(output);
  if (program.maxBytes === undefined || size <= program.maxBytes) return;
  rmSync(output);
  throw new ExpectedError(`${program.output} has ${size} bytes, more than the ${program.maxBytes} that it may have`);
}

/** Builds test/native/NAME.cc to build/native/test/NAME with sanitizers. */
export async function buildTestPrograms(): Promise<void> {
  const seccomp = await libseccomp('system');
  await Promise.all(
    filesBelow('test/native', '.cc').map(async (source) => {
      const flavour = source.endsWith('_fuzz.cc') ? 'fuzzed' : 'sanitized';
      const library = await testedLibrary(flavour);
      const { name: linker, flags } = await compilerFor(flavour);
      const name = source.slice(inRoot('test', 'native').length + 1, -'.cc'.length);
      const output = inRoot('build', 'native', 'test', name);
      const object = await compileObject(source, flavour);
      const sanitize = flags.filter((flag) => flag.startsWith('-fsanitize=')).map((flag) =>
        flag.replace('-no-link', '')
      );
      const args = [...sanitize, '-o', output, object, ...library, seccomp.library];
      await runStep({
        name: `programs/test/${name}`,
        key: [linker, args],
        inputs: [object, ...library, seccomp.library],
        outputs: [output],
        run: async () => void (await command(linker, args)),
      });
    }),
  );
}

const libraries = new Map<string, Promise<string[]>>();

/** native/ without its main functions, as an archive. */
function testedLibrary(flavour: 'sanitized' | 'fuzzed'): Promise<string[]> {
  let library = libraries.get(flavour);
  if (library === undefined) {
    library = archive(flavour);
    libraries.set(flavour, library);
  }
  return library;
}

async function archive(flavour: 'sanitized' | 'fuzzed'): Promise<string[]> {
  const sources = testedFolders
    .flatMap((folder) => filesBelow(join('native', folder), '.cc'))
    .filter((source) => !source.endsWith('/main.cc'));
  if (sources.length === 0) return [];
  const objects = await Promise.all(sources.map((source) => compileObject(source, flavour)));
  const output = inRoot('build', 'native', `tested-${flavour}.a`);
  await runStep({
    name: `programs/tested-${flavour}`,
    key: 'ar rcsD',
    inputs: objects,
    outputs: [output],
    run: async () => {
      rmSync(output, { force: true });
      await command('ar', ['rcsD', output, ...objects]);
    },
  });
  return [output];
}
