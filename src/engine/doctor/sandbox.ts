// Judges what sandboxes need: user namespaces, an overlay in one, a cgroup. `Sandbox.check` of the library says the same.
import { errnoName } from '../../diagnostic/errno.ts';
import type { DoctorTextName } from '../../diagnostic/table/doctor.ts';
import type { HostFacts, Probes } from '../../generated/protocol.ts';
import { isAtLeast } from '../../plan/floor.ts';
import { judgeKernel, judgePrivileges, judgeSecurity } from './kernel.ts';
import { Report, type Finding } from './report.ts';
import { judgeCgroups } from './surroundings.ts';

const area = 'sandboxes';

/** Overlays can be mounted in a user namespace since then. */
const overlays = [5, 11] as const;

interface Setting {
  readonly text: keyof Probes['texts'];
  readonly path: string;
  /** The value that forbids user namespaces. */
  readonly forbids: string;
  readonly finding: DoctorTextName;
  /** Whether it holds for root, too. */
  readonly forRoot: boolean;
}

const settings: readonly Setting[] = [
  { text: 'maxUserNamespaces', path: '/proc/sys/user/max_user_namespaces', forbids: '0', finding: 'sandboxNoNamespaces',
    forRoot: true },
  { text: 'unprivilegedUserNamespaces', path: '/proc/sys/kernel/unprivileged_userns_clone', forbids: '0',
    finding: 'sandboxRootAlone', forRoot: false },
  { text: 'appArmorRestrictsUserNamespaces', path: '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
    forbids: '1', finding: 'sandboxAppArmor', forRoot: false },
];

/**
 * Settings of the host that forbid sandboxes.
 * @param read a kernel parameter, by its name among the probes and by its path
 */
export function sandboxSettings(
  { rootless }: HostFacts,
  read: (text: keyof Probes['texts'], path: string) => string | undefined,
): readonly Finding[] {
  const report = new Report(area);
  for (const { text, path, forbids, finding, forRoot } of settings)
    if ((forRoot || rootless) && read(text, path) === forbids) report.problem(finding);
  return report.findings;
}

/** What a sandbox without a cgroup lacks. */
export function sandboxWithoutCgroup(): Finding {
  const report = new Report(area);
  report.warn('sandboxNoCgroup');
  return report.findings[0]!;
}

/** Whether a user has a cgroup that limits all processes of a sandbox together. */
function isDelegated({ cgroup: { mode, v1, v2 }, runtimeDir }: HostFacts, { systemd }: Probes): boolean {
  const needed = ['memory', 'pids', 'cpu'];
  if (mode === 'none') return false;
  if (mode !== 'v2') {
    const open = v1.filter(({ writable }) => writable !== false).flatMap(({ controllers }) => controllers.split(','));
    return needed.every((name) => open.includes(name));
  }
  const own = v2!.writable === true && needed.every((name) => v2!.available?.includes(name) === true);
  return own || (runtimeDir !== undefined && systemd.userBus);
}

/** Everything that keeps sandboxes from what they need, or that nothing does. A pure function. */
export function judgeSandbox(facts: HostFacts, probes: Probes): readonly Finding[] {
  const found = [...sandboxSettings(facts, (text) => probes.texts[text])];
  const report = new Report(area);
  if (found.length === 0 && probes.userNamespace !== 0)
    report.problem('userNamespaceRefused', { errno: errnoName(probes.userNamespace) });
  if (!isAtLeast(facts.kernel, overlays)) report.problem('sandboxNoOverlay', { kernel: facts.kernel });
  const others = [judgeKernel(facts, probes), judgePrivileges(facts), judgeSecurity(facts, probes),
    facts.rootless ? [] : judgeCgroups(facts, probes)];
  const problems = [...found, ...report.findings, ...others.flat().filter(({ status }) => status === 'problem')];
  const weaker = facts.rootless && !isDelegated(facts, probes) ? [sandboxWithoutCgroup()] : [];
  if (problems.length + weaker.length > 0) return [...problems, ...weaker];
  const fine = new Report(area);
  fine.ok('sandboxes');
  return fine.findings;
}
