// dprint-ignore-file: a table, one row a line where it fits
// Flags that several commands have, and those that stand before the command.
import { cgroupManagers, cgroupsModes, networkLocks } from '../plan/choices.ts';
import type { Flag } from './types.ts';

export const bundle: Flag = {
  name: 'bundle', also: ['b'], kind: 'string', value: 'DIR', summary: 'the bundle: the directory that holds config.json [.]',
};
export const config: Flag = {
  name: 'config', also: ['f'], kind: 'string', value: 'FILE', summary: 'configuration to use in place of config.json, absolute or relative to the bundle',
};
export const consoleSocket: Flag = {
  name: 'console-socket', kind: 'string', value: 'PATH',
  summary: 'AF_UNIX stream socket that receives the master of the terminal', path: true, changesExecPlan: false };
export const pidFile: Flag = {
  name: 'pid-file', kind: 'string', value: 'FILE', summary: 'write the pid of the process to this file', path: true, changesExecPlan: false };
export const pidfdSocket: Flag = {
  name: 'pidfd-socket', kind: 'string', value: 'PATH', summary: 'AF_UNIX stream socket that receives a pidfd of the process', changesExecPlan: false };
export const preserveFds: Flag = {
  name: 'preserve-fds', kind: 'int', value: 'N', summary: 'pass N more descriptors to the process, after stdio and those of LISTEN_FDS [0]',
};
const planFd: Flag = {
  name: 'plan-fd', kind: 'int', value: 'FD', summary: 'read the encoded response of the engine from this descriptor', hidden: true,
  forEngine: false,
};
export const consoleFd: Flag = {
  name: 'console-fd', kind: 'int', value: 'FD', summary: 'send the master of the terminal to this socket', hidden: true, forEngine: false,
};
const configFd: Flag = {
  name: 'config-fd', kind: 'int', value: 'FD', summary: 'read the configuration from this descriptor', hidden: true, forEngine: false,
};
const layerFd: Flag = {
  name: 'layer-fd', kind: 'int', value: 'FD', hidden: true, forEngine: false,
  summary: 'send the writable layer and the root of the container to this socket',
};
export const detach: Flag = { name: 'detach', also: ['d'], kind: 'bool', summary: 'return as soon as the process runs', changesExecPlan: false };
export const force: Flag = {
  name: 'force', also: ['f'], kind: 'bool', summary: 'kill the container first if it is running; succeed if there is none',
};
export const regex: Flag = {
  name: 'regex', also: ['r'], kind: 'bool', summary: 'ID is a regular expression (extended, regex(7)); act on every match',
};
export const learn: Flag = {
  name: 'learn', kind: 'string', value: 'FILE', path: true,
  summary: 'run without a filter, record the system calls, and write a seccomp profile that allows them; an existing one is extended',
};
export const learnCapabilities: Flag = {
  name: 'learn-capabilities', kind: 'string', value: 'FILE', path: true,
  summary: 'with --learn: write the capabilities that were used, as process.capabilities has them; existing ones are kept',
};
export const learnPaths: Flag = {
  name: 'learn-paths', kind: 'string', value: 'FILE', path: true,
  summary: 'with --learn: write the paths that were used, as a patch of config.json with rules of Landlock; existing ones are kept',
};
export const json: Flag = { name: 'json', kind: 'bool', summary: 'print JSON' };

/** What changes the plan of a container. */
const planning: readonly Flag[] = [
  consoleSocket, pidFile, preserveFds,
  { name: 'no-pivot', kind: 'bool', summary: 'use chroot instead of pivot_root: less secure, for a root on a ramdisk' },
  { name: 'no-new-keyring', kind: 'bool', summary: 'keep the session keyring of the caller' },
];

export const creation: readonly Flag[] = [
  bundle, config, ...planning, pidfdSocket, planFd, consoleFd, configFd, layerFd,
  { name: 'plan', kind: 'string', value: 'FILE', forEngine: false,
    summary: 'run what "veloci plan -o FILE" has saved, or nothing when it would be something else now; a plan is used once' },
];

