// The words of runc, for when the command is started under that name: what scripts and tests look for in its messages.
// Holes are those of the message that they replace; code, place and hint stay as they are.
import type { DiagnosticName } from './table.ts';

/** Messages by the name in the table. */
export const runcMessages: Readonly<Partial<Record<DiagnosticName, string>>> = {
  cgroupMissing: 'unknown controller "{controller}": no hierarchy with it is mounted',
  'cgroup.follow/open:ENOENT': 'error adding pid to the cgroup: no such file or directory',
  unknownCommand: "No help topic for '{name}'",
  execPaused: 'cannot exec in a paused container (use --ignore-paused to override)',
  cgroupVersion: 'invalid configuration: {name} has no equivalent on cgroup {version}',
  capabilityAmbient: "can't raise ambient capability {value}: it is not permitted and inheritable",
  'cgroup.create/populated': 'container\'s cgroup is not empty: "{path}" has processes',
  'cgroup.create/frozen': 'container\'s cgroup unexpectedly frozen: "{path}"',
  'mount.fs/target:ENOTDIR': 'filesystem "{type}" must be mounted on ordinary directory: "{target}" is none',
  'mount.bind/procfs': '"{target}" cannot be mounted because it is not of type proc',
  'mount.bind/locked':
    'runc {verb} failed: unable to start container process: error during container init: error mounting "{source}" to '
    + 'rootfs at "{target}": operation not permitted',
  'listener.open/connect': 'failed to connect with seccomp agent specified in the seccomp profile',
  memoryNoNodes: 'invalid memory policy: {mode} mode requires 0 nodes but got {count}',
  'sched.set:EPERM': "process scheduler can't be used together with AllowedCPUs",
  'hook.run': 'error running {kind} hook #{number}: "{path}" failed',
  'hook.run/execve': 'error running {kind} hook #{number}: cannot run "{path}"',
  'hook.run/timeout': 'error running {kind} hook #{number}: "{path}" took longer than {timeout} s',
  'hook.run/exit': 'error running {kind} hook #{number}: exit status {status}',
  'hook.run/signal': 'error running {kind} hook #{number}: signal: {signal}',
};

/**
 * Messages that the container's process writes itself in runc, whose stderr has them and nothing else: no code, no place,
 * no hint.
 */
export const runcAlone: Readonly<Partial<Record<DiagnosticName, string>>> = {
  'process.start/notFound': 'exec {path}: no such file or directory',
  'process.start/interpreter': 'exec {path}: no such file or directory',
  'process.start/notExecutable': 'exec {path}: permission denied',
  'process.start/crlf': 'exec {path}: no such file or directory',
  'process.start/mode': 'exec {path}: permission denied',
  'process.start/special': 'exec {path}: permission denied',
  'process.start/noexec': 'exec {path}: permission denied',
  'process.start/interpreterMode': 'exec {path}: permission denied',
  'process.start/format': 'exec {path}: exec format error',
  'process.start/empty': 'exec {path}: exec format error',
  'process.start/damaged': 'exec {path}: exec format error',
  'process.start/architecture': 'exec {path}: exec format error',
  'process.start/mark': 'exec {path}: exec format error',
  'process.start/script': 'exec {path}: exec format error',
};

/** What begins the message of whatever is wrong at one of these places (the longest one counts). */
export const runcPlaces: Readonly<Record<string, string>> = {
  '/linux/memoryPolicy': 'invalid memory policy mode: ',
  '/linux/memoryPolicy/nodes': 'invalid memory policy node: ',
  '/linux/memoryPolicy/flags': 'invalid memory policy flag: ',
};
