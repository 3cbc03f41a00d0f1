import type { Entries } from '../types.ts';

/** E07xx and E08xx: operations on processes, namespaces and the state that failed; see operation.ts for the keys. */
export const operationProcess = {
  'namespace.join': { code: 'E0735', message: 'cannot join the {type} namespace "{path}"', hint: 'it takes CAP_SYS_ADMIN over that namespace' },
  'namespace.join/open:ENOENT': { code: 'E0736', message: 'the {type} namespace "{path}" is missing', hint: 'does its process still run? one with that name is made by "ip netns add {netns}"', otherwise: 'does its process still run?' },
  'namespace.join/open:EACCES': { code: 'E0812', message: 'the {type} namespace "{path}" cannot be opened', hint: 'that takes as many capabilities as its process has' },
  'namespace.join/type': { code: 'E0737', message: '"{path}" is not a {type} namespace', hint: 'name such a file as /proc/PID/ns/{kind}' },
  'time.offsets': {
    code: 'E0712', message: 'cannot set the clock offsets of the time namespace',
    hint: 'the clocks may not become negative, and nanosecs must be below 1000000000',
  },
  'namespace.enter/cgroup': {
    code: 'E0930', message: 'cannot move the process into the cgroup of the container',
    hint: 'the kernel lets a user move processes only below a cgroup that is his: call from a unit with "Delegate=yes" (systemd-run --user --scope -p Delegate=yes)',
  },
  'namespace.enter': {
    code: 'E0738', message: 'cannot enter the namespaces of the container',
    hint: 'is the container still running? it takes CAP_SYS_ADMIN over its namespaces',
  },
  'namespace.unshare': {
    code: 'E0739', message: 'cannot make new namespaces ({types})',
    hint: 'has the kernel these namespaces? see "veloci doctor"',
  },
  'namespace.unshare:EPERM': {
    code: 'E0740', message: 'not allowed to make new namespaces ({types})', hint: 'run as root, or add { "type": "user" } to linux.namespaces',
  },
  'namespace.unshare:ENOSPC': { code: 'E0741', message: 'too many namespaces ({types})', hint: 'see /proc/sys/user/max_*_namespaces' },
  'process.clone': {
    code: 'E0742', message: 'cannot make the process of the container',
    hint: 'has the kernel these namespaces? see "veloci doctor"',
  },
  'process.clone:EPERM': {
    code: 'E0743', message: 'not allowed to make the namespaces of the container', hint: 'run as root, or add { "type": "user" } to linux.namespaces',
  },
  'process.ids': {
    code: 'E0744', message: 'cannot write the id maps of the user namespace',
    hint: 'the user that runs veloci must own the ids: see subuid(5), and "veloci doctor"',
  },
  'process.ids/uidMap:EINVAL': { code: 'E0810', message: 'the kernel refuses linux.uidMappings', hint: 'it takes at most 340 ranges, and less than a page (4096 bytes) of text' },
  'process.ids/gidMap:EINVAL': { code: 'E0811', message: 'the kernel refuses linux.gidMappings', hint: 'it takes at most 340 ranges, and less than a page (4096 bytes) of text' },
  'process.ids/helper': { code: 'E0745', message: 'newuidmap or newgidmap refused the id maps', hint: '{detail}', otherwise: 'see /etc/subuid and /etc/subgid' },
  'ids.root': { code: 'E0746', message: 'cannot become root of the user namespace', hint: 'map the id 0 in linux.uidMappings and linux.gidMappings' },
  'sync.signal': { code: 'E0747', message: 'the container\'s start was interrupted', hint: '{detail}', otherwise: 'see the error of the process that ended' },
  'sync.await': { code: 'E0748', message: 'the container\'s start was interrupted', hint: '{detail}', otherwise: 'see the error of the process that ended' },
  'fd.send': { code: 'E0749', message: 'cannot hand over a descriptor', hint: 'are too many files open (RLIMIT_NOFILE)?' },
  'fd.receive': { code: 'E0750', message: 'cannot receive a descriptor', hint: '{detail}', otherwise: 'are too many files open (RLIMIT_NOFILE)?' },
  'fd.open:ENOENT': { code: 'E0807', message: '"{path}" is missing', hint: 'make it, or remove what names it' },
  'fd.open': { code: 'E0751', message: 'cannot open "{path}"', hint: 'check that it is there and that this user may open it' },

  'state.record': {
    code: 'E0755', message: 'the paths of the cgroups of the container are too long to be kept',
    hint: 'choose a shorter cgroupsPath',
  },
  'state.write': { code: 'E0756', message: 'cannot write state.json', hint: 'is the file system of --root full or read-only?' },
  'state.keep': {
    code: 'E0867', message: 'cannot keep the configuration of the container for later commands', hint: 'is the file system of --root full or read-only?',
  },
  'state.remove': { code: 'E0757', message: 'cannot remove the state directory of the container', hint: 'is the file system of --root read-only?' },
  'pid.file': { code: 'E0758', message: 'cannot write the pid file "{path}"', hint: 'its directory must be there and writable' },
  'process.spawn': {
    code: 'E0759', message: 'cannot start the stager',
    hint: 'are there too many processes (RLIMIT_NPROC, pids limit), or is memory short?',
  },
  'process.await/record:ESRCH': {
    code: 'E0913', message: 'the process of the container is not in /proc',
    hint: '/proc must be that of this pid namespace: mount it anew, as "unshare --mount-proc" does',
  },
  'process.await': {
    code: 'E0760', message: 'the process of the container did not come up', hint: '{detail}',
    otherwise: 'are there too many processes (RLIMIT_NPROC, pids limit), or is memory short?',
  },
  'process.fd': { code: 'E0769', message: 'no such process: the container\'s init is gone', hint: 'delete the container' },
  'process.signal': { code: 'E0770', message: 'cannot send the signal', hint: 'is the container still running?' },
  'process.end': { code: 'E0771', message: 'cannot end the container\'s init', hint: 'it may hang in the kernel: see /proc/PID/stack of its pid' },
  'console.send': { code: 'E0777', message: 'cannot send the terminal to "{socket}"', hint: 'a program must be listening on it (AF_UNIX, stream)' },
  'filter.open': { code: 'E0778', message: 'cannot store the compiled seccomp filter', hint: 'is the file system of --root full or read-only?' },

  'listener.open': { code: 'E0843', message: 'cannot prepare the seccomp listener', hint: 'please report it with the command line and config.json' },
  'listener.open/connect': {
    code: 'E0844', message: 'cannot connect to the seccomp listener "{path}"', hint: 'a program must be listening on it (AF_UNIX, stream)',
  },
  'seccomp.load/helper': {
    code: 'E0845', message: 'cannot make the thread that hands the seccomp listener over',
    hint: 'are there too many processes (RLIMIT_NPROC, pids limit)?',
  },
  'seccomp.load/send': { code: 'E0846', message: 'cannot send the seccomp listener', hint: 'does the program at listenerPath receive it?' },
  'pidfd.send': { code: 'E0847', message: 'cannot send the pidfd to "{path}"', hint: 'a program must be listening on it (AF_UNIX, stream)' },
  'start.refuse': {
    code: 'E0831', message: 'the container has no process to start', hint: 'rename "{suggestion}" to "process", and create it again',
    otherwise: 'add "process": { "args": ["sh"], "cwd": "/" }, and create it again',
  },
  'sched.set': { code: 'E0832', message: 'cannot set the scheduling policy', hint: 'see sched_setattr(2)' },
  'sched.set:EPERM': {
    code: 'E0833', message: 'not allowed to set the scheduling policy', hint: 'it needs CAP_SYS_NICE on the host; SCHED_DEADLINE also all '
      + 'processors of its scheduling domain (cpuset); SCHED_FIFO and SCHED_RR in cgroup v1 also linux.resources.cpu.realtimeRuntime',
  },
  'sched.set:EBUSY': {
    code: 'E0834', message: 'there is not enough processor time for SCHED_DEADLINE', hint: 'runtime / period of all such processes must stay below '
      + '/proc/sys/kernel/sched_rt_runtime_us / sched_rt_period_us of the processors; reduce "runtime"',
  },
  'sched.set:EINVAL': {
    code: 'E0835', message: 'the kernel refuses these scheduling parameters', hint: 'see sched_setattr(2); the period of SCHED_DEADLINE must lie '
      + 'between /proc/sys/kernel/sched_deadline_period_min_us and sched_deadline_period_max_us',
  },
  'sched.set:EOPNOTSUPP': { code: 'E0836', message: 'this kernel has no such scheduling flag', hint: 'SCHED_FLAG_UTIL_CLAMP_* need CONFIG_UCLAMP_TASK' },
  'ioprio.set': { code: 'E0837', message: 'cannot set the I/O priority', hint: 'see ioprio_set(2)' },
  'ioprio.set:EPERM': { code: 'E0838', message: 'not allowed to set the I/O priority', hint: 'IOPRIO_CLASS_RT needs CAP_SYS_ADMIN or CAP_SYS_NICE on the host' },
  'cpu.affinity': { code: 'E0839', message: 'cannot set the processors of the process', hint: 'at least one must exist, and be allowed by its cgroup (cpuset)' },
  'memory.policy': { code: 'E0840', message: 'cannot set the memory policy', hint: 'do its nodes exist (/sys/devices/system/node), and are they allowed by the cgroup?' },
  'memory.policy:ENOSYS': { code: 'E0841', message: 'this kernel has no memory policies', hint: 'it was built without CONFIG_NUMA; remove linux.memoryPolicy' },
  'personality.set': { code: 'E0842', message: 'cannot set the execution domain', hint: 'remove linux.personality, or use the domain "LINUX"' },
} as const satisfies Entries;
