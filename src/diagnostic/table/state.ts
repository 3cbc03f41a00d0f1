import type { Entries } from '../types.ts';

/** E06xx: containers, their state and their life. Raised on the native side. */
export const state = {
  containerMissing: { code: 'E0601', native: true, message: 'container "{id}" does not exist', hint: '"veloci list" shows the containers of {root}' },
  containerExists: { code: 'E0602', native: true, message: 'container "{id}" exists already', hint: 'delete it, or choose another id' },
  notRunning: { code: 'E0603', native: true, message: 'container not running: "{id}" is {status}', hint: '"veloci list" shows what runs' },
  alreadyRunning: {
    code: 'E0604', native: true, message: 'cannot start an already running container: "{id}" is {status}',
    hint: 'a container can be started once; create another one',
  },
  startStopped: { code: 'E0605', native: true, message: 'cannot start a container that has stopped: "{id}"', hint: 'delete it and create it again' },
  deleteRunning: {
    code: 'E0606', native: true, message: 'cannot delete container "{id}" that is not stopped: {status}',
    hint: 'stop it with "veloci kill", or use --force',
  },
  execNotRunning: {
    code: 'E0607', native: true, message: 'cannot exec in container "{id}": container not running, it is {status}',
    hint: 'start it first, or create it again',
  },
  execPaused: { code: 'E0608', native: true, message: 'cannot exec in container "{id}": it is paused', hint: 'resume it first' },
  stillCreating: {
    code: 'E0609', native: true, message: 'container "{id}" is still being created',
    hint: 'wait for the end of "veloci create", or use "veloci delete --force"',
  },
  rootInvalid: { code: 'E0610', native: true, message: 'state root "{path}" cannot be used', hint: 'give another directory with --root' },
  rootCreate: { code: 'E0611', native: true, message: 'cannot make the state root "{path}" ({errno})', hint: 'give another directory with --root' },
  rootOpen: { code: 'E0612', native: true, message: 'cannot open the state root "{path}" ({errno})', hint: 'give another directory with --root' },
  rootNotDirectory: { code: 'E0613', native: true, message: 'state root "{path}" is not a directory of its own', hint: 'it must not be a symbolic link or a file' },
  rootOwner: {
    code: 'E0614', native: true, message: 'state root "{path}" belongs to uid {owner}, not to {user}',
    hint: 'give another directory with --root, or run as its owner',
  },
  rootWritable: {
    code: 'E0615', native: true, message: 'state root "{path}" can be written by others (mode {mode})', hint: 'run "chmod go-w {path}"',
  },
  stateBusy: {
    code: 'E0620', native: true, message: 'container "{id}" is in use by another command (waited {seconds} s for its lock)',
    hint: 'try again, or use "veloci delete --force"',
  },
  stateDamaged: { code: 'E0621', native: true, message: 'the state of container "{id}" is damaged: {what}', hint: 'use "veloci delete --force"' },
  stateWrite: {
    code: 'E0622', native: true, message: 'cannot write "{path}" in the state directory of "{id}" ({errno})',
    hint: 'is the file system of --root full or read-only?',
  },
  stateVersion: {
    code: 'E0623', native: true, message: 'container "{id}" was made by a version of veloci that this one cannot read',
    hint: 'use that version, or "veloci delete --force"',
  },
  pidFile: { code: 'E0625', native: true, message: 'cannot write the pid file "{path}" ({errno})', hint: 'its directory must be there and writable' },
  logFile: { code: 'E0626', native: true, message: 'cannot open the log "{path}" ({errno})', hint: 'the directory of a file must be there and writable; for journald: and syslog: that service must run' },
  initOom: {
    code: 'E0628', native: true, message: 'the container\'s init was OOM-killed: out of memory (memory limit too low?)',
    hint: 'raise linux.resources.memory.limit',
  },
  startInterrupted: {
    code: 'E0642', native: true, message: 'stopped by signal {signal} before the program of "{id}" ran',
    hint: 'the container may still start: see "veloci state", or end it with "veloci delete --force"',
  },
  commandInterrupted: { code: 'E0629', native: true, message: 'stopped by signal {signal}; everything was undone', hint: 'run it again' },
  killFailed: {
    code: 'E0631', native: true, message: 'processes of container "{id}" are still alive {seconds} s after SIGKILL',
    hint: 'they may hang in the kernel: see /proc/PID/stack of their pids',
  },
  planOutdated: { code: 'E0632', native: true, message: 'the stored plan of container "{id}" cannot be renewed: {what}', hint: 'use "veloci delete --force"' },
  notPaused: { code: 'E0634', native: true, message: 'container not paused: "{id}" is {status}', hint: '"veloci pause" pauses it' },
  freezerMissing: {
    code: 'E0635', native: true, message: 'cannot pause container "{id}": it has no cgroup that can freeze',
    hint: 'mount the freezer controller or cgroup v2, and let veloci manage cgroups',
  },
  cgroupGone: {
    code: 'E0636', native: true, message: 'cannot read the cgroup of container "{id}" ({errno})',
    hint: 'the caller of create may have had no right to make one (see "veloci doctor"), or somebody has removed it',
  },
  psFailed: { code: 'E0637', native: true, message: 'cannot run ps ({errno})', hint: 'is it installed? --format json needs no ps' },
  psColumn: { code: 'E0638', native: true, message: 'the output of ps has no PID column', hint: 'give ps arguments that show it, such as -ef' },
  checkpointNotRunning: {
    code: 'E0640', native: true, message: 'cannot checkpoint container "{id}": container not running, it is {status}',
    hint: 'start it first',
  },
  statusFdClosed: { code: 'E0641', native: true, message: '--status-fd {fd} is not open', hint: 'open it in the program that calls veloci' },
} as const satisfies Entries;
