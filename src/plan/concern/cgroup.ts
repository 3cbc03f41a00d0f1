// linux.cgroupsPath and linux.resources: makes the container's cgroups, sets their limits, moves the stager
// there.
import { clean, dirOf, ownPath } from '../../cgroup/path.ts';
import { deviceProgram } from '../../cgroup/device-bpf.ts';
import { deviceRules, v1Rule } from '../../cgroup/device-rules.ts';
import type { Setting } from '../../cgroup/setting.ts';
import { settingsV1 } from '../../cgroup/v1.ts';
import { onlyV1, settingsV2 } from '../../cgroup/v2.ts';
import { diagnose, placeAt } from '../../diagnostic/diagnose.ts';
import type { CgroupDir, HostOperation, StagerOperation } from '../../generated/plan.ts';
import type { Resources, Spec } from '../../generated/config.ts';
import { PlanError } from '../context.ts';
import type { Context } from '../context.ts';
import { alt, errno, slot } from '../draft.ts';
import type { Cgroups, Draft, Namespaces, Place } from '../draft.ts';
import { mapsUsers } from './namespaces.ts';

const refused: readonly number[] = [errno.EPERM, errno.EACCES, errno.EROFS];
const refusedOrMissing: readonly number[] = [errno.EPERM, errno.EACCES, errno.EROFS, errno.ENOENT];

/** Chooses the container's cgroup in every hierarchy that is mounted. */
export function readCgroups(spec: Spec, namespaces: Namespaces, context: Context): Cgroups {
  const { facts } = context;
  const from = spec.linux?.cgroupsPath === undefined ? '/linux' : '/linux/cgroupsPath';
  if (context.flags.cgroupManager === 'disabled') return { places: [], from, optional: true, byClone: false };
  const asked = spec.linux?.cgroupsPath ?? '';
  const places: Place[] = [];
  for (const own of facts.cgroup.v1) {
    const dir = dirOf(own.mount, own.path, asked, context.id);
    places.push({ dir, controllers: own.controllers, version: 1, own: own.path });
  }
  const v2 = facts.cgroup.v2;
  if (v2 !== null) {
    // On v2 a cgroup with processes can't have controlled children: the container goes beside the caller's
    // cgroup.
    const base = facts.cgroup.mode === 'v2' ? ownPath(v2.path) : v2.path;
    places.push({ dir: dirOf(v2.mount, base, asked, context.id), controllers: '', version: 2, own: v2.path });
  }
  const optional = facts.rootless && !hasLimits(spec.linux?.resources);
  if (places.length === 0 && !optional) {
    throw new PlanError(diagnose('cgroupMissing', { controller: 'any', name: 'linux.resources' }, placeAt(from)));
  }
  return { places, from, optional, byClone: v2 !== null && !optional && !mapsUsers(namespaces) };
}

/** Whether resources ask for anything besides device rules. */
function hasLimits(resources: Resources | undefined): boolean {
  if (resources === undefined) return false;
  for (const key in resources) {
    const value = resources[key as keyof Resources] as unknown;
    if (key === 'devices' || value === undefined || value === null) continue;
    if (Array.isArray(value) ? value.length > 0 : typeof value !== 'object' || Object.keys(value).length > 0) return true;
  }
  return false;
}

/** The container's cgroup directories, for the record that delete --force cleans up by. */
export function cgroupDirs(cgroups: Cgroups): CgroupDir[] {
  return cgroups.places.map((place) => place.dir);
}

/**
 * The cgroup whose processes are the container's: v2 where there is one, for it can kill and freeze as a
 * whole.
 */
export function mainDir(cgroups: Cgroups): CgroupDir | undefined {
  const { places } = cgroups;
  return (places.find((place) => place.version === 2) ?? freezerPlace(cgroups) ?? places[0])?.dir;
}

/** The container's cgroup in the v1 freezer hierarchy. */
export function freezerDir(cgroups: Cgroups): CgroupDir | undefined {
  return freezerPlace(cgroups)?.dir;
}

function freezerPlace(cgroups: Cgroups): Place | undefined {
  return placeOf(cgroups, 'freezer');
}

