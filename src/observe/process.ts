// Observers of init itself: what /proc/PID says of its rights, its limits and its program.
import { capabilityNames, capabilityNumber } from '../spec/capabilities.ts';
import { ioClasses, memoryFlags, memoryModes, schedulerFlags, schedulerPolicies } from '../spec/scheduling.ts';
import { parseNumberList } from '../spec/number-list.ts';
import { operationsOf, unread, words, type Observer } from './subject.ts';

const notStarted = 'its program has not been started';
const itsOwn = 'the program may have changed it itself';

/** Lines of /proc/PID/limits by the numbers of the limits. */
const limitNames = ['Max cpu time', 'Max file size', 'Max data size', 'Max stack size', 'Max core file size',
  'Max resident set', 'Max processes', 'Max open files', 'Max locked memory', 'Max address space', 'Max file locks',
  'Max pending signals', 'Max msgqueue size', 'Max nice priority', 'Max realtime priority', 'Max realtime timeout'];

const unlimited = 18446744073709551615n;

function limitText(value: number | bigint): string {
  return BigInt(value) === unlimited ? 'unlimited' : String(value);
}

export const rlimits: Observer = {
  compare: (steps, subject, report) => {
    const file = subject.file('limits');
    const lines = file.text.split('\n');
    const last = new Map(operationsOf(steps, 'rlimit.set').map((operation) => [operation.resource, operation]));
    for (const { from, resource, soft, hard } of last.values()) {
      const name = limitNames[resource]!;
      const line = lines.find((text) => text.startsWith(`${name} `));
      if (line === undefined) {
        report.unseen(from, unread(file));
        continue;
      }
      const [liveSoft = '', liveHard = ''] = line.slice(name.length).trim().split(/\s+/);
      report.compare(`${from}/soft`, limitText(soft), liveSoft);
      report.compare(`${from}/hard`, limitText(hard), liveHard);
    }
  },
};

export const oomScore: Observer = {
  compare: (steps, subject, report) => {
    for (const { from, value } of operationsOf(steps, 'oom.score')) {
      const file = subject.file('oom_score_adj');
      if (file.errno !== 0) report.unseen(from, unread(file));
      else report.compare(from, String(value), file.text.trim());
    }
  },
};

type SetName = 'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient';
const setLines: Readonly<Record<SetName, string>> = { bounding: 'CapBnd', effective: 'CapEff', permitted: 'CapPrm',
  inheritable: 'CapInh', ambient: 'CapAmb' };

/** What execve makes of the sets that init has given itself (capabilities(7)). */
function afterExec(sets: Record<SetName, bigint>, isRoot: boolean, noNewPrivileges: boolean): Record<SetName, bigint> {
  if (!isRoot) return { ...sets, permitted: sets.ambient, effective: sets.ambient };
  const all = sets.bounding | sets.inheritable;
  const permitted = (noNewPrivileges ? all & sets.permitted : all) | sets.ambient;
  return { ...sets, permitted, effective: permitted };
}

function namesOf(bits: bigint): string {
  const names = capabilityNames().filter((name) => (bits >> BigInt(capabilityNumber(name)!)) & 1n);
  return names.length === 0 ? 'none' : names.join(', ');
}

