// dprint-ignore-file: a table, one row a line where it fits
// What the manual pages say beyond the flags: variables of the environment, files, exit statuses. table.ts refers to it by name.

/** Variables that veloci reads from its environment. */
export const variables = {
  XDG_RUNTIME_DIR: 'Where a user\'s containers are kept (`$XDG_RUNTIME_DIR/veloci`) and where the bus of the user\'s systemd is found.',
  USER: 'Root of a user namespace that is called `root` here keeps its containers where root does, in spite of XDG_RUNTIME_DIR.',
  PATH: 'Where programs are looked up: `criu`, `ps`, `newuidmap`, `newgidmap`, and for `install` those of the engines.',
  NO_COLOR: 'When it is not empty, nothing is coloured.',
  CLICOLOR: '`0`: nothing is coloured.',
  CLICOLOR_FORCE: 'When it is neither empty nor `0`, output is coloured where it is no terminal, too.',
  TERM: '`dumb`, or not set: nothing is coloured, and no line shows what a command waits for.',
  NOTIFY_SOCKET: 'Socket of the service manager (sd_notify(3)); what the container sends to its own is passed on to it.',
  LISTEN_FDS: 'With LISTEN_PID (sd_listen_fds(3)): as many descriptors, from 3 on, are passed to the program.',
  XDG_DATA_HOME: 'Where the layers of a user\'s images are kept (`$XDG_DATA_HOME/veloci/layers`).',
  VELOCI_PLAN_CACHE: '`0`: plans are not remembered from one start to the next; `verify`: each remembered one is compared with a fresh one.',
  TMPDIR: 'Where an image on standard input is kept while it is unpacked; without it /var/tmp.',
  XDG_CONFIG_HOME: 'Where a user\'s configurations are.',
  HOME: 'Without XDG_DATA_HOME or XDG_CONFIG_HOME: `$HOME/.local/share` and `$HOME/.config` in their place.',
  TRACEPARENT: 'The trace (W3C Trace Context) that the start belongs to; hooks get it, too.',
} as const;

export type Variable = keyof typeof variables;

/** Files that veloci reads and writes. */
export const files = {
  'config.json': 'The configuration of the container, in its bundle.',
  '/run/veloci/ID/': 'The state of a container of root; another root directory with `--root`.',
  '$XDG_RUNTIME_DIR/veloci/ID/': 'The same for other users.',
  '/run/veloci/.cache/seccomp/': 'Compiled seccomp filters, by the hash of their profile.',
  '/run/veloci/.used-plans/': 'Which saved plans have been used.',
  '/var/lib/veloci/layers/': 'Unpacked layers of images, by their digests; another directory with `--cache`.',
  '~/.local/share/veloci/layers/': 'The same for other users.',
  '/etc/containers/containers.conf': 'What `--podman` edits; for users `~/.config/containers/containers.conf`.',
  '/etc/docker/daemon.json': 'The same for `--docker`; for users `~/.config/docker/daemon.json`.',
  '/etc/containerd/config.toml': 'The same for `--containerd`; for users `~/.config/containerd/config.toml`.',
  '/etc/crio/crio.conf.d/10-veloci.conf': 'The same for `--crio`.',
  './checkpoint/': 'Images of a checkpoint, unless `--image-path` names another directory.',
  '/sys/fs/cgroup/': 'The cgroups of containers.',
  '/etc/subuid': 'With `/etc/subgid`: the subordinate ids that a user\'s containers may have.',
} as const;

export type File = keyof typeof files;

/** An exit status as the manual shows it, and what it means. */
export type Exit = readonly [status: string, meaning: string];

/** What every command has that is not said otherwise. */
export const usualExits: readonly Exit[] = [['0', 'Success.'], ['1', 'An error; the message has its code and place.']];

/** Sets of files that several commands have. */
export const stateFiles: readonly File[] = ['/run/veloci/ID/', '$XDG_RUNTIME_DIR/veloci/ID/'];
export const creationFiles: readonly File[] = ['config.json', ...stateFiles, '/run/veloci/.cache/seccomp/', '/run/veloci/.used-plans/', '/etc/subuid'];

/** Sets of variables that several commands have. */
export const everywhere: readonly Variable[] = ['XDG_RUNTIME_DIR', 'USER', 'NO_COLOR', 'CLICOLOR', 'CLICOLOR_FORCE', 'TERM'];
export const creationVariables: readonly Variable[] = ['NOTIFY_SOCKET', 'LISTEN_FDS', 'TRACEPARENT', 'PATH', 'VELOCI_PLAN_CACHE'];
