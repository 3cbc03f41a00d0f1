import t from 'tap';
import { encodePlan, encodeResponse } from '../../../src/generated/encode.ts';
import { failedOperation, operations } from '../../../src/generated/plan-meta.ts';
import type { Operation, Plan } from '../../../src/generated/plan.ts';
import { createWriter } from '../../../src/host/writer.ts';
import { Random } from '../../support/fuzz/random.ts';
import { decodePlan, decodeStruct, fullPlan, plainPlan, randomPlan } from '../../support/code/wire.ts';

t.test('every operation keeps every field', async (t) => {
  const plan = fullPlan(new Random(1));
  const seen = new Set(Object.values(plan.programs).flat().map((operation: Operation) => operation.op));
  t.same([...seen].sort(), Object.keys(operations()).sort(), 'the plan has every operation');
  t.same(decodePlan(encodePlan(plan, createWriter())), plainPlan(plan));
});

t.test('random plans keep every field', async (t) => {
  for (let seed = 1; seed <= 300; seed++) {
    const plan = randomPlan(new Random(seed));
    const decoded = decodePlan(encodePlan(plan, createWriter()));
    if (JSON.stringify(sorted(decoded)) !== JSON.stringify(sorted(plainPlan(plan)))) {
      t.same(decoded, plainPlan(plan), `seed ${seed}`);
      return;
    }
  }
  t.pass('300 plans');
});

/** Programs in one order: their order in a plan object means nothing. */
function sorted(programs: Record<string, unknown>): [string, unknown][] {
  return Object.entries(programs).sort(([a], [b]) => (a < b ? -1 : 1));
}

t.test('a writer can be used again, and equal plans give equal bytes', async (t) => {
  const writer = createWriter();
  const plan = randomPlan(new Random(7));
  t.same(encodePlan(plan, writer), encodePlan(plan, writer));
});

t.test('a response keeps every field', async (t) => {
  const texts = { text: 'out\n', error: '', explained: 'größer', code: 'E0101', keys: '', warnings: '',
    files: [{ path: '/bin/sh', where: 'root' as const }], relaunch: ['run', 'web'],
    edits: [{ content: 'x', backup: 'y', forget: true, check: false }] };
  const bytes = encodeResponse({ exitCode: -1, plan: Uint8Array.of(1, 0, 255), ...texts }, createWriter());
  // Values of a set are numbers.
  const files = [{ path: '/bin/sh', where: 1, program: null }];
  t.same(decodeStruct('Response', bytes), { exitCode: -1, plan: '0100ff', stored: null, config: null, ...texts,
    files });
});

t.test('the bytes of a small plan are these', async (t) => {
  const plan: Plan = {
    planVersion: 1,
    programs: { stager: [{ op: 'sync.signal', from: '', point: 'idsMapped' }],
      init: [{ op: 'sysctl.write', from: '/x', path: 'a', value: '' }] },
  };
  const text = Buffer.from(encodePlan(plan, createWriter())).toString('hex');
  t.equal(text.slice(0, 16), Buffer.from('VLCIPLAN').toString('hex'));
  t.equal(text.slice(48), [
    '5c000000',
    '02000000', // total length, number of programs
    '01000000',
    '40000000',
    '09000000',
    '01000000', // stager: offset, length, operations
    '02000000',
    '49000000',
    '13000000',
    '01000000', // init
    '3500',
    '0000',
    '01000000',
    '01', // sync.signal
    '6300',
    '0000',
    '0b000000',
    '01000000',
    '61',
    '00',
    '00000000',
    '00', // sysctl.write
  ].join(''));
});

t.test('a text with a NUL is refused', async (t) => {
  const plan: Plan = { planVersion: 1, programs: { init: [{ op: 'path.mask', from: '', path: '/a\0b' }] } };
  t.throws(() => encodePlan(plan, createWriter()), RangeError);
});

t.test('a failure inside of alternatives is found by the way in its step', async (t) => {
  const mask: Operation = { op: 'path.mask', from: '/1', path: '/a' };
  const node: Operation = { op: 'path.readonly', from: '/2', path: '/b' };
  const open: Operation = { op: 'cwd.again', from: '/3', path: '/c' };
  const inner: Operation = { op: 'alt', from: '', try: mask, onErrno: [1], else: node } as Operation;
  const alt: Operation = { op: 'alt', from: '', try: open, onErrno: [2], else: inner } as Operation;
  t.same(failedOperation(mask, 2), { operation: mask, step: 'tmpfs' });
  t.same(failedOperation(alt, 1), { operation: open, step: 'chdir' });
  t.same(failedOperation(alt, 0b01 << 8), { operation: mask, step: 'target' });
  t.same(failedOperation(alt, (0b11 << 8) | 3), { operation: node, step: 'attach' });
  t.same(failedOperation(alt, 0b11 << 8 | 99), { operation: node, step: undefined });
});