export const capabilities: Observer = {
  compare: (steps, subject, report) => {
    const [bound] = operationsOf(steps, 'caps.bound');
    const [set] = operationsOf(steps, 'caps.set');
    if (bound === undefined || set === undefined) return;
    const { spec, live } = subject;
    const given: Record<SetName, bigint> = { bounding: BigInt(bound.bounding), effective: BigInt(set.effective),
      permitted: BigInt(set.permitted), inheritable: BigInt(set.inheritable), ambient: BigInt(set.ambient) };
    const isRoot = (spec.process?.user?.uid ?? 0) === 0;
    const expected = live.started
      ? afterExec(given, isRoot, spec.process?.noNewPrivileges === true)
      : given;
    for (const [name, line] of Object.entries(setLines) as [SetName, string][]) {
      const pointer = `${set.from}/${name}`;
      const text = subject.status(line);
      if (text === undefined) {
        report.unseen(pointer, unread(subject.file('status')));
        continue;
      }
      const running = BigInt(`0x${text}`);
      const lost = expected[name] & ~running;
      const more = running & ~expected[name];
      if (lost === 0n && more === 0n) report.same(pointer);
      else if (more === 0n) report.differ(pointer, namesOf(lost), `without ${namesOf(lost)}`);
      else if (lost === 0n) report.differ(pointer, `without ${namesOf(more)}`, namesOf(more));
      else report.differ(pointer, namesOf(expected[name]), namesOf(running));
    }
  },
};

export const ids: Observer = {
  compare: (steps, subject, report) => {
    const [step] = operationsOf(steps, 'ids.set');
    if (step === undefined) return;
    const compareIds = (kind: 'uid' | 'gid', wanted: number): void => {
      const text = subject.status(kind === 'uid' ? 'Uid' : 'Gid');
      const pointer = `${step.from}/${kind}`;
      if (text === undefined) return report.unseen(pointer, unread(subject.file('status')));
      const outside = String(subject.outside(kind, wanted));
      const running = [...new Set(text.split(/\s+/))];
      report.compare(pointer, outside, running.join(', '));
    };
    compareIds('uid', step.uid);
    compareIds('gid', step.gid);
    const groups = subject.status('Groups');
    if (step.setgroups && groups !== undefined) {
      const sorted = (list: readonly number[]): string => [...new Set(list)].sort((a, b) => a - b).join(', ') || 'none';
      const running = groups === '' ? [] : groups.split(/\s+/).map(Number);
      report.compare(`${step.from}/additionalGids`, sorted(step.groups.map((id) => subject.outside('gid', id))),
        sorted(running));
    }
    if (step.umask === undefined) return;
    const mask = subject.status('Umask');
    const wanted = step.umask.toString(8).padStart(4, '0');
    if (mask === wanted) report.same(`${step.from}/umask`);
    else report.unseen(`${step.from}/umask`, itsOwn);
  },
};

export const privileges: Observer = {
  compare: (steps, subject, report) => {
    for (const { from } of operationsOf(steps, 'privileges.none')) {
      const text = subject.status('NoNewPrivs');
      if (text === undefined) report.unseen(from, unread(subject.file('status')));
      else report.compare(from, 'true', text === '1' ? 'true' : 'false');
    }
  },
};

function manyFilters(count: string): string {
  return `${count} filters are loaded, which may be those of the caller of create, or of the program itself`;
}

const seccompModes = ['no filter', 'strict mode', 'a filter'];

export const seccomp: Observer = {
  compare: (steps, subject, report) => {
    const [step] = operationsOf(steps, 'seccomp.load');
    if (step === undefined) return;
    const { from } = step;
    if (!subject.live.started) return report.unseen(from, notStarted);
    const mode = Number(subject.status('Seccomp') ?? NaN);
    if (Number.isNaN(mode)) return report.unseen(from, unread(subject.file('status')));
    report.compare(from, 'a filter', seccompModes[mode] ?? `mode ${mode}`);
    report.unseen(`${from}/syscalls`, 'the kernel does not show what a filter allows');
    const filters = subject.status('Seccomp_filters');
    // Filters are never taken away: more than one are the caller's, or the program's own.
    if (filters === '1') report.same(`${from}/filters`);
    else report.unseen(from,
        filters === undefined ? 'Linux before 5.9 does not show the number of filters' : manyFilters(filters));
  },
};

