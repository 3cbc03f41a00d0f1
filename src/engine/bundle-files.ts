// What of a plan can be said by looking at the files of its bundle and of the host: the root file system, sources of bind
// mounts, namespaces, the program and the hooks. The engine names the files, its caller looks, and a missing one is the failure
// of the operation that would need it: validate says what create would say.
import { errno } from '../diagnostic/errno.ts';
import type { FileLook, Operation, Plan, ProgramName } from '../generated/plan.ts';
import { operations } from '../generated/plan-meta.ts';
import type { Failure, Seen } from '../generated/protocol.ts';

/** Files that one operation needs, and what it would fail with. */
interface Need {
  readonly program: ProgramName;
  readonly index: number;
  readonly operation: Operation;
  readonly files: readonly FileLook[];
  /** What is wrong, by what was seen of the files; undefined = nothing. */
  readonly judge: (
    seen: readonly Seen[],
  ) => Pick<Failure, 'errno' | 'kind' | 'detail'> & { readonly step: string } | undefined;
}

/** A failure, and whether the container would run nevertheless. */
export interface FileFailure {
  readonly failure: Failure;
  readonly bearable: boolean;
}

/** Programs in the order in which they run; what fails in the last one, the container is gone already. */
const order: readonly ProgramName[] = ['create', 'stager', 'init', 'start', 'delete'];

/** The files to look at: the root file system first, which is the root of those that lie in it. */
export function filesOf(plan: Plan): readonly FileLook[] {
  return needsOf(plan).flatMap(({ files }) => files);
}

/** What is wrong, in the order of the operations. `seen` has an entry for each of {@link filesOf}. */
export function fileFailures(plan: Plan, seen: readonly Seen[]): readonly FileFailure[] {
  const failures: FileFailure[] = [];
  let next = 0;
  for (const { program, index, operation, files, judge } of needsOf(plan)) {
    const wrong = judge(seen.slice(next, next += files.length));
    // Without a root file system there is nothing to say of what should be in it.
    const rootless = operation.op === 'root.open' && wrong !== undefined;
    if (wrong !== undefined) {
      const step = operations()[operation.op].steps.indexOf(wrong.step);
      failures.push({ failure: { ...wrong, program, index, step }, bearable: program === 'delete' });
    }
    if (rootless) break;
  }
  return failures;
}

function needsOf(plan: Plan): readonly Need[] {
  const all = order.flatMap((program) =>
    (plan.programs[program] ?? []).map((operation, index) => ({ program, index, operation }))
  );
  const sure = contentIsSure(all.map(({ operation }) => operation));
  const mounts = all.flatMap((
    { operation },
  ) => (operation.op === 'mount.fs' || operation.op === 'mount.bind' ? [operation.target] : []));
  // Without a cgroup namespace the container's cgroup is bound; it is made before.
  const ownCgroups = all.flatMap(({ operation }) =>
    operation.op === 'state.record' ? operation.cgroups.map(({ mount, path }) => `${mount}/${path}`) : []
  );
  const needs = all.flatMap(({ program, index, operation }): Need[] => {
    const source = operation.op === 'mount.bind' ? operation.source : undefined;
    if (source !== undefined && ownCgroups.some((cgroup) => isBelow(source, cgroup))) return [];
    const need = needOf(operation, (path) => sure && !mounts.some((mount) => isBelow(path, mount)));
    return need === undefined ? [] : [{ program, index, operation, ...need }];
  });
  return needs.sort((a, b) => Number(b.operation.op === 'root.open') - Number(a.operation.op === 'root.open'));
}

/** Hooks that run before the program is looked for may put it there, and root.path is not where layers have it. */
function contentIsSure(list: readonly Operation[]): boolean {
  const early = new Set(['prestart', 'createRuntime', 'createContainer']);
  if (list.some(({ op, from }) => op === 'layer.mount' && from.startsWith('/mounts/'))) return false;
  return !list.some((operation) => operation.op === 'hook.run' && early.has(operation.kind));
}

function isBelow(path: string, mount: string): boolean {
  const folder = mount.endsWith('/') ? mount : `${mount}/`;
  return path === mount || path.startsWith(folder);
}

/** @param isKnown whether the root file system alone says what is at a path */
function needOf(operation: Operation, isKnown: (path: string) => boolean): Pick<Need, 'files' | 'judge'> | undefined {
  const host = (path: string): FileLook => ({ path, where: 'host' });
  switch (operation.op) {
    case 'root.open':
      return {
        files: [host(operation.path)],
        judge: ([root]) => failing('open', root!.errno !== 0 || isDirectory(root!) ? root!.errno : errno.ENOTDIR),
      };
    case 'mount.bind':
      if (operation.source === undefined) return undefined;
      return { files: [host(operation.source)], judge: ([source]) => failing('source', source!.errno) };
    case 'namespace.join':
      return { files: [host(operation.path)], judge: ([file]) => failing('open', file!.errno) };
    case 'program.find':
      return programNeed(operation.name, operation.path, isKnown);
    case 'hook.run': {
      const inRoot = operation.kind === 'startContainer';
      if (inRoot && !isKnown(operation.path)) return undefined;
      // That of createContainer is looked for when the root is ready; it may lie in a mount of the container.
      return {
        files: [{ path: operation.path, where: inRoot ? 'root' : 'host' }],
        judge: ([file]) => failing('execve', file!.errno !== 0 ? file!.errno : isProgram(file!) ? 0 : errno.EACCES),
      };
    }
    default:
      return undefined;
  }
}

/** args[0]: a path, or a name in the folders of PATH. */
function programNeed(
  name: string,
  search: string,
  isKnown: (path: string) => boolean,
): Pick<Need, 'files' | 'judge'> | undefined {
  const paths = name.includes('/')
    ? [name]
    : search.split(':').map((folder) => `${folder === '' ? '.' : folder}/${name}`);
  // Relative ones depend on the working directory.
  if (name === '' || !paths.every((path) => path.startsWith('/') && isKnown(path))) return undefined;
  return {
    files: paths.map((path) => ({ path, where: 'root' })),
    judge: (seen) => {
      if (seen.some(isProgram)) return undefined;
      const there = seen.filter((file) => file.errno === 0);
      if (there.length === 0) return { step: 'find', errno: errno.ENOENT };
      if (there.every(isDirectory)) return { step: 'directory', errno: errno.EISDIR };
      const closed = name.includes('/') ? { detail: { path: name, cause: 'mode' as const } } : {};
      return { step: 'access', errno: errno.EACCES, ...closed };
    },
  };
}

function failing(step: string, number: number): { step: string; errno: number } | undefined {
  return number === 0 ? undefined : { step, errno: number };
}

const format = 0o170000;
const directory = 0o040000;
const regular = 0o100000;

function isDirectory({ errno: number, mode }: Seen): boolean {
  return number === 0 && (mode & format) === directory;
}

function isProgram({ errno: number, mode }: Seen): boolean {
  return number === 0 && (mode & format) === regular && (mode & 0o111) !== 0;
}
