// Plans compared: what differs, and how operations of two lists are paired.
import t from 'tap';
import { unmarked } from '../../support/unmarked.ts';
import { comparePlans, differenceData, differenceText } from '../../../src/saved/compare.ts';
import { isSavedPlan, readSaved } from '../../../src/saved/document.ts';
import { decisiveFacts } from '../../../src/saved/facts.ts';
import { listPlan, printableListing, redactListing, type ListedOperation } from '../../../src/saved/listing.ts';
import { facts, host, planOf } from '../plan/support.ts';

function mount(target: string, line: number, attr = 0): ListedOperation {
  return { concern: 'mounts', line, op: 'mount.fs', from: `/mounts/${line}`, target, attr };
}

const sides = { before: 'a.json', after: 'b.json' };

t.test('an operation that has only moved is the same', async (t) => {
  const before = { init: [mount('/a', 1), mount('/b', 2)] }, after = { init: [mount('/a', 1), mount('/b', 9)] };
  t.same(comparePlans(before, after), []);
});

t.test('added, removed and changed operations', async (t) => {
  const before = { init: [mount('/a', 1), mount('/b', 2), mount('/c', 3)] };
  const after = { init: [mount('/a', 1, 4), mount('/c', 2), mount('/d', 3)], stager: [mount('/e', 1)] };
  const found = comparePlans(before, after);
  t.same(differenceData(found).map((entry) => (entry as { change: string }).change), ['added', 'changed', 'removed',
    'added']);
  t.equal(unmarked(differenceText(found, sides)), [
    'stager, on the way into the container',
    '+ mount.fs /e  b.json:1',
    '',
    'init, in the container',
    '- mount.fs /a  a.json:1',
    '+ mount.fs /a attr=rdonly  b.json:1',
    '- mount.fs /b  a.json:2',
    '+ mount.fs /d  b.json:3',
    '',
  ].join('\n').replace('attr=rdonly', 'attr=nodev'));
});

t.test('other orders are differences', async (t) => {
  const before = { init: [mount('/a', 1), mount('/b', 2)] }, after = { init: [mount('/b', 1), mount('/a', 2)] };
  t.not(comparePlans(before, after).length, 0);
});

t.test('long lists: the same differences without a table', async (t) => {
  const many = Array.from({ length: 2500 }, (_, index) => mount(`/m${index}`, index + 1));
  const after = [mount('/first', 1), ...many.slice(1, -1), mount('/last', 2500)];
  t.same(comparePlans({ init: many }, { init: after }).length, 2);
});

t.test('what differs only in what is not shown is named', async (t) => {
  const write = (value: string): ListedOperation => ({ concern: 'container', op: 'state.write', from: '',
    content: [`${'x'.repeat(60)}${value}`] });
  const text = unmarked(differenceText(comparePlans({ create: [write('a')] }, { create: [write('b')] }), sides));
  t.match(text, /^ {4}differs in content$/m);
});

t.test('a listing: no values of variables, none of what a terminal acts on', async (t) => {
  const plan = planOf((config) => {
    config.process.env = ['A=secret', 'B=\u001b[31mred'];
    config.hooks = { poststop: [{ path: '/hook', env: ['C=secret'] }] };
  });
  const options = { lineOf: (): number => 0, digest: (text: string): string => host().sha256(text), redactEnv: false };
  const open = listPlan(plan, options);
  t.match(JSON.stringify(open), /A=secret/);
  for (const listing of [redactListing(open), listPlan(plan, { ...options, redactEnv: true })]) {
    t.notMatch(JSON.stringify(listing), /secret/);
    t.match(JSON.stringify(listing), /A=\(redacted\).*C=\(redacted\)/);
  }
  t.match(JSON.stringify(printableListing(open)), /B=\\\\u001b\[31mred/);
});

t.test('facts: those that the plan depends on are named', async (t) => {
  const saved = facts(), now = { ...saved, cwd: '/elsewhere', euid: 7 };
  t.same(decisiveFacts(saved, now, ({ euid }) => String(euid)), ['the user id of the caller (0 then, 7 now)']);
  t.same(decisiveFacts(saved, now, ({ euid, cwd }) => String(euid === 7 && cwd === '/elsewhere')).length, 2);
});

t.test('a file that is no saved plan', async (t) => {
  const bytes = new TextEncoder().encode('{\n "savedPlan": 1,\n "sha256": "x"\n}\n');
  t.ok(isSavedPlan(bytes));
  t.throws(() => readSaved(bytes, host()), { message: 'its end is missing' });
  t.notOk(isSavedPlan(new TextEncoder().encode('{ "ociVersion": "1.0.0" }')));
});
