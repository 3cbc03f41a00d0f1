// linux.resources without devices: which settings there are, and how they are written.
import { clean } from '../../../cgroup/path.ts';
import type { Setting } from '../../../cgroup/setting.ts';
import { settingsV1 } from '../../../cgroup/v1.ts';
import { onlyV1, settingsV2 } from '../../../cgroup/v2.ts';
import { diagnose, placeAt } from '../../../diagnostic/diagnose.ts';
import type { Spec } from '../../../generated/config.ts';
import type { CgroupDir, HostOperation } from '../../../generated/plan.ts';
import type { HostFacts } from '../../../generated/protocol.ts';
import { nameOf } from '../../../spec/validate.ts';
import { PlanError } from '../../context.ts';
import { alt, errno } from '../../draft.ts';
import type { Cgroups, Draft, Place } from '../../draft.ts';

/** The v1 hierarchy that has a controller. */
export function placeOf(cgroups: Cgroups, controller: string): Place | undefined {
  for (const place of cgroups.places) if (hasController(place, controller)) return place;
  return undefined;
}

/** Whether a hierarchy of v1 has a controller. */
export function hasController({ version, controllers }: Place, controller: string): boolean {
  return version === 1 && (controllers === controller || `,${controllers},`.includes(`,${controller},`));
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
  const foreign = v2
    ? onlyV1(resources)
    : Object.keys(resources.unified ?? {}).length === 0
    ? undefined
    : '/linux/resources/unified';
  if (foreign !== undefined) {
    throw new PlanError(diagnose(
      'cgroupVersion',
      { name: nameOf(foreign, ''), version: v2 ? 'v2' : 'v1', remedy: 'remove it' },
      placeAt(foreign),
    ));
  }
  return wantedLimits(d.spec, d.context.facts);
}

/** The same, wherever this host can set them. */
export function wantedLimits({ linux, ociVersion }: Spec, { cgroup }: HostFacts): readonly Setting[] {
  const resources = linux?.resources ?? {};
  const zeroPids = zeroIsLimit(ociVersion);
  return cgroup.mode === 'v2' ? settingsV2(resources, zeroPids) : settingsV1(resources, zeroPids);
}

/**
 * Whether `pids.limit` 0 is a limit: it is since version 1.3 of the specification. Engines of before send zeros
 * for what they do not limit.
 */
export function zeroIsLimit(version: string): boolean {
  const [major, minor] = version.split('.', 2);
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 3);
}

/** Adds the write of a setting to the host's program. */
export function set(d: Draft, setting: Setting): void {
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
  if (place !== undefined && (!v2 || isGiven(d, setting.controller))) return place;
  throw new PlanError(diagnose(
    'cgroupMissing',
    { controller: setting.controller, name: nameOf(setting.from, '') },
    placeAt(setting.from),
  ));
}

/** Controllers of v2 that are none in cgroup.controllers: core files, which always exist. */
function isGiven(d: Draft, controller: string): boolean {
  return controller === '' || (d.context.facts.cgroup.v2?.controllers.includes(controller) ?? false);
}

function writeOf(dir: CgroupDir, setting: Setting): HostOperation {
  const write: HostOperation = {
    op: 'cgroup.write',
    from: setting.from,
    dir,
    file: setting.file,
    value: setting.value,
  };
  if (setting.missing === undefined) return write;
  return alt(write, [errno.ENOENT], setting.missing === 'ignore' ? undefined : writeOf(dir, setting.missing));
}

/** Controllers that threaded cgroups of v2 can have (cgroup-v2.rst of the kernel, "Threads"). */
const ofThreads: ReadonlySet<string> = new Set(['cpu', 'cpuset', 'pids']);

/**
 * Those of `available` that a cgroup beside processes of others may have: all that threaded ones can have, when no limit needs
 * another one. Without any limit this lets a later update set one; a container that can make cgroups of its own keeps one that
 * can hold anything then.
 */
export function threadedControllers(d: Draft, available: readonly string[]): string[] {
  const needed = settings(d).filter(({ controller, missing }) => controller !== '' && missing !== 'ignore');
  const divides = needed.length === 0 && writableCgroupMount(d.spec) >= 0;
  if (divides || !needed.every(({ controller }) => ofThreads.has(controller))) return [];
  return available.filter((name) => ofThreads.has(name));
}

/** The index of the mount by which the container can change its own cgroup; -1 when there is none. */
export function writableCgroupMount({ mounts }: Spec): number {
  return mounts?.findIndex(({ destination, source, options }) =>
    source === 'cgroup' && clean(destination) === 'sys/fs/cgroup' && options?.includes('ro') !== true
  ) ?? -1;
}
