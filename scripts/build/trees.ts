// The trees of native programs, which Meson and Ninja build.
import { build } from 'esbuild';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync,
  writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { command, ExpectedError } from '../lib/command.ts';
import { inRoot, root } from '../lib/root.ts';
import { runStep } from '../lib/stamp.ts';
import { compression, libseccomp, quickjs, quickjsForSystem } from './third-party.ts';
import { ownMachine, toolchain, type Machine } from './toolchain.ts';

export type Tree = 'release' | 'sanitize' | 'checked';

/** The folder in which a tree is built. */
export function treeFolder(tree: Tree, machine: Machine = ownMachine): string {
  return inRoot('build', 'meson', machine === ownMachine ? tree : `${machine}-${tree}`);
}

/** Bundles scripts/build/program-tool.ts, which the trees call, so that plain Node runs it. */
async function bundleTool(): Promise<void> {
  const entry = inRoot('scripts', 'build', 'program-tool.ts');
  const outfile = inRoot('build', '.run', 'program-tool.mjs');
  await runStep({
    name: 'engine/program-tool',
    key: 1,
    inputs: [entry],
    outputs: [outfile],
    run: async () => {
      const { metafile } = await build({
        entryPoints: [entry],
        outfile,
        bundle: true,
        platform: 'node',
        target: 'node20',
        format: 'esm',
        metafile: true,
        absWorkingDir: root,
        logLevel: 'warning',
      });
      return Object.keys(metafile.inputs).map((file) => resolve(root, file));
    },
  });
}

async function settings(tree: Tree, machine: Machine): Promise<string[]> {
  const [tools, engine, systemEngine, musl, system, decoders, own] = await Promise.all([
    toolchain(machine),
    quickjs(machine),
    tree === 'checked' ? quickjsForSystem() : undefined,
    libseccomp('musl', machine),
    libseccomp('system', machine),
    compression(machine),
    // Bytecode is the same on all machines that have 64 bits and the lowest byte first.
    quickjs(),
  ]);
  const all = {
    tree,
    musl: tools.muslLib,
    gcc: tools.gccLib,
    cxx_headers: tools.cxxHeaders.join(','),
    kernel_headers: tools.kernelHeaders,
    quickjs: dirname(engine.library),
    quickjs_system: systemEngine === undefined ? '' : dirname(systemEngine),
    seccomp_musl: dirname(musl.library),
    seccomp_system: dirname(system.library),
    compression: decoders.folder,
    ...(machine === ownMachine
      ? {}
      : { musl_specs: tools.muslSpecs, qjsc: own.qjsc, emulator: tools.emulator.join(',') }),
  };
  return Object.entries(all).map(([name, value]) => `-D${name}=${value}`);
}

const compilers: Readonly<Record<Tree, Readonly<Record<string, string>>>> = {
  release: { CC: 'gcc', CXX: 'g++' },
  sanitize: { CC: 'clang-14', CXX: 'clang++-14' },
  checked: { CC: 'gcc', CXX: 'g++' },
};

/** Writes what Meson has to know to build for another machine, beside the tree; its path. */
async function crossFile(folder: string, machine: Machine): Promise<string> {
  const { prefix } = await toolchain(machine);
  const path = `${folder}.cross`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `[binaries]
c = '${prefix}gcc'
cpp = '${prefix}g++'
ar = '${prefix}ar'
strip = '${prefix}strip'

[properties]
needs_exe_wrapper = true

[host_machine]
system = 'linux'
cpu_family = '${machine}'
cpu = '${machine}'
endian = 'little'
`);
  return path;
}

/** Sets the tree up unless it was set up with the same settings and compilers. */
async function setUp(tree: Tree, machine: Machine): Promise<void> {
  const folder = treeFolder(tree, machine);
  const options = await settings(tree, machine);
  const key = JSON.stringify([options, (await toolchain(machine)).version, compilers[tree]]);
  const stamp = join(folder, 'settings.json');
  if (existsSync(join(folder, 'build.ninja')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return;
  rmSync(folder, { recursive: true, force: true });
  const cross = machine === ownMachine ? [] : ['--cross-file', await crossFile(folder, machine)];
  await command('meson', ['setup', ...cross, ...options, folder, root], {
    env: { ...process.env, ...compilers[tree] },
  });
  writeFileSync(stamp, key);
}

/** Builds what is out of date in a tree. */
export async function buildTree(tree: Tree, machine: Machine = ownMachine): Promise<void> {
  await bundleTool();
  await setUp(tree, machine);
  try {
    await command('ninja', ['-C', treeFolder(tree, machine), '--quiet']);
  } catch (error) {
    throw new ExpectedError(error instanceof Error ? error.message : String(error));
  }
}

/** Copies a finished program out of its tree when it differs from the copy; a running copy keeps its file. */
export async function install(
  tree: Tree,
  program: string,
  output: string,
  machine: Machine = ownMachine,
): Promise<void> {
  const source = join(treeFolder(tree, machine), program);
  const target = inRoot(output);
  const ran = await runStep({
    name: `programs/${output}`,
    key: program,
    inputs: [source],
    outputs: [target],
    run: async () => {
      copyFileSync(source, `${target}.new`);
      renameSync(`${target}.new`, target);
    },
  });
  if (ran) console.log(`built ${output} (${Math.round(statSync(target).size / 1000)} KB)`);
}
