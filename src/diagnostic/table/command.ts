import type { Entries } from '../types.ts';

/** E01xx: the command line and container ids. */
export const command = {
  unknownCommand: {
    code: 'E0101', native: true, message: 'unknown command "{name}"',
    hint: 'did you mean "{suggestion}"?', otherwise: 'run "veloci --help" for the list of commands',
  },
  unknownFlag: {
    code: 'E0102', native: true, message: 'unknown flag "{flag}" of "{command}"',
    hint: 'did you mean "{suggestion}"?', otherwise: 'run "{help}" for the list of flags',
  },
  flagNeedsArgument: { code: 'E0103', native: true, message: 'flag needs an argument: {flag}', hint: 'write --FLAG VALUE or --FLAG=VALUE' },
  flagTakesNoArgument: { code: 'E0104', native: true, message: 'flag {flag} takes no argument, but got "{value}"', hint: 'leave the value out' },
  flagValue: { code: 'E0105', native: true, message: 'invalid value "{value}" for {flag}', hint: 'it must be {expected}' },
  argumentMissing: {
    code: 'E0106', native: true, message: '"{command}" needs {what}', hint: 'usage: {usage}',
  },
  argumentExtra: {
    code: 'E0107', native: true, message: 'unexpected argument "{argument}" for "{command}"', hint: 'usage: {usage}',
  },
  argumentNotUtf8: {
    code: 'E0108', native: true, message: 'argument {number} is not valid UTF-8',
    hint: 'paths and arguments must be UTF-8 because they become JSON',
  },
  commandMissing: { code: 'E0109', native: true, message: 'no command given', hint: 'run "veloci --help" for the list of commands' },
  idInvalid: {
    code: 'E0110', native: true, message: 'invalid container ID "{id}": {why}',
    hint: 'an ID has 1 to 255 letters, digits and "_", "+", "-", "."; it does not begin with "-" or "."',
  },
  signalUnknown: {
    code: 'E0111', native: true, message: 'unknown signal "{signal}"',
    hint: 'did you mean "{suggestion}"?', otherwise: 'give a number from 1 to 64, or a name such as TERM or SIGTERM',
  },
  bundleMissing: {
    code: 'E0112', native: true, message: 'cannot open the bundle "{path}" ({errno})',
    hint: 'give the directory that holds config.json with --bundle',
  },
  consoleSocketMissing: {
    code: 'E0113', native: true,
    message: 'cannot allocate a terminal: process.terminal is true, but no console socket is set and the command detaches',
    hint: 'give --console-socket, or set process.terminal to false',
  },
  consoleSocketUnused: {
    code: 'E0114', native: true,
    message: 'cannot use the console socket "{path}": the command stays in the foreground, or process.terminal is false',
    hint: 'leave --console-socket out, or set process.terminal to true and detach',
  },
  consoleSocketConnect: {
    code: 'E0116', native: true, message: 'cannot send the terminal to the console socket "{path}" ({errno})',
    hint: 'a program must be listening on it (AF_UNIX, stream)',
  },
  preserveFdsMany: {
    code: 'E0117', native: true, message: '--preserve-fds: {count} descriptors are too many',
    hint: 'at most {most}, those of LISTEN_FDS counted in',
  },
  pidfdSocket: {
    code: 'E0126', native: true, message: 'cannot send the pidfd to the socket "{path}" ({errno})',
    hint: 'a program must be listening on it (AF_UNIX, stream)',
  },
  noPivot: {
    code: 'E0128', warning: true, message: '--no-pivot leaves the old root in reach of a process that may call chroot(2) or mount(2)',
    hint: 'use it only where the root is a ramdisk, which pivot_root(2) refuses',
  },
  regexInvalid: {
    code: 'E0127', native: true, message: 'invalid regular expression "{value}" ({why})',
    hint: 'it must be an extended regular expression, as of regex(7)',
  },
  execProgram: {
    code: 'E0118', native: true, message: 'exec needs a program: arguments after the id, or --process FILE',
    hint: 'for example "veloci exec ID sh"',
  },
  execBoth: {
    code: 'E0119', native: true, message: 'exec takes either a program or --process FILE, not both',
    hint: 'leave one of them out',
  },
  userInvalid: {
    code: 'E0120', message: 'invalid user "{user}"',
    hint: 'give UID or UID:GID, decimal numbers from 0 to 4294967294',
  },
  specExists: {
    code: 'E0121', native: true, message: 'cannot write "{path}": a file of that name is there already',
    hint: 'remove it, or choose another folder with --bundle',
  },
  subCgroup: { code: 'E0140', message: 'bad sub cgroup path "{value}" for --cgroup', hint: 'remove the "..": it must lie in the cgroup of the container' },
  envInvalid: { code: 'E0122', message: 'invalid variable "{value}" for --env', hint: 'give NAME=VALUE' },
  capabilityInvalid: {
    code: 'E0123', message: 'unknown capability "{name}" for --cap', hint: 'did you mean "{suggestion}"?',
    otherwise: 'see capabilities(7) for the names',
  },
  outputFailed: {
    code: 'E0124', native: true, message: 'cannot write to stdout ({errno})',
    hint: 'is the file system full, or the reader of the pipe gone?',
  },
  topicUnknown: {
    code: 'E0130', message: 'there is nothing to explain about "{topic}"', hint: 'did you mean "{suggestion}"?',
    otherwise: 'give a property such as linux.resources.memory.limit, or a code such as E0412',
  },
  updateNothing: {
    code: 'E0132', message: 'there is nothing to update', hint: 'give --resources FILE, or a limit such as --memory',
  },
  rdtNone: { code: 'E0133', message: 'the container has no class of service of its own', hint: 'set linux.intelRdt before create' },
  duration: { code: 'E0131', native: true, message: 'invalid duration "{value}" for {flag}', hint: 'give such as 500ms, 5s or 1m30s' },
  resourceFile: { code: 'E0125', native: true, message: 'cannot write "{path}" ({errno})', hint: 'is its directory there and writable?' },
  flagForm: { code: 'E0139', message: 'invalid value "{value}" for --{name}', hint: '{remedy}' },
} as const satisfies Entries;
