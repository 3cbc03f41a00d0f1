import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cached, cacheKey } from '../lib/cache.ts';
import { command, ExpectedError } from '../lib/command.ts';
import { inRoot } from '../lib/root.ts';
import { sourceTree, sourceVersion } from './sources.ts';
import { hardened, muslFlags, ownMachine, toolchain, type Machine, type Toolchain } from './toolchain.ts';

/** The engine's part of QuickJS; quickjs-libc (files, processes, workers) stays out of the product. */
const quickjsFiles = ['quickjs.c', 'libregexp.c', 'libunicode.c', 'cutils.c', 'dtoa.c'];

export interface QuickJs {
  /** Folder with quickjs.h. */
  headers: string;
  /** libquickjs.a for musl. */
  library: string;
  /** The bytecode compiler, a program of the machine that the library is for. */
  qjsc: string;
}

/** Where the program that trains QuickJS lies. */
const training = inRoot('scripts', 'build', 'training');

/**
 * Compiles QuickJS's sources, except that the engine's part is optimised for what training.js does: measured, the
 * engine then takes 17 % less time and the library is smaller.
 * @param draft folder for objects and the profile
 */
async function compileQuickjs(
  draft: string,
  flags: readonly string[],
  tools: Toolchain,
): Promise<{ engine: string[]; compiler: string[] }> {
  const tree = await sourceTree('quickjs');
  const compile = async (file: string, folder: string, ...more: string[]): Promise<string> => {
    const cwd = join(draft, folder);
    mkdirSync(cwd, { recursive: true });
    // The name of the output is part of a function's identity in the profile: it must not hold the folder.
    const object = basename(file).replace(/\.c$/, '.o');
    const all = [...muslFlags(tools), ...flags, `-ffile-prefix-map=${tree}=quickjs`, '-I', tree, ...more];
    await command(`${tools.prefix}gcc`, [...all, '-c', file, '-o', object], { cwd });
    return join(cwd, object);
  };
  const sources = quickjsFiles.map((file) => join(tree, file));
  const [profiled, trainer] = await Promise.all([
    Promise.all(sources.map((file) => compile(file, 'profiled', '-fprofile-generate'))),
    compile(join(training, 'training.c'), 'profiled'),
  ]);
  const program = join(draft, 'profiled', 'training');
  await linkMusl([trainer, ...profiled, '-fprofile-generate'], program, tools);
  const [first = '', ...rest] = [...tools.emulator, program, join(training, 'training.js')];
  await command(first, rest);
  // gcc writes a profile beside the object that was instrumented, and looks for it beside the one that it makes.
  renameSync(join(draft, 'profiled'), join(draft, 'engine'));
  if (!existsSync(join(draft, 'engine', 'quickjs.gcda')))
    throw new ExpectedError('the training of QuickJS left no profile');
  const use = ['-fprofile-use', '-Wno-missing-profile'];
  const [engine, compiler] = await Promise.all([
    Promise.all(sources.map((file) => compile(file, 'engine', ...use))),
    Promise.all(['quickjs-libc.c', 'qjsc.c'].map((file) => compile(join(tree, file), 'compiler'))),
  ]);
  return { engine, compiler };
}

async function linkMusl(inputs: readonly string[], output: string, tools: Toolchain): Promise<void> {
  await command(`${tools.prefix}gcc`, ['-specs', tools.muslSpecs, '-static', ...inputs, '-o', output]);
}

