// The cgroup by which a container is paused, held still while it is killed or saved, and known to be frozen: chosen here for
// every command. Native code reads it from the operations and, where it has no plan, from the record.
import type { Freezer, FreezerVersion } from '../../../generated/plan.ts';
import type { Cgroups, Place } from '../../draft.ts';
import { hasController, placeOf } from './cgroup-limits.ts';

/** How the cgroups of a hierarchy are frozen; undefined where they cannot. */
export function freezerVersion(place: Place): FreezerVersion | undefined {
  if (place.version === 2) return 'v2';
  return hasController(place, 'freezer') ? 'v1' : undefined;
}

/**
 * The container's freezer: that of v1 where it is mounted, for there engines and CRIU look, else v2, whose cgroups can all
 * freeze.
 */
export function freezerOf(cgroups: Cgroups): Freezer | undefined {
  const place = placeOf(cgroups, 'freezer') ?? cgroups.places.find(({ version }) => version === 2);
  const version = place === undefined ? undefined : freezerVersion(place);
  return version === undefined ? undefined : { dir: place!.dir, version };
}
