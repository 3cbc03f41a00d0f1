// What an audit asks of the host's files: who else may change the programs of hooks, and the bundle.
import type { FileLook } from '../../generated/plan.ts';
import type { Seen } from '../../generated/protocol.ts';
import { hostHookKinds } from '../../spec/hook-kinds.ts';
import type { Report } from '../report.ts';
import type { View } from '../view.ts';

interface Asked {
  /** The file, and the directories above it: who may change one of them puts another file there. */
  readonly paths: readonly string[];
  readonly report: (report: Report, path: string) => void;
}

/** The files to look at. */
export function auditedFiles(view: View): readonly FileLook[] {
  return askedOf(view).flatMap(({ paths }) => paths.map((path) => ({ path, where: 'host' as const })));
}

/**
 * @param seen an entry for each of {@link auditedFiles}, in their order
 * @param owner who runs containers: his files are as good as those of root
 */
export function checkFiles(view: View, seen: readonly Seen[], owner: number, report: Report): void {
  let begin = 0;
  for (const asked of askedOf(view)) {
    const entries = seen.slice(begin, begin += asked.paths.length);
    const index = entries.findIndex((entry) => isOpen(entry, owner));
    if (index >= 0) asked.report(report, asked.paths[index]!);
  }
}

function askedOf({ spec: { hooks }, bundle }: View): readonly Asked[] {
  const asked: Asked[] = [];
  for (const kind of hostHookKinds) {
    hooks?.[kind]?.forEach(({ path: hook }, index) => {
      if (!hook.startsWith('/')) return;
      asked.push({ paths: [...chain(hook)], report: (report, path) => {
        report.add('hook-writable', `/hooks/${kind}/${index}/path`, { kind, hook, path });
      } });
    });
  }
  if (bundle !== undefined) {
    asked.push({ paths: [bundle], report: (report, path) => {
      report.add('bundle-writable', '', { path });
    } });
  }
  return asked;
}

/** A path and all directories above it. */
function chain(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return parts.map((_, index) => `/${parts.slice(0, parts.length - index).join('/')}`).concat('/');
}

const sticky = 0o1000;
const format = 0o170000;
const directory = 0o040000;

/** Whether others than root and the owner may change what is there. */
function isOpen({ errno, mode, uid = 0, gid = 0 }: Seen, owner: number): boolean {
  if (errno !== 0) return false;
  if (uid !== 0 && uid !== owner) return true;
  // In a sticky directory nobody replaces files of others.
  if ((mode & format) === directory && (mode & sticky) !== 0) return false;
  return (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== 0);
}
