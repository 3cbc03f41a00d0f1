// dprint-ignore-file: a table, one row a line where it fits
// The command apply.
import { bundle, config, consoleSocket, json } from './flags.ts';
import { stateFiles } from './manual.ts';
import type { Command } from './types.ts';

export const apply: Command = {
  name: 'apply', summary: 'make a container what its configuration says', operands: 'ID', minOperands: 1, maxOperands: 1,
  description: 'Makes a container what config.json says now. One that does not exist is created and started. Of one that runs each '
    + 'difference is printed with its place and with what becomes of it: it is changed live, it takes a restart, or it has no effect. '
    + 'All live changes are made or none. What the configuration does not name is never cleared.',
  flags: [
    { ...bundle, summary: 'another bundle than that of the container', path: true },
    { ...config, summary: 'another name for config.json, absolute or below the bundle; - for standard input' },
    { name: 'dry-run', kind: 'bool', summary: 'show what would be done; the exit code is 2 when that is something, 0 when not' },
    { name: 'restart', kind: 'bool', summary: 'delete the container and start it anew when a change takes that, or when it has stopped' },
    { name: 'repair', kind: 'bool', summary: 'bring back what the last applied configuration says, whatever config.json says' },
    { name: 'watch', kind: 'bool', forEngine: false, summary: 'apply each change of the file, until SIGINT or SIGTERM' },
    consoleSocket,
    json,
  ],
  examples: [
    { line: 'veloci apply --dry-run web1', what: 'show what an edited config.json would change' },
    { line: 'veloci apply web1', what: 'change it' },
    { line: 'veloci apply --repair web1', what: 'bring back limits and device rules that somebody has changed' },
  ],
  exits: [['2', 'With `--dry-run`: something would be changed.']],
  environment: ['NOTIFY_SOCKET', 'LISTEN_FDS', 'PATH'], files: ['config.json', ...stateFiles, '/sys/fs/cgroup/'], see: ['diff', 'update', 'mounts'],
};
