// Set-up, once per machine: compiles the C programs of the tests and makes the root file systems.
// Results lie in the cache under a hash of what they are made of, so a second call only looks.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync,
  writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, repository, supportSources, which } from './paths.ts';

/** The C programs: name → source, relative to the repository. All are static. */
const programs = {
  sandbox: 'test/support/programs/sandbox.c',
  probe: 'test/support/programs/probe.c',
  recvtty: 'test/support/programs/recvtty.c',
  receiver: 'test/support/programs/receiver.c',
  ptyrun: 'test/support/programs/ptyrun.c',
  exchange: 'test/support/programs/exchange.c',
  agent: 'test/support/programs/agent.c',
  fault: 'test/support/programs/fault.c',
  strike: 'test/support/programs/strike.c',
  hunter: 'test/support/programs/hunter.c',
  stuck: 'test/support/programs/stuck.c',
  resctrl: 'test/support/programs/resctrl.c',
  rules: 'test/support/programs/rules.c',
  inject: 'test/support/programs/inject.c',
  meter: 'test/bench/meter.c',
  floor: 'test/bench/floor.c',
  forbidden: 'test/support/programs/forbidden.c',
} as const;
export type Program = keyof typeof programs;

/** Compiles the C programs: another one, which the script of the guests names, for a guest of another machine. */
const compiler = (): string => process.env['VELOCI_TEST_CC'] || 'gcc';

function hash(...parts: (string | Buffer)[]): string {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part).update('\0');
  return sum.digest('hex').slice(0, 12);
}

/** Makes a folder of the cache by `fill`, unless it exists; several processes may call it at once. */
function cached(name: string, fill: (dir: string) => void): string {
  const target = join(cacheDir(), name);
  if (existsSync(target)) return target;
  mkdirSync(cacheDir(), { recursive: true });
  const dir = mkdtempSync(join(cacheDir(), 'making-'));
  try {
    fill(dir);
    chmodSync(dir, 0o755);
    renameSync(dir, target);
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return target;
}

let programDir: string | undefined;

/** The path of a helper program; compiles all of them on the first call on a machine. */
export function program(name: Program): string {
  programDir ??= cached(
    `bin-${
      hash(readFileSync(join(supportSources, 'helpers.ts')), ...Object.values(programs).map((source) =>
        readFileSync(join(repository, source))
      ))
    }`,
    (dir) => {
      for (const [output, source] of Object.entries(programs)) {
        execFileSync(compiler(), ['-O1', '-Wall', '-Wextra', '-Werror', '-static', '-o', join(dir, output),
          join(repository, source), '-lutil'], { stdio: ['ignore', 'inherit', 'inherit'] });
      }
      compileTiny(join(dir, 'true'));
      compilePreload(join(dir, 'preload.so'));
    },
  );
  return join(programDir, name);
}

/** A program that exits at once without any start cost of a C library: the payload of the bench. */
export function trueProgram(): string {
  return join(program('probe'), '../true');
}

/** A library that makes the file named by env VELOCI_TEST_MARK when it is loaded: the bait of LD_PRELOAD. */
export function preloadLibrary(): string {
  return join(program('probe'), '../preload.so');
}

function compilePreload(output: string): void {
  const source = '#include <fcntl.h>\n#include <stdlib.h>\n__attribute__((constructor)) static void load(void)' +
    '{const char*mark=getenv("VELOCI_TEST_MARK"); if(mark) open(mark,O_CREAT|O_WRONLY,0644);}';
  execFileSync(compiler(), ['-shared', '-fPIC', '-o', output, '-x', 'c', '-'], { input: source,
    stdio: ['pipe', 'inherit', 'inherit'] });
}

function compileTiny(output: string): void {
  const source = '#ifdef __x86_64__\n#define EXIT "xor %edi,%edi; mov $231,%eax; syscall"\n' +
    '#else\n#define EXIT "mov x0,#0; mov x8,#94; svc #0"\n#endif\n' +
    'void _start(void){__asm__ volatile(EXIT);__builtin_unreachable();}';
  execFileSync(compiler(), ['-O1', '-static', '-nostdlib', '-ffreestanding', '-o', output, '-x', 'c', '-'], {
    input: source,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
}

/** A root file system of busybox and the probe, shared and never written to. */
export function busyboxRootfs(): string {
  const busybox = which('busybox');
  if (!busybox) throw new Error('busybox is not installed: install busybox-static');
  const key = hash(readFileSync(busybox), readFileSync(program('probe')),
    readFileSync(join(supportSources, 'helpers.ts')));
  return cached(`busybox-${key}`, (dir) => {
    for (const name of ['bin', 'dev', 'proc', 'sys', 'tmp', 'run', 'root', 'etc', 'home/user', 'mnt', 'data']) {
      mkdirSync(join(dir, name), { recursive: true });
    }
    chmodSync(join(dir, 'tmp'), 0o1777);
    copyFileSync(busybox, join(dir, 'bin/busybox'));
    copyFileSync(program('probe'), join(dir, 'probe'));
    copyFileSync(trueProgram(), join(dir, 'true'));
    for (const applet of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
      if (applet !== 'busybox') symlinkSync('busybox', join(dir, 'bin', applet));
    }
    writeFileSync(join(dir, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n');
    writeFileSync(join(dir, 'etc/group'), 'root:x:0:\nuser:x:1000:\nextra:x:1001:user\n');
    writeFileSync(join(dir, 'bin/not-executable'), 'text\n', { mode: 0o644 });
    writeFileSync(join(dir, 'bin/no-interpreter'), '#!/bin/nothing-here\n', { mode: 0o755 });
    writeFileSync(join(dir, 'bin/wrong-format'), '\x7fNOT', { mode: 0o755 });
  });
}

/** A Debian root file system, made by debootstrap from the mirror that apt is set up with. */
function debootstrap(dir: string, flags: readonly string[]): void {
  const targets = spawnSync('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  const mirror = targets.stdout.split('\n')[0];
  if (!mirror) throw new Error('apt is set up with no mirror: debootstrap needs one');
  let status: number | null = 1;
  for (let i = 0; i < 3 && status !== 0; i++) { // it resumes what a broken download left
    ({ status } = spawnSync('debootstrap', ['--variant=minbase', ...flags, 'bookworm', dir, mirror], {
      stdio: ['ignore', 'ignore', 'inherit'],
    }));
  }
  if (status !== 0) throw new Error(`debootstrap from ${mirror} left with ${status}`);
}

/** A minimal Debian root file system. */
export function debianRootfs(): string {
  return cached('debian-bookworm', (dir) => {
    debootstrap(dir, []);
  });
}

/** Debian with packages, without documentation and downloads. */
function debianWith(dir: string, packages: string): void {
  debootstrap(dir, [`--include=${packages}`]);
  for (const name of ['usr/share/doc', 'usr/share/locale', 'usr/share/man', 'var/cache/apt', 'var/lib/apt/lists']) {
    rmSync(join(dir, name), { recursive: true, force: true });
  }
}

/** Debian with its package postgresql. */
export function postgresRootfs(): string {
  return cached('debian-postgres', (dir) => debianWith(dir, 'postgresql'));
}

const five = 'debian-programs';

/** Debian with nginx, PostgreSQL, Node.js, Python and Perl. */
export function programsRootfs(): string {
  return cached(five, (dir) => debianWith(dir, 'postgresql,nginx-light,nodejs,python3'));
}

/** Whether it need not be downloaded. */
export const hasPrograms = (): boolean => existsSync(join(cacheDir(), five));
