// A stand-in for resctrl: a folder that test/support/programs/resctrl.c passes off as the file system, since few machines have the
// hardware. What the runtime makes, writes and removes is seen in its files.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const resctrl = '/sys/fs/resctrl';

/** The kernel makes the mount point only where it has resctrl. This is the sandbox: its mounts end with it. */
export function makeResctrl(): void {
  execFileSync('sh', ['-ec',
    `mkdir /tmp/cgroup; mount --rbind /sys/fs/cgroup /tmp/cgroup; mount --make-rprivate /tmp/cgroup; mount -t tmpfs tmpfs /sys/fs
    mkdir /sys/fs/cgroup ${resctrl}; mount --rbind /tmp/cgroup /sys/fs/cgroup; umount -l /tmp/cgroup; mount -t tmpfs resctrl ${resctrl}`]);
  makeGroup('');
}

/** A class with the files that the kernel gives it; '' is the default one. */
export function makeGroup(name: string, schemata = ''): string {
  const path = join(resctrl, name);
  mkdirSync(join(path, 'mon_groups'), { recursive: true });
  for (const [file, text] of [['tasks', ''], ['schemata', schemata]] as const) writeFileSync(join(path, file), text);
  return path;
}
