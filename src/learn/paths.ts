// Rules of Landlock from the paths that a program was seen to use (org.veloci.landlock, docs/guide/landlock.md).
import type { LearnedPath } from '../generated/protocol.ts';
import { directoryRights, landlockBits, landlockNames, readLandlock } from '../spec/landlock.ts';

/** Rights by path. */
export type PathRights = Map<string, number>;

const annotation = 'org.veloci.landlock';

const refer = landlockBits('refer');
/** What files themselves have. */
const fileRights = ~directoryRights;
/** More entries of a directory than this are the directory. */
const entriesMost = 16;

/** The directory of a path; undefined for the root. */
function above(path: string): string | undefined {
  if (path === '/') return undefined;
  const end = path.lastIndexOf('/');
  return end === 0 ? '/' : path.slice(0, end);
}

function* ancestors(path: string): Generator<string> {
  for (let at = above(path); at !== undefined; at = above(at)) yield at;
}

function grant(rights: PathRights, path: string, more: number): void {
  rights.set(path, (rights.get(path) ?? 0) | more);
}

/** Adds what was seen. What has come or gone need not be there at the next start: its directory stands for it. */
export function addPaths(rights: PathRights, used: readonly LearnedPath[]): void {
  const changed = new Set(used.filter((one) => one.changed).map(({ path }) => path));
  for (const { path, rights: taken } of used) {
    const highest = [path, ...ancestors(path)].findLast((one) => changed.has(one));
    if (taken !== 0) grant(rights, highest === undefined ? path : above(highest) ?? '/', taken);
  }
}

/** What an earlier run has written; undefined for another text. */
export function earlierPaths(text: string): PathRights | undefined {
  const rights: PathRights = new Map();
  if (text === '') return rights;
  try {
    const file: unknown = JSON.parse(text);
    const { annotations } = Object(file) as { annotations?: Readonly<Record<string, unknown>> };
    const value = annotations?.[annotation];
    if (typeof value !== 'string') return undefined;
    const { fs, net, scoped, paths, ports } = readLandlock(value);
    if (fs === 0 || net !== 0 || scoped !== 0 || ports.length > 0) return undefined;
    for (const { path, rights: given } of paths) grant(rights, path, given);
    return rights;
  } catch {
    return undefined;
  }
}

/** What the directories above a path allow there. */
function inherited(rights: PathRights, path: string): number {
  let all = 0;
  for (const directory of ancestors(path)) all |= rights.get(directory) ?? 0;
  return all;
}

/** Leaves out what directories above allow already. */
function reduced(rights: PathRights): PathRights {
  return new Map([...rights].map(([path, own]) => [path, own & ~inherited(rights, path)] as const)
    .filter(([, own]) => own !== 0));
}

const depth = (path: string): number => path === '/' ? 0 : path.split('/').length;

/** Gives a directory what many of its entries have; the deepest first. */
function gather(rights: PathRights): void {
  const entries = new Map<string, Set<string>>();
  const note = (path: string): void => {
    const directory = above(path);
    if (directory === undefined) return;
    if (!entries.has(directory)) entries.set(directory, new Set());
    entries.get(directory)!.add(path);
  };
  for (const path of rights.keys()) note(path);
  for (let level = Math.max(0, ...[...entries.keys()].map(depth)); level > 0; level--) {
    for (const [directory, paths] of [...entries].filter(([path]) => depth(path) === level)) {
      let common = 0;
      for (let bit = 1; bit <= landlockBits('ioctl_dev'); bit *= 2) {
        const having = [...paths].filter((path) => ((rights.get(path) ?? 0) & bit) !== 0);
        if (having.length > entriesMost) common |= bit;
      }
      if (common === 0) continue;
      grant(rights, directory, common);
      note(directory);
    }
  }
}

/** A file may only be moved to where no more is allowed than in its old place: all such directories allow the same. */
function level(rights: PathRights): void {
  const moving = [...rights].filter(([, own]) => (own & refer) !== 0).map(([path]) => path);
  let all = 0;
  for (const path of moving) all |= rights.get(path)! | inherited(rights, path) & fileRights;
  for (const path of moving) grant(rights, path, all);
}

/** The fewest rules that allow it, by path. */
export function pathRules(used: PathRights): PathRights {
  let rights = reduced(used);
  gather(rights);
  level(rights);
  rights = reduced(rights);
  return new Map([...rights].sort(([a], [b]) => a < b ? -1 : 1));
}

/** The file: a patch of config.json (RFC 7386). */
export function pathsFile(rules: PathRights): string {
  const groups = new Map<number, string[]>();
  for (const [path, rights] of rules) groups.set(rights, [...groups.get(rights) ?? [], path]);
  const pathBeneath = [...groups].sort(([a], [b]) => a - b).map(([rights, paths]) => ({
    allowedAccess: landlockNames('fs', rights),
    paths,
  }));
  const handledAccessFS = landlockNames('fs', landlockBits('ioctl_dev') * 2 - 1);
  const value = { ruleset: { handledAccessFS }, rules: { pathBeneath } };
  return `${JSON.stringify({ annotations: { [annotation]: JSON.stringify(value) } }, null, 2)}\n`;
}

/** Calls by which files are used that no path of a call shows, and what they mean. */
const hidden: readonly (readonly [names: readonly string[], words: string])[] = [
  [['io_uring_setup'], 'io_uring is used: what is opened or made through it is not seen'],
  [['open_by_handle_at'], 'files are opened by handles (open_by_handle_at), which are not seen'],
  [['mount', 'umount', 'umount2', 'move_mount', 'open_tree', 'fsmount', 'fspick', 'mount_setattr', 'pivot_root'],
    'it mounts or unmounts, or tries to: under Landlock nobody can'],
];

/** Lines for people: what the rules allow, and what was not seen. */
export function pathsReport(
  rules: PathRights,
  count: number,
  calls: readonly string[],
  { foreign, nameless }: { readonly foreign: boolean; readonly nameless: number },
): string {
  const making = landlockBits('refer') - landlockBits('make_char');
  const written = [...rules].filter(([, rights]) => (rights & making) !== 0).map(([path]) => path);
  const shown = 6;
  const lines = [
    `learned ${rules.size} rules of Landlock from ${count} paths`,
    ...written.length === 0 ? ['nothing was made in any directory'] : [
      `files may be made beneath ${written.slice(0, shown).join(', ')}${
        written.length > shown ? ` and ${written.length - shown} more` : ''
      }`,
    ],
    ...written.includes('/') ? ['something was made in / itself: so it may be everywhere'] : [],
    ...hidden.filter(([names]) => names.some((name) => calls.includes(name))).map(([, words]) => words),
    ...foreign ? ['32-bit programs were run: the paths of their calls are not seen'] : [],
    ...nameless === 0 ? [] : ['paths that are not UTF-8 are left out: a configuration cannot name them'],
  ];
  return lines.map((line) => `${line}\n`).join('');
}
