import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { filesBelow } from './files.ts';
import { inRoot, root } from './root.ts';
import { retiredNames } from './retired-names.ts';

/** Longest file that still has one job. */
const maxLines = 400;

/** Folders of src/, lowest first: a file imports from its own level or from below. */
const levels: ReadonlyArray<readonly string[]> = [
  ['generated', 'base'],
  ['host', 'cgroup', 'diagnostic'],
  ['compat'],
  ['spec'],
  ['plan'],
  ['audit', 'capture', 'configure', 'image', 'learn', 'observe', 'saved', 'timeline'],
  ['apply'],
  ['engine'],
  ['cli'],
  ['library'],
  ['sandbox'],
  ['index.ts'],
];

/** The interface that a host implements: the leaf may know its types. */
const hostInterface = 'src/engine/protocol.ts';

/** Most files that a folder may hold before it is two. */
const maxFiles = 25;

/** The rooms of native/, each a folder, and the rooms whose headers it includes beside its own: never in a circle. */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  addon: ['base', 'generated', 'host', 'json', 'launcher/container'],
  base: [],
  cgroup: ['base', 'generated', 'record'],
  channel: ['base', 'generated'],
  compat: ['generated'],
  driver: ['base', 'host', 'planner'],
  embedded: [],
  executor: ['base', 'cgroup', 'channel', 'executor/log', 'plan', 'record', 'wait', 'wire'],
  'executor/cgroup': ['base', 'cgroup', 'executor', 'executor/log', 'file', 'generated', 'process', 'record', 'wait'],
  'executor/console': ['base', 'executor', 'socket', 'wait'],
  'executor/criu': ['base', 'cgroup', 'executor', 'executor/process', 'executor/state', 'file', 'process', 'socket',
    'wait'],
  'executor/log': ['base', 'generated', 'json', 'socket', 'wait'],
  'executor/mount': ['base', 'executor', 'process', 'wait'],
  'executor/network': ['base', 'executor', 'file'],
  'executor/process': ['base', 'cgroup', 'embedded', 'executor', 'executor/cgroup', 'executor/log', 'executor/mount',
    'executor/state', 'hook', 'plan', 'process', 'record', 'wait'],
  'executor/rdt': ['base', 'executor', 'file'],
  'executor/seccomp': ['base', 'executor', 'file', 'host', 'plan', 'socket', 'wait'],
  'executor/state': ['base', 'cgroup', 'executor', 'file', 'generated', 'process'],
  'executor/systemd': ['base', 'executor', 'executor/mount', 'executor/process', 'executor/state', 'file', 'wait'],
  file: ['base', 'wait'],
  generated: ['base', 'json', 'wire'],
  hook: ['base', 'plan'],
  host: ['base', 'generated'],
  image: ['base', 'file', 'host'],
  'image/program': ['base', 'executor/log', 'file', 'generated', 'host', 'image', 'launcher/line', 'planner', 'wait'],
  init: ['base', 'cgroup', 'channel', 'generated', 'hook', 'plan', 'record'],
  'init/mount': ['base', 'channel', 'init', 'plan'],
  'init/program': ['base', 'channel', 'generated', 'init', 'plan'],
  json: ['base'],
  launcher: ['base', 'launcher/call'],
  'launcher/cache': ['base', 'shape'],
  'launcher/call': ['base', 'executor', 'executor/console', 'executor/log', 'executor/process', 'executor/state',
    'file', 'launcher/container', 'launcher/line', 'launcher/owner', 'process', 'record', 'socket', 'wait'],
  'launcher/container': ['base', 'cgroup', 'executor', 'executor/cgroup', 'executor/log', 'executor/state', 'file',
    'generated', 'host', 'launcher/line', 'process', 'record', 'wait'],
  'launcher/door': ['base', 'embedded', 'executor/process', 'executor/seccomp', 'executor/state', 'file', 'generated',
    'host', 'json', 'launcher/cache', 'launcher/call', 'launcher/container', 'planner', 'record', 'shape', 'stats'],
  'launcher/line': ['base', 'compat', 'executor/log', 'file', 'generated', 'wait'],
  'launcher/owner': ['generated', 'launcher/line', 'record', 'socket', 'wait'],
  'launcher/running': ['base', 'executor/process', 'executor/state', 'file', 'launcher/call', 'launcher/container',
    'launcher/door', 'observe'],
  'launcher/verb': ['base', 'cgroup', 'executor/cgroup', 'executor/console', 'executor/process', 'executor/state',
    'file', 'generated', 'launcher/call', 'launcher/container', 'launcher/door', 'launcher/line', 'launcher/owner',
    'launcher/running', 'process', 'record'],
  'launcher/view': ['base', 'embedded', 'executor/cgroup', 'executor/process', 'executor/state', 'host', 'json',
    'launcher/call', 'launcher/container', 'launcher/door', 'launcher/line', 'launcher/running', 'observe', 'process',
    'stats'],
  observe: ['base', 'cgroup', 'generated', 'host', 'process', 'record', 'stats'],
  plan: ['base', 'generated', 'wire'],
  planner: ['base', 'embedded', 'generated', 'host', 'json'],
  process: ['base', 'record', 'wait'],
  record: ['base'],
  shape: ['base', 'file'],
  socket: ['base', 'wait'],
  stats: ['base', 'cgroup', 'host', 'json', 'record'],
  wait: ['base'],
  wire: ['base'],
};

interface Import {
  /** Path in the checkout. */
  target: string;
  typeOnly: boolean;
}

