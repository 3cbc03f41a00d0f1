// Judges the kernel: its system calls, its namespaces, seccomp, security modules.
import { errno, errnoName } from '../../diagnostic/errno.ts';
import type { HostFacts } from '../../generated/protocol.ts';
import { capabilityNames } from '../../spec/capabilities.ts';
import { namespaceFiles } from '../../spec/namespace-files.ts';
import { Report } from './report.ts';
import type { Finding } from './report.ts';
import type { Probes } from '../../generated/protocol.ts';

/** System calls without which nothing works, and since when Linux has them. */
const needed: Readonly<Record<string, string>> = { openat2: '5.6', close_range: '5.9', clone3: '5.3', pidfd_open: '5.3',
  open_tree: '5.2', fsopen: '5.2' };

/** System calls that can be done without, and what says so. */
const useful = { mount_setattr: 'noMountSetattr', faccessat2: 'noFaccessat2' } as const;

export function judgeKernel(facts: HostFacts, probes: Probes): readonly Finding[] {
  const report = new Report('kernel');
  const has = (call: string): boolean => probes.systemCalls[call] !== errno.ENOSYS;
  const missing = Object.keys(needed).filter((call) => !has(call));
  for (const call of missing) {
    report.problem('callMissing', { kernel: facts.kernel, call, since: needed[call] });
  }
  if (missing.length === 0) report.ok('callsPresent', { kernel: facts.kernel, arch: facts.arch });
  for (const [call, lost] of Object.entries(useful)) if (!has(call)) report.warn(lost);
  if (probes.cloneIntoCgroup === 0) report.ok('cloneIntoCgroup');
  else report.warn('noCloneIntoCgroup');
  if (probes.idmappedMounts === 0) report.ok('idmappedMounts');
  else if (facts.rootless) report.warn('idmappedMountsForRoot');
  else report.warn('noIdmappedMounts', { errno: errnoName(probes.idmappedMounts) });
  if (probes.texts.memfdNoexec === '2') report.problem('memfdNoexec');
  return report.findings;
}

export function judgePrivileges(facts: HostFacts): readonly Finding[] {
  const report = new Report('privileges');
  if (facts.rootless) {
    if (facts.euid === 0) report.ok('rootOfNamespace');
    else report.ok('rootless', { user: facts.user });
    return report.findings;
  }
  const [low, high] = facts.capabilities;
  const lacking = capabilityNames().filter((_name, bit) =>
    bit <= facts.lastCap && ((bit < 32 ? low >>> bit : high >>> (bit - 32)) & 1) === 0
  );
  if (lacking.includes('CAP_SYS_ADMIN')) report.problem('noSysAdmin');
  if (lacking.length === 0) report.ok('allCapabilities');
  else report.warn('capabilitiesLacking', { capabilities: lacking.join(', ') });
  return report.findings;
}

const limits = [
  ['maxUserNamespaces', 'user', 'max_user_namespaces'],
  ['maxPidNamespaces', 'pid', 'max_pid_namespaces'],
  ['maxMountNamespaces', 'mount', 'max_mnt_namespaces'],
  ['maxNetworkNamespaces', 'network', 'max_net_namespaces'],
] as const;

export function judgeNamespaces(facts: HostFacts, probes: Probes): readonly Finding[] {
  const report = new Report('namespaces');
  if (!probes.namespaces.includes(namespaceFiles.mount)) {
    // Every kernel has these: it is not the kernel that lacks them.
    report.problem('noProc');
    return report.findings;
  }
  const missing = Object.entries(namespaceFiles).filter(([, file]) => !probes.namespaces.includes(file));
  for (const [type] of missing) report.fault(type === 'pid', 'namespaceMissing', { type });
  if (missing.length === 0) report.ok('allNamespaces');
  for (const [key, type, file] of limits) {
    if (probes.texts[key] === '0')
      report.fault(type !== 'user' || facts.rootless, 'namespaceLimit', { type, file });
  }
  judgeUserNamespaces(report, facts, probes);
  return report.findings;
}

function judgeUserNamespaces(report: Report, facts: HostFacts, probes: Probes): void {
  const { texts, userNamespace, rightsInUserNamespace } = probes;
  if (userNamespace !== 0) {
    const why = texts.unprivilegedUserNamespaces === '0'
      ? 'userNamespaceClosed'
      : userNamespace === errno.ENOSPC
      ? 'userNamespaceLimit'
      : 'userNamespaceRefused';
    report.fault(facts.rootless, why, { errno: errnoName(userNamespace) });
  } else if (rightsInUserNamespace === errno.EPERM) {
    report.fault(facts.rootless, 'userNamespaceNoRights');
  } else {
    report.ok('userNamespaces');
    if (!facts.rootless && texts.appArmorRestrictsUserNamespaces === '1') report.warn('usersRestricted');
    if (!facts.rootless && texts.unprivilegedUserNamespaces === '0') report.warn('usersRefused');
  }
}

export function judgeSecurity(facts: HostFacts, probes: Probes): readonly Finding[] {
  const report = new Report('security');
  const actions = probes.texts.seccompActions?.split(' ') ?? [];
  if (facts.seccomp.version === '')
    report.problem('noLibseccomp');
  else if (probes.namespaces.includes(namespaceFiles.mount) && actions.length === 0)
    report.problem('noSeccomp');
  else if (actions.length > 0) {
    const lacking = ['errno', 'trap', 'kill_process', 'log', 'user_notif'].filter((action) =>
      !actions.includes(action)
    );
    if (lacking.length === 0) report.ok('seccomp', { version: facts.seccomp.version });
    else report.warn('seccompActionsLacking', { actions: lacking.join(', ') });
  }
  const modules = [facts.lsm.apparmor ? 'AppArmor' : '', facts.lsm.selinux ? 'SELinux' : ''].filter((name) =>
    name !== ''
  );
  const active = probes.texts.securityModules;
  if (modules.length === 0) report.warn('noModules');
  else report.ok(active === undefined ? 'modules' : 'modulesActive', { modules: modules.join(' and '), active });
  return report.findings;
}
