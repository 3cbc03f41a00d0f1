import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cached, cacheKey } from '../lib/cache.ts';
import { command } from '../lib/command.ts';
import { sourceTree, sourceVersion } from './sources.ts';
import { hardened, muslFlags, toolchain } from './toolchain.ts';

/** The engine's part of QuickJS; quickjs-libc (files, processes, workers) stays out of the product. */
const quickjsFiles = ['quickjs.c', 'libregexp.c', 'libunicode.c', 'cutils.c', 'dtoa.c'];

export interface QuickJs {
  /** Folder with quickjs.h. */
  headers: string;
  /** libquickjs.a for musl. */
  library: string;
  /** The bytecode compiler; it runs on the build machine. */
  qjsc: string;
}

/** Builds QuickJS once per version, flags and compiler; afterwards it comes from the cache. */
export async function quickjs(): Promise<QuickJs> {
  const tools = await toolchain();
  const version = sourceVersion('quickjs').replace(/-.*/, '');
  const flags = [
    '-O2', '-fPIE', '-fwrapv', '-ffunction-sections', '-fdata-sections', '-fno-asynchronous-unwind-tables', ...hardened,
    '-D_GNU_SOURCE', `-DCONFIG_VERSION="${version}"`,
  ];
  const key = cacheKey(sourceVersion('quickjs'), flags, tools.version, tools.machine, quickjsFiles);
  const folder = await cached(`built/quickjs-${version}-${key}`, async (draft) => {
    const tree = await sourceTree('quickjs');
    const compile = async (file: string): Promise<string> => {
      const object = join(draft, file.replace(/\.c$/, '.o'));
      const prefix = `-ffile-prefix-map=${tree}=quickjs`;
      await command('gcc', [...muslFlags(tools), ...flags, prefix, '-c', join(tree, file), '-o', object]);
      return object;
    };
    const [library, compiler] = await Promise.all([
      Promise.all(quickjsFiles.map(compile)),
      Promise.all(['quickjs-libc.c', 'qjsc.c'].map(compile)),
    ]);
    await command('ar', ['rcsD', join(draft, 'libquickjs.a'), ...library]);
    const link = ['-static', ...compiler, join(draft, 'libquickjs.a'), '-o', join(draft, 'qjsc')];
    await command('gcc', ['-specs', join(tools.muslLib, 'musl-gcc.specs'), ...link]);
    for (const object of [...library, ...compiler]) rmSync(object);
    mkdirSync(join(draft, 'include'));
    for (const header of ['quickjs.h']) copyFileSync(join(tree, header), join(draft, 'include', header));
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
export async function libseccomp(libc: 'musl' | 'system'): Promise<Seccomp> {
  const tools = await toolchain();
  const version = sourceVersion('libseccomp');
  const musl = libc === 'musl';
  const flags = ['-O2', musl ? '-fPIE' : '-fPIC', '-ffunction-sections', '-fdata-sections', ...hardened];
  const host = musl ? `${tools.machine}-linux-musl` : `${tools.machine}-linux-gnu`;
  const key = cacheKey(version, flags, tools.version, host);
  const folder = await cached(`built/libseccomp-${version}-${libc}-${key}`, async (draft) => {
    const tree = await sourceTree('libseccomp');
    const work = join(draft, 'work');
    mkdirSync(work);
    const cflags = [...flags, `-ffile-prefix-map=${tree}=libseccomp`, ...(musl ? ['-idirafter', tools.kernelHeaders] : [])].join(' ');
    // musl-gcc is `gcc -specs …`; libtool would name the specs twice in CFLAGS, which gcc refuses.
    const compiler = musl ? 'musl-gcc' : 'gcc';
    const build = musl ? [`--build=${tools.machine}-linux-gnu`] : [];
    await command(join(tree, 'configure'), [
      `--host=${host}`, ...build, '--enable-static', '--disable-shared', '--disable-dependency-tracking',
      `CC=${compiler}`, 'AR=ar', 'RANLIB=ranlib', 'STRIP=strip', `CFLAGS=${cflags}`,
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
