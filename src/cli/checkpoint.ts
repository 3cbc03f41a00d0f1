// dprint-ignore-file: a table, one row a line where it fits
// The commands checkpoint and restore.
import { bundle, config, consoleSocket, criu, detach, pidFile } from './flags.ts';
import { stateFiles } from './manual.ts';
import type { Command } from './types.ts';

export const checkpoint: Command = {
  name: 'checkpoint', summary: 'save a running container with CRIU', operands: 'ID', minOperands: 1, maxOperands: 1,
  description: 'Writes the processes of a running container to images, from which `veloci restore` recreates it. The container is '
    + 'deleted afterwards, unless --leave-running is given. CRIU must be installed.',
  flags: [
    ...criu,
    { name: 'leave-running', kind: 'bool', summary: 'leave the container running' },
    { name: 'pre-dump', kind: 'bool', summary: 'save its memory and leave it running: a later checkpoint takes less time' },
    { name: 'parent-path', kind: 'string', value: 'DIR', summary: 'images of an earlier --pre-dump, relative to --image-path' },
    { name: 'tcp-skip-in-flight', kind: 'bool', summary: 'skip TCP connections that are still being established' },
    { name: 'page-server', kind: 'string', value: 'ADDRESS:PORT', summary: 'send memory pages to a page server of CRIU' },
    { name: 'status-fd', kind: 'int', value: 'FD', summary: 'descriptor that CRIU writes to when its page server is ready' },
  ],
  examples: [{ line: 'veloci checkpoint --image-path /srv/saved web1', what: 'save web1 and end it' }],
  environment: ['PATH'], files: [...stateFiles, './checkpoint/'], see: ['restore', 'criu(8)'],
};

export const restore: Command = {
  name: 'restore', summary: 'restore a container from a checkpoint', operands: 'ID', minOperands: 1, maxOperands: 1,
  description: 'Restores a container from a bundle and the images of `veloci checkpoint`: its processes continue where they were. CRIU must '
    + 'be installed.',
  flags: [
    bundle, config, consoleSocket, pidFile, detach,
    { name: 'keep', kind: 'bool', summary: 'keep the container when it ends' },
    ...criu,
    { name: 'lsm-profile', kind: 'string', value: 'TYPE:NAME', summary: 'security label of the processes: apparmor or selinux' },
    { name: 'lsm-mount-context', kind: 'string', value: 'CONTEXT', summary: 'SELinux context of the mounts' },
    { name: 'no-subreaper', kind: 'bool', summary: 'accepted for compatibility', ignored: true },
    { name: 'no-pivot', kind: 'bool', summary: 'accepted for compatibility', ignored: true },
    { name: 'no-new-keyring', kind: 'bool', summary: 'accepted for compatibility', ignored: true },
    { name: 'preserve-fds', kind: 'int', value: 'N', summary: 'accepted for compatibility', ignored: true },
  ],
  examples: [{ line: 'veloci restore -d --image-path /srv/saved -b /srv/web web1', what: 'restore web1' }],
  exits: [['STATUS', 'Without `--detach`: the program\'s own, or 128 + N when signal N ended it.']],
  environment: ['NOTIFY_SOCKET', 'PATH'], files: ['config.json', ...stateFiles, './checkpoint/'], see: ['checkpoint', 'criu(8)'],
};
