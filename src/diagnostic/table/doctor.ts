// Everything that `doctor` says: what was found, and what to do about it, with holes `{name}`.

/** What `doctor` says of one thing. */
export interface DoctorText {
  readonly message: string;
  /** What to do; things that are as they should be have none. */
  readonly remedy?: string;
}

export const doctor = {
  // The kernel.
  callMissing: { message: 'Linux {kernel} has no {call}(2)',
    remedy: "use Linux {since} or newer; in a container, let the outer runtime's seccomp profile allow it" },
  callsPresent: { message: 'Linux {kernel} on {arch} has the system calls that are needed' },
  noMountSetattr: {
    message: 'no mount_setattr(2): recursive mount options and id-mapped mounts are not available (Linux 5.12)',
    remedy: 'use a newer kernel',
  },
  noFaccessat2: { message: 'no faccessat2(2): programs are looked up less exactly (Linux 5.8)',
    remedy: 'use a newer kernel' },
  cloneIntoCgroup: { message: 'processes can be started in their cgroup (CLONE_INTO_CGROUP)' },
  noCloneIntoCgroup: { message: 'processes are moved into their cgroup after their start',
    remedy: 'use Linux 5.7 or newer' },
  idmappedMounts: { message: 'mounts can map ids' },
  idmappedMountsForRoot: { message: 'mounts cannot map ids without root', remedy: 'run as root for id-mapped mounts' },
  noIdmappedMounts: { message: 'mounts cannot map ids ({errno})',
    remedy: 'use Linux 6.3 or newer for id-mapped tmpfs' },
  memfdNoexec: { message: 'vm.memfd_noexec is 2: the program that enters containers cannot be executed',
    remedy: 'run "sysctl vm.memfd_noexec=1"' },

  // Privileges.
  rootOfNamespace: { message: 'root of a user namespace' },
  rootless: { message: 'rootless, as user {user}' },
  noSysAdmin: { message: 'root, but without CAP_SYS_ADMIN: namespaces and mounts cannot be made',
    remedy: 'give the outer container that capability, or run as a user' },
  allCapabilities: { message: 'root with all capabilities' },
  capabilitiesLacking: { message: 'root without {capabilities}',
    remedy: 'containers that ask for these get less; see capabilities(7)' },

  // Namespaces.
  noProc: { message: '/proc is not mounted: nothing is known of namespaces, limits and seccomp',
    remedy: 'mount it: "mount -t proc proc /proc"' },
  namespaceMissing: { message: 'the kernel has no {type} namespaces',
    remedy: "enable them in the kernel's configuration" },
  allNamespaces: { message: 'all types of namespaces' },
  namespaceLimit: { message: 'no {type} namespace may be made: user.{file} is 0',
    remedy: 'raise it: "sysctl user.{file}=10000"' },
  userNamespaceClosed: { message: 'user namespaces cannot be made ({errno})',
    remedy: 'run "sysctl kernel.unprivileged_userns_clone=1"' },
  userNamespaceLimit: { message: 'user namespaces cannot be made ({errno})', remedy: 'raise user.max_user_namespaces' },
  userNamespaceRefused: { message: 'user namespaces cannot be made ({errno})',
    remedy: 'see user_namespaces(7); in a container, let the outer runtime allow it' },
  userNamespaceNoRights: {
    message: 'user namespaces can be created, but give no rights: AppArmor restricts them',
    remedy:
      'load an AppArmor profile for veloci that has "userns,", or run "sysctl kernel.apparmor_restrict_unprivileged_userns=0"',
  },
  userNamespaces: { message: 'user namespaces can be made' },
  usersRestricted: { message: 'AppArmor gives ordinary users no rights in user namespaces: rootless containers fail',
    remedy: 'load an AppArmor profile for veloci that has "userns,"' },
  usersRefused: { message: 'ordinary users may not make user namespaces: rootless containers fail',
    remedy: 'run "sysctl kernel.unprivileged_userns_clone=1"' },

  // Security.
  noLibseccomp: { message: 'this build has no libseccomp: configurations with a seccomp profile fail',
    remedy: 'install a build with libseccomp' },
  noSeccomp: { message: 'the kernel has no seccomp filters', remedy: 'enable CONFIG_SECCOMP_FILTER' },
  seccomp: { message: 'seccomp filters, by libseccomp {version}' },
  seccompActionsLacking: { message: 'the kernel lacks the seccomp actions {actions}',
    remedy: 'use a newer kernel, or profiles without them' },
  modules: { message: '{modules} can confine containers' },
  modulesActive: { message: '{modules} can confine containers (active: {active})' },
  noModules: {
    message: 'neither AppArmor nor SELinux is active: configurations that name a profile or a label fail',
    remedy: 'boot with one of them, if containers should be confined by it',
  },

  // Cgroups.
  noCgroups: { message: 'no cgroup file system is mounted',
    remedy: 'mount one: "mount -t cgroup2 cgroup2 /sys/fs/cgroup"' },
  cgroupV2: { message: 'cgroup v2 at {mount}, controllers {controllers}' },
  cgroupV2Bare: { message: 'cgroup v2 at {mount}, without controllers' },
  cgroupHybrid: { message: 'cgroup v1 ({count} hierarchies), beside it v2 at {mount}' },
  cgroupV1: { message: 'cgroup v1 ({count} hierarchies)' },
  controllerMissing: { message: 'no controller {controller}: {limits} cannot be limited',
    remedy: 'mount it, or enable it at boot' },
  noDevices: { message: 'no controller devices: access to devices cannot be restricted',
    remedy: 'mount it, or use cgroup v2' },
  noFreezer: { message: 'no controller freezer: containers cannot be paused', remedy: 'mount it' },
  noDeviceProgram: { message: 'programs for the devices of a cgroup cannot be loaded',
    remedy: 'enable CONFIG_CGROUP_BPF; CAP_BPF or CAP_SYS_ADMIN is needed' },
  closedToUser: { message: 'no cgroup can be made below {path}: limits cannot be set',
    remedy: 'log in by a systemd session (user@.service delegates), or use --systemd-cgroup' },
  closed: { message: 'no cgroup can be made below {path}: limits cannot be set',
    remedy: 'mount the cgroup file system writable' },
  controllersOfUserLacking: { message: '{path}/cgroup.controllers lacks {controllers}',
    remedy: 'set "Delegate=yes" for user@.service: "systemctl edit user@.service"' },
  controllersLacking: { message: '{path}/cgroup.controllers lacks {controllers}',
    remedy: 'enable them in cgroup.subtree_control above' },
  open: { message: 'cgroups can be made below {path}' },
  hierarchiesOpen: { message: 'cgroups can be made in all hierarchies' },
  hierarchiesClosedToUser: { message: 'no cgroup can be made in {controllers}: their limits cannot be set',
    remedy: 'cgroup v1 is not delegated to users: boot with cgroup v2' },
  hierarchiesClosed: { message: 'no cgroup can be made in {controllers}: their limits cannot be set',
    remedy: 'mount the hierarchies writable' },

  // Subordinate ids.
  idHelperMissing: { message: '{program} is missing: only your own {kind} can be mapped',
    remedy: 'install the package uidmap (shadow-utils)' },
  idHelperPowerless: { message: '{path} has no privilege to map ids', remedy: 'run "chmod u+s {path}" as root' },
  noSubids: { message: '/etc/sub{kind} has no ids for {user}',
    remedy: 'run "usermod --add-sub{kind}s 100000-165535 {user}" as root' },
  // usermod knows no user without a name.
  noSubidsOfNumber: { message: '/etc/sub{kind} has no ids for {user}',
    remedy: 'add the line "{number}:100000:65536" to it as root' },
  subids: { message: '{count} subordinate {kind}s' },

  // Sandboxes.
  sandboxes: { message: 'nothing on this host stands in the way of sandboxes' },
  sandboxNoNamespaces: { message: 'user namespaces are turned off (user.max_user_namespaces is 0)',
    remedy: 'run "sysctl -w user.max_user_namespaces=15000" as root, and add the setting to /etc/sysctl.d/' },
  sandboxRootAlone: { message: 'user namespaces are for root alone (kernel.unprivileged_userns_clone is 0, Debian)',
    remedy: 'run "sysctl -w kernel.unprivileged_userns_clone=1" as root, and add the setting to /etc/sysctl.d/' },
  sandboxAppArmor: {
    message: 'AppArmor takes the rights away from user namespaces of ordinary users (Ubuntu 23.10 and newer)',
    remedy:
      'give the command a profile that has "userns,", or run "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" as root',
  },
  sandboxNoOverlay: { message: 'Linux {kernel} mounts no overlay in a user namespace',
    remedy: 'use Linux 5.11 or newer' },
  sandboxNoCgroup: {
    message: 'no cgroup is delegated to this user: memory is limited for each process, processors are not',
    remedy:
      'on cgroup v2 run it in a unit with Delegate=yes, such as "systemd-run --user --scope -p Delegate=yes", or log in with a session of systemd; on v1 root gives a cgroup away',
  },

  // Programs.
  noCriu: { message: 'criu is missing: no checkpoint and restore', remedy: 'install criu, if you need them' },
  criu: { message: 'criu is {path}' },
  noPs: { message: 'ps is missing: "veloci ps" has --format json alone', remedy: 'install procps' },
  ps: { message: 'ps is {path}' },

  // systemd.
  noSystemd: { message: 'systemd is not running: cgroups are made directly' },
  noUserBus: { message: 'the bus of your systemd instance cannot be reached: --systemd-cgroup fails',
    remedy: 'log in by a session with XDG_RUNTIME_DIR set, or run "loginctl enable-linger"' },
  noSystemBus: { message: 'the bus of systemd cannot be reached: --systemd-cgroup fails', remedy: 'start dbus' },
  systemd: { message: 'the bus of systemd can be reached' },
} as const satisfies Readonly<Record<string, DoctorText>>;

/** Names of what `doctor` can say. */
export type DoctorTextName = keyof typeof doctor;
