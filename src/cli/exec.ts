// dprint-ignore-file: a table, one row a line where it fits
// The command exec.
import { consoleFd, consoleSocket, detach, learn, learnCapabilities, learnPaths, pidFile, pidfdSocket, preserveFds } from './flags.ts';
import { stateFiles } from './manual.ts';
import type { Command } from './types.ts';

export const exec: Command = {
  name: 'exec', summary: 'run a program in a running container', operands: 'ID [PROGRAM [ARGUMENTS]]', minOperands: 1,
  maxOperands: Infinity, flagsEndAfter: 1,
  description: 'Runs another process in a container: PROGRAM, or the one that --process describes. The exit code is that of the '
    + 'program, or 255 when it could not be run.',
  flags: [
    learn,
    learnCapabilities,
    learnPaths,
    { name: 'process', also: ['p'], kind: 'string', value: 'FILE', summary: 'the process, as the `process` object of config.json', changesExecPlan: false },
    consoleSocket, consoleFd, pidFile, pidfdSocket, detach,
    { name: 'cwd', kind: 'string', value: 'DIR', summary: 'working directory in the container' },
    { name: 'env', also: ['e'], kind: 'list', value: 'NAME=VALUE', summary: 'set a variable (repeatable)' },
    { name: 'tty', also: ['t'], kind: 'bool', summary: 'allocate a terminal' },
    { name: 'user', also: ['u'], kind: 'string', value: 'UID[:GID]', summary: 'run as these numeric ids' },
    { name: 'additional-gids', also: ['g'], kind: 'list', value: 'GID', summary: 'a supplementary group (repeatable)' },
    { name: 'cap', also: ['c'], kind: 'list', value: 'CAPABILITY', summary: 'add a capability (repeatable)' },
    { name: 'no-new-privs', kind: 'bool', summary: 'set no_new_privs' },
    { name: 'process-label', kind: 'string', value: 'LABEL', summary: 'SELinux label' },
    { name: 'apparmor', kind: 'string', value: 'PROFILE', summary: 'AppArmor profile' },
    preserveFds,
    { name: 'cgroup', kind: 'list', value: '[CTRL:]PATH', summary: 'existing sub-cgroup of the container to run in (repeatable)' },
    { name: 'ignore-paused', kind: 'bool', summary: 'run it even if the container is paused', changesExecPlan: false },
  ],
  examples: [{ line: 'veloci exec -t web1 sh', what: 'open a shell in web1' }],
  exits: [['STATUS', 'The program\'s own, or 128 + N when signal N ended it.'], ['255', 'The program could not be run; or it ended with 255.'], ['1', 'The command line is wrong; or the program ended with 1.']],
  environment: ['LISTEN_FDS'], files: [...stateFiles, '/run/veloci/.cache/seccomp/'], see: ['run', 'ps', 'timeline'],
};
