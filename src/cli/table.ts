// dprint-ignore-file: a table, one row a line where it fits
// All commands and flags. The native parser, the help texts, the manual page and the completion are made from this table.
import { apply } from './apply.ts';
import { capture } from './capture.ts';
import { bundle, config, consoleFd, consoleSocket, creation, criu, detach, force, json, learn, pidFile, pidfdSocket, planned, preserveFds, regex } from './flags.ts';
import { risks } from '../audit/types.ts';
import { recipes } from './install.ts';
import type { Command } from './types.ts';

export { globalFlags } from './flags.ts';

/** The commands in the order of the help. */
export const commands: readonly Command[] = [
  {
    name: 'run', summary: 'create and start a container', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Creates a container from a bundle, starts it, and waits for it: standard input and output, signals and the '
      + 'terminal are passed on, and the exit code is that of the container (128 + N when signal N ended it). The '
      + 'container is deleted afterwards.',
    flags: [
      ...creation, detach,
      { name: 'no-subreaper', kind: 'bool', summary: 'leave orphans of the container to the caller\'s reaper' },
      { name: 'keep', kind: 'bool', summary: 'keep the container when it ends' },
      learn,
      { name: 'timeline', kind: 'string', value: 'FILE', path: true,
        summary: 'write a timeline of the start to this file: a picture (.svg), a trace for Perfetto (.json), or text' },
    ],
    examples: [{ line: 'veloci run -b /srv/web web1', what: 'run the bundle in /srv/web as web1' }],
  },
  {
    name: 'create', summary: 'create a container without starting it', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Sets up a container from a bundle: namespaces, mounts, cgroups, everything but the start of its program, which '
      + '`veloci start` does. When something fails, nothing is left behind.',
    flags: [...creation, { name: 'no-subreaper', kind: 'bool', summary: 'accepted for compatibility', ignored: true }],
    examples: [{ line: 'veloci create -b /srv/web --pid-file /run/web1.pid web1', what: 'create web1 and write its pid to a file' }],
  },
  {
    name: 'start', summary: 'start the program of a created container', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Starts the program of a container that `veloci create` has made. It fails when the program cannot be executed.',
    flags: [], examples: [{ line: 'veloci start web1', what: 'start the container web1' }],
  },
  {
    name: 'state', summary: 'show the state of a container as JSON', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Prints the state of the OCI runtime specification: id, pid, status (creating, created, running, paused or '
      + 'stopped), bundle and annotations.',
    flags: [], examples: [{ line: 'veloci state web1', what: 'show the state of web1' }],
  },
  {
    name: 'list', summary: 'list containers', operands: '', minOperands: 0, maxOperands: 0,
    description: 'Lists the containers below the state root (--root).',
    flags: [
      { name: 'format', also: ['f'], kind: 'string', value: 'FORMAT', choices: ['table', 'json'], summary: 'format of the list [table]' },
      { name: 'quiet', also: ['q'], kind: 'bool', summary: 'show ids only' },
    ],
    examples: [{ line: 'veloci list --format json', what: 'list the containers as JSON' }],
  },
  {
    name: 'top', summary: 'show what containers use', operands: '', minOperands: 0, maxOperands: 0,
    description: 'Shows the containers below the state root (--root) that are not stopped with their share of a processor, memory and '
      + 'its limit, processes and their limit, bytes read from and written to block devices, and the share of the last ten seconds '
      + 'in which some process waited for processor, memory or I/O (cgroup v2, and v1 where the kernel has it). The busiest '
      + 'come first. On a terminal the table is renewed until a signal ends it. Memory is without files that can be dropped.',
    flags: [
      { name: 'once', kind: 'bool', summary: 'show it once' },
      json,
      { name: 'interval', kind: 'string', value: 'DURATION', summary: 'time between two tables, such as 500ms or 5s [2s]' },
    ],
    examples: [{ line: 'veloci top --once', what: 'show it once' }],
  },
  {
    name: 'kill', summary: 'send a signal to a container', operands: 'ID [SIGNAL]', minOperands: 1, maxOperands: 2,
    description: 'Sends a signal to the first process of a container. SIGNAL is a number or a name, with or without SIG, in '
      + 'any case [TERM].',
    flags: [
      { name: 'all', also: ['a'], kind: 'bool', summary: 'send it to all processes of the container' },
      regex,
    ],
    examples: [{ line: 'veloci kill web1 KILL', what: 'send SIGKILL to web1' }],
  },
  {
    name: 'delete', summary: 'delete a stopped container', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Removes the cgroups and the state of a stopped container. One that is created or running is deleted only with '
      + '--force.',
    flags: [force, regex],
    examples: [{ line: 'veloci delete --force web1', what: 'kill web1 and delete it' }],
  },
  {
    name: 'exec', summary: 'run a program in a running container', operands: 'ID [PROGRAM [ARGUMENTS]]', minOperands: 1,
    maxOperands: Infinity, flagsEndAfter: 1,
    description: 'Runs another process in a container: PROGRAM, or the one that --process describes. The exit code is that of the '
      + 'program, or 255 when it could not be run.',
    flags: [
      learn,
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
  },
  {
    name: 'pause', summary: 'suspend all processes of a container', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Freezes the processes of a container by its cgroup (freezer of cgroup v1, cgroup.freeze of v2), those of '
      + 'sub-cgroups too, until `veloci resume`.',
    flags: [], examples: [{ line: 'veloci pause web1', what: 'freeze web1' }],
  },
  {
    name: 'resume', summary: 'continue the processes of a paused container', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Continues the processes that `veloci pause` has suspended.',
    flags: [], examples: [{ line: 'veloci resume web1', what: 'thaw web1' }],
  },
  {
    name: 'update', summary: 'change the resource limits of a container', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Changes limits of a container that runs, from a file (`linux.resources` of config.json) or from flags. What is '
      + 'absent or zero stays as it is; -1 removes a limit. When the kernel refuses a value, those set before are restored. '
      + 'Sizes take the suffixes k, m, g, t and p.',
    flags: [
      {
        name: 'resources', also: ['r'], kind: 'string', value: 'FILE',
        summary: 'resources as JSON, - for standard input; flags for limits are then ignored',
      },
      { name: 'dry-run', kind: 'bool', summary: 'show what would be written to which file, and change nothing' },
      { name: 'memory', kind: 'string', value: 'BYTES', summary: 'memory limit', limit: ['memory', 'limit', 'bytes'] },
      { name: 'memory-reservation', kind: 'string', value: 'BYTES', summary: 'soft memory limit', limit: ['memory', 'reservation', 'bytes'] },
      { name: 'memory-swap', kind: 'string', value: 'BYTES', summary: 'limit of memory plus swap', limit: ['memory', 'swap', 'bytes'] },
      { name: 'cpu-share', kind: 'string', value: 'N', summary: 'relative weight of cpu time (2 to 262144)', limit: ['cpu', 'shares', 'natural'] },
      { name: 'cpu-period', kind: 'string', value: 'USEC', summary: 'period of the cpu quota', limit: ['cpu', 'period', 'natural'] },
      { name: 'cpu-quota', kind: 'string', value: 'USEC', summary: 'cpu time in each period', limit: ['cpu', 'quota', 'integer'] },
      { name: 'cpu-burst', kind: 'string', value: 'USEC', summary: 'unused cpu time that may be used later', limit: ['cpu', 'burst', 'natural'] },
      { name: 'cpu-idle', kind: 'string', value: '0|1', summary: 'with 1, run only when nothing else needs the cpu', limit: ['cpu', 'idle', 'natural'] },
      { name: 'cpu-rt-period', kind: 'string', value: 'USEC', summary: 'period of the realtime runtime (cgroup v1)', limit: ['cpu', 'realtimePeriod', 'natural'] },
      { name: 'cpu-rt-runtime', kind: 'string', value: 'USEC', summary: 'realtime cpu time in each period (cgroup v1)', limit: ['cpu', 'realtimeRuntime', 'integer'] },
      { name: 'cpuset-cpus', kind: 'string', value: 'LIST', summary: 'cpus that may be used, as in 0-2,7', limit: ['cpu', 'cpus', 'text'] },
      { name: 'cpuset-mems', kind: 'string', value: 'LIST', summary: 'memory nodes that may be used', limit: ['cpu', 'mems', 'text'] },
      { name: 'pids-limit', kind: 'string', value: 'N', summary: 'limit on the number of processes and threads', limit: ['pids', 'limit', 'tasks'] },
      { name: 'blkio-weight', kind: 'string', value: 'N', summary: 'relative weight of block I/O (10 to 1000)', limit: ['blockIO', 'weight', 'natural'] },
      { name: 'l3-cache-schema', kind: 'string', value: 'SCHEMA', summary: 'Intel RDT cache allocation', limit: ['intelRdt', 'l3CacheSchema', 'l3'] },
      { name: 'mem-bw-schema', kind: 'string', value: 'SCHEMA', summary: 'Intel RDT memory bandwidth', limit: ['intelRdt', 'memBwSchema', 'bandwidth'] },
      { name: 'kernel-memory', kind: 'string', value: 'BYTES', summary: 'accepted for compatibility', ignored: true },
      { name: 'kernel-memory-tcp', kind: 'string', value: 'BYTES', summary: 'accepted for compatibility', ignored: true },
    ],
    examples: [
      { line: 'veloci update --memory 512m --pids-limit 200 web1', what: 'change two limits of web1' },
      { line: 'veloci update --dry-run --cpu-quota 50000 web1', what: 'show what a new quota would write' },
    ],
  },
  {
    name: 'ps', summary: 'list the processes of a container', operands: 'ID [ARGUMENTS OF ps]', minOperands: 1,
    maxOperands: Infinity, flagsEndAfter: 1,
    description: 'Lists the processes of a container and of its sub-cgroups: the lines of the host\'s ps(1) that belong to them. '
      + 'The arguments of ps must leave its PID column in place [-ef].',
    flags: [
      {
        name: 'format', also: ['f'], kind: 'string', value: 'FORMAT', choices: ['table', 'json'],
        summary: 'format of the list [table]; json is an array of host pids',
      },
    ],
    examples: [
      { line: 'veloci ps web1 -o pid,user,args', what: 'show pid, user and command line' },
      { line: 'veloci ps --format json web1', what: 'print only the pids' },
    ],
  },
  {
    name: 'events', summary: 'show usage and events of a container', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Prints JSON objects, one per line, until the container ends: its usage at every interval (type stats), and what '
      + 'happens to it (types oom, pause, resume, pressure and exit).',
    flags: [
      { name: 'stats', kind: 'bool', summary: 'print the usage once' },
      { name: 'interval', kind: 'string', value: 'DURATION', summary: 'time between two reports of usage, such as 500ms, 1m30s, or seconds [5s]' },
    ],
    examples: [
      { line: 'veloci events --stats web1', what: 'show what web1 uses' },
      { line: 'veloci events --interval 1s web1', what: 'watch web1' },
    ],
  },
  {
    name: 'mounts', summary: 'add or remove mounts of a running container', operands: 'add|remove ID FILE', minOperands: 3,
    maxOperands: 3,
    description: 'Adds the mounts of FILE to a running container, or removes them. FILE holds a JSON array as `mounts` of '
      + 'config.json, or an object with such a member. Sources of bind mounts are paths of the host; every other file system is '
      + 'mounted from inside the container.',
    flags: [],
    examples: [{ line: 'veloci mounts add web1 mounts.json', what: 'add the mounts of mounts.json to web1' }],
  },
  {
    name: 'diff', summary: 'compare a container with its configuration', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Compares what a container is, as the kernel shows it from outside, with its configuration as it is now, and prints each '
      + 'difference with its place there. Nothing is run in the container. The exit code is 0 when there is no difference, 2 when there is '
      + 'one, and 1 for an error. What cannot be read back is never taken for the same: it is counted, and listed by --unobserved.',
    flags: [
      { ...bundle, summary: 'another bundle than that of the container', path: true },
      { ...config, summary: 'another name for config.json, absolute or below the bundle; - for standard input' },
      { name: 'applied', kind: 'bool', summary: 'compare with the configuration that was last created or updated' },
      { name: 'declared', kind: 'bool', summary: 'compare that one with the configuration as it is now; the container may have stopped' },
      { name: 'unobserved', kind: 'bool', summary: 'also list what cannot be read back, and why' },
      json,
    ],
    examples: [
      { line: 'veloci diff web1', what: 'compare web1, as it runs, with its config.json' },
      { line: 'veloci diff --applied --json web1', what: 'what has been changed behind veloci\'s back, as JSON' },
    ],
  },
  apply,
  {
    name: 'wait', summary: 'wait until a container has stopped', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Waits until the first process of a container has ended and prints its exit status: 128 + N when signal N '
      + 'ended it. For a container that has ended already it prints the status that run, another wait or events has recorded, or '
      + '"unknown". The kernel reports the status since Linux 6.15; older ones only until the process is reaped.',
    flags: [{ ...json, summary: 'print all that is known of the end: signal, reason, times, memory, processor time' }],
    examples: [{ line: 'veloci wait web1', what: 'wait for web1' }],
  },
  {
    name: 'why', summary: 'explain why a container has ended or did not start', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Says in words how a container has ended, or why its start failed: the signal and who sent it, the limit of memory that was '
      + 'reached, the system call that the seccomp profile refused, each with its line of config.json; how long it ran, what it used, and '
      + 'the last lines of its log (--log).',
    flags: [json],
    examples: [{ line: 'veloci why web1', what: 'why has web1 ended?' }],
  },
  {
    name: 'timeline', summary: 'show where the start of a container spent its time', operands: 'ID', minOperands: 1,
    maxOperands: 1,
    description: 'Shows each operation of the container\'s last start, or of one of its last sixteen execs, with its process, duration and the line of config.json that '
      + 'caused it, and the share of engine, hooks, cgroups and mounts. Times are in milliseconds; dots in a bar are waiting. '
      + 'Prints text unless a flag selects another format.',
    flags: [
      { name: 'svg', kind: 'bool', summary: 'print a picture' },
      { name: 'chrome', kind: 'bool', summary: 'print trace events as JSON, for Perfetto and chrome://tracing' },
      {
        name: 'otlp', kind: 'bool',
        summary: 'print a trace of OpenTelemetry as JSON, below TRACEPARENT of the environment, or of the one that create had',
      },
      { name: 'exec', kind: 'int', value: 'N', summary: 'of an exec in place of the start: 1 is the last one' },
      { name: 'execs', kind: 'bool', summary: 'list the last execs: when, how long until the program ran, what' },
    ],
    examples: [
      { line: 'veloci timeline web1', what: 'see where the start of web1 spent its time' },
      { line: 'veloci timeline --svg web1 > start.svg', what: 'the same as a picture' },
    ],
  },
  {
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
  },
  {
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
  },
  {
    name: 'spec', summary: 'write a default config.json, or format, merge or migrate one', operands: '[fmt|merge|migrate] [FILE] [FILE]',
    minOperands: 0, maxOperands: 3,
    description: 'Writes a configuration that runs `sh` in the root file system `rootfs` beside it. An existing file is not '
      + 'overwritten. `fmt` prints a configuration with its members in the order of the specification and two spaces; `merge BASE PATCH` '
      + 'one with a JSON Merge Patch (RFC 7386) applied; `migrate` one in terms of the newest version that is known, and on standard '
      + 'error what has changed, or it is refused. All three keep unknown properties and each digit of a number. Maps keep the order of their keys.',
    flags: [
      { ...bundle, summary: 'where to write it, or what fmt and migrate read [.]' },
      { name: 'rootless', kind: 'bool', summary: 'for an unprivileged user, with a user namespace' },
      { name: 'file', also: ['f'], kind: 'string', value: 'FILE', summary: 'another name for config.json, absolute or relative to the bundle; - for standard input' },
      { name: 'write', also: ['w'], kind: 'bool', summary: 'fmt: replace the file, atomically' },
      { name: 'check', kind: 'bool', summary: 'fmt: write nothing, and exit with 2 when it would change the file' },
      {
        name: 'from', kind: 'string', value: 'MODEL', choices: ['runc', 'docker-default'],
        summary: 'whose defaults to use: those of `runc spec`, with few capabilities, or those of a container of Docker 24 [runc]',
      },
    ],
    examples: [
      { line: 'veloci spec', what: 'write config.json into the current directory' },
      { line: 'veloci spec fmt --write -b /srv/web', what: 'format /srv/web/config.json' },
      { line: 'veloci spec merge config.json debug.json > merged.json', what: 'apply the changes of debug.json' },
      { line: 'veloci spec migrate -b /srv/web', what: 'show the same configuration for the newest version' },
    ],
  },
  {
    name: 'validate', summary: 'check a bundle without running it', operands: '', minOperands: 0, maxOperands: 0,
    description: 'Reports everything that is wrong with a bundle, with line and column, and warns about unknown properties. It checks the configuration, '
      + 'whether this host can do what it asks for, and whether the root file system, the program, sources of bind mounts, namespaces and '
      + 'hooks exist. The result is the one that `veloci create` would give on this host. The exit code is 1 when there is an error; warnings alone give 0.',
    flags: [
      bundle, config, { ...json, summary: 'the same as --format json' },
      { name: 'no-files', kind: 'bool', summary: 'check only the text; what this host lacks is a warning' },
      {
        name: 'format', kind: 'string', value: 'FORMAT', choices: ['text', 'json', 'sarif'],
        summary: 'format of the findings [text]; sarif is SARIF 2.1.0, which code hosting services read',
      },
    ],
    examples: [
      { line: 'veloci validate -b /srv/web', what: 'check /srv/web/config.json' },
      { line: 'veloci validate --format sarif > veloci.sarif', what: 'write findings for a code hosting service' },
    ],
  },
  {
    name: 'audit', summary: 'show what a container could do to the host', operands: '[ID]', minOperands: 0, maxOperands: 1,
    description: 'Looks for dangers in the configuration of a bundle, or in a container as it is running now: each with its line, its '
      + 'severity, what an attacker gets, and the smallest change that ends it (docs/audit.md lists the rules). The annotation '
      + 'org.veloci.audit.ignore.RULE accepts one, its value is the reason. Nothing is run or changed.',
    flags: [
      bundle, { ...config, summary: 'another name for config.json, absolute or below the bundle; - for standard input' }, json,
      { name: 'sarif', kind: 'bool', summary: 'print SARIF 2.1.0, which code hosts read' },
      {
        name: 'fail-on', kind: 'string', value: 'SEVERITY', choices: risks,
        summary: 'exit with 2 when a finding is as bad as that, or worse',
      },
      { name: 'no-files', kind: 'bool', summary: 'do not look at the files of hooks, bundle and image' },
    ],
    examples: [
      { line: 'veloci audit -b /srv/web', what: 'what a container of /srv/web could do' },
      { line: 'veloci audit --fail-on high web1', what: 'the same for the container web1, with a status for scripts' },
    ],
  },
  capture,
  {
    name: 'plan', summary: 'show, save or compare what would be done for a bundle', operands: '[A [B]]', minOperands: 0, maxOperands: 2,
    description: 'Shows the plan of a bundle: what the container is in a few lines, then every operation that create would run, in '
      + 'order, with the line of config.json that causes it. Nothing is run. With one operand it is the plan of that bundle, configuration '
      + 'or saved plan; with two they are compared, and the exit code is 0 when both do the same, 2 when they differ, and 1 for an error.',
    flags: planned,
    examples: [
      { line: 'veloci plan -b /srv/web --json', what: 'show the plan as JSON' },
      { line: 'veloci plan -b /srv/web -o web.plan', what: 'save it; "veloci run --plan web.plan web1" runs exactly that' },
      { line: 'veloci plan web.plan /srv/web', what: 'what has changed since it was saved' },
    ],
  },
  {
    name: 'explain', summary: 'explain a property of config.json, a code or a rule', operands: '[PATH|CODE|RULE]', minOperands: 0,
    maxOperands: 1,
    description: 'Explains a property of config.json (its purpose, type and members), what an error code '
      + 'means and what to do about it, or what a rule of `veloci audit` looks for. PATH is written with dots or as a JSON pointer; for a name that exists in several places '
      + 'they are listed. Without an argument, it lists the members of config.json.',
    flags: [],
    examples: [
      { line: 'veloci explain linux.resources.memory.limit', what: 'explain a property' },
      { line: 'veloci explain E0412', what: 'explain an error' },
    ],
  },
  {
    name: 'install', summary: 'show how to configure an engine to use veloci', operands: '', minOperands: 0, maxOperands: 0,
    description: 'Prints the lines for the configuration of an engine, with the path of this command. Nothing is changed.',
    flags: recipes.map(({ flag, engine }) => ({ name: flag, kind: 'bool', summary: `for ${engine}` })),
    examples: [{ line: 'veloci install --podman', what: 'the lines for containers.conf' }],
  },
  {
    name: 'features', summary: 'show what this runtime supports as JSON', operands: '', minOperands: 0, maxOperands: 0,
    description: 'Prints the features structure of the OCI runtime specification.',
    flags: [], examples: [{ line: 'veloci features', what: 'show the features' }],
  },
  {
    name: 'doctor', summary: 'explain what this host can and cannot do', operands: '', minOperands: 0, maxOperands: 0,
    description: 'Checks the kernel, the cgroups, the security modules and the programs that containers need. Each finding is ok, a '
      + 'warning (something is not available) or a problem (containers will fail), with what to do about it. The exit code is 1 '
      + 'when there is a problem.',
    flags: [json], examples: [{ line: 'veloci doctor', what: 'check this host' }],
  },
  {
    name: 'version', summary: 'show the version', operands: '', minOperands: 0, maxOperands: 0,
    description: 'Prints the version of veloci, its commit, and the version of the specification that it follows.',
    flags: [], examples: [{ line: 'veloci version', what: 'show the version' }],
  },
  {
    name: 'help', summary: 'show help', operands: '[COMMAND]', minOperands: 0, maxOperands: 1,
    description: 'Shows the commands and global flags, or the help of one command.',
    flags: [], examples: [{ line: 'veloci help run', what: 'show the help of run' }],
  },
];
