// compileUpdate(spec, merged, context): the plan that changes the limits of a container that runs, and its resources
// afterwards. Only what the update gives is written, and what is computed from it.
import { deviceProgram } from '../cgroup/device-bpf.ts';
import { changeLines, deviceList, type DeviceList } from '../cgroup/device-list.ts';
import { deviceRules } from '../cgroup/device-rules.ts';
import type { Setting } from '../cgroup/setting.ts';
import { diagnose, placeAt } from '../diagnostic/diagnose.ts';
import type { HostOperation } from '../generated/plan.ts';
import type { IntelRdt, Resources, Spec } from '../generated/config.ts';
import { newDraft } from './begin.ts';
import { keptList, v1DevicesPlace } from './concern/cgroup/device-limits.ts';
import { placeForSetting, settings } from './concern/cgroup/cgroup-limits.ts';
import { updateRdt } from './concern/cgroup/rdt.ts';
import type { RdtLines } from './concern/cgroup/rdt.ts';
import { sendIdle, updateUnit } from './concern/cgroup/systemd.ts';
import { PlanError } from './context.ts';
import type { Context } from './context.ts';
import { alt, errno } from './draft.ts';
import type { Draft } from './draft.ts';
import { undoOf } from './update/before.ts';
import { isGiven, resourcesPointer } from './update/merge.ts';
import type { Merged } from './update/merge.ts';

/** An update, compiled. */
export interface Update {
  readonly operations: readonly HostOperation[];
  /** The configuration with the new resources. */
  readonly spec: Spec;
  readonly merged: Merged;
}

/** Files whose value is computed from several resources, by what it is computed from. */
const computed: Readonly<Record<string, readonly string[]>> = {
  'cpu.max': ['/cpu/quota', '/cpu/period'],
  'memory.swap.max': ['/memory/limit', '/memory/swap'],
};

/**
 * Files whose values bound each other. The kernel refuses the first one when it does not fit the old value of the second;
 * then the second one goes first.
 */
const pairs: readonly (readonly [first: string, second: string])[] = [
  ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes'],
  ['cpu.cfs_period_us', 'cpu.cfs_quota_us'],
  ['cpu.rt_period_us', 'cpu.rt_runtime_us'],
];

/**
 * Compiles an update.
 *
 * @param spec the container's configuration
 * @param merged its resources with the update taken in
 * @param rdt the lines of its class of resctrl that the update changes
 * @param devicesNow what cgroup v1 has of device rules, where that may be something else than the configuration's
 * @throws PlanError when this host cannot do it
 */
export function compileUpdate(
  spec: Spec,
  merged: Merged,
  rdt: RdtLines | undefined,
  context: Context,
  devicesNow?: DeviceList,
): Update {
  const kept = spec.linux?.resources;
  const changed: Spec = { ...spec, linux: { ...spec.linux, resources: merged.resources } };
  if (rdt !== undefined) changed.linux!.intelRdt = { ...classOf(spec), ...rdt };
  const d = newDraft(changed, changed.process ?? { cwd: '/' }, '/process', context);
  if (d.cgroups.places.length === 0 && merged.given.size > 0) {
    throw new PlanError(diagnose('cgroupMissing', { controller: 'any', name: 'update' }, placeAt(resourcesPointer)));
  }
  checkUsage(d, merged);
  // First systemd, so that what it rounds is exact in the end.
  const devices = isGiven(merged, `${resourcesPointer}/devices`);
  if (d.cgroups.unit !== undefined) updateUnit(d, d.cgroups.unit, kept, devices);
  writeSettings(d, merged, kept);
  if (d.cgroups.unit !== undefined) sendIdle(d, d.cgroups.unit, kept);
  if (rdt !== undefined) updateRdt(d, rdt);
  if (devices) changeDevices(d, kept, devicesNow);
  return { operations: d.host, spec: changed, merged };
}

/**
 * The class of service that the container is in. One cannot be made for a container that runs: its processes but init
 * would stay outside.
 */