export const label: Observer = {
  compare: (steps, subject, report) => {
    for (const { from, file, value } of operationsOf(steps, 'label.exec')) {
      if (file === 'keyCreate') continue;
      if (!subject.live.started) {
        report.unseen(from, notStarted);
        continue;
      }
      const current = subject.file('attr/current');
      const wanted = value.startsWith('exec ') ? value.slice('exec '.length) : value;
      const running = current.text.replace(/[\0\n]+$/, '').replace(/ \([a-z]+\)$/, '');
      if (current.errno !== 0) report.unseen(from, unread(current));
      else report.compare(from, wanted, running);
      // The alternatives of older kernels say the same.
      break;
    }
  },
};

export const personality: Observer = {
  compare: (steps, subject, report) => {
    for (const { from, domain } of operationsOf(steps, 'personality.set')) {
      const file = subject.file('personality');
      if (file.errno !== 0) report.unseen(from, unread(file));
      else report.compare(from, domainName(domain), domainName(parseInt(file.text, 16) & 0xff));
    }
  },
};

function domainName(domain: number): string {
  return domain === 0 ? 'LINUX' : domain === 8 ? 'LINUX32' : `0x${domain.toString(16)}`;
}

function keyOf(table: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(table).find((key) => table[key] === value) ?? String(value);
}

/** Policies that have a nice value, a priority, times. */
const nicePolicies = [0, 3], priorityPolicies = [1, 2], timedPolicy = 6;

export const scheduler: Observer = {
  compare: (steps, subject, report) => {
    const [step] = operationsOf(steps, 'sched.set');
    if (step === undefined) return;
    const { scheduling } = subject.live;
    if (scheduling === undefined) return report.unseen(step.from, 'the kernel does not report it');
    report.compare(`${step.from}/policy`, keyOf(schedulerPolicies, step.policy),
      keyOf(schedulerPolicies, scheduling.policy));
    if (scheduling.policy !== step.policy) return;
    const compareMember = (name: 'nice' | 'priority' | 'runtime' | 'deadline' | 'period'): void => {
      report.compare(`${step.from}/${name}`, String(step[name]), String(scheduling[name]));
    };
    if (nicePolicies.includes(step.policy)) compareMember('nice');
    if (priorityPolicies.includes(step.policy)) compareMember('priority');
    if (step.policy === timedPolicy) {
      for (const name of ['runtime', 'deadline', 'period'] as const) compareMember(name);
    }
    report.compare(`${step.from}/flags`, flagNames(Number(step.flags)), flagNames(Number(scheduling.flags)));
  },
};

/** Flags that the kernel keeps: the others are for the call alone. */
const keptFlags = ['SCHED_FLAG_RESET_ON_FORK', 'SCHED_FLAG_RECLAIM', 'SCHED_FLAG_DL_OVERRUN'] as const;

function flagNames(flags: number): string {
  return keptFlags.filter((name) => (flags & schedulerFlags[name]) !== 0).join(', ') || 'none';
}

const ioClassBits = 13;

export const ioPriority: Observer = {
  compare: (steps, subject, report) => {
    for (const { from, class: wanted, priority } of operationsOf(steps, 'ioprio.set')) {
      const running = subject.live.ioPriority;
      if (running === undefined) {
        report.unseen(from, 'the kernel does not report it');
        continue;
      }
      const runningClass = running >> ioClassBits;
      report.compare(`${from}/class`, keyOf(ioClasses, wanted), keyOf(ioClasses, runningClass));
      // A priority belongs to its class.
      if (runningClass === wanted) report.compare(`${from}/priority`, String(priority), String(running & 7));
    }
  },
};

/** The processors of a list, in its shortest form. */
export function listText(text: string): string | undefined {
  const ranges = parseNumberList(text.trim());
  if (ranges === undefined) return undefined;
  const numbers = [
    ...new Set(
      ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index)),
    ),
  ].sort((a, b) => a - b);
  return numbers.join(',');
}

const effectiveFiles = ['cpuset.cpus.effective', 'cpuset.effective_cpus'];

