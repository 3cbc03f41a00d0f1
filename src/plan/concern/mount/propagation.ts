// Mount propagation (mount_namespaces(7)): what the mounts of the container's namespace become at first, and what that
// means for a mount that the host's side opens for the container.
import type { Propagation } from '../../../generated/plan.ts';
import type { Draft } from '../../draft.ts';
import { mapsUsers } from '../namespaces.ts';

/** What every mount of the new namespace becomes, so that what init mounts reaches the host only where the configuration wants it. */
export type Tree = 'rprivate' | 'rslave' | 'rshared';

/** An unbindable tree could not be mounted on itself: it becomes unbindable after the pivot. */
const trees: Readonly<Record<string, Tree>> = {
  shared: 'rshared',
  rshared: 'rshared',
  private: 'rprivate',
  rprivate: 'rprivate',
  slave: 'rslave',
  rslave: 'rslave',
  unbindable: 'rprivate',
  runbindable: 'rprivate',
};

/** The first propagation of the tree: linux.rootfsPropagation. */
export function treeOf(d: Draft): Tree {
  const asked = d.spec.linux?.rootfsPropagation;
  return (asked === undefined ? undefined : trees[asked]) ?? 'rslave';
}

/**
 * What a mount becomes that the host's side has cloned, before anything else sees it. A clone is a member of the peer
 * group of its source, so a mount made on it would be made on the host, too. It becomes what the copy of its source in
 * the container's mount namespace is: that of another user namespace never is a peer of the host's.
 *
 * @param asked the propagation that the mount asks for
 */
export function ofClone(d: Draft, asked: Propagation): Propagation {
  const tree = treeOf(d);
  if (tree !== 'rshared') return tree;
  if (mapsUsers(d.namespaces)) return 'rslave';
  return /^r(private|slave|unbindable)$/.test(asked) ? asked : 'rshared';
}

/** What a mount from such a clone becomes in its place: where every mount is shared it is so among those of the container. */
export function inPlace(d: Draft, asked: Propagation): Propagation {
  return asked === 'keep' && treeOf(d) === 'rshared' && mapsUsers(d.namespaces) ? 'rshared' : asked;
}
