import type { Entries } from '../types.ts';

/** E07xx and E08xx: operations of CRIU and of the container's init that failed; see operation.ts for the keys. */
export const operationInit = {
  'criu.start': { code: 'E0879', message: 'cannot start CRIU ("{criu}")', hint: 'is it executable? name another one with --criu' },
  'criu.start/find': {
    code: 'E0871', message: 'CRIU is missing: there is no program "{criu}"', hint: 'install the package criu, or name the program with --criu',
  },
  'criu.start/version': { code: 'E0872', message: 'CRIU ("{criu}") does not answer', hint: '{detail}', otherwise: 'does "criu check" work?' },
  'criu.start/old': { code: 'E0873', message: 'CRIU is too old: "{criu}" is version {detail}', hint: 'install version 3.15 or later' },
  'criu.start/images': { code: 'E0874', message: 'cannot use the folder of images "{images}"', hint: 'give another one with --image-path' },
  'criu.start/work': { code: 'E0875', message: 'cannot use the folder of logs "{work}"', hint: 'give another one with --work-path' },
  'criu.start/parent': {
    code: 'E0876', message: 'there are no earlier images in "{parent}"', hint: '--parent-path is relative to --image-path',
  },
  'criu.start/target': {
    code: 'E0884', message: 'cannot make a mount point in the root file system "{rootfs}"',
    hint: 'make it by hand, or restore into a root file system that can be written',
  },
  'criu.start/namespace': { code: 'E0877', message: 'cannot open a namespace that the container shares', hint: '{detail}', otherwise: 'does its process still run?' },
  'criu.start/descriptors': {
    code: 'E0878', message: 'cannot note what stdin, stdout and stderr of the container are',
    hint: 'is the file system of --root full or read-only?',
  },
  'criu.await': { code: 'E0880', message: 'CRIU ended before it answered: {detail}', hint: 'its log is {log}' },
  'criu.await/dump': { code: 'E0881', message: 'CRIU cannot checkpoint the container: {detail}', hint: 'its log is {log}' },
  'criu.await/restore': { code: 'E0882', message: 'CRIU cannot restore the container: {detail}', hint: 'its log is {log}' },
  'criu.await/record': {
    code: 'E0883', message: 'the restored container has ended already',
    hint: 'see the log of CRIU in the folder of logs (--work-path)',
  },

  'session.new': { code: 'E0780', message: 'cannot make a new session', hint: 'please report it with the command line and config.json' },
  'session.new/keyring': { code: 'E0781', message: 'cannot make a new session keyring', hint: 'use --no-new-keyring, or raise the quota in /proc/sys/kernel/keys' },
  'net.up': { code: 'E0782', message: 'cannot bring the loopback interface up', hint: 'it takes CAP_NET_ADMIN over the network namespace' },
  'rdt.join': { code: 'E0820', message: 'cannot put the container into the class of service "{group}"', hint: '{detail}', otherwise: 'see last_cmd_status of resctrl' },
  'rdt.join/mount': { code: 'E0821', message: 'no resctrl file system is mounted', hint: 'mount it on /sys/fs/resctrl (it takes a processor with Intel RDT or its like), or remove linux.intelRdt' },
  'rdt.join/group:ENOENT': { code: 'E0822', message: 'the class of service "{group}" is missing', hint: 'make it, or say how with schemata' },
  'rdt.join/compare': { code: 'E0823', message: 'the class of service "{group}" has other schemata than the configuration asks for', hint: '"{detail}" is not what it has', otherwise: 'choose another closID' },
  'rdt.join/monitor': { code: 'E0824', message: 'cannot make a monitoring group for the container', hint: 'is their number used up? see num_rmids of resctrl' },
  'rdt.update': {
    code: 'E0826', message: 'cannot change the schemata of the class of service "{group}"', hint: '{detail}', otherwise: 'see last_cmd_status of resctrl',
  },
  'rdt.update/mount': { code: 'E0827', message: 'no resctrl file system is mounted', hint: 'mount it on /sys/fs/resctrl' },
  'rdt.remove': { code: 'E0825', message: 'cannot remove the class of service "{group}"', hint: 'remove its directory below /sys/fs/resctrl by hand' },
  'net.move': {
    code: 'E0813', message: 'cannot move the network device "{device}" to the container',
    hint: 'see the rules of linux.netDevices with "veloci explain linux.netDevices"',
  },
  'net.move/find:ENODEV': { code: 'E0814', message: 'there is no network device "{device}"', hint: '"ip link" lists them' },
  'net.move/taken': { code: 'E0815', message: 'the container has a network device "{name}" already', hint: 'set another "name", or one with %d such as "eth%d"' },
  'net.move:EPERM': { code: 'E0816', message: 'not allowed to move the network device "{device}"', hint: 'it takes CAP_NET_ADMIN over the network namespace of the host' },
  'net.move/move:EINVAL': { code: 'E0817', message: 'the network device "{device}" cannot leave its namespace', hint: 'the loopback device and some virtual ones are bound to it' },
  'net.move/address': {
    code: 'E0818', message: 'cannot give the network device "{device}" its addresses in the container',
    hint: 'see "ip address": the device keeps what it had on the host',
  },
  'hostname.set': { code: 'E0783', message: 'cannot set the host name or domain name', hint: 'it takes at most 64 bytes' },
  'sysctl.write': {
    code: 'E0784', message: 'cannot write "{value}" to the sysctl "{name}"',
    hint: 'see the documentation of the kernel for the values it takes',
  },
  'sysctl.write/open:ENOENT': { code: 'E0785', message: 'the kernel has no sysctl "{name}"', hint: 'is it spelt right? its module may not be loaded' },
  'sysctl.write/open:EISDIR': { code: 'E0819', message: 'sysctl "{name}" is a group of parameters', hint: 'name one of them' },
  'rlimit.set': { code: 'E0786', message: 'cannot set a resource limit', hint: 'see setrlimit(2)' },
  'rlimit.set:EPERM': {
    code: 'E0787', message: 'not allowed to raise a resource limit to {hard}',
    hint: 'lower "hard" to what the caller has, RLIMIT_NOFILE also to /proc/sys/fs/nr_open',
  },
  'oom.score': { code: 'E0788', message: 'cannot set oomScoreAdj to {value}', hint: 'a value below that of the caller takes CAP_SYS_RESOURCE' },
  'process.env': { code: 'E0789', message: 'no memory for the environment of the program', hint: 'is process.env extremely large, or RLIMIT_AS in process.rlimits too low?' },
  'cwd.enter/chdir:ENOENT': {
    code: 'E0910', message: 'the working directory "{path}" is missing, and the root file system is read-only',
    hint: 'make it in the root file system, or give another one (--cwd, process.cwd)',
  },
  'cwd.enter': {
    code: 'E0790', message: 'cannot enter the working directory "{path}"',
    hint: 'make it in the root file system, as a directory that the user of the process may enter',
  },
  'cwd.enter/proof': {
    code: 'E0791', message: 'the working directory "{path}" leads out of the container',
    hint: 'set process.cwd to a directory of the root file system',
  },
  'cwd.again': {
    code: 'E0792', message: 'the container\'s user cannot enter the working directory "{path}"',
    hint: 'give the user the right to enter it and the directories above',
  },
  'stdio.own': {
    code: 'E0793', message: 'cannot give stdin, stdout and stderr to uid {uid}',
    hint: 'map the uid in linux.uidMappings, or use descriptors that the user may own',
  },
  'caps.bound': {
    code: 'E0794', message: 'cannot drop capabilities of the bounding set',
    hint: 'it takes CAP_SETPCAP: run as root, or add { "type": "user" } to linux.namespaces',
  },
  'ids.set': {
    code: 'E0795', message: 'cannot become uid {uid}, gid {gid}',
    hint: 'it takes CAP_SETUID and CAP_SETGID: run as root, or add { "type": "user" } to linux.namespaces',
  },
  'ids.set:EINVAL': { code: 'E0796', message: 'uid {uid} or gid {gid} is not mapped in the user namespace', hint: 'add it to linux.uidMappings or linux.gidMappings' },
  'caps.set': { code: 'E0797', message: 'cannot set the capabilities', hint: 'the caller must have them, and they must be in the bounding set' },
  'label.exec': { code: 'E0714', message: 'cannot set the security label "{value}"', hint: 'is the profile loaded (AppArmor), or the label one of the policy (SELinux)?' },
  'privileges.none': { code: 'E0798', message: 'cannot set noNewPrivileges', hint: 'please report it with the command line and config.json' },
  'seccomp.load': {
    code: 'E0799', message: 'the kernel refused the seccomp filter',
    hint: 'does the kernel know all flags and actions of linux.seccomp? see "veloci features"',
  },
  'start.wait': { code: 'E0752', message: 'the container\'s init cannot wait for its start', hint: 'delete the container and create it again' },
} as const satisfies Entries;
