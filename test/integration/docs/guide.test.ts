// The commands on pages of docs/ that begin with a line about it are run, and print what the page says: each page begins with an empty bundle of its own.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { repository, runtimePath } from '../../support/paths.ts';
import { test } from '../../support/case.ts';
import { follow, stepsOf } from '../../support/guide.ts';

/** The first line of a page that is run. */
const isRun = '<!-- The commands on this page are run by a test. -->';

/** Pages about what a kernel may not have. */
const conditions: Readonly<Record<string, () => string | false>> = {
  'landlock.md': () => {
    const { stdout } = spawnSync(runtimePath(), ['features'], { encoding: 'utf8' });
    return /"accessNet": \[\s*"/.test(stdout) ? false : 'this kernel has no Landlock, or none for ports';
  },
};

for (const name of readdirSync(join(repository, 'docs/guide')).filter((file) => file.endsWith('.md'))) {
  const page = readFileSync(join(repository, 'docs/guide', name), 'utf8');
  if (!page.startsWith(isRun)) continue;
  test(`docs/guide/${name}: its commands print what it says`, async (c) => {
    const { dir } = c.bundle();
    rmSync(join(dir, 'config.json'));
    await follow(stepsOf(page), { dir, root: c.root });
  }, { only: 'veloci', skip: conditions[name]?.() ?? false });
}
