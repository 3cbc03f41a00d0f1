// The systemd manager of cgroups: the container's unit, and the calls that start and stop it.
import { deviceRules } from '../../../cgroup/device-rules.ts';
import type { DeviceRule } from '../../../cgroup/device-rules.ts';
import { clean } from '../../../cgroup/path.ts';
import { annotatedProperties, infinity as unset, propertiesV1, propertiesV2,
  unitProperties } from '../../../cgroup/systemd-properties.ts';
import type { Property } from '../../../cgroup/systemd-properties.ts';
import { integer, text } from '../../../cgroup/dbus.ts';
import { unitOf } from '../../../cgroup/systemd-unit.ts';
import { given } from '../../../cgroup/v1.ts';
import { deviceAllow, greeting, invalidArguments, managerSockets, noSuchUnit, setUnitProperties, startUnit,
  stopUnit } from '../../../cgroup/systemd.ts';
import type { Conversation } from '../../../cgroup/systemd.ts';
import { diagnose, placeAt } from '../../../diagnostic/diagnose.ts';
import type { Resources, Spec } from '../../../generated/config.ts';
import type { DbusSend } from '../../../generated/plan.ts';
import type { HostFacts } from '../../../generated/protocol.ts';
import { pointerPart } from '../../../spec/parse/position.ts';
import { PlanError } from '../../context.ts';
import type { Context } from '../../context.ts';
import { alt, errno } from '../../draft.ts';
import type { Cgroups, Draft, Place, UnitPlace } from '../../draft.ts';
import { wantedLimits, zeroIsLimit } from './cgroup-limits.ts';

/** How long systemd may take to start a unit, and to stop one with all its processes, in milliseconds. */
const startTime = 30000;
const stopTime = 30000;
/** How long a delete waits for a systemd that starts anew: perhaps there is none any more. */
const readyTime = 10000;

/** Sub-cgroup of the unit in which the container's processes are. */
export const subgroupKey = 'run.oci.systemd.subgroup';

/** Chooses the container's unit, and its cgroups, which systemd names after it. */
export function readUnit(spec: Spec, context: Context): Cgroups {
  const { facts } = context;
  const from = spec.linux?.cgroupsPath === undefined ? '/linux' : '/linux/cgroupsPath';
  const asked = spec.linux?.cgroupsPath ?? '';
  const user = facts.rootless;
  const { v2 } = facts.cgroup;
  if (user && facts.runtimeDir === undefined) throw new PlanError(diagnose('systemdUser', {}, placeAt(from)));
  const unit = unitOf(asked, context.id, user);
  if (unit === undefined) throw new PlanError(diagnose('cgroupsPathForm', { value: asked }, placeAt(from)));
  const unified = facts.cgroup.mode === 'v2';
  const base = user ? userManager(facts) : '';
  const path = clean(base + unit.path);
  const places: Place[] = [];
  for (const own of facts.cgroup.v1) {
    places.push({ dir: { mount: own.mount, path }, controllers: own.controllers, version: 1, own: own.path,
      root: own.root ?? '' });
  }
  if (v2 !== null) {
    places.push({ dir: { mount: v2.mount, path }, controllers: '', version: 2, own: v2.path, root: v2.root ?? '' });
  }
  if (places.length === 0)
    throw new PlanError(diagnose('cgroupMissing', { controller: 'any', name: 'linux.resources' }, placeAt(from)));
  // On v1 systemd hands no controller to a user's manager: its unit holds processes together, and limits nothing.
  const optional = user && !unified;
  if (optional && wantedLimits(spec, facts).length > 0)
    throw new PlanError(diagnose('systemdUserV1', {}, placeAt('/linux/resources')));
  const subgroup = subgroupOf(spec);
  if (subgroup !== undefined && !unified)
    throw new PlanError(diagnose('subgroupVersion', { name: subgroupKey }, placeAt(`/annotations/${subgroupKey}`)));
  const sockets = managerSockets(user ? facts.runtimeDir : undefined);
  return {
    places,
    from,
    optional,
    byClone: false,
    unit: { name: unit.name, slice: unit.slice, sockets, unified, ...(subgroup === undefined ? {} : { subgroup }) },
  };
}

