// The names that native code knows, each with the reason why it may: kernel interfaces that an operation stands for, and files of
// our own. What a configuration can say (a type of file system, an option, a limit, a path) comes from the plan alone.

/** Names of some files, and why they are there. */
export interface Known {
  readonly files: readonly string[];
  readonly why: string;
  readonly words: readonly string[];
}

export const known: readonly Known[] = [
  {
    files: ['init/console.cc', 'executor/console/console_ops.cc', 'executor/console/terminal.cc'],
    why: 'console.open is the devpts of the container and its /dev/console; a message that peers expect',
    words: ['/dev/pts', 'ptmx', '/dev/pts/ptmx', '/dev/console', '/dev/ptmx', '/proc/self/fd/1'],
  },
  {
    files: ['file/files.cc'],
    why: 'a link to a descriptor (/dev/stdout) is no file that one takes the place of',
    words: ['/proc/'],
  },
  {
    files: ['executor/criu/criu_folders.cc'],
    why: 'the link to images that CRIU was given before, which it makes itself',
    words: ['parent', "').add(path).add("],
  },
  {
    files: ['executor/criu/criu_folders.cc'],
    why: 'the images of a memory and of its pages, as CRIU calls them, and what is said of one that lacks some',
    words: ['pagemap-', 'pages-', '.img', "').add(path).add_char('/').add(pages.str()).add("],
  },
  {
    files: ['executor/criu/criu_stall.cc'],
    why: 'the processes below CRIU, whose work tells whether a restore goes on',
    words: ['/proc/', '/task/', '/children'],
  },
  {
    files: ['executor/network/net_ops.cc'],
    why:
      'a device that comes back to a host where its name is taken is called as the kernel calls one of hardware then',
    words: ['dev%d'],
  },
  {
    files: ['executor/criu/criu_process.cc'],
    why: 'what CRIU and its children have in place of our standard streams',
    words: ['/dev/null', 'criu-words'],
  },
  {
    files: ['executor/process/limit_ops.cc'],
    why: 'rlimit.set and oom.score of a container that runs: files of /proc/PID, and its real ids',
    words: ['/status', '\\nUid:\\t', '\\nGid:\\t', '/oom_score_adj'],
  },
  {
    files: ['executor/seccomp/learner.cc'],
    why: 'the process of --learn has a name of its own',
    words: ['veloci-learn'],
  },
  {
    files: ['executor/seccomp/path_place.cc', 'executor/seccomp/path_place.h', 'executor/seccomp/path_watch.cc'],
    why:
      'files of /proc/PID by which --learn-paths sees where the paths of a process lead, and links of procfs to itself',
    words: ['/proc/', '/root', '/cwd', '/exe', '/fd/', '/maps', '/auxv', 'self', 'thread-self', 're'],
  },
  {
    files: ['executor/seccomp/capability_watch.cc'],
    why:
      'the tracepoint by which --learn-capabilities sees what the kernel asks for, its fields and filter, and functions of the kernel',
    words: ['cap_vm_enough_memory', 'security_vm_enough_memory_mm', 'ns_capable_noaudit', 'has_ns_capability_noaudit',
      'has_capability_noaudit', 'tracefs', 'events/capability/cap_capable', 'offset:', 'ret == 0 || cap == 21', 'id',
      'format', 'int cap;', 'int ret;', '/proc/kallsyms', 're', 'ovl_', '.cold'],
  },
  {
    files: ['wait/progress.cc', 'executor/criu/criu_process.cc', 'executor/systemd/dbus.h'],
    why: 'what a command waits for, on a terminal that can take a line back',
    words: ['\\r\\x1b[K', 'TERM', 'dumb', 'CRIU', 'systemd'],
  },
  {
    files: ['executor/process/relay.cc'],
    why: 'start.relay waits with nothing of its caller open, under a name of its own',
    words: ['/dev/null', 'veloci-relay'],
  },
  {
    files: ['init/mount/paths.cc', 'init/program/identity.cc', 'executor/criu/criu_ops.cc'],
    why: 'the null device, by which path.mask and CRIU cover a file, and which stdio.own puts in the place of another',
    words: ['/dev/null'],
  },
  {
    files: ['init/mount/paths.cc', 'init/mount/host_mounts.cc'],
    why: 'path.mask and root.pivot cover a directory by an empty file system of our own',
    words: ['tmpfs', 'source', 'mode', 'nr_inodes'],
  },
  {
    files: ['init/mount/layer.cc'],
    why:
      'layer.begin is a tmpfs and layer.mount an overlay, as their descriptions say; the places of the layers are their own',
    words: ['tmpfs', 'overlay', 'lowerdir', 'upper', 'work',
      '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'],
  },
  {
    files: ['init/mount/host_mounts.cc'],
    why: "root.pivot with `hide` detaches the host's own, which its description names",
    words: ['proc', 'sysfs'],
  },
  {
    files: ['init/mount/foreign_procfs.cc'],
    why: 'mount.fs with `pids` is a procfs of that namespace, as its description says',
    words: ['proc', 'pidns'],
  },
  {
    files: ['init/mount/mount_fs.cc'],
    why: 'parameters of fsconfig(2) that the fields `source` and `coveredMode` stand for',
    words: ['source', 'mode'],
  },
  {
    files: ['init/mount/mounts.cc'],
    why: 'the target of a mount that a link has led into procfs is refused, unless the plan has named it so',
    words: ['/proc'],
  },
  {
    files: [
      'init/main.cc',
      'init/mount/host_mounts.cc',
      'init/mount/mounts.cc',
      'init/mount/mounts_live.cc',
      'init/namespaces.cc',
      'init/stager.cc',
      'init/sysctl.cc',
      'executor/cgroup/cgroup.cc',
      'executor/cgroup/cgroup_tree.cc',
      'executor/cgroup/marked.cc',
      'executor/cgroup/membership.cc',
      'executor/criu/criu_ops.cc',
      'executor/criu/criu_root.cc',
      'executor/network/net_ops.cc',
      'executor/process/ids_ops.cc',
      'process/process.cc',
      'executor/state/state_ops.cc',
      'executor/systemd/dbus_ops.cc',
      'executor/process/relay.cc',
      'socket/unix_socket.cc',
      'wait/interrupt.cc',
    ],
    why: 'files of procfs about a process, and of the interfaces that an operation is named after',
    words: [
      '/cgroup',
      '/proc/self/exe',
      '/proc/self/status',
      '\\nSigIgn:\\t',
      'self/mountinfo',
      'self/fd/',
      'self/timens_offsets',
      'self/oom_score_adj',
      'sys/',
      'self/attr/exec',
      'self/attr/keycreate',
      'self/attr/apparmor/exec',
      '/proc/self/cgroup',
      '/proc/self/mountinfo',
      '/proc/self/fd/',
      '/proc/self/fd/%d',
      '/proc/',
      'ns/',
      'root',
      'mountinfo',
      'fd/',
      '/proc/self/ns/net',
      '/ns/net',
      '/ns/mnt',
      'ns/user',
      'setgroups',
      'deny',
      'uid_map',
      'gid_map',
      '/stat',
      'stat',
      '/status',
      '\\nTgid:',
      '/proc/self',
      '/proc/sys/kernel/random/boot_id',
    ],
  },
  {
    files: [
      'init/stager.cc',
      'executor/cgroup/cgroup.cc',
      'executor/cgroup/cgroup_ops.cc',
      'executor/cgroup/cgroup_tree.cc',
      'executor/cgroup/delegation.cc',
      'executor/cgroup/freezer.cc',
      'executor/cgroup/membership.cc',
      'cgroup/cgroupfs.cc',
    ],
    why: "core files of cgroups, which are no limit of anybody's: processes, controllers, kill, delegation",
    words: [
      'cgroup.procs',
      'tasks',
      'cgroup.events',
      'populated 1',
      'cgroup.kill',
      'cgroup.type',
      'cgroup.threads',
      'threaded',
      'threaded\\n',
      'cgroup.controllers',
      '/cgroup.controllers',
      'cgroup.subtree_control',
      '/sys/kernel/cgroup/delegate',
    ],
  },
  {
    files: ['executor/cgroup/cgroup.cc', 'cgroup/oom_witness.cc'],
    why:
      'whether a process of the container was killed for want of memory, which an error says; in the unit above its cgroup, too',
    words: ['memory.oom_control', 'memory.events', 'oom_kill ', 'oom_kill'],
  },
  {
    files: ['cgroup/freezer.cc'],
    why: 'the two ways to freeze, between which `FreezerVersion` of the plan chooses',
    words: [
      'freezer.state',
      'freezer.self_freezing',
      'freezer.parent_freezing',
      'FROZEN',
      'THAWED',
      'FREEZING',
      'cgroup.events',
      'cgroup.freeze',
      'frozen 1',
    ],
  },
  {
    files: ['executor/cgroup/marked.cc'],
    why: 'where cgroups are mounted, when a record that is lost does not say it',
    words: ['cgroup', 'cgroup2'],
  },
  {
    files: ['cgroup/own_cgroup.cc'],
    why: 'our own marks on cgroups',
    words: ['made', 'container', 'state', 'threads'].flatMap((
      mark,
    ) => [`trusted.veloci.${mark}`, `user.veloci.${mark}`]),
  },
  {
    files: ['executor/cgroup/cgroup_ops.cc'],
    why: 'licence of the device program, without which the kernel takes none',
    words: ['Apache-2.0'],
  },
  {
    files: ['executor/rdt/resctrl.cc', 'executor/rdt/resctrl_ops.cc'],
    why: 'files of resctrl, for the operations rdt',
    words: ['/sys/fs/resctrl', 'schemata', 'tasks', 'mon_groups', 'info/last_cmd_status'],
  },
  {
    files: ['init/net.cc'],
    why: 'net.up is the loopback device',
    words: ['lo'],
  },
  {
    files: ['init/program/environment.cc', 'init/program/program.cc'],
    why: 'process.env looks HOME up where the plan asks for it; program.run sets LISTEN_PID where it asks for that',
    words: ['/etc/passwd', 'HOME=', 'LISTEN_PID='],
  },
  {
    files: ['init/program/cause.cc'],
    why: 'why execve(2) has failed: what a file that is no program begins with',
    words: ['MZ', 'Windows', 'macOS', '\\xcf\\xfa\\xed\\xfe', '\\xca\\xfe\\xba\\xbe', '\\xef\\xbb\\xbf#!'],
  },
  {
    files: ['init/program/listener.cc'],
    why: 'assembler and attributes of the compiler',
    words: ['C', 'hidden'],
  },
  {
    files: ['executor/process/ids_ops.cc'],
    why: 'process.ids runs the helpers of shadow, from where only root can put programs and never by PATH',
    words: ['newuidmap', 'newgidmap', '/usr/bin/', '/bin/', '/usr/local/bin/', '/run/wrappers/bin/'],
  },
  {
    files: ['executor/criu/criu_ops.cc', 'executor/criu/criu_log.cc', 'executor/criu/criu_process.cc'],
    why: 'the RPC protocol of CRIU: names of its events and external resources, words of its log, its invocation',
    words: [
      'orphan-pts-master',
      'setup-namespaces',
      'post-restore',
      'file[%llx:%llx]',
      'FAILED',
      'Error (',
      'rlimit: ',
      'PATH=',
      'criu',
      'swrk',
    ],
  },
  {
    files: ['executor/systemd/dbus.cc'],
    why: 'the protocol of D-Bus, and the signal by which systemd says that a job has ended',
    words: ['\\0AUTH EXTERNAL\\r\\nDATA\\r\\nBEGIN\\r\\n', 'OK ', 'DATA', 'JobRemoved', 'uoss', 'o', 'done'],
  },
  {
    files: ['executor/mount/device_ops.cc', 'executor/process/process_ops.cc', 'executor/process/spawn.cc',
      'executor/seccomp/filter_cache.cc', 'executor/seccomp/listener_ops.cc', 'file/files.cc',
      'executor/state/state.cc'],
    why: 'names of our own files in memory, and of the cache in the state root',
    words: ['veloci-plan', 'init', 'veloci-init', 'seccomp', 'veloci-filter', 'veloci-state', 'veloci-report',
      '.device-', '.tmp', '.cache', '.veloci-', '0123456789abcdef'],
  },
  {
    files: ['executor/state/state.h'],
    why: 'names of the files in a state directory (docs/upgrading.md)',
    words: ['record', 'config.json', 'request.json', 'plan', 'state.json', 'status', 'descriptors.json', 'exec.fifo',
      'notify', 'notify/notify', 'exec-', '.execs.tmp', '.processes.tmp'],
  },
  {
    files: ['executor/process/channel.cc'],
    why: 'words for people: who was stopped or has died',
    words: ['the stager', "the container's init"],
  },
];

