// root, linux.rootfsPropagation: init mounts the rootfs on itself, later makes it its root.
import { diagnose } from '../../../diagnostic/diagnose.ts';
import type { Propagation } from '../../../generated/plan.ts';
import type { Context } from '../../context.ts';
import type { Draft } from '../../draft.ts';
import type { Spec } from '../../../generated/config.ts';
import { absolute, inContainer } from '../../path.ts';
import { makeReadonly } from './plain.ts';
import { treeOf } from './propagation.ts';

/** Absolute path of the rootfs: root.path is relative to the bundle. */
export function rootfsPath(spec: Spec, context: Context): string {
  return absolute(spec.root?.path ?? 'rootfs', context.bundle);
}

export function openRoot(d: Draft): void {
  const asked = d.spec.linux?.rootfsPropagation;
  const from = asked === undefined || asked === '' ? '/root/path' : '/linux/rootfsPropagation';
  // A slave by wish stays one of the host's mount; without a wish nothing that happens there is seen.
  const parentPrivate = asked !== 'slave' && asked !== 'rslave';
  d.init.push({ op: 'root.open', from, path: rootfsPath(d.spec, d.context), tree: treeOf(d), parentPrivate });
}

export function enterRoot(d: Draft): void {
  if (d.context.flags.noPivot) d.context.warn?.(diagnose('noPivot'));
  const chroot = d.context.flags.noPivot;
  const shared = treeOf(d) === 'rshared';
  d.init.push({ op: 'root.pivot', from: '/root/path', chroot, private: chroot && shared, hide: chroot && !shared });
}

/**
 * Last of all that mounts: an unbindable root could not be bound for read-only paths any more, and what is mounted on a
 * shared one meanwhile would be seen elsewhere. A private or slave root is one since it was opened; once more for the
 * whole tree would take from the mounts what they ask for themselves.
 */
export function spreadRoot(d: Draft): void {
  const propagation = d.spec.linux?.rootfsPropagation;
  if (propagation === undefined || !/shared|unbindable/.test(propagation)) return;
  d.init.push({
    op: 'mount.attr',
    from: '/linux/rootfsPropagation',
    target: '/',
    exact: false,
    set: 0,
    clear: 0,
    locked: 0,
    recursive: false,
    propagation: propagation as Propagation,
  });
}

/** What asks for a read-only root: root.readonly, or `/` among linux.readonlyPaths. */
export function readonlyFrom({ spec }: Draft): string | undefined {
  if (spec.root?.readonly === true) return '/root/readonly';
  const index = spec.linux?.readonlyPaths?.findIndex((path) => inContainer(path) === '/') ?? -1;
  return index < 0 ? undefined : `/linux/readonlyPaths/${index}`;
}

/** After the pivot: read-only. */
export function finishRoot(d: Draft): void {
  const { init } = d;
  const from = readonlyFrom(d);
  if (from === undefined) return;
  // What a read-only root can't get any more.
  if (d.process.cwd !== '/') init.push({ op: 'path.directory', from: `${d.processPointer}/cwd`, path: d.process.cwd });
  init.push(makeReadonly(from, '/'));
}