/** Builds QuickJS's engine for the machine's libc, as the checked command needs it, and returns its libquickjs.a. */
export async function quickjsForSystem(): Promise<string> {
  const tools = await toolchain();
  const version = sourceVersion('quickjs').replace(/-.*/, '');
  const flags = ['-O1', '-g', '-fPIC', '-fwrapv', '-D_GNU_SOURCE', `-DCONFIG_VERSION="${version}"`];
  const key = cacheKey(sourceVersion('quickjs'), flags, tools.version, tools.machine, quickjsFiles);
  const folder = await cached(`built/quickjs-${version}-system-${key}`, async (draft) => {
    const tree = await sourceTree('quickjs');
    const objects = await Promise.all(quickjsFiles.map(async (file) => {
      const object = join(draft, file.replace(/\.c$/, '.o'));
      await command('gcc', [...flags, `-ffile-prefix-map=${tree}=quickjs`, '-c', join(tree, file), '-o', object]);
      return object;
    }));
    await command('ar', ['rcsD', join(draft, 'libquickjs.a'), ...objects]);
    for (const object of objects) rmSync(object);
  });
  return join(folder, 'libquickjs.a');
}

/** Builds QuickJS once per version, flags, training and compiler; afterwards it comes from the cache. */
export async function quickjs(machine: Machine = ownMachine): Promise<QuickJs> {
  const tools = await toolchain(machine);
  const version = sourceVersion('quickjs').replace(/-.*/, '');
  const flags = [
    '-O2',
    '-fPIE',
    '-fwrapv',
    '-ffunction-sections',
    '-fdata-sections',
    '-fno-asynchronous-unwind-tables',
    ...hardened(tools),
    '-D_GNU_SOURCE',
    `-DCONFIG_VERSION="${version}"`,
  ];
  const lesson = ['training.c', 'training.js'].map((file) => readFileSync(join(training, file), 'utf8'));
  const key = cacheKey(sourceVersion('quickjs'), flags, tools.version, tools.machine, quickjsFiles, lesson);
  const folder = await cached(`built/quickjs-${version}-${key}`, async (draft) => {
    const work = join(draft, 'work');
    const { engine, compiler } = await compileQuickjs(work, flags, tools);
    await command(`${tools.prefix}ar`, ['rcsD', join(draft, 'libquickjs.a'), ...engine]);
    await linkMusl([...compiler, join(draft, 'libquickjs.a')], join(draft, 'qjsc'), tools);
    rmSync(work, { recursive: true });
    mkdirSync(join(draft, 'include'));
    copyFileSync(join(await sourceTree('quickjs'), 'quickjs.h'), join(draft, 'include', 'quickjs.h'));
  });
  return { headers: join(folder, 'include'), library: join(folder, 'libquickjs.a'), qjsc: join(folder, 'qjsc') };
}

export interface Seccomp {
  /** Folder with seccomp.h. */
  headers: string;
  /** libseccomp.a. */
  library: string;
}

/** Builds libseccomp for the command (musl) or for the addon (the machine's libc, position independent). */
export async function libseccomp(libc: 'musl' | 'system', machine: Machine = ownMachine): Promise<Seccomp> {
  const tools = await toolchain(machine);
  const version = sourceVersion('libseccomp');
  const musl = libc === 'musl';
  const flags = ['-O2', musl ? '-fPIE' : '-fPIC', '-ffunction-sections', '-fdata-sections', ...hardened(tools)];
  const host = musl ? `${tools.machine}-linux-musl` : `${tools.machine}-linux-gnu`;
  const key = cacheKey(version, flags, tools.version, host);
  const folder = await cached(`built/libseccomp-${version}-${libc}-${key}`, async (draft) => {
    const tree = await sourceTree('libseccomp');
    const work = join(draft, 'work');
    mkdirSync(work);
    const cflags = [
      ...flags,
      `-ffile-prefix-map=${tree}=libseccomp`,
      ...(musl ? ['-idirafter', tools.kernelHeaders] : []),
    ].join(' ');
    // musl-gcc is `gcc -specs …`; libtool would name the specs twice in CFLAGS, which gcc refuses.
    const compiler = musl ? tools.muslGcc : `${tools.prefix}gcc`;
    const build = musl || machine !== ownMachine ? [`--build=${ownMachine}-linux-gnu`] : [];
    await command(join(tree, 'configure'), [
      `--host=${host}`,
      ...build,
      '--enable-static',
      '--disable-shared',
      '--disable-dependency-tracking',
      `CC=${compiler}`,
      `AR=${tools.prefix}ar`,
      `RANLIB=${tools.prefix}ranlib`,
      `STRIP=${tools.prefix}strip`,
      `CFLAGS=${cflags}`,
    ], { cwd: work });
    // The release carries the results of autoconf; patched files must not make it run again.
    const frozen = ['AUTOCONF=:', 'AUTOMAKE=:', 'ACLOCAL=:', 'AUTOHEADER=:', 'ARFLAGS=crD'];
    await command('make', ['-C', 'include', ...frozen], { cwd: work });
    await command('make', ['-C', 'src', ...frozen, 'libseccomp.la'], { cwd: work });
    copyFileSync(join(work, 'src', '.libs', 'libseccomp.a'), join(draft, 'libseccomp.a'));
    mkdirSync(join(draft, 'include'));
    for (const header of ['seccomp.h', 'seccomp-syscalls.h']) {
      const generated = header === 'seccomp.h' ? work : tree;
      copyFileSync(join(generated, 'include', header), join(draft, 'include', header));
    }
    rmSync(work, { recursive: true });
  });
  return { headers: join(folder, 'include'), library: join(folder, 'libseccomp.a') };
}

