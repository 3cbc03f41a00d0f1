import t from 'tap';
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
