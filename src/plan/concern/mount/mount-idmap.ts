// Id-mapped mounts (runtime-spec config "Linux mount options", idmap and ridmap): the host's side maps the ids of
// the detached mount, since that takes rights over the file system.
import type { MountIdmap } from '../../../generated/plan.ts';
import type { IdMapping, Mount } from '../../../generated/config.ts';
import type { IdRange } from '../../../spec/idmap-option.ts';
import { slot } from '../../draft.ts';
import type { Draft } from '../../draft.ts';
import { mapText } from '../process/id-maps.ts';
import type { Idmap } from './mount-request.ts';

/** Maps the mount in the slot of sources: by its own mappings, else like the container's user namespace. */
export function mapIds(d: Draft, mount: Mount, idmap: Idmap, mountPointer: string): MountIdmap {
  const from = idmap.option === undefined ? `${mountPointer}/uidMappings` : `${mountPointer}/options/${idmap.option}`;
  const { linux } = d.spec;
  const base = { op: 'mount.idmap', from, slot: slot.source, recursive: idmap.recursive } as const;
  if (idmap.text !== undefined) {
    const { uids, gids } = idmap.text;
    return {
      ...base,
      uidMap: mapText(resolve(uids, linux?.uidMappings ?? [])),
      gidMap: mapText(resolve(gids, linux?.gidMappings ?? [])),
    };
  }
  if (mount.uidMappings !== undefined || mount.gidMappings !== undefined) {
    return { ...base, uidMap: mapText(mount.uidMappings ?? []), gidMap: mapText(mount.gidMappings ?? []) };
  }
  const joined = d.namespaces.joins.find(({ type }) => type === 'user');
  if (joined !== undefined) return { ...base, path: joined.path, uidMap: '', gidMap: '' };
  return { ...base, uidMap: mapText(linux?.uidMappings ?? []), gidMap: mapText(linux?.gidMappings ?? []) };
}

/** Ranges as mappings; the relative ones through those of the container. */
function resolve(ranges: readonly IdRange[], container: readonly IdMapping[]): IdMapping[] {
  return ranges.map(({ first, to, size, relative }) => {
    const entry = relative
      ? container.find(({ containerID, size: count }) => to >= containerID && to < containerID + count)
      : undefined;
    return { containerID: first, hostID: entry === undefined ? to : entry.hostID + (to - entry.containerID), size };
  });
}