/** The relative imports of a TypeScript file. */
export function importsOf(path: string, text: string): Import[] {
  const imports: Import[] = [];
  const pattern = /^\s*(?:import|export)\s+(type\s)?(?:[\w\s*{},$]+?\sfrom\s+)?'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm;
  for (const match of text.matchAll(pattern)) {
    const target = match[2] ?? match[3] ?? '';
    imports.push({ target: relative(root, resolve(root, dirname(path), target)), typeOnly: match[1] !== undefined });
  }
  return imports;
}

function levelOf(path: string): number {
  const folder = path.split('/')[1] ?? '';
  return levels.findIndex((level) => level.includes(folder));
}

/** What is wrong with one import of a file in src/, if anything. */
export function importProblem(path: string, { target, typeOnly }: Import): string | undefined {
  if (!target.startsWith('src/')) return `${path} imports ${target}, which is outside src/`;
  const [from, to] = [levelOf(path), levelOf(target)];
  if (from < 0) return `${path} is in no folder that scripts/lib/layout.ts knows`;
  if (to <= from || (typeOnly && target === hostInterface)) return undefined;
  return `${path} imports ${target}: imports go generated, base ← leaves ← compat ← spec ← plan ← observe ← apply ← engine ← cli`;
}

/** The first cycle in a graph of files, as a path that ends where it began. */
export function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next, [...path, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file, []);
    if (cycle) return cycle;
  }
  return undefined;
}

function isGenerated(path: string): boolean {
  return path.includes('/generated/');
}

/** Rooms whose headers a file includes, its own left out. */
function roomsOf(path: string, text: string): string[] {
  const room = relative('native', dirname(path));
  return [...text.matchAll(/^\s*#\s*include\s+"([^"]+)"/gm)]
    .map((match) => dirname(match[1] ?? ''))
    .filter((target) => target !== '.' && target !== room);
}

/** What is wrong with the #includes of a file in native/. */
export function includeProblems(path: string, text: string): string[] {
  const room = relative('native', dirname(path));
  const allowed = rooms[room];
  if (allowed === undefined) return [`${path} is in no room that scripts/lib/layout.ts knows`];
  return roomsOf(path, text)
    .filter((target) => !allowed.includes(target))
    .map((target) =>
      `${path} includes a header of native/${target}; native/${room} may include: ${allowed.join(', ')}`
    );
}

/** What is wrong with a table of rooms: circles, and what no file of a room includes any more. */
export function roomProblems(
  table: Readonly<Record<string, readonly string[]>>,
  included: ReadonlyMap<string, ReadonlySet<string>>,
): string[] {
  const cycle = findCycle(new Map(Object.entries(table)));
  const unused = Object.entries(table).flatMap(([room, targets]) =>
    targets.filter((target) => !included.get(room)?.has(target))
      .map((target) => `scripts/lib/layout.ts lets native/${room} include native/${target}, which no file there does`)
  );
  return [...(cycle ? [`rooms of native/ include each other: ${cycle.join(' → ')}`] : []), ...unused];
}

/** Sources that native/meson.build does not name, and names there that are no sources. */
function buildListProblems(paths: readonly string[]): string[] {
  const list = readFileSync(inRoot('native', 'meson.build'), 'utf8');
  const named = new Set([...list.matchAll(/'([^']+\.cc)'/g)].map((match) => `native/${match[1]}`));
  const sources = new Set(paths.filter((path) => path.startsWith('native/') && path.endsWith('.cc')));
  return [
    ...[...sources].filter((path) => !named.has(path)).map((path) => `native/meson.build does not name ${path}`),
    ...[...named].filter((path) => !sources.has(path)).map((path) => `native/meson.build names ${path}: no such file`),
  ];
}

/** Folders that hold too many files. */
function crowdedFolders(paths: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const path of paths) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count > maxFiles)
    .map(([folder, count]) => `${folder} holds ${count} files; the limit is ${maxFiles}`);
}

/** Every breach of the layout's rules in the checkout, one sentence each. */
export function layoutProblems(): string[] {
  const problems: string[] = [];
  const graph = new Map<string, string[]>();
  const included = new Map<string, Set<string>>();
  const scripts = ['src', 'test', 'scripts', 'conformance'].flatMap((folder) => filesBelow(folder, '.ts', '.mjs'));
  const native = ['native', 'test'].flatMap((folder) => filesBelow(folder, '.cc', '.h', '.c'));
  for (const file of [...scripts, ...native]) {
    const path = relative(root, file);
    const text = readFileSync(file, 'utf8');
    const lines = text.split('\n').length - 1;
    if (lines > maxLines && !isGenerated(path)) problems.push(`${path} has ${lines} lines; the limit is ${maxLines}`);
    problems.push(...retiredNames(path, text));
    if (path.startsWith('native/')) {
      problems.push(...includeProblems(path, text));
      const room = relative('native', dirname(path));
      included.set(room, new Set([...included.get(room) ?? [], ...roomsOf(path, text)]));
    }
    if (!path.endsWith('.ts')) continue;
    const imports = importsOf(path, text);
    graph.set(path, imports.map(({ target }) => target));
    if (!path.startsWith('src/')) continue;
    for (const entry of imports) {
      const problem = importProblem(path, entry);
      if (problem) problems.push(problem);
    }
  }
  const paths = [...scripts, ...native].map((file) => relative(root, file));
  problems.push(...crowdedFolders(paths), ...buildListProblems(paths), ...roomProblems(rooms, included));
  const cycle = findCycle(graph);
  if (cycle) problems.push(`files import each other: ${cycle.join(' → ')}`);
  return problems;
}
