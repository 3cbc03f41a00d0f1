// The root file system as the first of the mounts: an overlay of folders of the host on "/".
import type { Mount } from '../../../generated/config.ts';
import { diagnose, placeAt } from '../../../diagnostic/diagnose.ts';
import { namesLayers, rootOverlay } from '../../../spec/checks/root-overlay.ts';
import { PlanError } from '../../context.ts';
import type { Draft } from '../../draft.ts';
import { addLower } from './layer.ts';
import { readRequest } from './mount-request.ts';
import { treeOf } from './propagation.ts';

/** The root of layers, in place of root.path. */
export function overlayRoot(d: Draft, mount: Mount): void {
  const { spec, init } = d;
  const from = '/mounts/0', options = `${from}/options`;
  const overlay = rootOverlay(mount);
  const refuse = (expected: string): PlanError =>
    new PlanError(diagnose('rootOverlay', { expected }, placeAt(options)));
  if (typeof overlay === 'string') throw refuse(overlay);
  // pivot_root(2) refuses a root whose parent is shared.
  const asked = spec.linux?.rootfsPropagation;
  if (asked?.includes('shared') === true) throw refuse(`another linux.rootfsPropagation than ${asked}`);
  const request = readRequest(mount);
  const { lower, writable } = overlay;
  // It has the places of the layers alone.
  const places = [{ key: 'mode', value: '0755' }, { key: 'size', value: '64k' }];
  init.push({ op: 'layer.begin', from, tree: treeOf(d), options: places, folders: [], uid: 0, gid: 0 });
  // Both folders have to lie in one mount.
  if (writable !== undefined) addLower(d, writable.folder, options, false);
  for (const path of lower) addLower(d, path, options, false);
  init.push({
    op: 'layer.mount',
    from,
    options: [
      ...(writable === undefined ? [] : [
        { key: 'upperdir', value: `0/${writable.upper}` },
        { key: 'workdir', value: `0/${writable.work}` },
      ]),
      ...request.data.filter(({ key }) => !namesLayers(key)),
    ],
    attr: request.set & ~request.clear,
    holds: writable !== undefined,
  });
}
