// The difference of two texts, held against diff -u.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { difference } from '../../../src/configure/difference.ts';

const lines = (...numbers: number[]): string => numbers.map((number) => `line ${number}\n`).join('');
const many = Array.from({ length: 40 }, (_, index) => index);

const pairs: readonly (readonly [string, string])[] = [
  ['', lines(1, 2)],
  [lines(1, 2), ''],
  [lines(...many), lines(...many.slice(0, 5), 100, ...many.slice(5, 30), ...many.slice(32))],
  [lines(...many), lines(100, ...many, 101)],
];

t.test('it is that of diff', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'veloci-difference-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const [old, now] of pairs) {
    writeFileSync(join(folder, 'old'), old);
    writeFileSync(join(folder, 'now'), now);
    const { stdout, error } = spawnSync('diff', ['-u', '--label', 'old', '--label', 'now', join(folder, 'old'),
      join(folder, 'now')], { encoding: 'utf8' });
    if (error !== undefined) {
      t.pass('diff is not installed');
      return;
    }
    t.equal(difference(old, now, 'old', 'now'), stdout);
  }
  t.equal(difference('same\n', 'same\n', 'old', 'now'), '');
});
