// What an audit asks of files: who else may change the programs of hooks, and the bundle; what of an image leads elsewhere, or
// gives rights.
import type { FileLook } from '../../generated/plan.ts';
import type { PrivilegedFiles, Seen } from '../../generated/protocol.ts';
import { hostHookKinds } from '../../spec/hook-kinds.ts';
import type { Report } from '../report.ts';
import { onHost, type View } from '../view.ts';

interface Asked {
  /** The files, of which the first that is bad is reported. */
  readonly paths: readonly string[];
  readonly where: FileLook['where'];
  readonly isBad: (seen: Seen, owner: number) => boolean;
  readonly report: (report: Report, path: string) => void;
}

/** The root file system, and the files to look at: those of an image are below the first one. */
export function auditedFiles(view: View): readonly FileLook[] {
  return [...rootOf(view), ...askedOf(view).flatMap(({ paths, where }) => paths.map((path) => ({ path, where })))];
}

/**
 * @param seen an entry for each of {@link auditedFiles}, in their order
 * @param owner who runs containers: his files are as good as those of root
 */
export function checkFiles(view: View, seen: readonly Seen[], owner: number, report: Report): void {
  let begin = rootOf(view).length;
  for (const asked of askedOf(view)) {
    const entries = seen.slice(begin, begin += asked.paths.length);
    const index = entries.findIndex((entry) => asked.isBad(entry, owner));
    if (index >= 0) asked.report(report, asked.paths[index]!);
  }
}

/** Where the root file system is on the host; its files that give rights matter where a user can get them. */
function rootOf({ spec: { root, process }, bundle }: View): readonly FileLook[] {
  const path = root === undefined ? undefined : onHost(root.path, bundle);
  if (path === undefined) return [];
  return [{ path, where: 'host' }, ...(givesRights(process) ? [{ path, where: 'privileged' as const }] : [])];
}

function givesRights(process: View['process']): boolean {
  return process !== undefined && process.noNewPrivileges !== true && (process.user?.uid ?? 0) !== 0;
}

/** Files that change who executes them: root has their rights without them. */
export function checkPrivilegedFiles(view: View, files: PrivilegedFiles | undefined, report: Report): void {
  if (files === undefined || files.paths.length === 0 || !givesRights(view.process)) return;
  const { uid } = view.process!.user!;
  const few = files.paths.slice(0, 5).join(', ');
  const more = files.paths.length > 5 || !files.complete;
  report.add('privileged-files', '/root/path', { uid: uid ?? 0, files: more ? `${few} and others` : few });
}

function askedOf(view: View): readonly Asked[] {
  const { spec: { hooks }, bundle } = view;
  const asked: Asked[] = [];
  if (rootOf(view).length > 0) asked.push(...linksOf(view));
  for (const kind of hostHookKinds) {
    hooks?.[kind]?.forEach(({ path: hook }, index) => {
      if (!hook.startsWith('/')) return;
      asked.push({ paths: [...chain(hook)], where: 'host', isBad: isOpen, report: (report, path) => {
        report.add('hook-writable', `/hooks/${kind}/${index}/path`, { kind, hook, path });
      } });
    });
  }
  if (bundle !== undefined) {
    asked.push({ paths: [bundle], where: 'host', isBad: isOpen, report: (report, path) => {
      report.add('bundle-writable', '', { path });
    } });
  }
  return asked;
}

/** Links of the image on the way to mount destinations: in a container that runs they are covered. */
function linksOf({ mounts }: View): Asked[] {
  return mounts.map(({ destination, pointer }) => ({
    paths: [...chain(destination)].filter((path) => path !== '/'),
    where: 'link',
    isBad: ({ errno, mode }) => errno === 0 && (mode & format) === symbolicLink,
    report: (report, path) => {
      report.add('mount-through-link', `${pointer}/destination`, { destination, link: path });
    },
  }));
}

/** A path and all directories above it. */
function chain(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return parts.map((_, index) => `/${parts.slice(0, parts.length - index).join('/')}`).concat('/');
}

const sticky = 0o1000;
const format = 0o170000;
const directory = 0o040000;
const symbolicLink = 0o120000;

/** Whether others than root and the owner may change what is there. */
function isOpen({ errno, mode, uid = 0, gid = 0 }: Seen, owner: number): boolean {
  if (errno !== 0) return false;
  if (uid !== 0 && uid !== owner) return true;
  // In a sticky directory nobody replaces files of others.
  if ((mode & format) === directory && (mode & sticky) !== 0) return false;
  return (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== 0);
}
