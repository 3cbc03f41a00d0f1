// The command under the name runc: for engines, scripts and tests that were written for it.
import type { Adapter, CommandHabits, Habits, Words } from './types.ts';
import { habits as own } from './veloci.ts';

export const habits = (): Habits => ({
  ...own,
  wording: 'runc',
  placeWords: {
    '/linux/memoryPolicy': 'invalid memory policy mode: ',
    '/linux/memoryPolicy/nodes': 'invalid memory policy node: ',
    '/linux/memoryPolicy/flags': 'invalid memory policy flag: ',
  },
  failureWords: { create: 'runc create failed: ', run: 'runc run failed: ', exec: 'exec failed: ' },
  warnings: { stderr: 'grants', log: 'grants' },
  warnsOfAnnotations: false,
  // It says while it starts a container which ones it cannot raise.
  warnsOfAmbient: true,
  // What encoding/json of Go takes.
  lenientJson: true,
  // It writes behind its filter.
  refusesNotifyOfWrite: true,
  criuConfigs: ['/etc/criu/runc.conf'],
  rootlessNetwork: 'host',
  startContainerEnvironment: 'process',
  stripsRootfs: true,
  // As mount(8) with `remount,bind`.
  bindOption: 'all',
});

const command: CommandHabits = {
  unknownCommandStatus: 3,
  needsCommand: false,
  // The specification wants it refused.
  deletesCreated: true,
  // Newer ones do; 1.1 shows no containers.
  listNeedsRoot: true,
  versionShowsRoot: false,
  versionNamesProgram: true,
  helpHeading: 'Open Container Initiative runtime, by veloci',
  usageOperands: {},
  // Its own test suite looks for each of them: debug.bats, exec.bats, cpu_affinity.bats, seccomp.bats. No such stages are
  // gone through here; the lines are written when the start is done.
  stages: {
    begin: 'nsexec container setup',
    affinity: 'nsexec-0: affinity: ',
    init: 'child process in init()',
    filter: 'seccomp filter flags: ',
    waits: 'init: closing the pipe to signal completion',
    executes: 'setns_init: about to exec',
  },
};

const words: Words = {
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
    'unable to start container process: error during container init: error mounting "{source}" to rootfs at "{target}": '
    + 'operation not permitted',
  'listener.open/connect': 'failed to connect with seccomp agent specified in the seccomp profile',
  memoryNoNodes: 'invalid memory policy: {mode} mode requires 0 nodes but got {count}',
  'sched.set:EPERM': "process scheduler can't be used together with AllowedCPUs",
  'process.start/notFound': 'unable to start container process: exec: "{path}": stat {path}: no such file or directory',
  'hook.run': 'error running {kind} hook #{number}: "{path}" failed',
  'hook.run/execve': 'error running {kind} hook #{number}: cannot run "{path}"',
  'hook.run/timeout': 'error running {kind} hook #{number}: "{path}" took longer than {timeout} s',
  'hook.run/exit': 'error running {kind} hook #{number}: exit status {status}',
  'hook.run/signal': 'error running {kind} hook #{number}: signal: {signal}',
  systemdUserV1: 'cannot use rootless systemd cgroups manager on cgroup v1',
};

/** What the container's process writes itself there, and what standard error has alone. */
const wordsAlone: Words = {
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

export const runc: Adapter = { name: 'runc', habits, command, words, wordsAlone };
