// What runc has, and how veloci differs, for docs/migrating-from-runc.md; and how crun words its help.

/** Flags of runc by command, without dashes; the empty name holds the global ones. */
export const runcFlags: Readonly<Record<string, readonly string[]>> = {
  '': ['root', 'debug', 'log', 'log-format', 'systemd-cgroup', 'rootless', 'help', 'version'],
  create: ['bundle', 'console-socket', 'pidfd-socket', 'pid-file', 'no-pivot', 'no-new-keyring', 'preserve-fds'],
  run: [
    'bundle', 'console-socket', 'pidfd-socket', 'pid-file', 'no-pivot', 'no-new-keyring', 'preserve-fds', 'detach', 'keep', 'no-subreaper',
  ],
  start: [], state: [], pause: [], resume: [], features: [],
  kill: ['all'], delete: ['force'], list: ['format', 'quiet'], ps: ['format'], events: ['interval', 'stats'],
  exec: [
    'process', 'console-socket', 'pidfd-socket', 'pid-file', 'detach', 'cwd', 'env', 'user', 'tty', 'additional-gids', 'process-label',
    'apparmor', 'no-new-privs', 'cap', 'preserve-fds', 'cgroup', 'ignore-paused',
  ],
  update: [
    'resources', 'blkio-weight', 'cpu-period', 'cpu-quota', 'cpu-burst', 'cpu-share', 'cpu-rt-period', 'cpu-rt-runtime', 'cpuset-cpus',
    'cpuset-mems', 'cpu-idle', 'kernel-memory', 'kernel-memory-tcp', 'memory', 'memory-reservation', 'memory-swap', 'pids-limit',
    'l3-cache-schema', 'mem-bw-schema',
  ],
  spec: ['bundle', 'rootless'],
  checkpoint: [
    'image-path', 'work-path', 'parent-path', 'leave-running', 'tcp-established', 'tcp-skip-in-flight', 'link-remap', 'ext-unix-sk',
    'shell-job', 'lazy-pages', 'status-fd', 'page-server', 'file-locks', 'pre-dump', 'manage-cgroups-mode', 'empty-ns', 'auto-dedup',
  ],
  restore: [
    'console-socket', 'image-path', 'work-path', 'tcp-established', 'ext-unix-sk', 'shell-job', 'file-locks', 'manage-cgroups-mode',
    'bundle', 'detach', 'pid-file', 'no-subreaper', 'no-pivot', 'empty-ns', 'auto-dedup', 'lazy-pages', 'lsm-profile', 'lsm-mount-context',
  ],
};

/** Operands of crun's commands as its usage lines show them: the help begins with such a line under the name `crun`. */
export const crunOperands: Readonly<Record<string, string>> = {
  create: '[OPTION]... CONTAINER', run: '[OPTION]... CONTAINER', update: '[OPTION]... CONTAINER', exec: 'CONTAINER cmd',
  kill: 'CONTAINER [SIGNAL]', mounts: '[add|remove] CONTAINER FILE', start: 'CONTAINER', state: 'CONTAINER', delete: 'CONTAINER',
  pause: 'CONTAINER', resume: 'CONTAINER', checkpoint: 'CONTAINER', restore: 'CONTAINER', ps: '', list: '', spec: '', features: '',
};

/** Differences in behaviour, one sentence or two each. */
export const differences: readonly string[] = [
  'State is kept in `/run/veloci` (or `$XDG_RUNTIME_DIR/veloci`), also when the command is started under the name `runc`: containers of '
    + 'two programs never meet. Engines give `--root` themselves.',
  'The files in the state directory are not those of runc: read `veloci state` in their place.',
  'Every error has a code (`E0412`), and names line and column in config.json where it comes from there. The words that engines look '
    + 'for are kept.',
  'All errors of a configuration are found before anything is made; a misspelt key is a warning on stderr (not with `--log-level error`), in a log with `--log-level warning`.',
  '`start` fails when the program cannot be executed (interpreter missing, wrong format); runc says nothing there.',
  '`delete` of a container that is created but not started is refused, as the specification says; `--force` deletes it. Under the names '
    + '`runc` and `crun` it is deleted without `--force`.',
  '`kill` of a stopped container fails with `container not running`; with `--all` it does not.',
  '`exec` gives 255 for its own failures, whatever they are.',
  '`exec` confines the process like the container\'s own (capabilities, no_new_privs, seccomp, rlimits, umask) unless the process file '
    + 'says otherwise. Capabilities of `--cap` are never inheritable nor ambient.',
  '`--preserve-fds N` passes over descriptors that are not open; runc fails.',
  'With NOTIFY_SOCKET the container finds its socket below the path of the caller\'s (`PATH/notify`), as under crun; runc mounts it at '
    + '`/run/notify`. RELOADING, STOPPING and STATUS are passed on as well as READY.',
  'A capability that the caller may not give is left out with a warning, as the specification says since 1.1; runc fails '
    + '(a privileged pod on a host that lacks one, say).',
  'Cgroups above the container\'s that create has made go with it when they are empty; runc and crun leave them.',
  '`--no-pivot` is taken, with a warning: a process with the right to mount can leave such a root. As with runc every procfs and sysfs '
    + 'of the host is detached; not with rootfsPropagation shared, where runc detaches those of the host.',
  'An id may not begin with `-` or `.` and has at most 255 characters.',
  'Started under the name `runc` or `crun`, the first line of `--version` begins with that name, and an unknown command gives the exit '
    + 'status of that program.',
  'Under the name `runc` messages that scripts look for have the words of runc (behind their code), warnings of the start are on '
    + 'stderr, and help begins as that of runc. With `--debug` the log names the stages of runc for what a start has done; they are '
    + 'written when it is done, not on the way.',
  'Under the name `runc` an option for an attribute of a bind mount says all of them (`ro` alone clears nosuid, nodev and noexec of the '
    + 'source), as in runc. Under other names attributes of the source stay unless an option takes them away.',
  'Under the name `runc` null counts as absent, and a required key may be in another case. Under other names both are errors.',
  'CRIU also reads `/etc/criu/veloci.conf`, or without it `/etc/criu/runc.conf`; under the name `runc` the latter, under the name `crun` '
    + '`/etc/criu/crun.conf` before it. The annotation `org.criu.config` names another file, or with an empty text none.',
  'A hook without `env` has an empty environment, as the specification says; only under the name `runc` a startContainer hook then has that of '
    + 'the process.',
  'A configuration without a mount namespace of its own is refused; runc mounts on the host then.',
  'With noNewPrivileges the seccomp filter is loaded behind the startContainer hooks, right before the program; runc loads it before them.',
];