function classOf(spec: Spec): IntelRdt {
  if (spec.linux?.intelRdt !== undefined) return spec.linux.intelRdt;
  throw new PlanError(diagnose('rdtNone', {}));
}

/** memory.checkBeforeUpdate: a limit below what is in use is refused before anything is written. */
function checkUsage(d: Draft, merged: Merged): void {
  const { memory } = merged.resources;
  const from = `${resourcesPointer}/memory/limit`;
  if (memory?.checkBeforeUpdate !== true || memory.limit === undefined || memory.limit <= 0 || !isGiven(merged, from))
    return;
  const v2 = d.context.facts.cgroup.mode === 'v2';
  const setting: Setting = { controller: 'memory', file: v2 ? 'memory.current' : 'memory.usage_in_bytes', value: '',
    from };
  d.host.push({ op: 'cgroup.check', from, dir: placeForSetting(d, setting).dir, file: setting.file,
    limit: memory.limit });
}

function writeSettings(d: Draft, merged: Merged, kept: Resources | undefined): void {
  const wanted = settings(d).filter((setting) => isWanted(setting, merged));
  const disabledOom = kept?.memory?.disableOOMKiller === true;
  const write = (setting: Setting): HostOperation => updateOf(d, setting, disabledOom);
  const find = (name: string | undefined): Setting | undefined => wanted.find(({ file }) => file === name);
  // A lower quota has no room for the old burst.
  const burst = wanted.find(({ from }) => from === `${resourcesPointer}/cpu/burst`);
  if (burst !== undefined && Number(kept?.cpu?.burst ?? 0) > 0) d.host.push(write({ ...burst, value: '0' }));
  for (const setting of wanted) {
    const second = find(pairs.find(([first]) => first === setting.file)?.[1]);
    // The first one once more at the end, for when it was refused.
    if (second !== undefined) d.host.push(alt(write(setting), [errno.EINVAL], write(second)), write(second));
    if (find(pairs.find(([, other]) => other === setting.file)?.[0]) === undefined) d.host.push(write(setting));
  }
}

function isWanted({ file, from }: Setting, merged: Merged): boolean {
  // Whoever was idle has lost his weight.
  if (from === `${resourcesPointer}/cpu/shares` && Number(merged.resources.cpu?.idle) === 0 &&
    isGiven(merged, `${resourcesPointer}/cpu/idle`)) return true;
  const sources = computed[file];
  if (sources === undefined || from.startsWith(`${resourcesPointer}/unified/`)) return isGiven(merged, from);
  return sources.some((source) => isGiven(merged, resourcesPointer + source));
}

function updateOf(d: Draft, setting: Setting, disabledOom: boolean): HostOperation {
  const { file, value, from, missing } = setting;
  const { dir } = placeForSetting(d, setting);
  const update: HostOperation = { op: 'cgroup.update', from, dir, file, value, ...undoOf(setting, disabledOom) };
  if (missing === undefined) return update;
  return alt(update, [errno.ENOENT], missing === 'ignore' ? undefined : updateOf(d, missing, disabledOom));
}

/**
 * The last operations: the program of v2 takes the old one's place, and nothing can fail behind it. A user has no say
 * over devices, as at create.
 */
function changeDevices(d: Draft, kept: Resources | undefined, now: DeviceList | undefined): void {
  const rules = deviceRules(d.spec.linux?.resources?.devices);
  const { facts } = d.context;
  if (facts.rootless) return;
  if (facts.cgroup.mode === 'v2') {
    const from = `${resourcesPointer}/devices`;
    d.host.push({ op: 'cgroup.devices', from, dir: d.cgroups.places[0]!.dir, program: deviceProgram(rules) });
    return;
  }
  const { dir } = v1DevicesPlace(d);
  const before = now ?? deviceList(deviceRules(kept?.devices));
  for (const { allow, value, from } of changeLines('hole' in before ? undefined : before, keptList(rules))) {
    const [file, opposite] = allow ? ['devices.allow', 'devices.deny'] : ['devices.deny', 'devices.allow'];
    d.host.push({ op: 'cgroup.update', from, dir, file, value, reset: { file: opposite, value } });
  }
}
