// SECURITY.md: every promise and every attack names tests, and those exist.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { inRoot } from '../../../scripts/lib/root.ts';

const text = readFileSync(inRoot('SECURITY.md'), 'utf8');

/** The rows of the table below a heading, as cells. */
function rowsBelow(heading: string): string[][] {
  const chapter = text.split(`\n## ${heading}`)[1]?.split('\n## ')[0] ?? '';
  return chapter.split('\n').filter((line) => line.startsWith('|')).slice(2)
    .map((line) => line.slice(1, -1).split('|').map((cell) => cell.trim()));
}

/** `file: name` in backquotes. */
const reference = /`((?:unit|native|integration|fuzz)\/[\w/-]+): ([^`]+)`/g;

/** What a test of this file may be called: whole texts between quotes, and functions of a native test. */
function namesIn(path: string): Set<string> {
  const source = readFileSync(path, 'utf8');
  const quoted = [...source.matchAll(/'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`([^`\n]*)`/g)]
    .map(([, single, double, back]) => single ?? double ?? back ?? '');
  const functions = [...source.matchAll(/^void (test_\w+)\(/gm)].map(([, name]) => name ?? '');
  return new Set([...quoted, ...functions]);
}

/** What is wrong with one reference; undefined when the test is there. */
function problem(file: string, name: string): string | undefined {
  const paths = ['.test.ts', '.cc'].map((ending) => join(inRoot('test'), file + ending)).filter((path) =>
    existsSync(path)
  );
  if (paths.length === 0) return `there is no test/${file}.test.ts`;
  return namesIn(paths[0]!).has(name) ? undefined : `test/${file} has no test "${name}"`;
}

for (const [heading, column, least] of [['Promises', 1, 11], ['Published attacks', 3, 11], ['Further attacks', 2,
  8]] as const)
{
  t.test(`${heading}: each row names tests that exist`, async (t) => {
    const rows = rowsBelow(heading);
    t.ok(rows.length >= least, `${rows.length} rows`);
    for (const cells of rows) {
      const found = [...(cells[column] ?? '').matchAll(reference)];
      t.ok(found.length > 0, `it names a test: ${cells[0]}`);
      for (const [, file = '', name = ''] of found) t.equal(problem(file, name), undefined, `${file}: ${name}`);
    }
  });
}

t.test('a name that no test has is found', async (t) => {
  t.match(problem('integration/nothing', 'x'), /there is no/);
  t.match(problem('integration/life/crash', 'a pid that was reused'), /has no test/);
  t.equal(problem('integration/life/crash', 'a pid that was reused is never killed'), undefined);
  t.equal(problem('native/base', 'test_paths'), undefined);
});
