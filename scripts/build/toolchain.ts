import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { command } from '../lib/command.ts';
import { inRoot } from '../lib/root.ts';

/** What the machine's compiler says about itself and where its parts lie. */
export interface Toolchain {
  /** First line of `gcc --version`: part of every key. */
  version: string;
  /** Processor, as in `x86_64`. */
  machine: string;
  /** Folder of musl's libraries and start files. */
  muslLib: string;
  /** Folder of libgcc.a and gcc's start files. */
  gccLib: string;
  /** libstdc++'s headers; only those that need no library are used. */
  cxxHeaders: readonly string[];
  /** The kernel's headers alone, without glibc's beside them. */
  kernelHeaders: string;
}

let known: Promise<Toolchain> | undefined;

/** Asks gcc once per process. */
export function toolchain(): Promise<Toolchain> {
  known ??= ask();
  return known;
}

async function ask(): Promise<Toolchain> {
  const [version, triplet, major, libgcc] = await Promise.all(
    ['--version', '-dumpmachine', '-dumpversion', '-print-libgcc-file-name'].map((flag) => command('gcc', [flag])),
  ).then((answers) => answers.map((text) => text.split('\n')[0] ?? '')) as [string, string, string, string];
  const machine = triplet.split('-')[0] ?? '';
  return {
    version,
    machine,
    muslLib: `/usr/lib/${machine}-linux-musl`,
    gccLib: dirname(libgcc),
    cxxHeaders: [`/usr/include/c++/${major}`, `/usr/include/${triplet}/c++/${major}`],
    kernelHeaders: linkKernelHeaders(triplet),
  };
}

/**
 * A folder with links to the kernel's header folders. With /usr/include itself in musl's search path, a header
 * that musl lacks would silently come from glibc.
 */
function linkKernelHeaders(triplet: string): string {
  const folder = inRoot('build', 'native', 'kernel-headers');
  const links = {
    linux: '/usr/include/linux',
    'asm-generic': '/usr/include/asm-generic',
    asm: `/usr/include/${triplet}/asm`,
  };
  mkdirSync(folder, { recursive: true });
  for (const [name, target] of Object.entries(links)) {
    const link = join(folder, name);
    if (existsSync(link)) continue;
    rmSync(link, { force: true });
    symlinkSync(target, link);
  }
  return folder;
}

/** gcc as a musl compiler, for C and C++. */
export function muslFlags(tools: Toolchain): string[] {
  return ['-specs', join(tools.muslLib, 'musl-gcc.specs'), '-idirafter', tools.kernelHeaders];
}

/** Hardening of every object, see SECURITY.md. */
export const hardened: readonly string[] = ['-fstack-protector-strong', '-fcf-protection', '-fno-plt'];
