import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { filesBelow } from './files.ts';
import { root } from './root.ts';

/** Longest file that still has one job. */
const maxLines = 400;

/** Folders of src/, lowest first: a file imports from its own level or from below. */
const levels: ReadonlyArray<readonly string[]> = [
  ['generated', 'base'], ['host', 'store', 'cgroup', 'diagnostic'], ['spec'], ['plan'], ['engine'], ['cli'], ['library'], ['index.ts'],
];

/** The interface that a host implements: the leaf may know its types. */
const hostInterface = 'src/engine/protocol.ts';

/** What the folders of native/ may include beside themselves; folders that are not named may include all. */
const includes: Readonly<Record<string, readonly string[]>> = {
  base: [],
  generated: ['base', 'plan'],
  plan: ['base', 'generated'],
  init: ['base', 'plan', 'generated'],
  host: ['base', 'plan', 'generated'],
  stats: ['base', 'plan', 'generated', 'host', 'executor'],
};

interface Import {
  /** Path in the checkout. */
  target: string;
  typeOnly: boolean;
}

/** The relative imports of a TypeScript file. */
export function importsOf(path: string, text: string): Import[] {
  const found: Import[] = [];
  const pattern = /^\s*(?:import|export)\s+(type\s)?(?:[\w\s*{},$]+?\sfrom\s+)?'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm;
  for (const match of text.matchAll(pattern)) {
    const target = match[2] ?? match[3] ?? '';
    found.push({ target: relative(root, resolve(root, dirname(path), target)), typeOnly: match[1] !== undefined });
  }
  return found;
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
  return `${path} imports ${target}: imports go generated, base ← leaves ← spec ← plan ← engine ← cli`;
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

/** What is wrong with one #include of a file in native/. */
function includeProblems(path: string, text: string): string[] {
  const folder = path.split('/')[1] ?? '';
  const allowed = includes[folder];
  if (allowed === undefined) return [];
  return [...text.matchAll(/^\s*#\s*include\s+"([a-z]+)\/[^"]+"/gm)]
    .map((match) => match[1] ?? '')
    .filter((target) => target !== folder && !allowed.includes(target))
    .map((target) => `${path} includes a header of native/${target}; native/${folder} may include: ${allowed.join(', ')}`);
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
    if (path.startsWith('native/')) problems.push(...includeProblems(path, text));
    if (!path.endsWith('.ts')) continue;
    const imports = importsOf(path, text);
    graph.set(path, imports.map(({ target }) => target));
    if (!path.startsWith('src/')) continue;
    for (const found of imports) {
      const problem = importProblem(path, found);
      if (problem) problems.push(problem);
    }
  }
  const cycle = findCycle(graph);
  if (cycle) problems.push(`files import each other: ${cycle.join(' → ')}`);
  return problems;
}
