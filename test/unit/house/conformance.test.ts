import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { expectedToFail, judge, withGuest, type TestResult } from '../../../conformance/judge.ts';
import { compiledPath, filesOf, isNamed, readMatrix, type Row } from '../../../conformance/matrix.ts';
import { readPeers } from '../../../conformance/peers.ts';

const row: Row = {
  document: 'config',
  line: 1,
  section: 'a',
  key: 'k',
  strength: 'MUST',
  verdict: 'shown',
  tests: ['integration/x > a', 'integration/x > b *'],
  reason: '',
  purpose: '',
};
const ran = (outcome: TestResult['outcome'], ...names: string[]): TestResult[] =>
  names.map((name) => ({ name: `integration/x > ${name}`, outcome, reason: '' }));
const outcomeOf = (one: Row, results: TestResult[]): string => judge([one], results).judgements[0]!.outcome;

t.test('the matrix has its form, and names test files that exist', async (t) => {
  const rows = readMatrix('conformance');
  t.equal(rows.length, 594);
  for (const file of filesOf(rows)) {
    const source = file.startsWith('integration/')
      ? `test/${file}.test.ts`
      : `conformance/tests/${file.slice('conformance/'.length)}.test.ts`;
    t.ok(readFileSync(source).length > 0, source);
    t.ok(existsSync(compiledPath(file)), `${compiledPath(file)} is where the runner looks`);
  }
});

t.test('what other runtimes fail is explained', async (t) => {
  for (const { test, peer, why } of readPeers('conformance/peers.tsv')) t.ok(why.length > 1, `${peer}: ${test}`);
});

t.test('patterns', async (t) => {
  t.ok(isNamed('f > a', 'f > a'));
  t.notOk(isNamed('f > a', 'f > ab'));
  t.ok(isNamed('f > a * c', 'f > a b c'));
  t.notOk(isNamed('f > a*a', 'f > a'), 'the parts do not overlap');
  t.ok(isNamed('f > *', 'f > x'));
  t.notOk(isNamed('g > *', 'f > x'));
});

t.test('judging', async (t) => {
  t.equal(outcomeOf(row, ran('passed', 'a', 'b 1', 'b 2')), 'shown');
  t.equal(outcomeOf(row, [...ran('passed', 'a', 'b 1'), ...ran('failed', 'b 2')]), 'failed');
  t.equal(outcomeOf(row, [...ran('passed', 'a', 'b 1'), ...ran('known', 'b 2')]), 'failed');
  t.equal(outcomeOf({ ...row, tests: ['integration/x > a'] }, ran('skipped', 'a')), 'elsewhere');
  t.match(judge([row], ran('passed', 'a')).problems, [/"integration\/x > b \*" does not exist or did not run/]);
  const missing: Row = { ...row, verdict: 'missing', tests: ['integration/x > a'] };
  t.equal(outcomeOf(missing, ran('failed', 'a')), 'missing');
  t.match(judge([missing], ran('passed', 'a')).problems, [/called missing, but its tests pass/]);
  t.ok(expectedToFail([missing])('integration/x > a'));
  t.notOk(expectedToFail([row])('integration/x > a'));
});

t.test('what the virtual machine shows counts, and what fails there', async (t) => {
  const both = (here: TestResult['outcome'], there: TestResult['outcome']): string =>
    outcomeOf({ ...row, tests: ['integration/x > a'] }, withGuest(ran(here, 'a'), ran(there, 'a')));
  t.equal(both('skipped', 'passed'), 'shown');
  t.equal(both('passed', 'skipped'), 'shown');
  t.equal(both('passed', 'failed'), 'failed');
  t.equal(both('failed', 'passed'), 'failed');
  t.equal(both('skipped', 'skipped'), 'elsewhere');
  const one = { ...row, tests: ['integration/x > a'] };
  t.equal(judge([one], withGuest(ran('skipped', 'a'), ran('passed', 'a'))).judgements[0]!.guest, true);
  t.equal(judge([one], withGuest(ran('passed', 'a'), ran('passed', 'a'))).judgements[0]!.guest, false);
});
