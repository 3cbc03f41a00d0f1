// linux.cgroupsPath and linux.resources: makes the container's cgroups, sets their limits, moves the stager
// there.
import { clean, dirOf, ownPath } from '../../../cgroup/path.ts';
import type { Setting } from '../../../cgroup/setting.ts';
import { diagnose, placeAt } from '../../../diagnostic/diagnose.ts';
import { NamespaceFlag } from '../../../generated/plan.ts';
import type { CgroupDir, CgroupJoin, HostOperation, StagerOperation } from '../../../generated/plan.ts';
import type { Spec } from '../../../generated/config.ts';
import { PlanError } from '../../context.ts';
import type { Context } from '../../context.ts';
import { alt, errno, slot } from '../../draft.ts';
import type { Cgroups, Draft, Namespaces, Place } from '../../draft.ts';
import { hasController, placeOf, set, settings, threadedControllers, wantedLimits,
  writableCgroupMount } from './cgroup-limits.ts';
import { limitDevices } from './device-limits.ts';
import { freezerOf, freezerVersion } from './freezer.ts';
import { onHost } from '../process/id-maps.ts';
import { mapsUsers } from '../namespaces.ts';
import { makeUnit, readUnit, sendIdle } from './systemd.ts';

const refused: readonly number[] = [errno.EPERM, errno.EACCES, errno.EROFS];
const refusedOrMissing: readonly number[] = [errno.EPERM, errno.EACCES, errno.EROFS, errno.ENOENT];

/** Chooses the container's cgroup in every hierarchy that is mounted. */
export function readCgroups(spec: Spec, namespaces: Namespaces, context: Context): Cgroups {
  const { facts } = context;
  const from = spec.linux?.cgroupsPath === undefined ? '/linux' : '/linux/cgroupsPath';
  if (context.flags.cgroupManager === 'disabled') return { places: [], from, optional: true, byClone: false };
  if (context.flags.cgroupManager === 'systemd') return readUnit(spec, context);
  const asked = spec.linux?.cgroupsPath ?? '';
  const places: Place[] = [];
  for (const own of facts.cgroup.v1) {
    const dir = dirOf(own.mount, own.path, asked, context.id);
    places.push({ dir, controllers: own.controllers, version: 1, own: own.path, root: own.root ?? '' });
  }
  const v2 = facts.cgroup.v2;
  if (v2 !== null) {
    // On v2 a cgroup with processes can't have controlled children: the container goes beside the caller's
    // cgroup.
    const base = facts.cgroup.mode === 'v2' ? ownPath(v2.path) : v2.path;
    places.push({ dir: dirOf(v2.mount, base, asked, context.id), controllers: '', version: 2, own: v2.path,
      root: v2.root ?? '' });
  }
  const optional = facts.rootless && wantedLimits(spec, facts).length === 0;
  if (places.length === 0 && !optional) {
    throw new PlanError(diagnose('cgroupMissing', { controller: 'any', name: 'linux.resources' }, placeAt(from)));
  }
  // From a cgroup namespace of others the kernel lets no clone begin in a cgroup outside of it.
  const byClone = v2 !== null && !optional && !mapsUsers(namespaces) &&
    (namespaces.joined & NamespaceFlag.cgroup) === 0;
  return { places, from, optional, byClone };
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
  return places.find((place) => place.version === 2)?.dir ?? freezerOf(cgroups)?.dir ?? places[0]?.dir;
}

/** Where the container's processes are: in its cgroup, or in one below. */
function processDir({ unit }: Cgroups, { dir }: Place): CgroupDir {
  return unit?.subgroup === undefined ? dir : { mount: dir.mount, path: `${dir.path}/${unit.subgroup}` };
}

/** Where the container's processes are in every hierarchy, with its controllers. */
export function processPlaces(cgroups: Cgroups): { readonly controllers: string; readonly dir: CgroupDir }[] {
  return cgroups.places.map((place) => ({ controllers: place.controllers, dir: processDir(cgroups, place) }));
}

