// Commands that work on one container at the same moment: one wins, the others say so, and nothing is left behind.
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import type { Result } from '../../support/runtime.ts';

const crowd = 8;
const rounds = 6;

/** The same command so many times at once. */
const atOnce = (c: Context, ...args: string[]): Promise<Result[]> =>
  Promise.all(Array.from({ length: crowd }, () => c.rt(args, { timeLimit: 15_000 })));

/** Who has succeeded; the others must have ended by themselves and said why. */
function winners(results: readonly Result[]): number {
  for (const { code, signal, stderr, timedOut } of results) {
    assert.equal(timedOut, false, 'it hangs');
    assert.equal(signal, null);
    if (code !== 0) assert.notEqual(stderr, '');
  }
  return results.filter(({ code }) => code === 0).length;
}

/** Arguments of a create whose config names the id's own cgroup. */
function creation(c: Context, id: string): string[] {
  const { dir } = c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${id}`;
  });
  return ['create', '--bundle', dir, id];
}

test('of many creates with one id one succeeds', async (c) => {
  for (let i = 0; i < rounds; i++) {
    const id = c.id();
    const results = await atOnce(c, ...creation(c, id));
    assert.equal(winners(results), 1);
    for (const { code, stderr } of results) if (code !== 0) assert.match(stderr, /exist/);
    assert.equal((await c.state(id))['status'], 'created');
    assert.equal((await c.rt(['start', id])).code, 0);
    await c.destroy(id);
    await c.nothingLeft();
  }
});

test('of many starts one succeeds', async (c) => {
  for (let i = 0; i < rounds; i++) {
    const { id } = await c.create(c.command(['/probe', 'pause']));
    assert.equal(winners(await atOnce(c, 'start', id)), 1);
    assert.equal((await c.state(id))['status'], 'running');
    await c.destroy(id);
  }
}, { peers: [{ peer: 'runc 1.1.5', why: 'some wait for ever' }] });

test('of many deletes of a stopped container one succeeds; with --force all do', async (c) => {
  for (const flags of [[], ['--force']]) {
    const { id } = await c.started(c.command(['/probe', 'exit', '0']));
    await c.until(id, 'stopped');
    const count = winners(await atOnce(c, 'delete', ...flags, id));
    assert.equal(count, flags.length === 0 ? 1 : crowd);
    assert.equal((await c.rt(['state', id])).code, 1);
    await c.nothingLeft();
  }
});

for (const [what, args] of [
  ['start', (id: string) => ['start', id]],
  ['exec', (id: string) => ['exec', id, '/probe', 'exit', '0']],
  ['kill', (id: string) => ['kill', id, 'USR1']],
  ['state', (id: string) => ['state', id]],
  ['pause', (id: string) => ['pause', id]],
] as const) {
  test(`delete --force while ${what} runs`, async (c) => {
    for (let i = 0; i < rounds; i++) {
      const bundle = c.command(['/probe', 'pause']);
      const { id } = what === 'start' ? await c.create(bundle) : await c.started(bundle);
      const [deletion, ...others] = await Promise.all([
        c.rt(['delete', '--force', id], { timeLimit: 15_000 }),
        ...Array.from({ length: 4 }, () => c.rt(args(id), { timeLimit: 15_000 })),
      ]);
      assert.equal(deletion.code, 0, deletion.stderr);
      for (const { code, signal, stderr, timedOut } of others) {
        assert.equal(timedOut, false, 'it hangs');
        assert.equal(signal, null);
        // 137: the exec was killed with its container.
        if (code !== 0 && code !== 137) assert.notEqual(stderr, '');
      }
      await c.nothingLeft();
    }
  });
}

test('creates and deletes of one id in any order leave nothing', async (c) => {
  const id = c.id();
  const create = creation(c, id);
  await Promise.all(Array.from({ length: crowd }, async (_, i) => {
    for (let round = 0; round < 4; round++) {
      const result = await c.rt(i % 2 === 0 ? create : ['delete', '--force', id], { timeLimit: 15_000 });
      assert.equal(result.timedOut, false, 'it hangs');
      if (i % 2 === 1) assert.equal(result.code, 0, result.stderr);
      else if (result.code !== 0) assert.notEqual(result.stderr, '');
    }
  }));
  await c.destroy(id);
  await c.nothingLeft();
}, { only: 'veloci' });
