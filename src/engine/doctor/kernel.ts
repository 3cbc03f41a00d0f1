// Judges the kernel: its system calls, its namespaces, seccomp, security modules.
import { errno, errnoName } from '../../diagnostic/errno.ts';
import type { HostFacts } from '../../generated/protocol.ts';
import { capabilityNames } from '../../spec/capabilities.ts';
import { Report } from './report.ts';
import type { Finding } from './report.ts';
import type { Probes } from '../../generated/protocol.ts';

/** System calls without which nothing works, and since when Linux has them. */
const needed: Readonly<Record<string, string>> = { openat2: '5.6', close_range: '5.9', clone3: '5.3', pidfd_open: '5.3',
  open_tree: '5.2', fsopen: '5.2' };

/** System calls that can be done without, and what is lost. */
const useful: Readonly<Record<string, string>> = {
  mount_setattr: 'recursive mount options and id-mapped mounts are not available (Linux 5.12)',
  faccessat2: 'programs are looked up less exactly (Linux 5.8)',
};

export function judgeKernel(facts: HostFacts, probes: Probes): readonly Finding[] {
  const report = new Report('kernel');
  const has = (call: string): boolean => probes.systemCalls[call] !== errno.ENOSYS;
  const missing = Object.keys(needed).filter((call) => !has(call));
  for (const call of missing) {
    report.problem(`Linux ${facts.kernel} has no ${call}(2)`,
      `use Linux ${needed[call]} or newer; in a container, let the outer runtime's seccomp profile allow it`);
  }
  if (missing.length === 0) report.ok(`Linux ${facts.kernel} on ${facts.arch} has the system calls that are needed`);
  for (const call in useful) if (!has(call)) report.warn(`no ${call}(2): ${useful[call]}`, 'use a newer kernel');
  if (probes.cloneIntoCgroup === 0) report.ok('processes can be started in their cgroup (CLONE_INTO_CGROUP)');
  else report.warn('processes are moved into their cgroup after their start', 'use Linux 5.7 or newer');
  if (probes.idmappedMounts === 0) report.ok('mounts can map ids');
  else if (facts.rootless) report.warn('mounts cannot map ids without root', 'run as root for id-mapped mounts');
  else report.warn(`mounts cannot map ids (${errnoName(probes.idmappedMounts)})`,
      'use Linux 6.3 or newer for id-mapped tmpfs');
  if (probes.texts.memfdNoexec === '2') {
    report.problem('vm.memfd_noexec is 2: the program that enters containers cannot be executed',
      'run "sysctl vm.memfd_noexec=1"');
  }
  return report.findings;
}

export function judgePrivileges(facts: HostFacts): readonly Finding[] {
  const report = new Report('privileges');
  if (facts.rootless) {
    report.ok(facts.euid === 0 ? 'root of a user namespace' : `rootless, as user ${facts.user}`);
    return report.findings;
  }
  const [low, high] = facts.capabilities;
  const lacking = capabilityNames().filter((_name, bit) =>
    bit <= facts.lastCap && ((bit < 32 ? low >>> bit : high >>> (bit - 32)) & 1) === 0
  );
  if (lacking.includes('CAP_SYS_ADMIN')) {
    report.problem('root, but without CAP_SYS_ADMIN: namespaces and mounts cannot be made',
      'give the outer container that capability, or run as a user');
  }
  if (lacking.length === 0) report.ok('root with all capabilities');
  else report.warn(`root without ${lacking.join(', ')}`, 'containers that ask for these get less; see capabilities(7)');
  return report.findings;
}

const namespaceNames: Readonly<Record<string, string>> = {
  mnt: 'mount',
  pid: 'pid',
  net: 'network',
  ipc: 'ipc',
  uts: 'uts',
  cgroup: 'cgroup',
  user: 'user',
  time: 'time',
};

const limits = [
  ['maxUserNamespaces', 'user', 'max_user_namespaces'],
  ['maxPidNamespaces', 'pid', 'max_pid_namespaces'],
  ['maxMountNamespaces', 'mount', 'max_mnt_namespaces'],
  ['maxNetworkNamespaces', 'network', 'max_net_namespaces'],
] as const;