/** The v1 hierarchy that has a controller. */
export function placeOf(cgroups: Cgroups, controller: string): Place | undefined {
  for (const place of cgroups.places) {
    if (place.version === 1 && (place.controllers === controller || `,${place.controllers},`.includes(`,${controller},`))) {
      return place;
    }
  }
  return undefined;
}

/** Makes the cgroups and sets what must hold before a process is in them: device rules and cpusets. */
export function makeCgroups(d: Draft): void {
  const { cgroups, host, context } = d;
  const enable = context.facts.cgroup.v2?.controllers ?? [];
  for (const place of cgroups.places) {
    const cpuset = place.version === 1 && `,${place.controllers},`.includes(',cpuset,');
    const make: HostOperation = {
      op: 'cgroup.create', from: cgroups.from, dir: place.dir, inherit: cpuset ? ['cpuset.cpus', 'cpuset.mems'] : [],
      enable: place.version === 2 ? enable : [], refuseUsed: true,
    };
    host.push(cgroups.optional ? alt(make, refused) : make);
  }
  if (cgroups.places.length > 0) limitDevices(d);
  for (const setting of settings(d)) if (comesFirst(setting)) set(d, setting);
}

/** Whether no process can be in the cgroup before it is set: cpusets, and time for real-time tasks. */
function comesFirst({ controller, file }: Setting): boolean {
  return controller === 'cpuset' || file.startsWith('cpu.rt_');
}

/** Sets the limits that may come while the stager is already at work. */
export function limitCgroups(d: Draft): void {
  for (const setting of settings(d)) {
    if (!comesFirst(setting) && setting.controller !== 'pids') set(d, setting);
  }
}

/**
 * Limits the number of processes once init exists: the stager is a process too, and a limit of 1 must hold
 * for init alone.
 */
export function limitProcesses(d: Draft): void {
  for (const setting of settings(d)) if (setting.controller === 'pids') set(d, setting);
}

/** Moves the stager into the cgroups, with the caller's own rights; opens the v2 one for the clone. */
export function joinCgroups(d: Draft): void {
  const { cgroups } = d;
  for (const place of cgroups.places) {
    if (place.version === 2 && cgroups.byClone) {
      d.host.push({ op: 'cgroup.open', from: cgroups.from, dir: place.dir, slot: slot.cgroup });
      d.host.push({ op: 'fd.send', from: cgroups.from, slot: slot.cgroup });
      continue;
    }
    const join: StagerOperation = { op: 'cgroup.join', from: cgroups.from, dir: place.dir };
    d.stager.push(cgroups.optional ? alt(join, refusedOrMissing) : join);
  }
}

/** exec: opens init's pidfd and starts the stager. */
export function spawnInto(d: Draft): void {
  d.host.push({ op: 'process.fd', from: '', slot: slot.pidfd });
  d.host.push({ op: 'process.spawn', from: d.at });
}

/**
 * exec: the stager goes where init is before it sees anything of the container.
 *
 * @param asked existing cgroups below the container's, `[CONTROLLERS:]PATH` each
 * @throws PlanError when there is no such hierarchy
 */
export function followCgroups(d: Draft, asked: readonly string[]): void {
  const { cgroups, stager } = d;
  if (cgroups.places.length === 0) return;
  const follow: StagerOperation = {
    op: 'cgroup.follow', from: cgroups.from, mounts: cgroups.places.map(({ dir, controllers }) => ({ mount: dir.mount, controllers })),
    sub: asked.map((text) => subOf(d, text)),
  };
  stager.push(cgroups.optional && asked.length === 0 ? alt(follow, refusedOrMissing) : follow);
}

/**
 * A sub-cgroup by its controllers; without them in the hierarchy whose cgroup is the container's main one.
 */
function subOf(d: Draft, text: string): CgroupDir {
  const colon = text.indexOf(':');
  const controllers = colon < 0 ? undefined : text.slice(0, colon);
  const place = controllers === undefined
    ? d.cgroups.places.find(({ dir }) => dir === mainDir(d.cgroups))
    : controllers === '' ? d.cgroups.places.find(({ version }) => version === 2) : placeOf(d.cgroups, controllers.split(',')[0]!);
  if (place === undefined) {
    throw new PlanError(diagnose('cgroupMissing', { controller: controllers ?? '', name: '--cgroup' }));
  }
  const path = text.slice(colon + 1);
  if (path.split('/').includes('..')) throw new PlanError(diagnose('cgroupsPath', { value: path }));
  return { mount: place.dir.mount, path: clean(path) };
}

