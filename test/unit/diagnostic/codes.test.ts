import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { codeProblem, nextCode } from '../../../scripts/generate/diagnostic/code-numbers.ts';
import { errnoHeader } from '../../../scripts/generate/diagnostic/errno.ts';
import { diagnoseFailure } from '../../../src/diagnostic/diagnose.ts';
import { errnoName, errnoTable } from '../../../src/diagnostic/errno.ts';
import { renderLine } from '../../../src/diagnostic/render.ts';
import type { Entry } from '../../../src/diagnostic/types.ts';
import { table } from '../../../src/diagnostic/table.ts';
import { operations } from '../../../src/generated/plan-meta.ts';

const numbers = new Map(Array.from({ length: 140 }, (_, number) => [errnoName(number), number]));

t.test('the failure that a line of an operation is about gets its code', async (t) => {
  const known = operations() as Readonly<Record<string, unknown>>;
  for (const [name, { code }] of Object.entries(table)) {
    const [where = '', errno = ''] = name.split(':');
    const [op = '', step] = where.split('/');
    if (!(op in known)) continue;
    const number = errno === '' ? 0 : numbers.get(errno);
    t.ok(number !== undefined, `${name}: the errno exists`);
    const failure = { program: 'init', index: 0, step: 0, errno: number ?? 0 };
    t.equal(diagnoseFailure(op, step, failure, {}).code, code, name);
  }
});

/** The source of the tests of these folders, without the comments. */
function sourceOf(...folders: string[]): string {
  const repository = new URL(import.meta.url).pathname.split('/build/')[0]!;
  const paths = folders.flatMap((folder) =>
    readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' }).map((path) =>
      join(repository, folder, path)
    )
  );
  return paths.filter((path) => path.endsWith('.ts') && !path.endsWith('unit/codes.test.ts')).map((path) =>
    readFileSync(path, 'utf8')
  ).join('\n').replace(/^\s*(\/\/|\*|\/\*\*).*$/gm, '');
}

// A quick look at the texts; that every code is really produced shows at the end of a run of all tests
// (scripts/lib/seen-codes.ts).
t.test('every code is named in a test: that of an operation in a black-box one', async (t) => {
  const [outside, anywhere] = [sourceOf('test/integration', 'conformance'), sourceOf('test', 'conformance')];
  for (const [name, { code }] of Object.entries(table)) {
    const isOperation = name.includes('.');
    t.ok((isOperation ? outside : anywhere).includes(code),
      `${code} (${name}) is in a ${isOperation ? 'black-box ' : ''}test`);
  }
});

t.test('two errors with one code are found, and which code is free', async (t) => {
  const codes = (...list: string[]): Map<string, string> => new Map(list.map((code, i) => [`error${i}`, code]));
  t.equal(codeProblem(codes('E0101', 'E0102')), undefined);
  t.equal(codeProblem(codes('E0101', 'E0102', 'E0101')),
    'error0 and error2 have the same code E0101; the next free one is E0103');
  t.equal(codeProblem(codes('E0799', 'E0799')),
    'error0 and error1 have the same code E0799; the next free one is in another chapter');
  t.equal(codeProblem(codes('E0101', 'E0101'), () => true), undefined, 'one error of two sides');
  t.equal(codeProblem(codes('E0001')), 'error0 has the code E0001, which is in no chapter');
  t.equal(nextCode(['E0103', 'E0109', 'E0205'], 'E01'), 'E0110', 'none that was given up');
  t.equal(nextCode([], 'E01'), 'E0101');
  t.equal(nextCode(['E0199'], 'E01'), undefined);
});

t.test('what to do is a statement', async (t) => {
  for (const [name, { hint, otherwise }] of Object.entries<Entry>(table)) {
    for (const text of [hint, otherwise]) t.notOk(text?.includes('?'), `${name}: ${text}`);
  }
});

t.test('nothing is said twice', async (t) => {
  const failure = { program: 'init', index: 0, step: 0, errno: 2 };
  const line = renderLine(diagnoseFailure('process.start', 'notFound', failure, { path: '/x' }));
  t.match(line, /^E0764: exec "\/x": no such file or directory \(ENOENT, step notFound\): /);
  t.notMatch(line, /not there/);
  t.notMatch(renderLine(diagnoseFailure('program.find', 'find', failure, { name: 'x', path: '/bin' })), /not there/);
  const start = renderLine(diagnoseFailure('process.start', 'open', { ...failure, errno: 38 }, {}));
  t.match(start, /^E0761: .*: kernel lacks the system call \(ENOSYS, step open\): use Linux 5\.10 or newer/);
  const bind = renderLine(diagnoseFailure('mount.bind', 'source', failure, { source: '/a', target: '/b' }));
  t.match(bind, /^E0723: the source "\/a" of the bind mount on "\/b" is missing \(ENOENT, step source\): /);
  t.match(renderLine(diagnoseFailure('mount.bind', 'source', { ...failure, errno: 40 }, {})),
    /: [a-z ]+ \(ELOOP, step source\)/);
});

t.test('the native side has the same words for an errno, none that engines take for a missing program', async (t) => {
  const header = errnoHeader();
  for (const [number, [name, words]] of Object.entries(errnoTable())) {
    t.ok(header.includes(`case ${number}: return "${words}, ${name}";`), name);
    t.notMatch(words, /permission denied|no such file or directory|executable file not found|operation not permitted/);
  }
});
