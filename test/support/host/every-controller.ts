// Imported before case.ts: mounts the controllers of cgroup v1 that the kernel has and the host has not mounted, for the
// sandbox alone: they end with it.
import '../enter.ts';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const top = '/sys/fs/cgroup';
const disabled = (line: string): boolean => /\b0$/.test(line);
const wanted = ['net_cls', 'net_prio'].filter((name) =>
  !existsSync(`${top}/${name}/tasks`) &&
  readFileSync('/proc/cgroups', 'utf8').split('\n').some((line) => line.startsWith(`${name}\t`) && !disabled(line))
);

if (existsSync(`${top}/memory`) && wanted.length > 0) {
  execFileSync('sh', ['-ec', `mkdir /tmp/controllers; mount -t tmpfs tmpfs /tmp/controllers
    for path in ${top}/*/; do name=$(basename $path); mkdir /tmp/controllers/$name; mount --rbind $path /tmp/controllers/$name; done
    for name in "$@"; do mkdir -p /tmp/controllers/$name; mount -t cgroup -o $name cgroup /tmp/controllers/$name; done
    mount --make-rprivate /tmp/controllers; mount --rbind /tmp/controllers ${top}; umount -l /tmp/controllers; rmdir /tmp/controllers`,
    'sh', ...wanted]);
}
