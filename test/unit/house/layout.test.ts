import t from 'tap';
import { findCycle, importProblem, includeProblems, importsOf, layoutProblems,
  roomProblems } from '../../../scripts/lib/layout.ts';
import { retiredNames } from '../../../scripts/lib/retired-names.ts';

t.test('the checkout keeps to its layout', async (t) => {
  t.same(layoutProblems(), []);
});

t.test('finds imports in all their forms', async (t) => {
  const text = [
    "import { a,\n  b } from './b.ts';",
    "import type { C } from '../spec/c.ts';",
    "export * from './d.ts';",
    "import './e.ts';",
    "const f = await import('./f.ts');",
    "import { join } from 'node:path';",
  ].join('\n');
  t.same(importsOf('src/plan/a.ts', text), [
    { target: 'src/plan/b.ts', typeOnly: false },
    { target: 'src/spec/c.ts', typeOnly: true },
    { target: 'src/plan/d.ts', typeOnly: false },
    { target: 'src/plan/e.ts', typeOnly: false },
    { target: 'src/plan/f.ts', typeOnly: false },
  ]);
});

t.test('refuses imports against the direction', async (t) => {
  const bad: Array<[string, string]> = [
    ['src/spec/a.ts', 'src/plan/b.ts'],
    ['src/diagnostic/a.ts', 'src/engine/b.ts'],
    ['src/generated/a.ts', 'src/spec/b.ts'],
    ['src/cli/a.ts', 'test/unit/b.ts'],
  ];
  for (const [from, target] of bad) t.ok(importProblem(from, { target, typeOnly: false }), `${from} → ${target}`);
  t.notOk(importProblem('src/plan/a.ts', { target: 'src/spec/b.ts', typeOnly: false }));
});

t.test('finds a cycle', async (t) => {
  const graph = new Map([['a', ['b']], ['b', ['c']], ['c', ['b']]]);
  t.same(findCycle(graph), ['b', 'c', 'b']);
  t.equal(findCycle(new Map([['a', ['b', 'c']], ['b', ['c']]])), undefined);
});

t.test('refuses a header of a room that is not named', async (t) => {
  const text = '#include "base/path.h"\n#include "launcher/door/launch.h"\n#include "identity.h"\n';
  t.same(includeProblems('native/hook/hook.cc', text), [
    'native/hook/hook.cc includes a header of native/launcher/door; native/hook may include: base, plan',
  ]);
  t.match(includeProblems('native/cellar/a.cc', '')[0], /no room/);
});

t.test('finds rooms that include each other, and what a room need not include', async (t) => {
  const table = { base: [], door: ['base', 'line'], line: ['door'] };
  const included = new Map([['door', new Set(['base', 'line'])], ['line', new Set(['door'])]]);
  t.same(roomProblems(table, included), ['rooms of native/ include each other: door → line → door']);
  t.same(roomProblems({ base: [], door: ['base'] }, new Map([['door', new Set<string>()]])), [
    'scripts/lib/layout.ts lets native/door include native/base, which no file there does',
  ]);
});

t.test('refuses a retired name, but not in comments and texts', async (t) => {
  const names = (path: string, text: string): (string | undefined)[] =>
    retiredNames(path, text).map((problem) => /^[^ ]+ has the name "\w+"/.exec(problem)?.[0]);
  t.same(names('native/a.cc', 'const char *at = text;\nint made;\n'), [
    'native/a.cc:1 has the name "at"',
    'native/a.cc:2 has the name "made"',
  ]);
  t.same(names('src/a.ts', '/** It is\n told. */\nfunction told(): void {}\n'), ['src/a.ts:3 has the name "told"']);
  t.same(names('native/a.cc', '// made\nplan.at(1); put("left"); is_made(left_over);\n'), []);
  t.same(names('src/a.ts', 'diagnostic.at?.pointer'), []);
  t.same(names('test/a.ts', 'const made = 1;'), []);
});