/** What native code asks of the host itself, each place with the reason why the plan cannot know it. */
export const asked: Readonly<Record<string, { readonly calls: readonly string[]; readonly why: string }>> = {
  'executor/process/limit_ops.cc': { calls: ['getuid', 'getgid'], why: 'rlimit.set puts its own real ids back' },
  'wait/progress.cc': { calls: ['getenv'], why: 'whether the terminal can take a line back' },
  'init/shared.cc': { calls: ['geteuid'],
    why: 'the kernel gives /proc/PID of a process that cannot be dumped to root' },
  'init/namespaces.cc': { calls: ['fstatfs'], why: 'a namespace is joined from nsfs alone, whatever lies at its path' },
  'init/console.cc': { calls: ['fstatfs'], why: 'a terminal is opened in a devpts alone, whatever lies at its path' },
  'init/mount/host_mounts.cc': { calls: ['fstatfs'],
    why: 'what cannot be detached is covered where it is one of those' },
  'init/program/interpreter.cc': { calls: ['access'], why: 'why execve(2) has failed' },
  'init/program/cause.cc': { calls: ['access'], why: 'why execve(2) has failed' },
  'executor/cgroup/membership.cc': { calls: ['is_cgroup2'],
    why: 'a process is cloned into a cgroup of v2, and moves to one of v1' },
  'executor/rdt/resctrl.cc': { calls: ['fstatfs'], why: 'that it is resctrl which is mounted there' },
  'executor/process/relay.cc': { calls: ['fstatfs'],
    why: 'what is taken from an init that others see is a pipe without a name, whatever they have put there' },
  'executor/process/ids_ops.cc': { calls: ['fstatfs'], why: 'for an error: which file system cannot map ids' },
  'executor/criu/criu_folders.cc': { calls: ['geteuid'], why: 'images are those of root or our own' },
  'executor/seccomp/path_place.cc': { calls: ['fstatfs'],
    why: 'names in a procfs or devpts are others each time; what is read-only refuses a change by itself' },
  'executor/seccomp/filter_cache.cc': { calls: ['geteuid'], why: 'a filter of the cache is our own file' },
  'executor/criu/criu_ops.cc': { calls: ['access'], why: "the first of the plan's configurations that is there" },
  'cgroup/cgroupfs.cc': { calls: ['fstatfs', 'is_cgroup2'],
    why: 'that it is a cgroup, and which of its files takes a thread' },
};