export interface Compression {
  /** Folder with zlib.h and zstd.h. */
  headers: string;
  /** Folder with libz.a and libzstd.a, the decoders alone. */
  folder: string;
}

/** The part of zlib that inflates. */
const inflateFiles = ['adler32.c', 'crc32.c', 'inffast.c', 'inflate.c', 'inftrees.c', 'zutil.c'];

/** Builds the decoders of gzip and zstd for veloci-unpack (musl). */
export async function compression(machine: Machine = ownMachine): Promise<Compression> {
  const tools = await toolchain(machine);
  const versions = [sourceVersion('zlib'), sourceVersion('libzstd')];
  const flags = ['-O3', '-fPIE', '-ffunction-sections', '-fdata-sections', '-fno-asynchronous-unwind-tables',
    ...hardened(tools)];
  const key = cacheKey(versions, flags, tools.version, tools.machine, inflateFiles);
  const folder = await cached(`built/compression-${versions.join('-')}-${key}`, async (draft) => {
    const [zlib, zstd] = await Promise.all([sourceTree('zlib'), sourceTree('libzstd')]);
    mkdirSync(join(draft, 'include'));
    const zstdFiles = ['common', 'decompress'].flatMap((part) =>
      readdirSync(join(zstd, 'lib', part)).filter((file) => file.endsWith('.c')).map((file) => join('lib', part, file))
    );
    const make = async (tree: string, files: readonly string[], library: string, more: readonly string[]) => {
      const objects = await Promise.all(files.map(async (file) => {
        const object = join(draft, `${library}-${basename(file, '.c')}.o`);
        const all = [...muslFlags(tools), ...flags, `-ffile-prefix-map=${tree}=${library}`, ...more];
        await command(`${tools.prefix}gcc`, [...all, '-c', join(tree, file), '-o', object]);
        return object;
      }));
      await command(`${tools.prefix}ar`, ['rcsD', join(draft, `${library}.a`), ...objects]);
      for (const object of objects) rmSync(object);
    };
    await make(zlib, inflateFiles, 'libz', ['-DHAVE_UNISTD_H', '-DHAVE_STDARG_H']);
    await make(zstd, zstdFiles, 'libzstd', ['-DZSTD_DISABLE_ASM', '-DZSTD_LEGACY_SUPPORT=0', '-DZSTD_NO_TRACE']);
    for (const file of ['zlib.h', 'zconf.h']) copyFileSync(join(zlib, file), join(draft, 'include', file));
    for (const file of ['zstd.h', 'zstd_errors.h']) copyFileSync(join(zstd, 'lib', file), join(draft, 'include', file));
  });
  return { headers: join(folder, 'include'), folder };
}
