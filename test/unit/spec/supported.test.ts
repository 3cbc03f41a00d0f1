import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { configTreeText, unsupportedInConfig, type Steps, type Tree } from '../../../src/generated/config-tree.ts';

/** Properties that ask for what is always so: nothing has to be done for them. */
const needNothing = new Map([
  ['linux/resources/memory/useHierarchy', 'cgroups below are always counted on the kernels that veloci runs on'],
  ['linux/resources/memory/checkBeforeUpdate', 'a new cgroup uses no memory yet; update is not there yet'],
]);

function sourcesBelow(folder: string): string {
  return readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sourcesBelow(path) : readFileSync(path, 'utf8');
  }).join('\n');
}

/** Paths of the properties that are neither refused nor of another platform. */
function supported(tree: Tree, refused: Steps | null | undefined, path: readonly string[]): string[] {
  if (refused === null || tree.x !== undefined) return [];
  const below = (name: string, part: Tree): string[] => supported(part, refused?.[name], [...path, name]);
  return [
    ...(path.length === 0 || path.at(-1) === '*' ? [] : [path.join('/')]),
    ...Object.entries(tree.p ?? {}).flatMap(([name, part]) => below(name, part)),
    ...(tree.i === undefined ? [] : below('*', tree.i)),
    ...(tree.m === undefined ? [] : below('*', tree.m)),
  ];
}

void test('a property that is not refused is one that the compiler of plans knows', (t) => {
  const sources = ['src/plan', 'src/cgroup'].map(sourcesBelow).join('\n');
  const words = new Set(sources.match(/[A-Za-z0-9]+/g));
  for (const path of supported(JSON.parse(configTreeText) as Tree, unsupportedInConfig, [])) {
    const name = path.split('/').at(-1) as string;
    if (!needNothing.has(path)) t.ok(words.has(name), path);
  }
  t.end();
});