/**
 * Values for the files of the cgroups that linux.resources asks for.
 *
 * @throws PlanError when this version of cgroups has no equivalent
 */
export function settings(d: Draft): readonly Setting[] {
  const resources = d.spec.linux?.resources;
  if (resources === undefined || d.cgroups.places.length === 0) return [];
  const v2 = d.context.facts.cgroup.mode === 'v2';
  const foreign = v2 ? onlyV1(resources) : resources.unified === undefined ? undefined : '/linux/resources/unified';
  if (foreign !== undefined) {
    throw new PlanError(diagnose(
      'cgroupVersion', { name: nameOf(foreign), version: v2 ? 'v2' : 'v1', remedy: 'remove it' }, placeAt(foreign),
    ));
  }
  const zeroPids = zeroIsLimit(d.spec.ociVersion);
  return v2 ? settingsV2(resources, zeroPids) : settingsV1(resources, zeroPids);
}

/**
 * Whether `pids.limit` 0 is a limit: it is since version 1.3 of the specification. Engines of before send zeros
 * for what they do not limit.
 */
function zeroIsLimit(version: string): boolean {
  const [major, minor] = version.split('.', 2);
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 3);
}

/** A JSON pointer as messages name a property. */
function nameOf(pointer: string): string {
  return pointer.slice(1).replaceAll('/', '.');
}

function set(d: Draft, setting: Setting): void {
  d.host.push(writeOf(placeForSetting(d, setting).dir, setting));
}

/**
 * The hierarchy that has the controller of a setting.
 *
 * @throws PlanError when none has
 */
export function placeForSetting(d: Draft, setting: Setting): Place {
  const v2 = d.context.facts.cgroup.mode === 'v2';
  const place = v2 ? d.cgroups.places[0] : placeOf(d.cgroups, setting.controller);
  if (place !== undefined && (!v2 || hasController(d, setting.controller))) return place;
  throw new PlanError(diagnose(
    'cgroupMissing', { controller: setting.controller, name: nameOf(setting.from) },
    placeAt(setting.from),
  ));
}

/** Controllers of v2 that are none in cgroup.controllers: core files, which always exist. */
function hasController(d: Draft, controller: string): boolean {
  return controller === '' || (d.context.facts.cgroup.v2?.controllers.includes(controller) ?? false);
}

function writeOf(dir: CgroupDir, setting: Setting): HostOperation {
  const write: HostOperation = {
    op: 'cgroup.write', from: setting.from, dir, file: setting.file, value: setting.value,
  };
  if (setting.missing === undefined) return write;
  return alt(write, [errno.ENOENT], setting.missing === 'ignore' ? undefined : writeOf(dir, setting.missing));
}

/**
 * Denies every device that no rule allows. In a user namespace the kernel lets nobody change device rules,
 * and no device node can be made there either.
 */
function limitDevices(d: Draft): void {
  const { facts } = d.context;
  if (facts.rootless) return;
  const rules = deviceRules(d.spec.linux?.resources?.devices);
  if (facts.cgroup.mode === 'v2') {
    const dir = d.cgroups.places[0]!.dir;
    d.host.push({
      op: 'cgroup.devices', from: '/linux/resources/devices', dir, program: deviceProgram(rules),
    });
    return;
  }
  const place = v1DevicesPlace(d);
  for (const rule of rules) {
    const file = rule.allow ? 'devices.allow' : 'devices.deny';
    for (const value of v1Rule(rule)) {
      d.host.push({ op: 'cgroup.write', from: rule.from, dir: place.dir, file, value });
    }
  }
}

/**
 * The v1 hierarchy of the device controller.
 *
 * @throws PlanError when it is not mounted
 */
export function v1DevicesPlace(d: Draft): Place {
  const place = placeOf(d.cgroups, 'devices');
  if (place !== undefined) return place;
  throw new PlanError(diagnose(
    'cgroupMissing', { controller: 'devices', name: 'linux.resources' }, placeAt('/linux/resources'),
  ));
}
