// Judges what is around the kernel: cgroups and who may use them, subordinate ids, programs, systemd.
import type { CgroupFacts, HostFacts } from '../../generated/protocol.ts';
import { Report } from './report.ts';
import type { Finding } from './report.ts';
import type { Probes } from '../../generated/protocol.ts';

/** Controllers by what cannot be limited without them. On v1 `io` is called `blkio`. */
const controllers: Readonly<Record<string, string>> = {
  cpu: 'cpu time',
  cpuset: 'cpus and memory nodes',
  memory: 'memory',
  pids: 'the number of processes',
  io: 'block I/O',
};

export function judgeCgroups(facts: HostFacts, probes: Probes): readonly Finding[] {
  const report = new Report('cgroups');
  const { cgroup } = facts;
  if (cgroup.mode === 'none') {
    report.fault(!facts.rootless, 'no cgroup file system is mounted',
      'mount one: "mount -t cgroup2 cgroup2 /sys/fs/cgroup"');
    return report.findings;
  }
  report.ok(layout(cgroup));
  const names = cgroup.mode === 'v2'
    ? cgroup.v2!.controllers
    : cgroup.v1.flatMap((hierarchy) => hierarchy.controllers.split(','));
  for (const name in controllers) {
    const own = name === 'io' && cgroup.mode !== 'v2' ? 'blkio' : name;
    if (!names.includes(own))
      report.warn(`no controller ${own}: ${controllers[name]} cannot be limited`, 'mount it, or enable it at boot');
  }
  if (cgroup.mode !== 'v2' && !names.includes('devices')) {
    report.fault(!facts.rootless, 'no controller devices: access to devices cannot be restricted',
      'mount it, or use cgroup v2');
  }
  if (cgroup.mode !== 'v2' && !names.includes('freezer') && cgroup.v2 === null)
    report.warn('no controller freezer: containers cannot be paused', 'mount it');
  if (cgroup.mode === 'v2' && !facts.rootless && probes.deviceProgram !== 0) {
    report.problem('programs for the devices of a cgroup cannot be loaded',
      'enable CONFIG_CGROUP_BPF; CAP_BPF or CAP_SYS_ADMIN is needed');
  }
  judgeDelegation(report, facts);
  return report.findings;
}

function layout({ mode, v1, v2 }: CgroupFacts): string {
  switch (mode) {
    case 'v2':
      return `cgroup v2 at ${v2!.mount}, ${
        v2!.controllers.length === 0 ? 'without controllers' : `controllers ${v2!.controllers.join(' ')}`
      }`;
    case 'hybrid':
      return `cgroup v1 (${v1.length} hierarchies), beside it v2 at ${v2!.mount}`;
    default:
      return `cgroup v1 (${v1.length} hierarchies)`;
  }
}

/** Whether cgroups can be made below the caller's own; which controllers have come down to there. */
function judgeDelegation(report: Report, facts: HostFacts): void {
  const { mode, v1, v2 } = facts.cgroup;
  if (mode === 'v2') {
    const own = `${v2!.mount}${v2!.path}`;
    if (v2!.writable !== true) {
      report.fault(!facts.rootless, `no cgroup can be made below ${own}: limits cannot be set`, facts.rootless
        ? 'log in by a systemd session (user@.service delegates), or use --systemd-cgroup'
        : 'mount the cgroup file system writable');
      return;
    }
    const lacking = Object.keys(controllers).filter((name) =>
      v2!.controllers.includes(name) && v2!.available?.includes(name) === false
    );
    if (lacking.length > 0) {
      report.warn(`${own}/cgroup.controllers lacks ${lacking.join(', ')}`, facts.rootless
        ? 'set "Delegate=yes" for user@.service: "systemctl edit user@.service"'
        : 'enable them in cgroup.subtree_control above');
    } else {
      report.ok(`cgroups can be made below ${own}`);
    }
    return;
  }
  const closed = v1.filter(({ writable }) => writable === false).map((hierarchy) => hierarchy.controllers);
  if (closed.length === 0) report.ok('cgroups can be made in all hierarchies');
  else {
    report.fault(!facts.rootless, `no cgroup can be made in ${closed.join(', ')}: their limits cannot be set`,
      facts.rootless ? 'cgroup v1 is not delegated to users: boot with cgroup v2' : 'mount the hierarchies writable');
  }
}

export function judgeIds(facts: HostFacts, probes: Probes): readonly Finding[] {
  const report = new Report('ids');
  if (!facts.rootless) return report.findings;
  for (const [program, kind] of [['newuidmap', 'uid'], ['newgidmap', 'gid']] as const) {
    const found = probes.programs[program];
    if (found === undefined)
      report.warn(`${program} is missing: only your own ${kind} can be mapped`,
        'install the package uidmap (shadow-utils)');
    else if (!found.privileged)
      report.warn(`${found.path} has no privilege to map ids`, `run "chmod u+s ${found.path}" as root`);
    const ranges = facts.subids?.[kind] ?? [];
    if (ranges.length === 0) {
      // Whoever has no name, usermod does not know.
      const remedy = /^[#0-9]/.test(facts.user)
        ? `add the line "${facts.user.replace('#', '')}:100000:65536" to it as root`
        : `run "usermod --add-sub${kind}s 100000-165535 ${facts.user}" as root`;
      report.warn(`/etc/sub${kind} has no ids for ${facts.user}`, remedy);
    } else {
      report.ok(`${ranges.reduce((sum, [, count]) => sum + count, 0)} subordinate ${kind}s`);
    }
  }
  return report.findings;
}

export function judgePrograms(probes: Probes): readonly Finding[] {
  const report = new Report('programs');
  const { criu, ps } = probes.programs;
  if (criu === undefined) report.warn('criu is missing: no checkpoint and restore', 'install criu, if you need them');
  else report.ok(`criu is ${criu.path}`);
  if (ps === undefined) report.warn('ps is missing: "veloci ps" has --format json alone', 'install procps');
  else report.ok(`ps is ${ps.path}`);
  return report.findings;
}

export function judgeSystemd(facts: HostFacts, probes: Probes): readonly Finding[] {
  const report = new Report('systemd');
  const { running, systemBus, userBus } = probes.systemd;
  if (!running) report.ok('systemd is not running: cgroups are made directly');
  else if (facts.rootless && !userBus) {
    report.warn('the bus of your systemd instance cannot be reached: --systemd-cgroup fails',
      'log in by a session with XDG_RUNTIME_DIR set, or run "loginctl enable-linger"');
  } else if (!facts.rootless && !systemBus)
    report.warn('the bus of systemd cannot be reached: --systemd-cgroup fails', 'start dbus');
  else report.ok('the bus of systemd can be reached');
  return report.findings;
}
