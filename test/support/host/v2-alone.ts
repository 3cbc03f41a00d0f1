// Imported before case.ts: this process and all that it starts see cgroup v2 alone, as on a host that has nothing else.
// Where the host has v1 as well, the hierarchy has no controllers. The mounts are the sandbox's and end with it.
import '../enter.ts';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Whether the host itself has v1 as well. */
const mountedHere = !existsSync('/sys/fs/cgroup/cgroup.controllers');

if (mountedHere) execFileSync('sh', ['-ec', 'umount -R -l /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup']);