/** What `plan` has of create, and what becomes of the plan. */
export const planned: readonly Flag[] = [
  bundle, { ...config, summary: 'another name for config.json, absolute or below the bundle' }, json,
  { name: 'out', also: ['o'], kind: 'string', value: 'FILE', summary: 'save the plan too, for --plan of create and run' },
  { name: 'id', kind: 'string', value: 'ID', summary: 'the only container that the plan is for [any]' },
  {
    name: 'redact-env', kind: 'bool',
    summary: 'leave out the values of environment variables; always for a saved plan, unless --redact-env=false',
  },
  { name: 'all', kind: 'bool', summary: 'a line for each hierarchy of cgroup v1, also where all get the same' },
  ...planning,
];

/** What checkpoint and restore share: where the images are, and what CRIU may do. */
export const criu: readonly Flag[] = [
  { name: 'image-path', kind: 'string', value: 'DIR', summary: 'where the images are [./checkpoint]', path: true, fallback: 'checkpoint' },
  { name: 'work-path', kind: 'string', value: 'DIR', summary: 'where CRIU writes its logs [that of the images]', path: true },
  { name: 'tcp-established', kind: 'bool', summary: 'include established TCP connections' },
  { name: 'tcp-close', kind: 'bool', summary: 'close TCP connections' },
  { name: 'ext-unix-sk', kind: 'bool', summary: 'include UNIX sockets whose other end is outside the container' },
  { name: 'shell-job', kind: 'bool', summary: 'include processes that are attached to a terminal of the host' },
  { name: 'file-locks', kind: 'bool', summary: 'include file locks' },
  { name: 'link-remap', kind: 'bool', summary: 'include open files that have been unlinked; CRIU gives them a name' },
  {
    name: 'manage-cgroups-mode', kind: 'string', value: 'MODE', choices: Object.keys(cgroupsModes),
    summary: 'how CRIU restores cgroups [soft]',
  },
  { name: 'empty-ns', kind: 'list', value: 'NAMESPACE', summary: 'restore this namespace (network) empty (repeatable)' },
  { name: 'auto-dedup', kind: 'bool', summary: 'free memory pages of earlier images that later ones replace' },
  { name: 'lazy-pages', kind: 'bool', summary: 'load memory pages on first use' },
  {
    name: 'network-lock', kind: 'string', value: 'METHOD', choices: Object.keys(networkLocks),
    summary: 'how the network is blocked during the dump [chosen by CRIU]',
  },
];

/** Flags that stand before the command, or after it. */
export const globalFlags: readonly Flag[] = [
  {
    name: 'root', kind: 'string', value: 'DIR',
    summary: 'where the state of containers is kept [/run/veloci, or $XDG_RUNTIME_DIR/veloci for a user]', forEngine: false },
  { name: 'log', kind: 'string', value: 'FILE', summary: 'append log lines to a file, or send them to journald:NAME or syslog:NAME [stderr]', changesExecPlan: false },
  { name: 'log-format', kind: 'string', value: 'FORMAT', choices: ['text', 'json'], summary: 'format of the log lines [text]', forEngine: false },
  {
    name: 'log-level', kind: 'string', value: 'LEVEL', choices: ['error', 'warning', 'debug'],
    summary: 'least severe level to log [warning; with --log or as crun: error]', changesExecPlan: false },
  {
    name: 'control-fd', kind: 'int', value: 'FD', hidden: true, forEngine: false,
    summary: 'the socket of the program that owns this command: it hears of events and the log, and says what to do' },
  { name: 'debug', kind: 'bool', summary: 'the same as --log-level debug', changesExecPlan: false },
  {
    name: 'systemd-cgroup', kind: 'bool',
    summary: 'let systemd create the cgroup; cgroupsPath is then SLICE:PREFIX:NAME',
  },
  {
    name: 'cgroup-manager', kind: 'string', value: 'MANAGER', choices: Object.keys(cgroupManagers),
    summary: 'what creates cgroups [cgroupfs]',
  },
  { name: 'rootless', kind: 'string', value: 'BOOL', choices: ['auto', 'true', 'false', '1', '0'],
    summary: 'accepted for compatibility', ignored: true },
  { name: 'criu', kind: 'string', value: 'PATH', summary: 'CRIU program, a path or a name in PATH [criu]' },
  { name: 'help', also: ['h', '?'], kind: 'bool', summary: 'show help', forEngine: false },
  { name: 'version', also: ['v', 'V'], kind: 'bool', summary: 'show the version', forEngine: false },
];
