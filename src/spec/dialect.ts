// What a configuration means under the name by which the command was started.
import type { Habits } from '../compat/habits.ts';
import type { HostFacts, IdRange } from '../generated/protocol.ts';
import type { IdMapping, Spec } from './types.ts';

/** How a configuration is read. */
export interface Dialect {
  /** The habits of that name; absent: veloci's own. */
  readonly habits?: Habits;
  /** Completes a configuration of a valid form before it is checked: what that runtime adds to it. */
  readonly complete?: (spec: Spec) => Spec;
}

/** How a configuration is read with these habits. */
export function dialectOf(habits: Habits, facts: HostFacts): Dialect {
  return habits.completesIdMaps ? { habits, complete: (spec) => withMaps(spec, facts) } : { habits };
}

/** A new user namespace without maps gets the caller's id as that of the process, and his subordinate ids around it. */
function withMaps(spec: Spec, { euid, egid, subids }: HostFacts): Spec {
  const { linux, process } = spec;
  if (linux?.namespaces?.some(({ type, path = '' }) => type === 'user' && path === '') !== true) return spec;
  const complete = (
    map: IdMapping[] | undefined,
    inside: number,
    outside: number,
    ranges: readonly IdRange[] = [],
  ): IdMapping[] => (map !== undefined && map.length > 0 ? map : aroundOf(inside, outside, ranges[0]));
  return {
    ...spec,
    linux: {
      ...linux,
      uidMappings: complete(linux.uidMappings, process?.user?.uid ?? 0, euid, subids?.uid),
      gidMappings: complete(linux.gidMappings, process?.user?.gid ?? 0, egid, subids?.gid),
    },
  };
}

/** Maps `outside` to `inside`, and the ids before and behind it to a range, as far as that goes. */
function aroundOf(inside: number, outside: number, range: IdRange | undefined): IdMapping[] {
  if (range === undefined) return [{ containerID: 0, hostID: outside, size: 1 }];
  const [start, count] = range;
  const before = Math.min(inside, count);
  return [
    { containerID: 0, hostID: start, size: before },
    { containerID: inside, hostID: outside, size: 1 },
    { containerID: inside + 1, hostID: start + before, size: count - before },
  ].filter(({ size }) => size > 0);
}
