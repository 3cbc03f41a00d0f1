// A thin writable layer over the rootfs, kept in memory (annotations org.veloci.layer.*): an overlay that is mounted by init in
// the container's mount namespace, so that the host sees none of it and nothing is left of it.
import { MountAttrFlag, NamespaceFlag } from '../../../generated/plan.ts';
import type { Spec } from '../../../generated/config.ts';
import { hasRootOverlay } from '../../../spec/checks/root-overlay.ts';
import { annotatedCount, annotatedPaths, annotation, annotationPointer, invalid } from '../../annotations.ts';
import { alt, errno, slot } from '../../draft.ts';
import type { Draft } from '../../draft.ts';
import { isAtLeast } from '../../floor.ts';
import { mapText } from '../process/id-maps.ts';
import { isNested } from '../namespaces.ts';
import { ofClone, treeOf } from './propagation.ts';
import { rootfsPath } from './rootfs.ts';

/** Whether the root has a layer of its own. */
export function hasLayer(spec: Spec): boolean {
  return spec.annotations !== undefined && annotation(spec, 'layerSize') !== undefined;
}

/** The root of layers, in place of the rootfs itself. */
export function layRoot(d: Draft): void {
  const { spec, init } = d;
  const from = annotationPointer('layerSize');
  const asked = spec.linux?.rootfsPropagation;
  // pivot_root(2) refuses a root whose parent is shared.
  if (asked?.includes('shared') === true)
    throw invalid(spec, 'layerSize', `absent when linux.rootfsPropagation is ${asked}`);
  if (hasRootOverlay(spec)) throw invalid(spec, 'layerSize', 'absent when the first mount is the root file system');
  const inodes = annotatedCount(spec, 'layerInodes');
  init.push({
    op: 'layer.begin',
    from,
    tree: treeOf(d),
    options: [
      { key: 'mode', value: '0755' },
      { key: 'size', value: annotatedCount(spec, 'layerSize') as string },
      ...(inodes === undefined ? [] : [{ key: 'nr_inodes', value: inodes }]),
    ],
    folders: [...annotatedPaths(spec, 'layerFolders')],
    uid: d.process.user?.uid ?? 0,
    gid: d.process.user?.gid ?? 0,
  });
  addLower(d, rootfsPath(spec, d.context), '/root/path', true);
  for (const path of annotatedPaths(spec, 'layerLower')) addLower(d, path, annotationPointer('layerLower'), true);
  init.push({
    op: 'layer.mount',
    from,
    options: [
      { key: 'upperdir', value: 'upper' },
      { key: 'workdir', value: 'work' },
      // Marks of the overlay that a user namespace may make (Linux 5.11).
      ...(isNested(d) ? [{ key: 'userxattr' }] : []),
    ],
    attr: MountAttrFlag.nosuid | MountAttrFlag.nodev,
    holds: false,
    layer: slot.layer,
    view: slot.view,
  });
  for (const number of [slot.layer, slot.view]) {
    init.push({ op: 'fd.send', from, slot: number });
    d.host.push({ op: 'fd.receive', from, slot: number });
  }
}

/** Overlays take layers whose ids are mapped since then. */
const mappedLayers = [5, 19] as const;

/**
 * A layer below. Who may open it on the host's side, where the mounts in it are not locked to it.
 *
 * @param mapsIds whether its ids are mapped where they can be, so that its files belong to the container's users
 */
export function addLower(d: Draft, path: string, from: string, mapsIds: boolean): void {
  const { context, namespaces, spec } = d;
  const isUserNew = (namespaces.created & NamespaceFlag.user) !== 0;
  if (!isUserNew || context.facts.euid !== 0) {
    d.init.push({ op: 'layer.lower', from, path });
    return;
  }
  const { source } = slot;
  d.host.push({ op: 'fd.open', from, slot: source, path, form: 'tree', follow: false,
    propagation: ofClone(d, 'keep') });
  if (mapsIds && isAtLeast(context.facts.kernel, mappedLayers)) {
    const uidMap = mapText(spec.linux?.uidMappings ?? []), gidMap = mapText(spec.linux?.gidMappings ?? []);
    // Not every file system can; the files then belong to nobody.
    d.host.push(
      alt({ op: 'mount.idmap', from, slot: source, recursive: false, uidMap, gidMap }, [errno.EINVAL, errno.EPERM]),
    );
  }
  d.host.push({ op: 'fd.send', from, slot: source });
  d.init.push({ op: 'fd.receive', from, slot: source }, { op: 'layer.lower', from, slot: source });
}
