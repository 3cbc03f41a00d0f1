// startContainer hooks are programs of the image: whatever its loader, its shell or its interpreters are, they run in the container
// alone, and hold nothing but their standard streams.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync,
  writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import { which } from '../../support/paths.ts';
import type { Config } from '../../support/spec.ts';

const only = { only: 'veloci' } as const;

const hook = (path: string, ...args: string[]) => (config: Config): void => {
  config.root.readonly = false;
  config.hooks = { startContainer: [{ path, args: ['hook', ...args], env: ['PATH=/bin'] }] };
};

/** Puts a file in the place of the shell. */
const shell = (make: (path: string) => void) => (rootfs: string): void => {
  const path = join(rootfs, 'bin/sh');
  rmSync(path);
  make(path);
};

const script = 'echo ran >/tmp/ran';
const hostile: Record<string, [prepare: (rootfs: string) => void, path: string, says: RegExp]> = {
  'a link to /proc/self/exe': [shell((path) => symlinkSync('/proc/self/exe', path)), '/bin/sh', /E077[35]/],
  'a script of /proc/self/exe': [shell((path) => writeFileSync(path, '#!/proc/self/exe\n', { mode: 0o755 })), '/bin/sh',
    /E077[35]/],
  'a script of itself': [shell((path) => writeFileSync(path, '#!/bin/sh\n', { mode: 0o755 })), '/bin/sh',
    /E0773.*ELOOP/],
  'a FIFO': [shell((path) => execFileSync('mkfifo', ['-m', '755', path])), '/bin/sh', /E0773.*EACCES/],
  'a script of a FIFO': [(rootfs) => {
    execFileSync('mkfifo', ['-m', '755', join(rootfs, 'bin/fifo')]);
    writeFileSync(join(rootfs, 'bin/script'), '#!/bin/fifo\n', { mode: 0o755 });
  }, '/bin/script', /E0773.*EACCES/],
  'a link out of the root': [shell((path) => symlinkSync(`${'../'.repeat(20)}usr/bin/env`, path)), '/bin/sh',
    /E0773.*ENOENT/],
  'below /proc/1/root': [(rootfs) => {
    renameSync(join(rootfs, 'bin'), join(rootfs, 'programs'));
    symlinkSync('/proc/1/root/programs', join(rootfs, 'bin'));
  }, '/bin/sh', /E0773.*EACCES/],
  'a descriptor of init': [() => {}, '/proc/1/fd/0', /E0773.*EACCES/],
  'the program of init': [() => {}, '/proc/self/exe', /E077[35]/],
};

for (const [what, [prepare, path, says]] of Object.entries(hostile)) {
  test(`a startContainer hook that is ${what} runs nothing`, async (c) => {
    const bundle = c.command(['/probe', 'exit', '5'], hook(path, '-c', script), { rootfs: 'copy' });
    prepare(bundle.rootfs);
    const result = await c.run(bundle, { timeLimit: 15_000 });
    assert.deepEqual([result.code, result.timedOut], [1, false], result.stderr);
    assert.match(result.stderr, says);
    assert.ok(!existsSync(join(bundle.rootfs, 'tmp/ran')));
    await c.nothingLeft((item) => item.includes(bundle.dir));
  }, only);
}

/** Writes what it sees to /tmp/seen of the root that it is loaded in. */
const library = String.raw`
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
__attribute__((constructor)) static void look(void) {
  int out = open("/tmp/seen", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  dprintf(out, "process %d:", getpid());
  DIR *dir = opendir("/proc/self/fd");
  for (struct dirent *entry; dir && (entry = readdir(dir));) {
    int fd = -1;
    if (sscanf(entry->d_name, "%d", &fd) != 1 || fd == out || fd == dirfd(dir)) continue;
    int up = openat(fd, "..", O_PATH);
    dprintf(out, " %d%s", fd, up >= 0 ? "!" : "");
    if (up >= 0) close(up);
  }
  const char *init[] = {"root", "cwd", "exe", "mem", "environ", "maps"};
  for (int i = 0; i < 6 && getpid() != 1; i++) {
    char path[32];
    snprintf(path, sizeof path, "/proc/1/%s", init[i]);
    int fd = open(path, O_RDONLY);
    if (fd >= 0) dprintf(out, " OPENED %s", init[i]);
  }
  dprintf(out, "\n");
}`;

test('a library that the image loads into each program sees nothing of the host in a startContainer hook',
  async (c) => {
    const program = which('dash')!;
    const bundle = c.command([program, '-c', 'exit 5'], hook(program, '-c', 'cat >/dev/null; exit 0'), {
      rootfs: 'copy',
    });
    const libraries = execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/[^ ]+/g) ?? [];
    for (const path of [...libraries, program]) {
      mkdirSync(join(bundle.rootfs, dirname(path)), { recursive: true });
      rmSync(join(bundle.rootfs, path), { force: true });
      copyFileSync(path, join(bundle.rootfs, path));
    }
    execFileSync('gcc', ['-shared', '-fPIC', '-o', join(bundle.rootfs, 'look.so'), '-x', 'c', '-'], { input: library });
    writeFileSync(join(bundle.rootfs, 'etc/ld.so.preload'), '/look.so\n');
    const result = await c.run(bundle, { timeLimit: 15_000 });
    assert.equal(result.code, 5, result.stderr);
    assert.match(readFileSync(join(bundle.rootfs, 'tmp/seen'), 'utf8'), /^process [2-9]: 0 1 2\nprocess 1: 0 1 2\n$/);
    assert.ok(!existsSync('/tmp/seen'), 'it is loaded on the host');
  }, { ...only, skip: which('dash') === undefined && 'dash is not installed' });