/** Makes the cgroups and sets what must hold before a process is in them: device rules, cpusets and the like. */
export function makeCgroups(d: Draft): void {
  const { cgroups, host, context } = d;
  const enable = context.facts.cgroup.v2?.controllers ?? [];
  const asked = d.spec.linux?.cgroupsPath ?? '';
  if (cgroups.unit !== undefined) makeUnit(d, cgroups.unit);
  else if (cgroups.places.length > 0 && /^[^:/]*:[^:/]*:[^:/]*$/.test(asked)) {
    throw new PlanError(diagnose('cgroupsPathSystemd', { value: asked }, placeAt(cgroups.from)));
  }
  for (const place of cgroups.places) {
    const { unit } = cgroups;
    const bySystemd = unit?.unified === true;
    // What systemd has made is not ours to change, but for a group below it.
    if (!bySystemd || unit.subgroup !== undefined) {
      const make: HostOperation = {
        op: 'cgroup.create',
        from: cgroups.from,
        dir: processDir(cgroups, place),
        inherit: hasController(place, 'cpuset') ? ['cpuset.cpus', 'cpuset.mems'] : [],
        enable: place.version === 2 && unit === undefined ? enable : [],
        threads: place.version === 2 && unit === undefined ? threadedControllers(d, enable) : [],
        refuseUsed: unit === undefined,
        freezer: freezerVersion(place),
      };
      host.push(cgroups.optional ? alt(make, refused) : make);
    }
    if (bySystemd || unit?.subgroup !== undefined) host.push({ op: 'cgroup.find', from: cgroups.from, dir: place.dir });
  }
  ownCgroup(d);
  limitDevices(d, false);
  for (const setting of settings(d)) if (comesFirst(setting)) set(d, setting);
}

/**
 * Gives the container's cgroup to its user, who can then make cgroups below it: on v2 alone, with a cgroup
 * namespace of its own and the hierarchy mounted writable (runtime-spec config-linux, "Cgroup ownership").
 */
function ownCgroup(d: Draft): void {
  const { cgroups, context, namespaces, spec } = d;
  const place = cgroups.places.find(({ version }) => version === 2);
  if (place === undefined || context.facts.cgroup.mode !== 'v2' || (namespaces.created & NamespaceFlag.cgroup) === 0)
    return;
  const index = writableCgroupMount(spec);
  if (index < 0) return;
  const inside = spec.process?.user?.uid ?? 0;
  const uid = mapsUsers(namespaces) ? onHost(spec.linux?.uidMappings ?? [], inside) : inside;
  if (uid === undefined) return;
  const own: HostOperation = { op: 'cgroup.own', from: `/mounts/${index}`, dir: processDir(cgroups, place), uid };
  // Ids of others cannot be given anything by a user, and where the cgroup could not be made there is none.
  d.host.push(context.facts.rootless ? alt(own, refusedOrMissing) : own);
}

/**
 * Whether no process can be in the cgroup before it is set: cpusets, time for real-time tasks, and the memory limits of
 * v1, which the kernel refuses (EBUSY) once more than that is in use.
 */
function comesFirst({ controller, file }: Setting): boolean {
  return controller === 'cpuset' || file.startsWith('cpu.rt_') || file.endsWith('.limit_in_bytes');
}

/** Sets the limits that may come while the stager is already at work. */
export function limitCgroups(d: Draft): void {
  for (const setting of settings(d)) {
    if (!comesFirst(setting) && setting.controller !== 'pids') set(d, setting);
  }
  if (d.cgroups.unit !== undefined) sendIdle(d, d.cgroups.unit);
}

/**
 * Limits the number of processes once init exists: the stager is a process too, and a limit of 1 must hold
 * for init alone.
 */
export function limitProcesses(d: Draft): void {
  for (const setting of settings(d)) if (setting.controller === 'pids') set(d, setting);
}

/**
 * Moves the process into the cgroups, with the caller's own rights; opens the v2 one for the clone. Those of v1 are init's
 * first operations: its namespaces are made before, so that they do not count as memory of the container, as on v2.
 */
