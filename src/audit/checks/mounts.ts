import { reachedBy, socketOf } from '../host-paths.ts';
import type { HostPath } from '../host-paths.ts';
import type { Report } from '../report.ts';
import { risks, type Risk } from '../types.ts';
import { isBelow, type MountView, type View } from '../view.ts';

/** Files that engines make for one container and let it write. */
const engineFiles: ReadonlySet<string> = new Set(['/etc/hosts', '/etc/hostname', '/etc/resolv.conf',
  '/run/.containerenv', '/run/secrets', '/dev/shm', '/dev/termination-log']);

/** What of the host is mounted into the container, and how. */
export function checkMounts(view: View, report: Report): void {
  for (const mount of view.mounts) {
    if (mount.source !== undefined) checkSource(mount, mount.source, view, report);
    checkFlags(mount, view, report);
    checkPlace(mount, report);
  }
}

function checkSource(mount: MountView, source: string, view: View, report: Report): void {
  const { pointer } = mount;
  if (mount.shared) report.add('shared-propagation', `${pointer}/options`, { where: mount.destination });
  const name = socketOf(source);
  if (name !== undefined) {
    report.add('engine-socket', `${pointer}/source`, { source, name });
    return;
  }
  const worst = worstOf(mount, source);
  if (worst !== undefined) {
    const { path, what, why } = worst.place;
    const risk = view.confined ? lower(worst.risk) : worst.risk;
    report.add('host-path', `${pointer}/source`, { source, what: path === source ? what : `${what} (${path})`, why,
      access: mount.readonly ? ', read-only' : '' }, risk);
  } else if (!mount.readonly && !isOfEngine(mount, source) && !isBelow(source, '/dev')) {
    report.add('writable-bind', `${pointer}/source`, { source });
  }
}

/** What of the host a bind mount shows that is worst. */
function worstOf(
  { readonly }: MountView,
  source: string,
): { readonly place: HostPath; readonly risk: Risk } | undefined {
  let worst: { place: HostPath; risk: Risk } | undefined;
  for (const place of reachedBy(source)) {
    const risk = place.risk[readonly ? 1 : 0];
    if (risk === 'none') continue;
    if (worst === undefined || risks.indexOf(risk) < risks.indexOf(worst.risk)) worst = { place, risk };
  }
  return worst;
}

/** What the permissions of the files still hold back from ids that the host has not. */
function lower(risk: Risk): Risk {
  return risk === 'critical' ? 'high' : risk === 'high' ? 'medium' : 'low';
}

function isOfEngine({ destination }: MountView, source: string): boolean {
  return engineFiles.has(destination) && !isBelow(source, '/etc');
}

/** Binds and memory file systems: what is written there may be a set-user-id program or a device. */
function checkFlags(mount: MountView, view: View, report: Report): void {
  const { destination, pointer, source } = mount;
  const isPlain = source !== undefined || mount.mount.type === 'tmpfs';
  if (!isPlain || (source !== undefined && (isOfEngine(mount, source) || isBelow(source, '/dev')))) return;
  const at = mount.mount.options === undefined ? pointer : `${pointer}/options`;
  // With no_new_privs such a program is harmless inside: what remains is that the host may run it.
  const matters = view.process?.noNewPrivileges !== true || (source !== undefined && !mount.readonly);
  if (!mount.nosuid && matters) report.add('mount-suid', at, { destination });
  if (!mount.nodev && destination !== '/dev') report.add('mount-dev', at, { destination });
}

/** File systems that belong there. */
const ofKernel: ReadonlySet<string> = new Set(['proc', 'sysfs', 'cgroup', 'cgroup2', 'mqueue', 'devpts']);

/** Covers files of procfs and sysfs. */
function checkPlace({ destination, pointer, mount, source }: MountView, report: Report): void {
  const below = ['/proc', '/sys'].find((folder) => isBelow(destination, folder) && destination !== folder);
  if (below === undefined || ofKernel.has(mount.type ?? '') || source?.startsWith('/var/lib/lxcfs/proc/') === true)
    return;
  // A part of sysfs or of the cgroups as it is on the host: that is judged by its source.
  if (source !== undefined && source === destination) return;
  report.add('mount-in-procfs', `${pointer}/destination`, { destination, below });
}
