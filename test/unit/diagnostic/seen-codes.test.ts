import t from 'tap';
import { SeenCodes } from '../../../scripts/lib/seen-codes.ts';
import { table } from '../../../src/diagnostic/table.ts';

t.test('an error that no test has produced is missing', async (t) => {
  const all = Object.entries(table);
  const [, { code: ofOperation }] = all.find(([name]) => name.includes('.'))!;
  const [, { code: other }] = all.find(([name]) => !name.includes('.'))!;
  const codes = new SeenCodes();
  t.equal(codes.missing().length, all.length);
  codes.line(`    # codes of the engine: ${all.map(([, { code }]) => code).join(' ')}`);
  const missing = codes.missing();
  t.ok(missing.some((line) => line.startsWith(ofOperation)), 'the engine alone does not show that of an operation');
  t.notOk(missing.some((line) => line.startsWith(other)));
  codes.line(
    `# codes of the command: ${all.filter(([, { code }]) => code !== other).map(([, { code }]) => code).join(' ')}`,
  );
  t.same(codes.missing(), []);
  const fewer = new SeenCodes();
  fewer.line(`ok 1 - codes of the command: ${other}`);
  t.equal(fewer.missing().length, all.length, 'only comments count');
});