export function joinCgroups(d: Draft): void {
  const { cgroups } = d;
  for (const place of cgroups.places) {
    if (place.version === 2 && cgroups.byClone) {
      d.host.push({ op: 'cgroup.open', from: cgroups.from, dir: place.dir, slot: slot.cgroup });
      d.host.push({ op: 'fd.send', from: cgroups.from, slot: slot.cgroup });
      continue;
    }
    const join: CgroupJoin = { op: 'cgroup.join', from: cgroups.from, dir: processDir(cgroups, place) };
    const operation = cgroups.optional ? alt(join, refusedOrMissing) : join;
    if (place.version === 1) d.init.push(operation);
    else d.stager.push(operation);
  }
}

/** exec: opens init's pidfd and starts the stager. */
export function spawnInto(d: Draft): void {
  d.host.push({ op: 'process.fd', from: '', slot: slot.pidfd });
  d.host.push({ op: 'process.spawn', from: d.processPointer, apart: false });
}

/**
 * exec: the stager goes where init is before it sees anything of the container.
 *
 * @param asked existing cgroups below the container's, `[CONTROLLERS:]PATH` each
 * @param strict whether it fails where a container without limits could do without
 * @param full whether the container has as many processes as it may have: where they are counted the process is moved in the
 * end, since none can be made there
 * @returns errnos of a refused move with which the process stays where it is
 * @throws PlanError when there is no such hierarchy
 */
export function followCgroups(d: Draft, asked: readonly string[], strict: boolean, full: boolean): readonly number[] {
  const { cgroups, stager } = d;
  if (cgroups.places.length === 0) return [];
  const counts = ({ version, controllers }: Place): boolean =>
    full && (version === 2 ? d.context.facts.cgroup.mode === 'v2' : `,${controllers},`.includes(',pids,'));
  for (const place of cgroups.places) if (counts(place)) d.attach.push(processDir(cgroups, place));
  const follow: StagerOperation = {
    op: 'cgroup.follow',
    from: cgroups.from,
    mounts: cgroups.places.filter((place) => !counts(place))
      .map((place) => ({
        mount: place.dir.mount,
        controllers: place.controllers,
        root: place.root,
        freezer: freezerVersion(place),
      })),
    sub: subsOf(d, asked),
    optional: d.context.habits.subCgroupMayLack && cgroups.places.some(({ version }) => version === 1),
  };
  stager.push(cgroups.optional && asked.length === 0 ? alt(follow, refusedOrMissing) : follow);
  // A user may move nothing between cgroups whose common ancestor is not the user's own, not even within one; nor may root
  // of a user namespace.
  const stays = !strict && cgroups.optional && asked.length === 0;
  return stays ? [errno.EACCES, errno.EPERM] : [];
}

/**
 * The sub-cgroups: one that names controllers is in their hierarchies, one that names none is in every hierarchy that
 * can limit something, which v2 beside v1 cannot.
 */
function subsOf(d: Draft, asked: readonly string[]): CgroupDir[] {
  const { places } = d.cgroups;
  const dirs = new Map<string, CgroupDir>();
  for (const text of asked) {
    const colon = text.indexOf(':');
    const path = text.slice(colon + 1);
    if (path.split('/').includes('..')) throw new PlanError(diagnose('subCgroup', { value: path }));
    const named = colon < 0
      ? places.filter(({ version }) => version === places[0]!.version)
      : text.slice(0, colon).split(',').map((name) => hierarchyOf(d, name));
    for (const { dir: { mount } } of named) dirs.set(mount, { mount, path: clean(path) });
  }
  return [...dirs.values()];
}

function hierarchyOf(d: Draft, controller: string): Place {
  const place = controller === ''
    ? d.cgroups.places.find(({ version }) => version === 2)
    : placeOf(d.cgroups, controller);
  if (place !== undefined) return place;
  throw new PlanError(diagnose('cgroupMissing', { controller, name: '--cgroup' }));
}
