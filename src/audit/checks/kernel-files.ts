import { maskedPaths, readonlyPaths } from '../../spec/default-paths.ts';
import type { Report } from '../report.ts';
import { isBelow, type MountView, type View } from '../view.ts';

/** File systems that show the inside of the kernel. */
const inside: ReadonlySet<string> = new Set(['debugfs', 'tracefs', 'securityfs', 'bpf', 'pstore', 'efivarfs',
  'configfs', 'resctrl', 'binfmt_misc']);

/** It shows the sound cards, and some engines let it be read. */
const enoughReadonly: ReadonlySet<string> = new Set(['/proc/asound']);

/** procfs, sysfs and cgroups: where the container sees and sets what belongs to the kernel. */
export function checkKernelFiles(view: View, report: Report): void {
  for (const mount of view.mounts) {
    const { destination, pointer, readonly } = mount;
    const type = mount.mount.type ?? '';
    if (mount.bind) continue;
    const at = mount.mount.options === undefined ? pointer : `${pointer}/options`;
    if (type === 'proc' && destination !== '/proc')
      report.add('second-procfs', `${pointer}/destination`, { destination });
    if (type === 'sysfs' && !readonly) report.add('sysfs-writable', at, { destination });
    if ((type === 'cgroup' || type === 'cgroup2') && !readonly)
      report.add(view.own.has('cgroup') ? 'cgroup-writable' : 'cgroup-of-host-writable', at, { destination });
    if (inside.has(type)) report.add('kernel-file-system', `${pointer}/type`, { type, destination });
  }
  checkPaths(view, report);
}

function checkPaths({ spec: { linux }, mounts }: View, report: Report): void {
  const masked = linux?.maskedPaths ?? [];
  const readonly = linux?.readonlyPaths ?? [];
  const covered = (path: string, lists: readonly string[]): boolean =>
    lists.some((list) => isBelow(path, list)) || mounts.some(({ destination }) => destination === path);
  const missing = (paths: readonly string[], isSafe: (path: string) => boolean): string =>
    paths.filter((path) => isShown(path, mounts) && !isSafe(path)).join(', ');
  const seen = missing(maskedPaths,
    (path) => covered(path, masked) || (enoughReadonly.has(path) && covered(path, readonly)));
  if (seen !== '')
    report.add('procfs-unmasked', linux?.maskedPaths === undefined ? '/linux' : '/linux/maskedPaths', { paths: seen });
  const written = missing(readonlyPaths, (path) => covered(path, readonly) || covered(path, masked));
  if (written !== '')
    report.add('procfs-writable', linux?.readonlyPaths === undefined ? '/linux' : '/linux/readonlyPaths', {
      paths: written,
    });
}

/** Whether a mount brings a file of procfs or sysfs into the container. */
function isShown(path: string, mounts: readonly MountView[]): boolean {
  const folder = path.startsWith('/proc/') ? '/proc' : '/sys';
  const type = folder === '/proc' ? 'proc' : 'sysfs';
  return mounts.some((mount) =>
    mount.destination === folder &&
    (mount.source === undefined ? mount.mount.type === type : mount.source === folder) &&
    // A file system that is read-only as a whole needs no list for that.
    !(mount.readonly && readonlyPaths.includes(path))
  );
}
