// The commands on pages of docs/guide that begin with a line about it are run, and print what the page says: each page begins with an empty bundle of its own. In the
// output that a page shows, a line of three dots stands for any lines, three dots in a line for any text.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { repository, runtimePath } from '../../support/paths.ts';
import { assert, test } from '../../support/case.ts';
import { call } from '../../support/runtime.ts';

interface Step {
  readonly command: string;
  readonly shown: readonly string[];
}

/** The commands of a page, with the output that is shown behind each. */
function stepsOf(page: string): readonly Step[] {
  const steps: { command: string; shown: string[] }[] = [];
  for (const [, block] of page.matchAll(/^```console\n([^]*?)^```$/gm)) {
    for (const line of block!.trimEnd().split('\n')) {
      if (line.startsWith('$ ')) steps.push({ command: line.slice(2), shown: [] });
      else steps.at(-1)!.shown.push(line);
    }
  }
  return steps;
}

function patternOf(shown: readonly string[]): RegExp {
  const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const lines = shown.map((
    line,
  ) => (line === '...'
    ? '(?:.*\n)*?'
    : `${line.split(' ... ').map((part) => part.split('...').map(literal).join('.*?')).join(' +(?:.* )?')}\n`)
  );
  return new RegExp(`^${lines.join('')}$`);
}

const folder = join(repository, 'docs/guide');

/** The first line of a page that is run. */
const isRun = '<!-- The commands on this page are run by a test. -->';

for (const name of readdirSync(folder).filter((file) => file.endsWith('.md'))) {
  const page = readFileSync(join(folder, name), 'utf8');
  if (!page.startsWith(isRun)) continue;
  const steps = stepsOf(page);
  test(`docs/guide/${name}: its commands print what it says`, async (c) => {
    const { dir } = c.bundle();
    rmSync(join(dir, 'config.json'));
    assert.ok(steps.length > 0);
    let status = 0;
    for (const { command, shown } of steps) {
      const line = `veloci() { "$RUNTIME" --root "$STATE" "$@"; }; (exit ${status}); ${command}`;
      const env = { PATH: process.env['PATH'] ?? '', RUNTIME: runtimePath(), STATE: c.root };
      const { code, stdout, stderr } = await call(['/bin/bash', '-c', line], { cwd: dir, env });
      status = code ?? 1;
      assert.match(stdout + stderr, patternOf(shown), `$ ${command}\n${stdout}${stderr}`);
    }
  }, { only: 'veloci' });
}
