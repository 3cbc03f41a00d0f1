import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { arch } from 'node:process';
import { dirname, join } from 'node:path';
import { command, ExpectedError } from '../lib/command.ts';
import { inRoot } from '../lib/root.ts';
import { foreignPackage } from './sources.ts';

/** The processors that veloci is built for, as gcc and the kernel name them. */
export type Machine = 'x86_64' | 'aarch64';

/** As Debian names them. */
export const debianNames: Readonly<Record<Machine, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

/** By the names that Node and Debian have for them. */
const machines: Readonly<Record<string, Machine>> = { x64: 'x86_64', amd64: 'x86_64', arm64: 'aarch64' };

/**
 * The machine of this name.
 * @throws ExpectedError when veloci is not built for it
 */
export function machineOf(name: string): Machine {
  const machine = machines[name];
  if (machine === undefined)
    throw new ExpectedError(`veloci is not built for ${name}: there are ${Object.keys(machines).join(', ')}`);
  return machine;
}

/** The machine that this runs on. */
export const ownMachine: Machine = machineOf(arch);

/** What a compiler says about itself and where its parts lie: that of this machine, or one that builds for another. */
export interface Toolchain {
  /** First line of `gcc --version`: part of every key. */
  version: string;
  /** Processor that is built for. */
  machine: Machine;
  /** As in `x86_64-linux-gnu`. */
  triplet: string;
  /** What stands before `gcc`, `ar` and the other tools: nothing for those of this machine. */
  prefix: string;
  /** What programs for the machine are started by here: nothing, or an emulator. */
  emulator: readonly string[];
  /** gcc as a compiler for musl, called like gcc. */
  muslGcc: string;
  /** What turns gcc into a compiler for musl. */
  muslSpecs: string;
  /** Folder of musl's libraries and start files. */
  muslLib: string;
  /** Where musl's package is unpacked; empty where it is installed. */
  muslTree: string;
  /** Folder of libgcc.a and gcc's start files. */
  gccLib: string;
  /** libstdc++'s headers; only those that need no library are used. */
  cxxHeaders: readonly string[];
  /** The kernel's headers alone, without glibc's beside them. */
  kernelHeaders: string;
}

const known = new Map<Machine, Promise<Toolchain>>();

/** Asks gcc once per process. */
export function toolchain(machine: Machine = ownMachine): Promise<Toolchain> {
  let found = known.get(machine);
  if (found === undefined) {
    found = machine === ownMachine ? ask(machine) : askForeign(machine);
    known.set(machine, found);
  }
  return found;
}

/** What gcc itself knows. */
async function askGcc(prefix: string): Promise<{ version: string; triplet: string; major: string; gccLib: string }> {
  const [version, triplet, major, libgcc] = await Promise.all(
    ['--version', '-dumpmachine', '-dumpversion', '-print-libgcc-file-name']
      .map((flag) => command(`${prefix}gcc`, [flag])),
  ).then((answers) => answers.map((text) => text.split('\n')[0] ?? '')) as [string, string, string, string];
  return { version, triplet, major, gccLib: dirname(libgcc) };
}

async function ask(machine: Machine): Promise<Toolchain> {
  const { version, triplet, major, gccLib } = await askGcc('');
  const muslLib = `/usr/lib/${machine}-linux-musl`;
  return {
    version,
    machine,
    triplet,
    prefix: '',
    emulator: [],
    muslGcc: 'musl-gcc',
    muslSpecs: join(muslLib, 'musl-gcc.specs'),
    muslLib,
    muslTree: '',
    gccLib,
    cxxHeaders: [`/usr/include/c++/${major}`, `/usr/include/${triplet}/c++/${major}`],
    kernelHeaders: linkKernelHeaders('kernel-headers', '/usr/include', `/usr/include/${triplet}/asm`),
  };
}

/** What a build for another machine needs, by the commands that show that it is there. */
export function lacksForeign(machine: Machine): string[] {
  const found = (name: string): boolean =>
    (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, name)));
  return [`${machine}-linux-gnu-gcc`, `${machine}-linux-gnu-g++`, `qemu-${machine}-static`].filter((name) =>
    !found(name)
  );
}

/** Debian's gcc for another machine, and musl's package for it, unpacked. */
async function askForeign(machine: Machine): Promise<Toolchain> {
  const lacking = lacksForeign(machine);
  if (lacking.length > 0)
    throw new ExpectedError(`${lacking.join(', ')} not found: \`npm run setup -- --arm64\` installs what is needed`);
  const prefix = `${machine}-linux-gnu-`;
  const [{ version, triplet, major, gccLib }, musl] = await Promise.all([askGcc(prefix),
    foreignPackage('musl-dev', debianNames[machine])]);
  const muslLib = join(musl, 'usr', 'lib', `${machine}-linux-musl`);
  const own = inRoot('build', 'native', machine);
  mkdirSync(own, { recursive: true });
  // Debian's specs name the folders of an installed package.
  const muslSpecs = join(own, 'musl-gcc.specs');
  writeChanged(muslSpecs, readFileSync(join(muslLib, 'musl-gcc.specs'), 'utf8').replaceAll(' /usr/', ` ${musl}/usr/`)
    .replaceAll('-L/usr/', `-L${musl}/usr/`));
  const muslGcc = join(own, 'musl-gcc');
  writeChanged(muslGcc, `#!/bin/sh\nexec ${prefix}gcc "$@" -specs '${muslSpecs}'\n`);
  chmodSync(muslGcc, 0o755);
  const headers = `/usr/${machine}-linux-gnu/include`;
  return {
    version,
    machine,
    triplet,
    prefix,
    emulator: [`qemu-${machine}-static`],
    muslGcc,
    muslSpecs,
    muslLib,
    muslTree: musl,
    gccLib,
    cxxHeaders: [`${headers}/c++/${major}`, `${headers}/c++/${major}/${triplet}`],
    kernelHeaders: linkKernelHeaders(`${machine}/kernel-headers`, headers, `${headers}/asm`),
  };
}

/** Builds look at the time of a file, too. */
function writeChanged(path: string, text: string): void {
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}

/**
 * A folder with links to the kernel's header folders. With /usr/include itself in musl's search path, a header
 * that musl lacks would silently come from glibc.
 */
function linkKernelHeaders(name: string, headers: string, asm: string): string {
  const folder = inRoot('build', 'native', name);
  const links = { linux: `${headers}/linux`, 'asm-generic': `${headers}/asm-generic`, asm };
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
  return ['-specs', tools.muslSpecs, '-idirafter', tools.kernelHeaders];
}

/**
 * Hardening of every object, see SECURITY.md. Atomic operations that libgcc chooses at run time ask a function of glibc which
 * to take: on aarch64 they stand in the code itself.
 */
export function hardened({ machine }: Toolchain): string[] {
  const own = { x86_64: ['-fcf-protection'], aarch64: ['-mbranch-protection=standard', '-mno-outline-atomics'] };
  return ['-fstack-protector-strong', ...own[machine], '-fno-plt'];
}