/** A start takes the caller's binding away: init may run on every processor of its cgroup. */
export const affinity: Observer = {
  looks: () => effectiveFiles.map((path) => ({ path, where: 'cgroup' })),
  compare: (_, subject, report) => {
    const pointer = '/process/execCPUAffinity';
    const running = listText(subject.status('Cpus_allowed_list') ?? 'none');
    const effective = effectiveFiles.map((name) => subject.cgroupFile(name)).find(({ errno }) => errno === 0);
    const wanted = effective === undefined ? undefined : listText(effective.text);
    if (running === undefined || wanted === undefined || wanted === '') return;
    report.compare(pointer, `processors ${wanted}`, `processors ${running}`);
  },
};

/** What the kernel calls a policy in /proc/PID/numa_maps, and its flags, in their order. */
const policyNames: Readonly<Record<keyof typeof memoryModes, string>> = { MPOL_DEFAULT: 'default',
  MPOL_PREFERRED: 'prefer', MPOL_BIND: 'bind', MPOL_INTERLEAVE: 'interleave', MPOL_LOCAL: 'local',
  MPOL_PREFERRED_MANY: 'prefer (many)', MPOL_WEIGHTED_INTERLEAVE: 'weighted interleave' };

const policyFlags: Readonly<Record<keyof typeof memoryFlags, string>> = { MPOL_F_STATIC_NODES: 'static',
  MPOL_F_RELATIVE_NODES: 'relative', MPOL_F_NUMA_BALANCING: 'balancing' };

export const memoryPolicy: Observer = {
  compare: (steps, subject, report) => {
    const [step] = operationsOf(steps, 'memory.policy');
    if (step === undefined) return;
    const file = subject.file('numa_maps');
    if (file.errno !== 0) return report.unseen(step.from, unread(file));
    const { mode = 'MPOL_DEFAULT', flags = [], nodes } = subject.spec.linux?.memoryPolicy ?? {};
    const list = nodes === undefined ? undefined : listText(nodes);
    const words = Object.keys(policyFlags).filter((flag) => (flags as string[]).includes(flag))
      .map((flag) => policyFlags[flag as keyof typeof policyFlags]);
    const wanted = policyNames[mode] + (words.length === 0 ? '' : `=${words.join('|')}`);
    const isWanted = (line: string): boolean => {
      const rest = line.slice(line.indexOf(' ') + 1);
      if (!rest.startsWith(wanted)) return false;
      const running = /^:([0-9,-]+)/.exec(rest.slice(wanted.length))?.[1];
      return list === undefined ? running === undefined : running !== undefined && listText(running) === list;
    };
    // Parts of its memory may have a policy of their own, and it may set another one for all.
    if (file.text.split('\n').some(isWanted)) report.same(step.from);
    else report.unseen(step.from, itsOwn);
  },
};

export const environment: Observer = {
  compare: (steps, subject, report) => {
    for (const { from, env } of operationsOf(steps, 'process.env')) {
      if (!subject.live.started) {
        report.unseen(from, notStarted);
        continue;
      }
      const { text } = subject.file('environ');
      const running = new Set(text.split('\0'));
      if (env.every((entry) => running.has(entry))) report.same(from);
      else report.unseen(from, itsOwn);
    }
  },
};

export const argumentsOfProgram: Observer = {
  compare: (steps, subject, report) => {
    for (const { from, args } of operationsOf(steps, 'program.run')) {
      if (!subject.live.started) report.unseen(from, notStarted);
      else if (subject.file('cmdline').text === args.map((arg) => `${arg}\0`).join('')) report.same(from);
      else report.unseen(from, 'the program may have changed them, or have executed another one');
    }
  },
};

export const workingDirectory: Observer = {
  compare: (steps, subject, report) => {
    for (const { from, path } of operationsOf(steps, 'cwd.enter')) {
      if (words(subject.file('cwd').text) === path) report.same(from);
      else report.unseen(from, itsOwn);
    }
  },
};