export function judgeNamespaces(facts: HostFacts, probes: Probes): readonly Finding[] {
  const report = new Report('namespaces');
  if (!probes.namespaces.includes('mnt')) {
    // Every kernel has these: it is not the kernel that lacks them.
    report.problem('/proc is not mounted: nothing is known of namespaces, limits and seccomp',
      'mount it: "mount -t proc proc /proc"');
    return report.findings;
  }
  const missing = Object.keys(namespaceNames).filter((name) => !probes.namespaces.includes(name));
  for (const name of missing) {
    report.fault(name === 'pid', `the kernel has no ${namespaceNames[name]} namespaces`,
      "enable them in the kernel's configuration");
  }
  if (missing.length === 0) report.ok('all types of namespaces');
  for (const [key, type, file] of limits) {
    if (probes.texts[key] === '0') {
      report.fault(type !== 'user' || facts.rootless, `no ${type} namespace may be made: user.${file} is 0`,
        `raise it: "sysctl user.${file}=10000"`);
    }
  }
  judgeUserNamespaces(report, facts, probes);
  return report.findings;
}

function judgeUserNamespaces(report: Report, facts: HostFacts, probes: Probes): void {
  const { texts, userNamespace, rightsInUserNamespace } = probes;
  if (userNamespace !== 0) {
    const closed = texts.unprivilegedUserNamespaces === '0';
    const remedy = closed
      ? 'run "sysctl kernel.unprivileged_userns_clone=1"'
      : userNamespace === errno.ENOSPC
      ? 'raise user.max_user_namespaces'
      : 'see user_namespaces(7); in a container, let the outer runtime allow it';
    report.fault(facts.rootless, `user namespaces cannot be made (${errnoName(userNamespace)})`, remedy);
  } else if (rightsInUserNamespace === errno.EPERM) {
    report.fault(facts.rootless, 'user namespaces can be made, but give no rights: AppArmor restricts them',
      'load an AppArmor profile for veloci that has "userns,", or run "sysctl kernel.apparmor_restrict_unprivileged_userns=0"');
  } else {
    report.ok('user namespaces can be made');
    if (!facts.rootless && texts.appArmorRestrictsUserNamespaces === '1') {
      report.warn('AppArmor gives ordinary users no rights in user namespaces: rootless containers fail',
        'load an AppArmor profile for veloci that has "userns,"');
    }
    if (!facts.rootless && texts.unprivilegedUserNamespaces === '0') {
      report.warn('ordinary users may not make user namespaces: rootless containers fail',
        'run "sysctl kernel.unprivileged_userns_clone=1"');
    }
  }
}

export function judgeSecurity(facts: HostFacts, probes: Probes): readonly Finding[] {
  const report = new Report('security');
  const actions = probes.texts.seccompActions?.split(' ') ?? [];
  if (facts.seccomp.version === '')
    report.problem('this build has no libseccomp: configurations with a seccomp profile fail',
      'install a build with libseccomp');
  else if (probes.namespaces.includes('mnt') && actions.length === 0)
    report.problem('the kernel has no seccomp filters', 'enable CONFIG_SECCOMP_FILTER');
  else if (actions.length > 0) {
    const lacking = ['errno', 'trap', 'kill_process', 'log', 'user_notif'].filter((action) =>
      !actions.includes(action)
    );
    if (lacking.length === 0) report.ok(`seccomp filters, by libseccomp ${facts.seccomp.version}`);
    else report.warn(`the kernel lacks the seccomp actions ${lacking.join(', ')}`,
        'use a newer kernel, or profiles without them');
  }
  const modules = [facts.lsm.apparmor ? 'AppArmor' : '', facts.lsm.selinux ? 'SELinux' : ''].filter((name) =>
    name !== ''
  );
  const active = probes.texts.securityModules;
  if (modules.length > 0)
    report.ok(`${modules.join(' and ')} can confine containers${active === undefined ? '' : ` (active: ${active})`}`);
  else report.warn('neither AppArmor nor SELinux is active: configurations that name a profile or a label fail',
      'boot with one of them, if containers should be confined by it');
  return report.findings;
}
