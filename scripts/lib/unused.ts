// What is exported or declared for others and used by none: dead code, or a name that its own file keeps to itself. What
// only tests use counts as dead in src/ and native/: it lives in test/.
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { filesBelow } from './files.ts';
import { root } from './root.ts';

/** Files by their paths in the checkout. */
export type Texts = ReadonlyMap<string, string>;

/** Exports that something else than an import finds, and why. */
const entries: Readonly<Record<string, string>> = {
  'src/engine/main.ts engine': 'the planner calls it by its name',
  'src/engine/tools.ts engine': 'the planner calls it by its name',
  'src/engine/images.ts engine': 'the planner calls it by its name',
  'examples/postgres.ts startPostgres': 'who follows the example imports it',
};

/** Whether what a file uses counts as used only for tests, too. */
function isTest(path: string): boolean {
  return /^(test|conformance|examples)\//.test(path);
}

/** For each file the names that others import from it, and who does; `*` stands for all of them. */
function importers(files: Texts): Map<string, Map<string, string[]>> {
  const found = new Map<string, Map<string, string[]>>();
  const note = (path: string, from: string, name: string): void => {
    const target = join(dirname(path), from);
    const names = found.get(target) ?? new Map<string, string[]>();
    found.set(target, names.set(name, [...names.get(name) ?? [], path]));
  };
  for (const [path, text] of files) {
    const statements = /(?:import|export)\s+(?:type\s+)?(?:\{([^}]*)\}|\*(?:\s+as\s+[\w$]+)?)\s*from\s+'(\.[^']+)'/gs;
    for (const [, names, from = ''] of text.matchAll(statements)) {
      if (names === undefined) note(path, from, '*');
      for (const part of names?.split(',') ?? []) {
        const name = part.trim().replace(/^type\s+/, '').split(/\s+as\s+/)[0]!;
        if (name !== '') note(path, from, name);
      }
    }
    for (const [, from = ''] of text.matchAll(/\bimport\('(\.[^']+)'\)/g)) note(path, from, '*');
  }
  return found;
}

function occurs(text: string, name: string): number {
  return [...text.matchAll(new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`, 'g'))].length;
}

/** Exports of TypeScript files that no other file imports. A type may name what its own file's functions take or give. */
export function unusedExports(files: Texts): string[] {
  const imported = importers(files);
  const problems: string[] = [];
  for (const [path, text] of files) {
    if (path === 'src/index.ts' || path.includes('/generated/')) continue;
    // Texts that a generator writes are in templates, which are not looked into.
    const own = path.startsWith('scripts/generate/') ? text.replace(/`(?:[^`\\]|\\.)*`/gs, '``') : text;
    const exported = /^export\s+(?:abstract\s+)?(?:async\s+)?(const|let|function\*?|class|interface|type)\s+([\w$]+)/gm;
    for (const [, kind = '', name = ''] of own.matchAll(exported)) {
      if (`${path} ${name}` in entries || (name === 'main' && dirname(path) === 'scripts')) continue;
      const names = imported.get(path);
      const users = [...names?.get(name) ?? [], ...names?.get('*') ?? []];
      if (users.some((user) => !path.startsWith('src/') || !isTest(user))) continue;
      if ((kind === 'interface' || kind === 'type') && occurs(own, name) > 1) continue;
      problems.push(
        `${path} exports ${name}, which ${users.length === 0 ? 'no other file imports' : 'only tests import'}`,
      );
    }
  }
  return problems;
}

function words(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  const code = text.replace(/\/\/.*$/gm, '').replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
  for (const [word] of code.matchAll(/[A-Za-z_]\w*/g)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** Functions, constants and types that headers of native/ declare for other files, and none but their own source uses. */
export function unusedDeclarations(files: Texts): string[] {
  const problems: string[] = [];
  const counts = new Map([...files].map(([path, text]) => [path, words(text)]));
  for (const [path, text] of files) {
    if (!path.startsWith('native/') || !path.endsWith('.h') || path.includes('/generated/')) continue;
    // Only what stands at the beginning of a line is no member of a class.
    const declared = [
      ...text.matchAll(/^(?:inline |constexpr |\[\[noreturn\]\] )*[A-Za-z_][\w:<>, ]*?[ &*]+([a-z_]\w*)\(/gm),
      ...text.matchAll(/^(?:inline )?constexpr [\w: ]+[ *]([a-z_]\w*)(?:\[\])? ?[={]/gm),
      ...text.matchAll(/^(?:class|struct|enum class) ([A-Z]\w*) [{:]/gm),
    ].map((match) => match[1]!);
    const source = path.replace(/\.h$/, '.cc');
    for (const name of new Set(declared)) {
      if (name.startsWith('operator') || counts.get(path)!.get(name)! > 1) continue;
      const users = [...counts].filter(([file, found]) => file !== path && found.has(name)).map(([file]) => file);
      if (users.some((user) => user.startsWith('native/') && user !== source)) continue;
      problems.push(
        `${path} declares ${name} for others; ${
          users.length === 0 ? 'nothing uses it' : users.some((user) => user === source)
            ? 'its own source alone uses it'
            : 'tests alone use it'
        }`,
      );
    }
  }
  return problems;
}

/** Both, of the checkout. */
export function unused(): string[] {
  const read = (folders: readonly string[], ...endings: string[]): Texts =>
    new Map(
      folders.flatMap((folder) => filesBelow(folder, ...endings)).map((
        file,
      ) => [relative(root, file), readFileSync(file, 'utf8')]),
    );
  return [...unusedExports(read(['src', 'scripts', 'test', 'conformance', 'examples'], '.ts', '.mjs')),
    ...unusedDeclarations(read(['native', 'test'], '.cc', '.h'))];
}
