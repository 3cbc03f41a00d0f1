import type { Entries } from '../types.ts';

const linkToMount = {
  code: 'E0986',
  message: 'a symbolic link is in the path of the mount on "{target}"',
  hint: 'name the mount as /proc/self/mountinfo of the container does: who owns a link may have exchanged it since',
} as const;

const keptController =
  'the processes in {lacking} keep the controller "{controller}" from the cgroups below: move them into one ' +
  'of those; in a container, it can be started with the cgroup namespace of the host (--cgroupns=host)';

/**
 * E07xx, E08xx and from E0910 on: operations of a plan that failed. The key is the name of the operation, or `operation/step`, with `:ERRNO`
 * where one errno has a meaning of its own; the holes are the operation's fields. Only failures to find or run the
 * container's program use the words "no such file or directory", "permission denied", "is a directory" and
 * "executable file not found": engines turn them into exit codes 126 and 127.
 */
export const operation = {
  'cgroup.create': { code: 'E0701', message: 'cannot make the cgroup "{path}"',
    hint: 'the caller must be allowed to make cgroups there: see "veloci doctor"' },
  'cgroup.create/mkdir:EACCES': {
    code: 'E0866',
    message: 'not allowed to make the cgroup "{path}"',
    hint:
      '{detail} is not delegated to this user: on cgroup v2 use --systemd-cgroup, or a unit with "Delegate=yes" (systemd-run --user --scope -p Delegate=yes); on v1 root must give a cgroup away',
  },
  'cgroup.create/mkdir:EAGAIN': {
    code: 'E0931',
    message: 'no room for the cgroup "{path}"',
    hint:
      'cgroup.max.descendants or cgroup.max.depth of a cgroup above is reached: remove cgroups that are no longer used',
  },
  'cgroup.create/populated': { code: 'E0702', message: 'cgroup "{path}" is in use: it has processes',
    hint: 'choose another cgroupsPath' },
  'cgroup.create/frozen': { code: 'E0703', message: 'cgroup "{path}" is frozen',
    hint: 'thaw it or the one above that is frozen, or choose another cgroupsPath' },
  'cgroup.find': { code: 'E0942', message: 'cannot find the cgroup "{path}" that systemd should have made',
    hint: '"systemctl status" shows the state of its unit' },
  'cgroup.write': {
    code: 'E0704',
    message: 'cannot write "{value}" to {file} of the cgroup "{path}"',
    hint: 'choose a value within the limits of the cgroups above',
  },
  'cgroup.write/write:EINVAL': {
    code: 'E0857',
    message: 'the kernel does not take "{value}" for {file} of the cgroup',
    hint: 'see "veloci explain {property}" for valid values; the limits of the cgroups above count, too',
  },
  'cgroup.write/write:ERANGE': {
    code: 'E0857',
    message: 'the kernel does not take "{value}" for {file} of the cgroup',
    hint: 'see "veloci explain {property}" for valid values',
  },
  'cgroup.write/write:ENODEV': {
    code: 'E0859',
    message: 'cannot write "{value}" to {file} of the cgroup: the host has no such device',
    hint: '"lsblk" lists the numbers of block devices',
  },
  'cgroup.write/open:ENOENT': { code: 'E0705', message: 'the kernel has no {file} in the cgroup "{path}"',
    hint:
      '{lacking} lacks the controller "{controller}": {unit} must delegate it ("Delegate={controller}" of a unit of systemd)',
    otherwise: 'enable its controller in cgroup.subtree_control of the cgroup above, or mount it (cgroup v1)' },
  'cgroup.write/open:EBUSY': { code: 'E0705', message: 'the kernel has no {file} in the cgroup "{path}"',
    hint: keptController },
  'cgroup.move': { code: 'E0580', message: 'cannot move the container\'s init to the cgroup "{path}"',
    hint: 'remove the annotation run.oci.delegate-cgroup, or ask whoever manages the cgroup above' },
  'cgroup.own': {
    code: 'E0865',
    message: 'cannot give the cgroup "{path}" to uid {uid}',
    hint: 'the user namespace must map the id, and the file system of cgroups be writable',
  },
  'dbus.send': { code: 'E0861', message: 'cannot reach systemd to manage the cgroup', output: '{detail}',
    hint: 'use --cgroup-manager cgroupfs on a host without systemd' },
  'dbus.send/connect': { code: 'E0862', message: 'systemd does not listen on {detail}',
    hint: 'use --cgroup-manager cgroupfs where there is no systemd' },
  'dbus.send/refused': {
    code: 'E0863',
    message: 'systemd refused a call about the unit of the container: {detail}',
    hint: 'see "systemctl status" and the journal of systemd',
  },
  'dbus.send/job': {
    code: 'E0864',
    message: 'systemd could not start or stop the unit of the container: {detail}',
    hint: 'see "systemctl status" and the journal of systemd',
  },
  'cgroup.devices': {
    code: 'E0706',
    message: 'cannot attach the device rules to the cgroup',
    hint: 'it requires CAP_SYS_ADMIN, and on cgroup v2 a kernel with CONFIG_CGROUP_BPF',
  },
  'cgroup.open': { code: 'E0707', message: 'cannot open the cgroup "{path}"',
    hint: 'it was removed meanwhile, or the cgroup file system is not mounted: see "veloci doctor"' },
  'cgroup.join': {
    code: 'E0708',
    message: 'cannot join the cgroup "{path}"',
    hint: 'the cgroup must exist, and this user must be allowed to move processes there',
  },
  'cgroup.follow/open:ENOENT': { code: 'E0869', message: 'the cgroup of --cgroup is missing in "{detail}"',
    hint: 'make it below the cgroup of the container' },
  // Not E0708: that is a cgroup of the plan; this one, of exec, is init's at that moment and has no path in the plan.
  'cgroup.follow': {
    code: 'E0709',
    message: 'cannot join the cgroup of the container',
    hint: 'the cgroup must exist, and this user must be allowed to move processes there',
  },
  'cgroup.kill': { code: 'E0710', message: 'cannot kill the processes of the cgroup "{path}"',
    hint: 'run as the user who created the container, or as root' },
  // Not E0657: there no plan is left that names the cgroup which stays.
  'cgroup.remove': {
    code: 'E0711',
    message: 'cannot remove the cgroup "{path}"',
    hint: 'it may hold processes or cgroups that are not of the container: see its cgroup.procs',
  },
  'cgroup.freeze': {
    code: 'E0850',
    message: 'cannot freeze or thaw the cgroup "{path}"',
    hint: 'the container must exist, and this user must be allowed to write to its cgroup',
  },
  'cgroup.freeze:ESTALE': {
    code: 'E0940',
    message: 'the cgroup "{path}" is not that of the container',
    hint: 'it was removed and made again by somebody else: the new one is left alone',
  },
  'cgroup.freeze/open:ENOENT': {
    code: 'E0914',
    message: 'the container has no cgroup "{path}"',
    hint: 'the caller of create may not have been allowed to make it (see "veloci doctor"), or somebody has removed it',
  },
  'cgroup.freeze/wait:ETIMEDOUT': {
    code: 'E0851',
    message: 'the processes of the cgroup "{path}" do not freeze or thaw in time',
    hint: 'a process hangs in the kernel (see /proc/PID/stack), or a cgroup above it is frozen',
  },
  'cgroup.update': {
    code: 'E0704',
    message: 'cannot write "{value}" to {file} of the cgroup "{path}"',
    hint: 'choose a value within the limits of the cgroups above',
  },
  'cgroup.update:ESTALE': {
    code: 'E0940',
    message: 'the cgroup "{path}" is not that of the container',
    hint: 'it was removed and made again by somebody else: the new one is left alone',
  },
  'cgroup.update/find:ENOENT': {
    code: 'E0914',
    message: 'the container has no cgroup "{path}"',
    hint: 'the caller of create may not have been allowed to make it (see "veloci doctor"), or somebody has removed it',
  },
  'cgroup.update/open:EBUSY': { code: 'E0705', message: 'the kernel has no {file} in the cgroup "{path}"',
    hint: keptController },
  'cgroup.update/open:ENOENT': { code: 'E0705', message: 'the kernel has no {file} in the cgroup "{path}"',
    hint: 'enable its controller in cgroup.subtree_control of the cgroup above, or mount it (cgroup v1)' },
  'cgroup.update/write:EBUSY': {
    code: 'E0704',
    message: 'cannot write "{value}" to {file} of the cgroup "{path}"',
    hint: 'more than that is in use',
  },
  'cgroup.check': { code: 'E0855', message: 'cannot read {file} of the cgroup "{path}"',
    hint: 'mount the memory controller (cgroup v1), or enable it in cgroup.subtree_control' },
  'cgroup.check/exceeded': {
    code: 'E0856',
    message: 'the new memory limit {limit} is below what is in use ({detail})',
    hint: 'memory.checkBeforeUpdate forbids that: stop something first, or leave it out',
  },

  'root.open': {
    code: 'E0715',
    message: 'cannot prepare the root file system "{path}"',
    hint: 'root.path must be a directory that this user may enter',
  },
  'root.open/open:ENOENT': { code: 'E0716', message: 'the root file system "{path}" is missing',
    hint: 'root.path is relative to the bundle' },
  'root.open/open:ELOOP': {
    code: 'E0954',
    message: 'a symbolic link is in the path of the root file system "{path}"',
    hint:
      'give root.path, and --bundle, without links ("realpath" prints it): who owns a link may change where it leads',
  },
  'layer.begin': {
    code: 'E0991',
    message: 'cannot make a writable layer in memory',
    output: '{detail}',
    hint: 'org.veloci.layer.size and org.veloci.layer.inodes must leave room for org.veloci.layer.folders',
  },
  'layer.lower': {
    code: 'E0992',
    message: 'cannot take "{detail}" for a layer of the root file system',
    hint:
      'it must be a directory that this user may enter, without links in its path and, for a user, without mounts in it',
  },
  'layer.mount': {
    code: 'E0993',
    message: 'cannot join the layers of the root file system to an overlay',
    output: '{detail}',
    hint: 'load the module overlay; in a user namespace it takes Linux 5.11',
  },
  'root.pivot/hide': {
    code: 'E0952',
    message: 'cannot take the procfs and sysfs of the host out of reach',
    hint: 'leave --no-pivot out: with it they would stay in reach of the container',
  },
  'root.pivot': {
    code: 'E0717',
    message: 'cannot make the root file system the root directory',
    hint: 'the root must be a mount that pivot_root(2) takes; where it is a ramdisk use --no-pivot',
  },
  'mount.fs': {
    code: 'E0718',
    message: 'cannot mount {type} on "{target}"',
    output: '{detail}',
    hint: 'see the documentation of the file system for the source and the options that it needs',
  },
  'mount.fs/create:ENOENT': {
    code: 'E0860',
    message: 'cannot mount {type} on "{target}": its source "{source}", or a path in its options, is missing',
    hint: 'make it, or remove the mount',
  },
  'mount.fs/create:ENOTBLK': {
    code: 'E0868',
    message: 'cannot mount {type} on "{target}": its source "{source}" is not a block device',
    hint: 'name a block device, or set the type "bind" to mount a directory',
  },
  'mount.fs/create:EPERM': {
    code: 'E0828',
    message: 'not allowed to mount {type} on "{target}"',
    hint:
      'in a user namespace only some file systems can be mounted, and proc and sysfs only where those of the host are not covered (see "veloci doctor")',
  },
  'mount.fs/fsopen:ENODEV': { code: 'E0719', message: 'this kernel has no file system "{type}" (for "{target}")',
    hint: 'load its module, or remove the mount' },
  'mount.fs/option': {
    code: 'E0720',
    message: 'the file system on "{target}" refuses the mount option "{option}"',
    hint: 'the kernel says "{detail}": correct or remove it',
    otherwise: 'check how it is spelt',
  },
  'mount.fs/option:ENOENT': {
    code: 'E0829',
    message: 'the file system on "{target}" refuses the mount option "{option}": a path in it is missing',
    hint: 'make it, or correct the path',
  },
  'mount.fs/target:EROFS': {
    code: 'E0779',
    message: 'the mount point "{target}" is missing, and the root file system is read-only',
    hint: 'make it in the root file system, or choose a destination that is there',
  },
  'mount.fs/target:ENOTDIR': { code: 'E0899', message: 'cannot mount {type} on "{target}" of the root file system',
    hint: 'it must be a directory, not a file or a symbolic link' },
  'mount.fs/copy': {
    code: 'E0983',
    message: 'cannot copy what lies on "{target}" into the file system that hides it: {detail}',
    hint: 'remove "tmpcopyup" from the options, or what cannot be copied from the image',
  },
  'mount.fs/copy:ENOSPC': {
    code: 'E0983',
    message: 'cannot copy what lies on "{target}" into the file system that hides it: {detail}',
    hint: 'give it room with the options "size" and "nr_inodes", or remove "tmpcopyup"',
  },
  'mount.fs/target': {
    code: 'E0721',
    message: 'cannot make or open the mount point "{target}" in the root file system',
    hint: 'make the mount point in the root file system, as the kind of file that is mounted there',
  },
  'mount.bind': {
    code: 'E0722',
    message: 'cannot bind "{source}" on "{target}"',
    hint: 'a file can be bound only on a file, a directory only on a directory',
  },
  'mount.bind/source:ENOENT': { code: 'E0723',
    message: 'the source "{source}" of the bind mount on "{target}" is missing', hint: 'make it, or remove the mount' },
  'mount.bind/source:EACCES': { code: 'E0724',
    message: 'the source "{source}" of the bind mount on "{target}" cannot be reached',
    hint: 'check the rights of its directories' },
  'mount.bind/target:EROFS': {
    code: 'E0779',
    message: 'the mount point "{target}" is missing, and the root file system is read-only',
    hint: 'make it in the root file system, or choose a destination that is there',
  },
  'mount.bind/target': {
    code: 'E0721',
    message: 'cannot make or open the mount point "{target}" in the root file system',
    hint: 'make the mount point in the root file system, as the kind of file that is mounted there',
  },
  'mount.bind/device': {
    code: 'E0579',
    message: 'the host has another device at "{source}" than the configuration asks for',
    hint: 'a user namespace can use only the devices of the host: name one of those, with its number',
  },
  'mount.bind/attr': {
    code: 'E0800',
    message: 'the kernel refuses an option of the bind mount on "{target}"',
    hint: 'remove "{option}", or use a newer kernel',
    otherwise: 'use a newer kernel',
  },
  'mount.bind/attr:EPERM': {
    code: 'E0911',
    message: 'not allowed to take restrictions of the host from the bind mount on "{target}"',
    hint: 'remove "{option}": a user namespace cannot lift them',
    otherwise: 'in a user namespace a mount keeps "ro", "nosuid", "nodev" and "noexec" of the host',
  },
  'mount.bind/locked': { code: 'E0530',
    message: 'the bind mount on "{target}" may not change what the host has set on its source',
    hint: 'remove the options that lift a restriction' },
  'mount.bind/procfs': {
    code: 'E0932',
    message: 'only a procfs may be bound on "{target}"',
    hint: 'mount one there with the type "proc", or bind /proc of the host',
  },
  'mount.bind/link': { code: 'E0801', message: 'cannot make the symbolic link "{target}" (copy-symlink)',
    hint: 'remove what is at that path' },
  'mount.reconfigure': { code: 'E0802', message: 'cannot change the file system on "{target}"', output: '{detail}',
    hint: 'only some file systems can be changed while they are mounted: unmount it and mount it anew' },
  'mount.reconfigure/option': {
    code: 'E0720',
    message: 'the file system on "{target}" refuses the mount option "{option}"',
    hint: 'the kernel says "{detail}": correct or remove it',
    otherwise: 'check how it is spelt',
  },
  'mount.idmap': {
    code: 'E0804',
    message: 'cannot map the ids of the mount',
    hint: '{detail}',
    otherwise: 'use Linux 5.12 or newer: see "veloci doctor"',
  },
  'mount.idmap/attr:EINVAL': {
    code: 'E0805',
    message: 'the file system of the mount ({type}) cannot map ids',
    hint: 'it can with Linux {since} or newer',
    otherwise: 'no kernel can: use another file system, or change the owners of its files',
  },
  'mount.idmap/attr:EPERM': { code: 'E0806', message: 'not allowed to map the ids of the mount',
    hint: 'it requires CAP_SYS_ADMIN over the file system, and a mount without mappings so far' },
  'mount.remove': { code: 'E0890', message: 'cannot remove the mount on "{target}"',
    hint: 'it must be a mount of the container' },
  'mount.remove/target:ELOOP': linkToMount,
  'mount.attr/target:ELOOP': linkToMount,
  'mount.reconfigure/target:ELOOP': linkToMount,
  'mount.attr': { code: 'E0726', message: 'cannot change the mount on "{target}"',
    hint: 'an option is newer than this kernel: remove it, or use a newer kernel' },
  'device.node/remove': { code: 'E0985', message: 'cannot remove the device "{path}"',
    hint: 'its directory must be writable' },
  'device.node': {
    code: 'E0727',
    message: 'cannot make the device "{path}"',
    hint: 'its directory must exist and be writable, for example a tmpfs on /dev',
  },
  'device.node/parent:EINVAL': { code: 'E0849', message: 'a device cannot be at "{path}"',
    hint: 'name a file below /dev' },
  'device.node/verify:EEXIST': { code: 'E0808', message: 'something else is at the path of the device "{path}"',
    hint: 'remove it from the root file system, or the device from linux.devices' },
  'device.open': {
    code: 'E0809',
    message: 'cannot make the device {major}:{minor} for the user namespace',
    hint: 'remove it from linux.devices, or bind-mount the device of the host',
  },
  'notify.open/mkdir': { code: 'E0622', message: 'cannot write "{path}" in the state directory',
    hint: 'the file system of --root may be full or read-only: make room there' },
  'notify.open': { code: 'E0870', message: 'cannot hand over the directory of the notification socket',
    hint: 'leave NOTIFY_SOCKET out of the environment of the caller' },
  'path.symlink': {
    code: 'E0728',
    message: 'cannot make the symbolic link "{path}"',
    hint: 'its directory must exist and be writable, for example a tmpfs on /dev',
  },
  'path.directory:ENOTDIR': { code: 'E0885',
    message: 'the directory "{path}" cannot be made: it, or a part of its path, is a file',
    hint: 'set process.cwd to a directory' },
  'path.directory': { code: 'E0713', message: 'the directory "{path}" is missing and cannot be made',
    hint: 'make it in the root file system' },
  'path.mask': { code: 'E0729', message: 'cannot mask "{path}"', hint: 'remove it from linux.maskedPaths' },
  'path.readonly': { code: 'E0730', message: 'cannot make "{path}" read-only',
    hint: 'remove it from linux.readonlyPaths' },
  'console.open': { code: 'E0731', message: 'cannot open a terminal in the container',
    hint: 'mount a devpts on /dev/pts' },
} as const satisfies Entries;
