import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { codeProblem, nextCode } from '../../scripts/generate/code-numbers.ts';
import { diagnoseFailure } from '../../src/diagnostic/diagnose.ts';
import { errnoName } from '../../src/diagnostic/errno.ts';
import { table } from '../../src/diagnostic/table.ts';
import { operations } from '../../src/generated/plan-meta.ts';

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

/** Codes that no test can trigger from outside, and why. */
const untriggered: Readonly<Record<string, string>> = {
  E0139: 'flags of checkpoint and restore: test/integration/checkpoint needs CRIU',
  E0204: 'a disk that fails while it is read',
  E0401: 'there is no property that is refused',
  E0508: 'libseccomp takes whatever passes the checks',
  E0514: 'the command line refuses other managers; the library could ask for one',
  E0631: 'a process that hangs in the kernel',
  E0902: 'a crash of the planner',
  E0903: 'time that no configuration within the limit of its size takes',
};

t.test('every code of something else than an operation is named by a test, or has a reason', async (t) => {
  const repository = new URL(import.meta.url).pathname.split('/build/')[0]!;
  const texts = ['test', 'conformance'].flatMap((folder) => readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('unit/codes.test.ts')).map((path) => readFileSync(join(repository, folder, path), 'utf8')));
  const all = texts.join('\n');
  for (const [name, { code }] of Object.entries(table)) {
    if (name.includes('.')) continue;
    if (code in untriggered) t.ok(untriggered[code], code);
    else t.ok(all.includes(code), `${code} (${name}) is in a test`);
  }
});

t.test('two errors with one code are found, and which code is free', async (t) => {
  const codes = (...list: string[]): Map<string, string> => new Map(list.map((code, i) => [`error${i}`, code]));
  t.equal(codeProblem(codes('E0101', 'E0102')), undefined);
  t.equal(codeProblem(codes('E0101', 'E0102', 'E0101')), 'error0 and error2 have the same code E0101; the next free one is E0103');
  t.equal(codeProblem(codes('E0799', 'E0799')), 'error0 and error1 have the same code E0799; the next free one is in another chapter');
  t.equal(codeProblem(codes('E0001')), 'error0 has the code E0001, which is in no chapter');
  t.equal(nextCode(['E0103', 'E0109', 'E0205'], 'E01'), 'E0110', 'none that was given up');
  t.equal(nextCode([], 'E01'), 'E0101');
  t.equal(nextCode(['E0199'], 'E01'), undefined);
});
