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
  ['audit', 'learn', 'observe', 'timeline'],
  ['engine'],
  ['cli'],
  ['library'],
  ['index.ts'],
];

/** The interface that a host implements: the leaf may know its types. */
const hostInterface = 'src/engine/protocol.ts';

/** Most files that a folder may hold before it is two. */
const maxFiles = 25;

/** The rooms of native/, each a folder, and the rooms whose headers it may include beside its own. */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  addon: ['generated', 'host', 'json', 'launcher/container'],
  base: [],
  cgroup: ['base', 'generated', 'record'],
  channel: ['base', 'generated'],
  compat: ['generated'],
  driver: ['base', 'host', 'json', 'planner'],
  embedded: [],
  executor: ['base', 'cgroup', 'channel', 'executor/log', 'plan', 'record'],
  'executor/cgroup': ['base', 'cgroup', 'executor', 'executor/log', 'executor/process', 'executor/state', 'generated',
    'record'],
  'executor/console': ['base', 'executor'],
  'executor/criu': ['base', 'cgroup', 'executor', 'executor/process', 'executor/state'],
  'executor/log': ['base', 'executor', 'generated', 'json'],
  'executor/mount': ['base', 'executor'],
  'executor/network': ['base', 'executor', 'executor/state'],
  'executor/process': ['base', 'cgroup', 'embedded', 'executor', 'executor/cgroup', 'executor/log', 'executor/mount',
    'executor/state', 'hook', 'plan', 'record'],
  'executor/rdt': ['base', 'executor', 'executor/state'],
  'executor/seccomp': ['base', 'executor', 'executor/state', 'host', 'plan'],
  'executor/state': ['base', 'cgroup', 'executor', 'executor/process', 'generated'],
  'executor/systemd': ['base', 'executor', 'executor/mount', 'executor/process', 'executor/state'],
  generated: ['base', 'json', 'plan'],
  hook: ['base', 'plan'],
  host: ['base', 'generated', 'json'],
  init: ['base', 'cgroup', 'channel', 'generated', 'hook', 'init/program', 'plan', 'record'],
  'init/mount': ['base', 'channel', 'generated', 'init', 'plan'],
  'init/program': ['base', 'generated', 'init', 'plan'],
  json: ['base'],
  launcher: ['base', 'executor/log', 'generated', 'launcher/line'],
  'launcher/container': ['base', 'cgroup', 'executor', 'executor/cgroup', 'executor/console', 'executor/log',
    'executor/process', 'executor/seccomp', 'executor/state', 'host', 'launcher', 'launcher/door', 'launcher/line',
    'plan', 'record'],
  'launcher/door': ['base', 'executor/cgroup', 'executor/process', 'executor/seccomp', 'executor/state', 'generated',
    'host', 'json', 'launcher/container', 'launcher/line', 'planner', 'record'],
  'launcher/line': ['base', 'compat', 'embedded', 'executor', 'executor/cgroup', 'executor/log', 'executor/process',
    'executor/state', 'generated', 'host', 'launcher', 'launcher/container', 'launcher/door'],
  'launcher/verb': [
    'base',
    'executor',
    'executor/cgroup',
    'executor/console',
    'executor/process',
    'executor/state',
    'generated',
    'json',
    'launcher/container',
    'launcher/door',
    'launcher/line',
    'observe',
    'stats',
  ],
  observe: ['base', 'generated', 'host', 'record', 'stats'],
  plan: ['base', 'generated'],
  planner: ['base', 'embedded', 'generated', 'host', 'json'],
  record: ['base'],
  stats: ['base', 'cgroup', 'executor', 'host', 'json', 'record'],
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
  return `${path} imports ${target}: imports go generated, base ← leaves ← compat ← spec ← plan ← observe ← engine ← cli`;
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

/** What is wrong with the #includes of a file in native/. */
export function includeProblems(path: string, text: string): string[] {
  const room = relative('native', dirname(path));
  const allowed = rooms[room];
  if (allowed === undefined) return [`${path} is in no room that scripts/lib/layout.ts knows`];
  return [...text.matchAll(/^\s*#\s*include\s+"([^"]+)"/gm)]
    .map((match) => dirname(match[1] ?? ''))
    .filter((target) => target !== '.' && target !== room && !allowed.includes(target))
    .map((target) =>
      `${path} includes a header of native/${target}; native/${room} may include: ${allowed.join(', ')}`
    );
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
  const scripts = ['src', 'test', 'scripts', 'conformance'].flatMap((folder) => filesBelow(folder, '.ts', '.mjs'));
  const native = ['native', 'test'].flatMap((folder) => filesBelow(folder, '.cc', '.h', '.c'));
  for (const file of [...scripts, ...native]) {
    const path = relative(root, file);
    const text = readFileSync(file, 'utf8');
    const lines = text.split('\n').length - 1;
    if (lines > maxLines && !isGenerated(path)) problems.push(`${path} has ${lines} lines; the limit is ${maxLines}`);
    problems.push(...retiredNames(path, text));
    if (path.startsWith('native/')) problems.push(...includeProblems(path, text));
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
  problems.push(...crowdedFolders(paths), ...buildListProblems(paths));
  const cycle = findCycle(graph);
  if (cycle) problems.push(`files import each other: ${cycle.join(' → ')}`);
  return problems;
}
