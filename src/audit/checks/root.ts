import { systemDirectories } from '../host-paths.ts';
import { hasLayer } from '../../plan/concern/mount/layer.ts';
import type { Report } from '../report.ts';
import { onHost, type View } from '../view.ts';

/** The root file system, and where the program begins. */
export function checkRoot(view: View, report: Report): void {
  const { spec: { root, linux }, process, bundle } = view;
  if (root !== undefined) {
    const path = onHost(root.path, bundle);
    if (path !== undefined && systemDirectories.has(path)) report.add('root-of-host', '/root/path', { path });
    // A writable layer in memory has a size, and ends with the container.
    if (root.readonly !== true && !hasLayer(view.spec))
      report.add('root-writable', root.readonly === undefined ? '/root' : '/root/readonly');
  }
  const propagation = linux?.rootfsPropagation ?? '';
  if (propagation === 'shared' || propagation === 'rshared')
    report.add('shared-propagation', '/linux/rootfsPropagation', { where: 'the container' });
  const cwd = process?.cwd ?? '';
  if (/^\/+proc\/+(self|thread-self|\d+)\/+(fd|cwd|root|map_files|task)(\/|$)/.test(cwd))
    report.add('working-directory', '/process/cwd', { path: cwd });
}
