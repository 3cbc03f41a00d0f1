import type { IdMapping, Spec } from '../types.ts';
import type { Findings } from './findings.ts';
import { namespaceOf } from './namespaces.ts';
import { noId } from './process.ts';

/** Most lines of a map (user_namespaces(7)). */
const mostEntries = 340;

/** Maps of a user namespace (user_namespaces(7); config-linux.md, User namespace mappings). */
export function checkIdMaps(spec: Spec, findings: Findings): void {
  const { linux } = spec;
  if (linux === undefined) return;
  const user = namespaceOf(spec, 'user');
  const joined = user !== undefined && (user.path ?? '') !== '';
  for (const name of ['uidMappings', 'gidMappings'] as const) {
    const map = linux[name];
    if (map === undefined || map.length === 0) {
      if (user !== undefined && !joined) findings.add('mapMissing', '/linux/namespaces', { name: `linux.${name}` });
      continue;
    }
    if (user === undefined) findings.add('mapUseless', `/linux/${name}`, { name: `linux.${name}` });
    checkMap(map, `/linux/${name}`, name, findings);
  }
  if (user !== undefined && !joined) checkUser(spec, findings);
}

/** Entries of a map: not empty, inside of the range of ids, no id twice. */
export function checkMap(map: readonly IdMapping[], pointer: string, name: string, findings: Findings): void {
  if (map.length > mostEntries) return findings.add('mapCount', pointer, { name, count: map.length });
  for (let index = 0; index < map.length; index++) {
    const entry = map[index]!;
    const holes = { name: `${name}[${index}]` };
    if (entry.size === 0) {
      findings.add('mapSize', `${pointer}/${index}/size`, holes);
      continue;
    }
    if (entry.containerID + entry.size > noId || entry.hostID + entry.size > noId)
      findings.add('mapOverflow', `${pointer}/${index}/size`, holes);
    for (const side of ['containerID', 'hostID'] as const) {
      for (let other = 0; other < index; other++) {
        const before = map[other]!;
        if (entry[side] < before[side] + before.size && before[side] < entry[side] + entry.size) {
          findings.add('mapOverlap', `${pointer}/${index}/${side}`, { ...holes, other,
            side: side === 'hostID' ? 'host' : 'container' });
          break;
        }
      }
    }
  }
}

/** The user of the process must be mapped: the kernel refuses to become anybody else. */
function checkUser(spec: Spec, findings: Findings): void {
  const user = spec.process?.user;
  const { uidMappings = [], gidMappings = [] } = spec.linux ?? {};
  const must = (id: number, map: readonly IdMapping[], name: string, pointer: string, mapName: string): void => {
    if (map.length === 0 || map.some((entry) => id >= entry.containerID && id < entry.containerID + entry.size)) return;
    findings.add('mapForeign', pointer, { name, value: id, map: mapName });
  };
  must(user?.uid ?? 0, uidMappings, 'uid', '/process/user/uid', 'linux.uidMappings');
  must(user?.gid ?? 0, gidMappings, 'gid', '/process/user/gid', 'linux.gidMappings');
  user?.additionalGids?.forEach((gid, index) =>
    must(gid, gidMappings, 'gid', `/process/user/additionalGids/${index}`, 'linux.gidMappings')
  );
}
