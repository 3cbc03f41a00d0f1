// dprint-ignore-file: a table, one row a line where it fits
// All commands and flags. The native parser, the help texts, the manual page and the completion are made from this table.
import { apply } from './apply.ts';
import { capture } from './capture.ts';
import { checkpoint, restore } from './checkpoint.ts';
import { exec } from './exec.ts';
import { bundle, config, creation, detach, force, json, learn, learnCapabilities, learnPaths, planned, regex } from './flags.ts';
import { risks } from '../audit/types.ts';
import { recipes } from './install.ts';
import { creationFiles, creationVariables, stateFiles } from './manual.ts';
import { spec } from './spec.ts';
import { timeline } from './timeline.ts';
import { update } from './update.ts';
import type { Command } from './types.ts';
import { unpack } from './unpack.ts';

export { globalFlags } from './flags.ts';

/** The commands in the order of the help. */
export const commands: readonly Command[] = [
  {
    name: 'run', first: 4, summary: 'create and start a container', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Creates a container from a bundle, starts it, and waits for it: standard input and output, signals and the '
      + 'terminal are passed on, and the exit code is that of the container (128 + N when signal N ended it). The '
      + 'container is deleted afterwards.',
    flags: [
      ...creation, detach,
      { name: 'no-subreaper', kind: 'bool', summary: 'leave orphans of the container to the caller\'s reaper' },
      { name: 'keep', kind: 'bool', summary: 'keep the container when it ends' },
      learn,
      learnCapabilities,
      learnPaths,
      { name: 'timeline', kind: 'string', value: 'FILE', path: true,
        summary: 'write a timeline of the start to this file: a picture (.svg), a trace for Perfetto (.json), or text' },
    ],
    examples: [{ line: 'veloci run -b /srv/web web1', what: 'run the bundle in /srv/web as web1' }],
    exits: [['STATUS', 'The program\'s own, or 128 + N when signal N ended it.'], ['1', 'The container could not be created or started; or the program ended with 1.']],
    environment: creationVariables, files: creationFiles, see: ['create', 'start', 'plan', 'why', 'timeline'],
  },
  {
    name: 'create', summary: 'create a container without starting it', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Sets up a container from a bundle: namespaces, mounts, cgroups, everything but the start of its program, which '
      + '`veloci start` does. When something fails, nothing is left behind.',
    flags: [...creation, { name: 'no-subreaper', kind: 'bool', summary: 'accepted for compatibility', ignored: true }],
    examples: [{ line: 'veloci create -b /srv/web --pid-file /run/web1.pid web1', what: 'create web1 and write its pid to a file' }],
    environment: creationVariables, files: creationFiles, see: ['start', 'run', 'delete', 'validate', 'plan'],
  },
  {
    name: 'start', summary: 'start the program of a created container', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Starts the program of a container that `veloci create` has made. It fails when the program cannot be executed.',
    flags: [], examples: [{ line: 'veloci start web1', what: 'start the container web1' }],
    environment: ['NOTIFY_SOCKET'], files: stateFiles, see: ['create', 'state', 'why'],
  },
  {
    name: 'state', summary: 'show the state of a container as JSON', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Prints the state of the OCI runtime specification: id, pid, status (creating, created, running, paused or '
      + 'stopped), bundle and annotations.',
    flags: [], examples: [{ line: 'veloci state web1', what: 'show the state of web1' }],
    files: stateFiles, see: ['list', 'why'],
  },
  {
    name: 'list', summary: 'list containers', operands: '', minOperands: 0, maxOperands: 0,
    description: 'Lists the containers below the state root (--root).',
    flags: [
      { name: 'format', also: ['f'], kind: 'string', value: 'FORMAT', choices: ['table', 'json'], summary: 'format of the list [table]' },
      { name: 'quiet', also: ['q'], kind: 'bool', summary: 'show ids only' },
    ],
    examples: [{ line: 'veloci list --format json', what: 'list the containers as JSON' }],
    files: stateFiles, see: ['state', 'top'],
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
    files: [...stateFiles, '/sys/fs/cgroup/'], see: ['events', 'list', 'top(1)'],
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
    files: stateFiles, see: ['delete', 'pause', 'wait', 'signal(7)'],
  },
  {
    name: 'delete', summary: 'delete a stopped container', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Removes the cgroups and the state of a stopped container. One that is created or running is deleted only with '
      + '--force.',
    flags: [force, regex],
    examples: [{ line: 'veloci delete --force web1', what: 'kill web1 and delete it' }],
    files: [...stateFiles, '/sys/fs/cgroup/'], see: ['kill', 'wait', 'regex(7)'],
  },
  exec,
  {
    name: 'pause', summary: 'suspend all processes of a container', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Freezes the processes of a container by its cgroup (freezer of cgroup v1, cgroup.freeze of v2), those of '
      + 'sub-cgroups too, until `veloci resume`.',
    flags: [], examples: [{ line: 'veloci pause web1', what: 'freeze web1' }],
    files: [...stateFiles, '/sys/fs/cgroup/'], see: ['resume', 'cgroups(7)'],
  },
  {
    name: 'resume', summary: 'continue the processes of a paused container', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Continues the processes that `veloci pause` has suspended.',
    flags: [], examples: [{ line: 'veloci resume web1', what: 'thaw web1' }],
    files: [...stateFiles, '/sys/fs/cgroup/'], see: ['pause', 'cgroups(7)'],
  },
  update,
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
      { line: 'veloci ps web1 -e -o pid,user,args', what: 'show pid, user and command line' },
      { line: 'veloci ps --format json web1', what: 'print only the pids' },
    ],
    environment: ['PATH'], files: [...stateFiles, '/sys/fs/cgroup/'], see: ['top', 'exec', 'ps(1)'],
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
    files: [...stateFiles, '/sys/fs/cgroup/'], see: ['top', 'wait', 'why'],
  },
  {
    name: 'mounts', summary: 'add or remove mounts of a running container', operands: 'add|remove ID FILE', minOperands: 3,
    maxOperands: 3,
    description: 'Adds the mounts of FILE to a running container, or removes them. FILE holds a JSON array as `mounts` of '
      + 'config.json, or an object with such a member. Sources of bind mounts are paths of the host; every other file system is '
      + 'mounted from inside the container.',
    flags: [],
    examples: [{ line: 'veloci mounts add web1 mounts.json', what: 'add the mounts of mounts.json to web1' }],
    files: stateFiles, see: ['apply', 'diff', 'mount(8)'],
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
    exits: [['0', 'There is no difference.'], ['2', 'There is one, or more.']],
    files: ['config.json', ...stateFiles, '/sys/fs/cgroup/'], see: ['apply', 'audit', 'plan'],
  },
  apply,
  {
    name: 'wait', summary: 'wait until a container has stopped', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Waits until the first process of a container has ended and prints its exit status: 128 + N when signal N '
      + 'ended it. For a container that has ended already it prints the status that run, another wait or events has recorded, or '
      + '"unknown". The kernel reports the status since Linux 6.15; older ones only until the process is reaped.',
    flags: [{ ...json, summary: 'print all that is known of the end: signal, reason, times, memory, processor time' }],
    examples: [{ line: 'veloci wait web1', what: 'wait for web1' }],
    files: stateFiles, see: ['why', 'events', 'kill'],
  },
  {
    name: 'why', first: 5, summary: 'explain why a container has ended or did not start', operands: 'ID', minOperands: 1, maxOperands: 1,
    description: 'Says in words how a container has ended, or why its start failed: the signal and who sent it, the limit of memory that was '
      + 'reached, the system call that the seccomp profile refused, each with its line of config.json; how long it ran, what it used, and '
      + 'the last lines of its log (--log).',
    flags: [json],
    examples: [{ line: 'veloci why web1', what: 'why has web1 ended?' }],
    files: ['config.json', ...stateFiles], see: ['wait', 'capture', 'explain', 'timeline'],
  },
  timeline,
  checkpoint,
  restore,
  spec,
  unpack,
  {
    name: 'validate', first: 2, summary: 'check a bundle without running it', operands: '', minOperands: 0, maxOperands: 0,
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
    exits: [['0', 'The bundle is valid; there may be warnings.'], ['1', 'There is an error in it.']],
    files: ['config.json'], see: ['plan', 'audit', 'explain', 'doctor'],
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
    exits: [['2', 'With `--fail-on`: there is a finding of that severity or worse.']],
    files: ['config.json', ...stateFiles], see: ['validate', 'diff', 'explain'],
  },
  capture,
  {
    name: 'plan', first: 3, summary: 'show, save or compare what would be done for a bundle', operands: '[A [B]]', minOperands: 0, maxOperands: 2,
    description: 'Shows the plan of a bundle: what the container is in a few lines, then every operation that create would run, in '
      + 'order, with the line of config.json that causes it. Nothing is run. With one operand it is the plan of that bundle, configuration '
      + 'or saved plan; with two they are compared, and the exit code is 0 when both do the same, 2 when they differ, and 1 for an error.',
    flags: planned,
    examples: [
      { line: 'veloci plan -b /srv/web --json', what: 'show the plan as JSON' },
      { line: 'veloci plan -b /srv/web -o web.plan', what: 'save it; "veloci run --plan web.plan web1" runs exactly that' },
      { line: 'veloci plan web.plan /srv/web', what: 'what has changed since it was saved' },
    ],
    exits: [['2', 'With two operands: their plans differ.']],
    environment: ['PATH'], files: ['config.json', '/run/veloci/.used-plans/'], see: ['validate', 'run', 'diff', 'explain'],
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
    see: ['validate', 'audit'],
  },
  {
    name: 'install', summary: 'show how to configure an engine to use veloci', operands: '', minOperands: 0, maxOperands: 0,
    description: 'Prints the lines for the configuration of an engine, with the path of this command. With `--apply` they are put into its file: that of '
      + 'the system for root, below `~/.config` for other users. Comments, order and everything else in the file stay; what it was is kept '
      + 'beside it as `.before-veloci`; the engine\'s own program checks the new file, where it can, before it takes the place of the old one. '
      + 'A second call changes nothing. `--undo` takes back what is veloci\'s, also when the file was edited in between.',
    flags: [
      ...recipes.map(({ flag, engine }) => ({ name: flag, kind: 'bool', summary: `for ${engine}` }) as const),
      { name: 'apply', kind: 'bool', forEngine: false, summary: 'edit the engine\'s configuration, and show what has changed' },
      { name: 'undo', kind: 'bool', summary: 'take that back' },
      { name: 'dry-run', kind: 'bool', forEngine: false, summary: 'show what either would change; the exit code is 2 when that is something, 0 when not' },
      { name: 'as-default', kind: 'bool', summary: 'whether veloci becomes the runtime that is used when none is named [podman and docker: true, else false]' },
      { name: 'file', kind: 'string', value: 'FILE', forEngine: false, summary: 'another file than the usual one' },
    ],
    examples: [
      { line: 'veloci install --podman', what: 'the lines for containers.conf' },
      { line: 'veloci install --docker --apply --as-default=false', what: 'add veloci to daemon.json, beside the default' },
      { line: 'veloci install --docker --undo', what: 'take it out again' },
    ],
    exits: [['2', 'With `--dry-run`: something would be changed.']],
    environment: ['PATH', 'XDG_CONFIG_HOME', 'HOME'], files: ['/etc/containers/containers.conf', '/etc/docker/daemon.json', '/etc/containerd/config.toml', '/etc/crio/crio.conf.d/10-veloci.conf'],
    see: ['doctor', 'podman(1)', 'containers.conf(5)'],
  },
  {
    name: 'features', summary: 'show what this runtime supports as JSON', operands: '', minOperands: 0, maxOperands: 0,
    description: 'Prints the features structure of the OCI runtime specification.',
    flags: [], examples: [{ line: 'veloci features', what: 'show the features' }],
    see: ['doctor', 'version'],
  },
  {
    name: 'doctor', summary: 'explain what this host can and cannot do', operands: '', minOperands: 0, maxOperands: 0,
    description: 'Checks the kernel, the cgroups, the security modules and the programs that containers need. Each finding is ok, a '
      + 'warning (something is not available) or a problem (containers will fail), with what to do about it. The exit code is 1 '
      + 'when there is a problem.',
    flags: [json, { name: 'sandbox', kind: 'bool', summary: 'say only what keeps sandboxes of the library from working, or makes them weaker' }],
    examples: [{ line: 'veloci doctor', what: 'check this host' },
      { line: 'veloci doctor --sandbox', what: 'check whether this user can have sandboxes' }],
    exits: [['0', 'There is no problem; there may be warnings.'], ['1', 'There is a problem: some containers will fail.']],
    environment: ['PATH'], files: ['/sys/fs/cgroup/', '/etc/subuid'], see: ['features', 'validate', 'install'],
  },
  {
    name: 'version', summary: 'show the version', operands: '', minOperands: 0, maxOperands: 0,
    description: 'Prints the version of veloci, its commit, and the version of the specification that it follows. With `--json` one object: '
      + '`version`, `commit`, `spec`, `libseccomp`.',
    flags: [json],
    examples: [{ line: 'veloci version', what: 'show the version' }, { line: 'veloci version --json', what: 'show it as JSON' }],
    see: ['features'],
  },
  {
    name: 'help', summary: 'show help', operands: '[COMMAND]', minOperands: 0, maxOperands: 1,
    description: 'Shows the commands and global flags, or the help of one command.',
    flags: [], examples: [{ line: 'veloci help run', what: 'show the help of run' }],
    exits: [['3', 'There is no such command.']],
    see: ['explain'],
  },
];
