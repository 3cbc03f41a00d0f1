// The configuration that a running container amounts to: what it was made from, with what the kernel says now in its place.
// Values that the kernel does not show stay.
import type { Observation } from '../generated/protocol.ts';
import { MountAttrFlag } from '../generated/plan.ts';
import { below, joined, parseMounts, type MountEntry } from '../observe/mount-table.ts';
import { Subject, type Report } from '../observe/subject.ts';
import { capabilityNames, capabilityNumber } from '../spec/capabilities.ts';
import { resolved } from '../spec/destination.ts';
import type { Mount, Spec } from '../spec/types.ts';

/** @param report the comparison of the plan with what was seen */
export function liveSpec(spec: Spec, live: Observation, report: Report): Spec {
  const subject = new Subject(spec, live, false);
  const { linux = {}, root } = spec;
  const table = parseMounts(subject.file('mountinfo').text);
  const running = (pointer: string): string | undefined =>
    report.differences.find((found) => found.pointer === pointer)?.running;
  const kept = (list: readonly string[] | undefined, name: string): string[] | undefined =>
    list?.filter((_, index) => running(`/linux/${name}/${index}`) === undefined);
  const withKept: NonNullable<Spec['linux']> = { ...linux };
  const resources = resourcesOf(spec, report);
  if (resources !== undefined) withKept.resources = resources;
  const masked = kept(linux.maskedPaths, 'maskedPaths');
  const readonly = kept(linux.readonlyPaths, 'readonlyPaths');
  if (masked !== undefined) withKept.maskedPaths = masked;
  if (readonly !== undefined) withKept.readonlyPaths = readonly;
  if (linux.namespaces !== undefined)
    withKept.namespaces = linux.namespaces.filter(({ type }) => !isOfHost(type, live));
  if (live.started && subject.status('Seccomp') === '0') delete withKept.seccomp;
  const top = table.findLast(({ point }) => point === '/');
  return {
    ...spec,
    ...(root === undefined || top === undefined
      ? {}
      : { root: { ...root, readonly: (top.flags & MountAttrFlag.rdonly) !== 0 } }),
    ...processOf(spec, subject),
    mounts: [...(spec.mounts ?? []).map((mount) => mountOf(mount, table)),
      ...report.extraMounts.map((entry) => extraOf(entry, parseMounts(live.hostMounts)))],
    linux: withKept,
  };
}

const namespaceFiles: Readonly<Record<string, string>> = { mount: 'mnt', network: 'net' };

function isOfHost(type: string, live: Observation): boolean {
  const seen = live.namespaces.find((entry) => entry.type === (namespaceFiles[type] ?? type));
  return seen !== undefined && seen.container !== '' && seen.container === seen.caller;
}

const setLines = { bounding: 'CapBnd', effective: 'CapEff', permitted: 'CapPrm', inheritable: 'CapInh',
  ambient: 'CapAmb' } as const;

function processOf({ process }: Spec, subject: Subject): Pick<Spec, 'process'> {
  if (process === undefined || !subject.live.started || subject.file('status').errno !== 0) return {};
  const capabilities: NonNullable<typeof process.capabilities> = {};
  for (const [set, line] of Object.entries(setLines) as [keyof typeof setLines, string][]) {
    const bits = BigInt(`0x${subject.status(line) ?? '0'}`);
    capabilities[set] = capabilityNames().filter((name) => (bits >> BigInt(capabilityNumber(name)!)) & 1n);
  }
  const label = subject.file('attr/current');
  const profile = label.text.replace(/[\0\n]+$/, '').replace(/ \([a-z]+\)$/, '');
  return { process: {
    ...process,
    user: { ...process.user, uid: subject.inside('uid', Number(subject.status('Uid')?.split(/\s+/)[1] ?? 0)) },
    capabilities,
    noNewPrivileges: subject.status('NoNewPrivs') === '1',
    ...(process.apparmorProfile === undefined || label.errno !== 0 ? {} : { apparmorProfile: profile }),
    ...(subject.file('oom_score_adj').errno === 0
      ? { oomScoreAdj: Number(subject.file('oom_score_adj').text) }
      : {}),
  } };
}

/** Limits that are gone, and device rules as they are. */
function resourcesOf({ linux }: Spec, report: Report): NonNullable<Spec['linux']>['resources'] | undefined {
  const resources = structuredCloneOf(linux?.resources ?? {});
  const devices = resources.devices ??= [];
  for (const { pointer, running } of report.differences) {
    const [, , , group = '', name = ''] = pointer.split('/');
    if (!pointer.startsWith('/linux/resources/')) continue;
    if (group === 'devices') {
      const rule = /^([abc]) ([0-9]+|\*):([0-9]+|\*) ([rwm]+)$/.exec(running);
      if (running === 'every device' || running === 'no program') devices.push({ allow: true, access: 'rwm' });
      else if (rule !== null) {
        const number = (text: string): number => (text === '*' ? -1 : Number(text));
        devices.push({ allow: true, type: rule[1] as 'b' | 'c', major: number(rule[2]!), minor: number(rule[3]!),
          access: rule[4]! });
      }
    } else if (/^(unlimited|max.*|-1)$/.test(running)) {
      const limits = resources[group as 'memory'] as Record<string, unknown> | undefined;
      if (limits !== undefined) delete limits[name];
    }
  }
  return linux?.resources === undefined && devices.length === 0 ? undefined : resources;
}

/** The engine has no structuredClone; a configuration has numbers that JSON has not. */
function structuredCloneOf<T>(value: T): T {
  if (Array.isArray(value)) return value.map(structuredCloneOf) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, structuredCloneOf(part as unknown)])) as T;
}

const flagWords = [[MountAttrFlag.rdonly, 'ro', 'rw'], [MountAttrFlag.nosuid, 'nosuid', 'suid'], [MountAttrFlag.nodev,
  'nodev', 'dev'], [MountAttrFlag.noexec, 'noexec', 'exec']] as const;

function flagsOf(entry: MountEntry): string[] {
  return [...flagWords.map(([bit, on, off]) => ((entry.flags & bit) !== 0 ? on : off)),
    ...(entry.shared ? ['shared'] : [])];
}

function mountOf(mount: Mount, table: readonly MountEntry[]): Mount {
  const point = `/${resolved(mount.destination)}`;
  const entry = table.findLast((other) => other.point === point);
  return entry === undefined ? mount : { ...mount, options: [...mount.options ?? [], ...flagsOf(entry)] };
}

/** A mount that nobody has declared: a part of the host's tree, where its file system is mounted on the host, too. */
function extraOf(entry: MountEntry, host: readonly MountEntry[]): Mount {
  for (const mount of host) {
    const rest = mount.device === entry.device ? below(entry.root, mount.root) : undefined;
    if (rest === undefined) continue;
    return { destination: entry.point, type: 'bind', source: joined(mount.point, rest),
      options: ['bind', ...flagsOf(entry)] };
  }
  return { destination: entry.point, type: entry.type, source: entry.source, options: flagsOf(entry) };
}
