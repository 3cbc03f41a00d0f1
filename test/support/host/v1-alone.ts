// Imported before case.ts: this process and all that it starts see cgroup v1 alone, without the hierarchy of v2 beside it. The
// mounts are the sandbox's and end with it.
import '../enter.ts';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const beside = '/sys/fs/cgroup/unified';

if (existsSync(`${beside}/cgroup.controllers`)) execFileSync('umount', ['-l', beside]);
