import type { OtherContainer } from '../../generated/protocol.ts';
import type { IdMapping } from '../../spec/types.ts';
import type { Report } from '../report.ts';
import type { View } from '../view.ts';

interface Range {
  readonly first: number;
  /** The last one. */
  readonly last: number;
}

/** Ids that other containers of the state root have, too; those that share the user namespace on purpose have a path of it. */
export function checkNeighbours(
  { spec: { linux }, own }: View,
  others: readonly OtherContainer[],
  report: Report,
): void {
  const user = linux?.namespaces?.find(({ type }) => type === 'user');
  if (!own.has('user') || (user?.path ?? '') !== '') return;
  const check = (maps: readonly IdMapping[] | undefined, kind: 'uid' | 'gid'): void => {
    maps?.forEach(({ hostID, size }, index) => {
      for (const { id, uidMap, gidMap } of others) {
        const shared = rangesOf(kind === 'uid' ? uidMap : gidMap)
          .map(({ first, last }) => ({ first: Math.max(first, hostID), last: Math.min(last, hostID + size - 1) }))
          .find(({ first, last }) => first <= last);
        if (shared === undefined) continue;
        report.add('maps-shared', `/linux/${kind}Mappings/${index}`, { kind, ...shared, other: id });
        return;
      }
    });
  };
  check(linux?.uidMappings, 'uid');
  check(linux?.gidMappings, 'gid');
}

/** The host's side of a map (user_namespaces(7)). */
function rangesOf(map: string): Range[] {
  return map.split('\n').flatMap((line) => {
    const [, first, count] = line.trim().split(/\s+/).map(Number);
    return first === undefined || count === undefined ? [] : [{ first, last: first + count - 1 }];
  });
}
