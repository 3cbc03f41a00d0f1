import type { Entries } from '../types.ts';

/** E04xx: what the schema cannot say about a configuration. */
export const config = {
  unsupported: {
    code: 'E0401', message: '{name} is not yet supported',
    hint: 'remove it; it is refused because ignoring it would change what the container may do',
  },
  unknownKey: {
    code: 'E0402', warning: true, message: 'unknown property "{name}"', hint: 'did you mean "{suggestion}"?',
    otherwise: 'it has no effect{beside}',
  },
  otherPlatform: { code: 'E0403', warning: true, message: '"{name}" is for another platform and has no effect on Linux', hint: 'remove it' },
  versionInvalid: {
    code: 'E0404', message: 'ociVersion "{value}" is not a version', hint: 'write a version such as "1.3.0"',
  },
  versionUnsupported: {
    code: 'E0405', message: 'ociVersion "{value}" is not supported', hint: 'versions 1.0.0 to {newest} are; a later 1.x works too',
  },
  versionNewer: {
    code: 'E0406', warning: true, message: 'ociVersion "{value}" is newer than {newest}', hint: 'properties added since then are not known',
  },
  processMissing: {
    code: 'E0407', warning: true, message: 'there is no process: the container can be created, but not started',
    hint: 'add "process" with "args" and "cwd"',
  },
  argsEmpty: { code: 'E0408', message: 'process.args is empty', hint: 'name the program to run, for example ["sh"]' },
  rootMissing: { code: 'E0409', message: 'there is no root file system', hint: 'add "root": { "path": "rootfs" }' },
  notAbsolute: { code: 'E0410', message: '{name} "{value}" is not an absolute path', hint: 'begin it with "/"' },
  emptyValue: { code: 'E0411', message: '{name} is empty', hint: '{remedy}' },
  mountOption: {
    code: 'E0412', message: 'unknown mount option "{value}"', hint: 'did you mean "{suggestion}"?',
    otherwise: 'options of the file system itself have the form the kernel takes for type "{type}"',
  },
  mountOptionValue: { code: 'E0419', message: 'mount option "{value}" has an invalid value', hint: 'it must be {expected}' },
  mountOptionList: { code: 'E0481', message: 'mount option "{value}" holds several options', hint: 'write each by itself: {list}' },
  mountRoot: {
    code: 'E0482', message: 'nothing may be mounted on "{value}", the root file system', hint: 'name what shall be the root in root.path, or choose another destination',
  },
  nameLong: { code: 'E0483', message: '{name} "{value}" is too long', hint: 'it may have {most} bytes' },
  mountOptionBind: { code: 'E0413', message: '"{value}" is for bind mounts alone', hint: 'add the option "bind", or remove it' },
  mountOptionLost: {
    code: 'E0470', warning: true, message: 'mount option "{value}" has no effect on a bind mount', hint: 'it belongs to the file system that is bound',
  },
  mountOptionTmpfs: { code: 'E0471', message: 'mount option "{value}" is for the type "tmpfs" alone', hint: 'remove it, or mount a tmpfs' },
  mapPair: { code: 'E0472', message: '{name} of a mount without {other}', hint: 'add {other}' },
  mapWithoutOption: {
    code: 'E0473', warning: true, message: 'a mount with mappings should have the option "idmap" or "ridmap"', hint: 'other runtimes may ignore the mappings without it',
  },
  mapNothing: {
    code: 'E0474', message: 'mount option "{value}" has no mappings to apply',
    hint: 'add uidMappings and gidMappings to the mount, or a user namespace to the container',
  },
  mapLate: {
    code: 'E0496', message: '"{value}" cannot map the ids of this mount', hint: 'the kernel maps the ids of new mounts alone: leave it out of a remount, and of the type "cgroup"',
  },
  mountDestination: {
    code: 'E0414', message: 'nothing may be mounted on "{value}"',
    hint: 'below /proc only single files such as /proc/cpuinfo may be covered, by bind mounts from outside of procfs',
  },
  mountRelative: {
    code: 'E0415', warning: true, message: 'mount destination "{value}" is relative and is taken as "/{value}"',
    hint: 'write "/{value}"',
  },
  mountSource: { code: 'E0416', message: 'the bind mount on "{value}" has no source', hint: 'add "source"' },
  mountType: { code: 'E0417', message: 'the mount on "{value}" has no type', hint: 'add "type", or the option "bind"' },
  mountFlagConflict: {
    code: 'E0418', warning: true, message: 'mount option "{value}" cancels "{earlier}"', hint: 'the last one counts; remove the other',
  },
  rdtClass: { code: 'E0478', message: 'closID "{value}" is no name of a class of service', hint: 'name one directory, or "/" for the default class' },
  rdtLine: { code: 'E0479', message: '{name} has more than one line', hint: 'list the lines in schemata' },
  rdtPrefix: { code: 'E0490', warning: true, message: 'l3CacheSchema "{value}" does not begin with "L3:"', hint: 'use schemata for other resources' },
  sysctlDomainname: { code: 'E0477', message: 'sysctl "kernel.domainname" is "{value}", but domainname is "{domainname}"', hint: 'remove one' },
  netDeviceName: {
    code: 'E0475', message: '"{value}" cannot be the name of a network device', hint: 'it has 1 to 15 bytes without "/", ":" and blanks; a new name may have one "%d"',
  },
  netDeviceTwice: { code: 'E0476', message: 'two network devices would be called "{value}" in the container', hint: 'give one another name, or the name "eth%d"' },
  namespaceDuplicate: { code: 'E0420', message: 'namespace "{value}" is listed twice', hint: 'remove one' },
  namespaceMissing: {
    code: 'E0421', message: '{what} needs its own {type} namespace', hint: 'add { "type": "{type}" } to linux.namespaces',
  },
  mapOverlap: { code: 'E0422', message: '{name} overlaps entry {other} in its {side} ids', hint: 'every id may be mapped only once' },
  mapSize: { code: 'E0423', message: '{name} maps no id', hint: 'set "size" to at least 1' },
  mapOverflow: { code: 'E0424', message: '{name} goes beyond the last id, 4294967294', hint: 'reduce "size"' },
  mapCount: { code: 'E0425', message: '{name} has {count} entries, the kernel takes at most 340', hint: 'join ranges that follow each other' },
  mapUseless: {
    code: 'E0426', message: '{name} is set without a new user namespace', hint: 'add { "type": "user" } to linux.namespaces, or remove it',
  },
  mapMissing: {
    code: 'E0427', message: 'a new user namespace needs {name}',
    hint: 'for example [{ "containerID": 0, "hostID": 100000, "size": 65536 }]',
  },
  mapForeign: { code: 'E0428', message: '{name} {value} is not mapped in the user namespace', hint: 'add it to {map}' },
  idInvalidNumber: { code: 'E0429', message: '{name} is 4294967295, which means "no id"', hint: 'use at most 4294967294' },
  rlimitDuplicate: { code: 'E0430', message: 'resource limit "{value}" is set twice', hint: 'remove one' },
  rlimitSoft: { code: 'E0431', message: 'soft limit {soft} of {value} is above its hard limit {hard}', hint: 'raise "hard" or lower "soft"' },
  capabilityUnknown: {
    code: 'E0432', warning: true, message: 'unknown capability "{value}" is left out', hint: 'did you mean "{suggestion}"?',
    otherwise: 'see capabilities(7) for the names',
  },
  capabilityRefused: {
    code: 'E0494', message: 'unknown capability "{value}"', hint: 'did you mean "{suggestion}"?', otherwise: 'see capabilities(7) for the names',
  },
  capabilityAmbient: {
    code: 'E0433', warning: true, message: 'ambient capabilities without effect: {value}',
    hint: 'they must be permitted and inheritable, too',
  },
  capabilityLost: {
    code: 'E0495', warning: true, message: '{set} capabilities without effect: {value}', hint: 'list them under "{needs}", too, or remove them',
  },
  sysctlKey: { code: 'E0434', message: 'invalid sysctl "{value}"', hint: 'write it as in sysctl(8), for example "net.core.somaxconn"' },
  sysctlShared: {
    code: 'E0435', message: 'sysctl "{value}" belongs to the host', hint: 'only parameters of the container\'s own namespaces can be set: '
      + 'net.*, fs.mqueue.*, kernel.msg*, kernel.sem, kernel.shm*, kernel.domainname',
  },
  sysctlHostname: { code: 'E0436', message: 'sysctl "kernel.hostname" conflicts with "hostname"', hint: 'use "hostname"' },
  deviceNumber: { code: 'E0437', message: '{name} of device "{value}" is missing', hint: 'devices of type b, c and u have "major" and "minor"' },
  deviceDuplicate: { code: 'E0438', message: 'device "{value}" is listed twice', hint: 'remove one' },
  deviceAccess: { code: 'E0439', message: 'device access "{value}" is invalid', hint: 'it is made of "r", "w" and "m"' },
  envNoName: { code: 'E0440', message: 'environment variable "{value}" has no name', hint: 'write NAME=VALUE' },
  envNoValue: { code: 'E0441', message: 'environment entry "{value}" has no "="', hint: 'write NAME=VALUE' },
  consoleSizeUseless: {
    code: 'E0442', warning: true, message: 'consoleSize has no effect because terminal is false',
    hint: 'set process.terminal to true, or remove it',
  },
  cgroupsPath: { code: 'E0443', message: 'cgroupsPath "{value}" leaves its place by ".."', hint: 'remove the ".."' },
  seccompListener: {
    code: 'E0445', message: 'SCMP_ACT_NOTIFY without a listenerPath', hint: 'name the socket of the program that decides in linux.seccomp.listenerPath',
  },
  seccompDefaultNotify: {
    code: 'E0467', message: 'SCMP_ACT_NOTIFY cannot be the default action', hint: 'name the system calls that are to be notified in "syscalls"',
  },
  seccompMetadata: { code: 'E0468', message: 'listenerMetadata is set without listenerPath', hint: 'add listenerPath, or remove it' },
  limitMissing: {
    code: 'E0480', message: '{name} has neither "{first}" nor "{second}"', hint: 'give at least one of them, or remove the entry',
  },
  seccompErrno: { code: 'E0446', message: '{name} has no effect with {action}', hint: 'only SCMP_ACT_ERRNO and SCMP_ACT_TRACE take it' },
  seccompArgIndex: { code: 'E0447', message: 'system call argument {value} does not exist', hint: 'arguments are numbered 0 to 5' },
  annotationKey: { code: 'E0449', message: 'an annotation has an empty key', hint: 'name it, for example "org.example.key"' },
  valueRange: { code: 'E0451', message: '{name} is {value}', hint: 'it must be {expected}' },
  swapBelowLimit: {
    code: 'E0452', message: 'memory.swap {swap} is below memory.limit {limit}', hint: 'swap counts memory and swap together; -1 is no limit',
  },
  swapAlone: {
    code: 'E0455', message: 'memory.swap is {swap}, but there is no memory.limit', hint: 'set memory.limit: swap counts memory and swap together',
  },
  unifiedKey: { code: 'E0453', message: 'linux.resources.unified has an invalid file name "{value}"', hint: 'write the name of a cgroup v2 file such as "memory.high"' },
  schedulerIso: {
    code: 'E0460', message: 'scheduling policy SCHED_ISO is not implemented by any kernel', hint: 'use SCHED_OTHER, SCHED_BATCH, SCHED_IDLE, '
      + 'SCHED_FIFO, SCHED_RR or SCHED_DEADLINE',
  },
  schedulerNice: { code: 'E0444', warning: true, message: 'nice is without effect for {policy}', hint: 'it belongs to SCHED_OTHER or SCHED_BATCH' },
  schedulerParameter: { code: 'E0461', message: '{name} is set for {policy}', hint: 'it belongs to {policies}; remove it, or change the policy' },
  deadlineRange: {
    code: 'E0462', message: '{name} {value} of SCHED_DEADLINE is not in the range of {least} to {most} ns',
    hint: 'the times are in nanoseconds',
  },
  deadlineMissing: {
    code: 'E0491', message: 'SCHED_DEADLINE needs {name}',
    hint: 'set it in nanoseconds: runtime <= deadline <= period',
  },
  deadlineZero: {
    code: 'E0492', message: '{name} of SCHED_DEADLINE is 0',
    hint: 'set it in nanoseconds: runtime <= deadline <= period',
  },
  deadlineOrder: {
    code: 'E0493', message: '{name} {value} of SCHED_DEADLINE is above its {other}, {limit}',
    hint: 'the kernel wants runtime <= deadline <= period; a period of 0 stands for the deadline',
  },
  schedulerFork: {
    code: 'E0463', message: 'a process of SCHED_DEADLINE cannot start the startContainer hooks: it may not fork',
    hint: 'add "SCHED_FLAG_RESET_ON_FORK" to its flags, or remove the hooks',
  },
  numberList: { code: 'E0464', message: '{name} "{value}" is not a list of numbers', hint: 'write ranges and numbers up to {most}, such as "0-3,7"' },
  memoryNoNodes: { code: 'E0456', message: 'memory policy {mode} takes no nodes, but got {count}', hint: 'remove "nodes", or choose another mode' },
  memoryNodes: { code: 'E0465', message: 'memory policy {mode} {rule}', hint: 'see set_mempolicy(2)' },
  personalityFlag: { code: 'E0466', message: 'unknown personality flag "{value}"', hint: 'none are defined; remove it' },
  fileModeDecimal: {
    code: 'E0454', warning: true, message: 'fileMode {value} is {octal} in octal', hint: 'file modes are decimal: 438 is 0666',
  },
} as const satisfies Entries;
