// The observer of device rules on cgroup v2: the programs that are attached, by the kernel's hash of each.
import type { CgroupDevices } from '../generated/plan.ts';
import { operationsOf, unread, type Observer, type Step } from './subject.ts';

const rules = '/linux/resources/devices';

/** The program that stays: the first one lets init make its nodes. */
function lastOf(steps: readonly Step[]): CgroupDevices | undefined {
  return operationsOf(steps, 'cgroup.devices').at(-1);
}

export const devicePrograms: Observer = {
  looks: (steps) => {
    const last = lastOf(steps);
    return last === undefined ? [] : [{ path: rules, where: 'devices', program: last.program }];
  },
  compare: (steps, subject, report) => {
    if (lastOf(steps) === undefined) return;
    const seen = subject.live.devicePrograms;
    if (seen === undefined || seen.errno !== 0)
      return report.unseen(rules, unread({ name: rules, errno: seen?.errno ?? 1, text: '' }));
    const { attached, declared } = seen;
    const wanted = `program ${declared}`;
    const others = attached.filter((tag) => tag !== declared);
    if (!attached.includes(declared))
      return report.differ(rules, wanted, others.length === 0 ? 'no program' : namesOf(others));
    if (others.length === 0) return report.same(rules);
    // systemd attaches one of its own when it reads its units anew: both have to allow a device.
    if (subject.isSystemd) report.unseen(rules, `beside it there is ${namesOf(others)}, which may be that of systemd`);
    else report.differ(rules, `${wanted} alone`, `${wanted} and ${namesOf(others)}`);
  },
};

function namesOf(tags: readonly string[]): string {
  return tags.map((tag) => `program ${tag}`).join(', ');
}