/**
 * The cgroup of the unit's slice, which still has the count of processes that the kernel has killed when systemd has
 * removed the unit's own; empty where no unit is removed, or nothing is counted above it.
 */
export function sliceOf({ unit, places }: Cgroups): string {
  if (unit === undefined || !unit.unified || unit.name.endsWith('.slice')) return '';
  const { path } = places.find(({ version }) => version === 2)!.dir;
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/**
 * The cgroup of a user's manager: the one that we are in, or else where logind puts it.
 */
function userManager(facts: HostFacts): string {
  const own = facts.cgroup.v2?.path ??
    facts.cgroup.v1.find(({ controllers }) => controllers === 'name=systemd')?.path ?? '/';
  const within = /^(.*\/user@[0-9]+\.service)(\/|$)/.exec(own)?.[1];
  if (within !== undefined) return within;
  const uid = facts.ownerUid ?? facts.euid;
  return `/user.slice/user-${uid}.slice/user@${uid}.service`;
}

function subgroupOf(spec: Spec): string | undefined {
  const name = spec.annotations?.[subgroupKey];
  if (name === undefined || name === '') return undefined;
  if (!/^[^/\0]{1,200}$/.test(name) || name === '.' || name === '..' || name.startsWith('cgroup.')) {
    throw new PlanError(
      diagnose('annotationValue', { name: subgroupKey, value: name, expected: 'the name of a cgroup' },
        placeAt(`/annotations/${pointerPart(subgroupKey)}`)),
    );
  }
  return name;
}

/** A call to the manager that listens on the sockets. */
export function send(
  unit: Pick<UnitPlace, 'sockets'>,
  from: string,
  talk: Conversation,
  rest: Partial<DbusSend>,
): DbusSend {
  return {
    op: 'dbus.send',
    from,
    sockets: unit.sockets,
    greeting: greeting(),
    calls: talk.calls,
    job: true,
    accept: [],
    undo: [],
    timeout: startTime,
    ...(talk.pidOffset === undefined ? {} : { pidAt: talk.pidOffset }),
    ...rest,
  };
}

/** Starts the unit with the stager in it. */
export function makeUnit(d: Draft, unit: UnitPlace): void {
  const { from } = d.cgroups;
  const scope = unit.name.endsWith('.scope');
  const properties = [
    ...unitProperties(`container ${d.context.id}`, unit.slice, unit.unified),
    ...(scope ? [['CollectMode', text('inactive-or-failed')] as const] : []),
    ...limitsOf(unit, d.spec.linux?.resources, d.spec.ociVersion),
    ...(sendsDevices(d, unit) ? deviceProperties(deviceRules(d.spec.linux?.resources?.devices)) : []),
    ...annotated(d.spec),
  ];
  const undo = stopUnit(unit.name).calls;
  const retry = untilReady(unit, startTime);
  d.host.push(send(unit, from, startUnit(unit.name, properties, scope), { undo, retry }));
}

/** Systemd may be away to start anew (systemctl daemon-reexec). */
function untilReady(unit: UnitPlace, timeout: number): DbusSend['retry'] {
  const errors = ['org.freedesktop.DBus.Error.NoReply', 'org.freedesktop.DBus.Error.ServiceUnknown'];
  return { timeout, errors, unit: unit.name };
}

function limitsOf(unit: UnitPlace, resources: Resources | undefined, version: string): Property[] {
  const zeroPids = zeroIsLimit(version);
  return unit.unified ? propertiesV2(resources, zeroPids) : propertiesV1(resources, zeroPids);
}

/** Properties that annotations ask for; what others have set before, they replace. */
function annotated(spec: Spec): Property[] {
  return annotatedProperties(spec.annotations).map((entry) => {
    if ('property' in entry) return entry.property;
    throw new PlanError(diagnose(
      entry.problem === 'name' ? 'annotationProperty' : 'annotationVariant',
      { name: entry.key, value: spec.annotations![entry.key]! },
      placeAt(`/annotations/${pointerPart(entry.key)}`),
    ));
  });
}

/** On v2 device rules are a program that systemd leaves alone; in a user namespace nobody changes them. */
function sendsDevices(d: Draft, unit: UnitPlace): boolean {
  return !unit.unified && !d.context.facts.rootless;
}

/**
 * Device rules for systemd on cgroup v1, which it writes again on every reload. It knows a list of what is
 * allowed alone; rules that deny something of it are left to the cgroup's files.
 */
function deviceProperties(rules: readonly DeviceRule[]): Property[] {
  if (rules.length === 1 && rules[0]!.allow) return [['DevicePolicy', text('auto')]];
  const allowed: (readonly [string, string])[] = [];
  for (const rule of rules) {
    if (!rule.allow) continue;
    for (const type of rule.type === 'a' ? ['b', 'c'] as const : [rule.type])
      allowed.push([deviceName(rule, type), rule.access]);
  }
  return [['DevicePolicy', text('strict')], deviceAllow(allowed)];
}

function deviceName({ major, minor }: DeviceRule, type: 'b' | 'c'): string {
  const kind = type === 'b' ? 'block' : 'char';
  if (major < 0) return `${kind}-*`;
  return minor < 0 ? `${kind}-${major}` : `/dev/${kind}/${major}:${minor}`;
}

/**
 * For update: the unit's limits as systemd has to know them, so that it does not write the old ones again.
 *
 * @param kept the resources before
 * @param devices whether device rules change
 */
export function updateUnit(d: Draft, unit: UnitPlace, kept: Resources | undefined, devices: boolean): void {
  const telling = (resources: Resources | undefined): Property[] => [
    ...limitsOf(unit, resources, d.spec.ociVersion),
    // A list is added to; an empty one takes the old one away.
    ...(devices && sendsDevices(d, unit)
      ? [deviceAllow([]), ...deviceProperties(deviceRules(resources?.devices))]
      : []),
  ];
  const properties = telling(d.spec.linux?.resources);
  if (properties.length === 0) return;
  const before = telling(kept);
  const undo = before.length === 0 ? [] : setUnitProperties(unit.name, before).calls;
  d.host.push(
    send(unit, '/linux/resources', setUnitProperties(unit.name, properties), { job: false, undo,
      retry: untilReady(unit, startTime) }),
  );
}

/**
 * Tells systemd that the cgroup is idle, or no longer, once its files are written: it writes cpu.idle with every weight
 * since version 252, which has a property for it. Older ones refuse the value, and never write that file.
 *
 * @param kept for update: the resources before
 */
export function sendIdle(d: Draft, unit: UnitPlace, kept?: Resources): void {
  const resources = d.spec.linux?.resources;
  const idle = isIdle(resources);
  if (!unit.unified || (!idle && !(isIdle(kept) && !given(resources?.cpu?.shares)))) return;
  const weight: Property = ['CPUWeight', integer('t', idle ? 0 : unset)];
  d.host.push(
    send(unit, '/linux/resources/cpu/idle', setUnitProperties(unit.name, [weight]), { job: false,
      accept: [invalidArguments], retry: untilReady(unit, startTime) }),
  );
}

function isIdle(resources: Resources | undefined): boolean {
  return Number(resources?.unified?.['cpu.idle'] ?? resources?.cpu?.idle ?? 0) !== 0;
}

/** Stops the unit. Where nobody listens any more, there is no unit. */
export function endUnit(d: Draft, unit: UnitPlace): void {
  const stop = send(unit, d.cgroups.from, stopUnit(unit.name), { accept: [noSuchUnit], timeout: stopTime,
    retry: untilReady(unit, readyTime) });
  d.delete.push(alt(stop, [errno.ENOENT, errno.ECONNREFUSED, errno.ECONNRESET, errno.EACCES, errno.EPERM]));
}
