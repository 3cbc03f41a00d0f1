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
    report.fault(!facts.rootless, 'noCgroups');
    return report.findings;
  }
  reportLayout(report, cgroup);
  const names = cgroup.mode === 'v2'
    ? cgroup.v2!.controllers
    : cgroup.v1.flatMap((hierarchy) => hierarchy.controllers.split(','));
  for (const name in controllers) {
    const own = name === 'io' && cgroup.mode !== 'v2' ? 'blkio' : name;
    if (!names.includes(own))
      report.warn('controllerMissing', { controller: own, limits: controllers[name] });
  }
  if (cgroup.mode !== 'v2' && !names.includes('devices')) report.fault(!facts.rootless, 'noDevices');
  if (cgroup.mode !== 'v2' && !names.includes('freezer') && cgroup.v2 === null) report.warn('noFreezer');
  if (cgroup.mode === 'v2' && !facts.rootless && probes.deviceProgram !== 0) report.problem('noDeviceProgram');
  judgeDelegation(report, facts);
  return report.findings;
}

function reportLayout(report: Report, { mode, v1, v2 }: CgroupFacts): void {
  const mount = v2?.mount;
  if (mode === 'v2') {
    const names = v2!.controllers.join(' ');
    report.ok(names === '' ? 'cgroupV2Bare' : 'cgroupV2', { mount, controllers: names });
  } else report.ok(mode === 'hybrid' ? 'cgroupHybrid' : 'cgroupV1', { count: v1.length, mount });
}

/** Whether cgroups can be made below the caller's own; which controllers have come down to there. */
function judgeDelegation(report: Report, facts: HostFacts): void {
  const { mode, v1, v2 } = facts.cgroup;
  if (mode === 'v2') {
    const path = `${v2!.mount}${v2!.path}`;
    if (v2!.writable !== true) {
      report.fault(!facts.rootless, facts.rootless ? 'closedToUser' : 'closed', { path });
      return;
    }
    const lacking = Object.keys(controllers).filter((name) =>
      v2!.controllers.includes(name) && v2!.available?.includes(name) === false
    );
    if (lacking.length === 0) report.ok('open', { path });
    else {
      report.warn(facts.rootless ? 'controllersOfUserLacking' : 'controllersLacking', { path,
        controllers: lacking.join(', ') });
    }
    return;
  }
  const closed = v1.filter(({ writable }) => writable === false).map((hierarchy) => hierarchy.controllers);
  if (closed.length === 0) report.ok('hierarchiesOpen');
  else {
    report.fault(!facts.rootless, facts.rootless ? 'hierarchiesClosedToUser' : 'hierarchiesClosed', {
      controllers: closed.join(', '),
    });
  }
}

export function judgeIds(facts: HostFacts, probes: Probes): readonly Finding[] {
  const report = new Report('ids');
  if (!facts.rootless) return report.findings;
  for (const [program, kind] of [['newuidmap', 'uid'], ['newgidmap', 'gid']] as const) {
    const found = probes.programs[program];
    if (found === undefined) report.warn('idHelperMissing', { program, kind });
    else if (!found.privileged) report.warn('idHelperPowerless', { path: found.path });
    const ranges = facts.subids?.[kind] ?? [];
    const { user } = facts;
    if (ranges.length > 0) report.ok('subids', { kind, count: ranges.reduce((sum, [, count]) => sum + count, 0) });
    else if (/^[#0-9]/.test(user)) report.warn('noSubidsOfNumber', { kind, user, number: user.replace('#', '') });
    else report.warn('noSubids', { kind, user });
  }
  return report.findings;
}

export function judgePrograms(probes: Probes): readonly Finding[] {
  const report = new Report('programs');
  const { criu, ps } = probes.programs;
  if (criu === undefined) report.warn('noCriu');
  else report.ok('criu', { path: criu.path });
  if (ps === undefined) report.warn('noPs');
  else report.ok('ps', { path: ps.path });
  return report.findings;
}

export function judgeSystemd(facts: HostFacts, probes: Probes): readonly Finding[] {
  const report = new Report('systemd');
  const { running, systemBus, userBus } = probes.systemd;
  if (!running) report.ok('noSystemd');
  else if (facts.rootless && !userBus) report.warn('noUserBus');
  else if (!facts.rootless && !systemBus) report.warn('noSystemBus');
  else report.ok('systemd');
  return report.findings;
}
