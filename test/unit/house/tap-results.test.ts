import t from 'tap';
import { TapReader } from '../../../scripts/lib/tap-results.ts';

function read(text: string): string[] {
  const reader = new TapReader();
  for (const line of text.split('\n')) reader.line(line);
  return reader.results.map(({ outcome, path, reason }) => `${outcome} ${path.join(' > ')}${reason && ` (${reason})`}`);
}

t.test('counts assertions, not the subtests around them', async (t) => {
  const text = [
    '# Subtest: file',
    '    # Subtest: one',
    '        ok 1 - first',
    '        not ok 2 - second',
    '          ---',
    '          source: |',
    '            ok 7 - not a result',
    '          ...',
    '        1..2',
    '    not ok 1 - one # time=1.449ms',
    '    ok 2 - three # SKIP needs podman',
    '    1..2',
    'not ok 1 - file # time=23.644ms',
  ].join('\n');
  t.same(read(text), ['passed file > one > first', 'failed file > one > second',
    'skipped file > three (needs podman)']);
});

t.test('reads buffered subtests', async (t) => {
  const text = ['ok 1 - file # time=3ms {', '    ok 1 - a', '    ok 2 - b', '    1..2', '}', 'ok 2 - other'].join('\n');
  t.same(read(text), ['passed file > a', 'passed file > b', 'passed other']);
});

t.test('counts a file that fails although all its assertions passed', async (t) => {
  const text = ['# Subtest: file', '    ok 1 - a', '    1..1', 'not ok 1 - file # time=3ms', '  ---', '  exitCode: 3',
    '  ...'];
  t.same(read(text.join('\n')), ['passed file > a', 'failed file']);
});

t.test('counts a file without assertions as one', async (t) => {
  t.same(read('# Subtest: file\n    1..0 # no tests found\nnot ok 1 - file # time=1ms'), ['failed file']);
});
