// The recipes of docs/cookbook.md as a reader follows them: each in a directory of its own, behind the commands that make the bundle.
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { repository, runtimePath, which } from '../../support/paths.ts';
import { assert, test } from '../../support/case.ts';
import { Podman } from '../../support/engines/podman.ts';
import type { Context } from '../../support/context.ts';
import { follow, type Place, stepsOf } from '../../support/guide.ts';
import { criuPath, noCriu } from '../../support/host/criu.ts';
import { needs } from '../../support/host/kernel.ts';

const [head = '', ...recipes] = readFileSync(join(repository, 'docs/cookbook.md'), 'utf8').split(/^## (?=\d+\. )/m);
const bundle = stepsOf(head);

/** What keeps a recipe from being run here, by the words of its title. */
const skips: readonly (readonly [RegExp, string | false])[] = [
  [/mapped ids/, needs('mapped ids of tmpfs', '6.3')],
  [/Podman/, which('podman') ? false : 'podman is not installed'],
  [/Checkpoint/, noCriu],
];

const titleOf = (recipe: string): string => recipe.slice(0, recipe.indexOf('\n'));
const skipOf = (recipe: string): string | false | undefined =>
  skips.find(([words]) => words.test(titleOf(recipe)))?.[1];

async function follows(c: Context, recipe: string, extra: Partial<Place> = {}): Promise<void> {
  const dir = c.dir();
  chmodSync(dir, 0o755); // recipes of users pass through it
  await follow([...bundle, ...stepsOf(recipe)], { dir, root: c.root, timeLimit: 60_000, ...extra });
}

test('docs/cookbook.md: the recipes for every machine', async (c) => {
  const run = recipes.filter((recipe) => skipOf(recipe) === undefined && stepsOf(recipe).length > 0);
  assert.ok(run.length > 20, `${run.length} recipes`);
  for (const recipe of run) {
    try {
      await follows(c, recipe);
    } catch (error) {
      throw new Error(`${titleOf(recipe)}\n${error instanceof Error ? error.message : String(error)}`);
    }
  }
}, { only: 'veloci' });

for (const recipe of recipes) {
  const skip = skipOf(recipe);
  if (skip === undefined) continue;
  const title = titleOf(recipe);
  const podman = /Podman/.test(title);
  test(`docs/cookbook.md: ${title}`, async (c) => {
    const engine = podman ? new Podman('/tmp/cookbook-podman') : undefined;
    try {
      await follows(c, recipe, { ...engine && { podman: engine },
        ...criuPath['PATH'] !== undefined && { path: criuPath['PATH'] } });
    } finally {
      engine?.reset(runtimePath());
      rmSync('/tmp/cookbook-podman', { recursive: true, force: true });
    }
  }, { only: 'veloci', skip, ...podman ? { leaks: 'ignore' as const } : {} });
}