/**
 * Errnos that say that the kernel lacks or refuses something, where native code looks at them: each place with what it
 * does then. Whatever is a choice between two ways to build a container is an `alt` of the plan.
 */
export const otherWays: Readonly<Record<string, { readonly errnos: readonly string[]; readonly why: string }>> = {
  'executor/seccomp/path_place.cc': { errnos: ['EACCES', 'EPERM'],
    why: 'a process that may not be looked into is said to be one' },
  'init/namespaces.cc': { errnos: ['EACCES'], why: 'a namespace of our own process, which could not be dumped' },
  'init/program/program.cc': { errnos: ['EACCES', 'ENOSYS', 'EPERM'],
    why: 'how execve(2) would fail, without access(2)' },
  'init/program/cwd.cc': { errnos: ['EACCES'],
    why: 'only the user of the process may enter: cwd.again comes back to it' },
  'init/program/identity.cc': { errnos: ['EINVAL', 'ENOSYS', 'EPERM'],
    why:
      'the last capability is known; there are no keyrings; a stream on a file system without owners keeps its own' },
  'init/stager.cc': { errnos: ['EACCES', 'ENOSYS', 'EOPNOTSUPP', 'EPERM'],
    why: 'clone3 refused by a seccomp filter, or not into the cgroup: fork, and join it' },
  'executor/process/limit_ops.cc': { errnos: ['EPERM'],
    why: 'a caller without CAP_SYS_RESOURCE takes on the real ids of init' },
  'init/main.cc': { errnos: ['EINVAL', 'EPERM'], why: 'words for people: init does not run from its sealed memfd' },
  'init/mount/host_mounts.cc': { errnos: ['EINVAL', 'EPERM'],
    why: 'a mount that is locked cannot be detached: procfs and sysfs are covered' },
  'init/mount/mount_bind.cc': { errnos: ['EACCES', 'EINVAL'],
    why: 'which step has failed; Linux 5.10 takes a slave of an unbindable mount for unbindable' },
  'init/mount/mounts.cc': { errnos: ['EINVAL', 'ENOSYS', 'EPERM'],
    why: 'before Linux 5.12 mount(2) in place of mount_setattr(2); attributes that are locked stay, as the plan says' },
  'init/mount/paths.cc': { errnos: ['ENOSYS'],
    why: 'before Linux 5.12 read-only in place, after the mount is attached' },
  'executor/process/spawn.cc': { errnos: ['EINVAL', 'ENOSYS'],
    why: 'a flag of memfd_create(2) before Linux 6.3, and of close_range(2) before 5.11' },
  'executor/state/state.cc': { errnos: ['EINVAL', 'EOPNOTSUPP', 'ENOSYS'],
    why: 'a flag of memfd_create(2) before Linux 6.3, a file system without fallocate(2)' },
  'executor/criu/criu_process.cc': { errnos: ['EINVAL'], why: 'a flag of close_range(2) before Linux 5.11' },
  'executor/criu/criu_root.cc': { errnos: ['ENOSYS'], why: 'before Linux 5.12 mount(2) in place of mount_setattr(2)' },
  'executor/mount/host_tree.cc': { errnos: ['EINVAL', 'ENOSYS'], why: 'a detached tree before Linux 5.12: by a child' },
  'executor/cgroup/cgroup_ops.cc': { errnos: ['EINVAL'], why: 'BPF_F_REPLACE before Linux 5.6' },
  'executor/cgroup/cgroup_tree.cc': { errnos: ['EOPNOTSUPP'],
    why: 'cgroup.procs of a threaded cgroup cannot be read: its threads are' },
  'executor/cgroup/freezer.cc': { errnos: ['EACCES'], why: 'whether what cannot be read is frozen stays unknown' },
  'cgroup/cgroupfs.cc': { errnos: ['EOPNOTSUPP'], why: 'a threaded cgroup takes threads' },
};

/** Texts of the plan that native code looks into, by operation and field, with the reason. */
export const lookedInto: Readonly<Record<string, string>> = {
  'executor/cgroup/cgroup_ops.cc: CgroupWrite.file': 'whether it is the file of the write before, which is still open',
  'executor/network/net_ops.cc: NetMove.name': 'the kernel numbers a name with %d: then no device can have taken it',
  'init/program/program.cc: ProgramFind.name': 'a name with a slash is a path, as for execvp(3)',
};
