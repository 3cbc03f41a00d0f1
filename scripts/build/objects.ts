import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { command } from '../lib/command.ts';
import { inRoot, root } from '../lib/root.ts';
import { runStep } from '../lib/stamp.ts';
import { libseccomp, quickjs } from './third-party.ts';
import type { Flavour } from './programs.ts';
import { freestandingCxx, hardened, muslFlags, reproducible, toolchain, type Toolchain } from './toolchain.ts';

interface Compiler {
  name: string;
  flags: readonly string[];
}

const ownHeaders = ['-I', inRoot('native'), '-I', inRoot('build', 'native', 'include')];

/** Warnings of the libraries' headers are not ours. */
function systemFolders(...folders: string[]): string[] {
  return folders.flatMap((folder) => ['-isystem', folder]);
}

async function muslCompiler(tools: Toolchain): Promise<Compiler> {
  const libraries = [(await quickjs()).headers, (await libseccomp('musl')).headers];
  return {
    name: 'gcc',
    flags: [
      '-x',
      'c++',
      ...freestandingCxx,
      ...hardened,
      ...reproducible,
      '-Os',
      '-fPIE',
      '-D_GNU_SOURCE',
      ...muslFlags(tools),
      '-nostdinc++',
      ...systemFolders(...tools.cxxHeaders, ...libraries),
      // libstdc++'s configuration asks for the version of a libc that is not the one in use.
      '-D__GLIBC_PREREQ(major,minor)=0',
      ...ownHeaders,
    ],
  };
}

async function addonCompiler(): Promise<Compiler> {
  const modules = inRoot('node_modules');
  const folders = [join(modules, 'node-addon-api'), join(modules, 'node-api-headers', 'include')];
  return {
    name: 'g++',
    flags: [
      ...freestandingCxx,
      ...hardened,
      ...reproducible,
      '-Os',
      '-fPIC',
      '-fvisibility=hidden',
      '-D_GNU_SOURCE',
      '-DNAPI_VERSION=9',
      '-DNAPI_DISABLE_CPP_EXCEPTIONS',
      '-DNODE_ADDON_API_DISABLE_DEPRECATED',
      ...systemFolders(...folders, (await libseccomp('system')).headers),
      ...ownHeaders,
    ],
  };
}

async function testCompiler(sanitizers: string): Promise<Compiler> {
  return {
    name: 'clang++-14',
    flags: [
      '-std=c++20',
      '-fno-exceptions',
      '-fno-rtti',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-g',
      '-O1',
      '-D_GNU_SOURCE',
      `-fsanitize=${sanitizers}`,
      '-fno-sanitize-recover=all',
      '-fno-omit-frame-pointer',
      ...systemFolders((await libseccomp('system')).headers),
      ...ownHeaders,
    ],
  };
}

/** Compiler and flags of a flavour. */
export async function compilerFor(flavour: Flavour): Promise<Compiler> {
  switch (flavour) {
    case 'musl':
      return muslCompiler(await toolchain());
    case 'addon':
      return addonCompiler();
    case 'sanitized':
      return testCompiler('address,undefined');
    case 'fuzzed':
      return testCompiler('address,undefined,fuzzer-no-link');
  }
}

/** The files that a compiler's -MMD output names, without the target. */
function dependencies(path: string): string[] {
  const text = readFileSync(path, 'utf8').replaceAll('\\\n', ' ');
  return text.slice(text.indexOf(':') + 1).split(/\s+/).filter((name) => name !== '').map((name) =>
    resolve(root, name)
  );
}

/** Sources whose speed a start feels; all others are compiled for size. */
const hot = /^native\/(planner|host)\//;

/**
 * Compiles one source of native/ or test/native/ when it or a header of it changed.
 * @returns path of the object
 */
export async function compileObject(source: string, flavour: Flavour): Promise<string> {
  const name = relative(root, source).replace(/\.cc$/, '');
  const object = inRoot('build', 'native', 'objects', flavour, `${name}.o`);
  const { name: compiler, flags: usual } = await compilerFor(flavour);
  const flags = usual.map((flag) => (flag === '-Os' && hot.test(name) ? '-O2' : flag));
  await runStep({
    name: `objects/${flavour}/${name}`,
    key: [compiler, flags, (await toolchain()).version],
    inputs: [source],
    outputs: [object],
    run: async () => {
      const list = `${object}.d`;
      await command(compiler, [...flags, '-MMD', '-MF', list, '-c', source, '-o', object]);
      return dependencies(list);
    },
  });
  return object;
}
