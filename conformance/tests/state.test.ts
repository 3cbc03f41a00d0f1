// runtime.md, State: what `state` prints in every status.
import { assert, test } from '../../test/support/case.ts';
import { validateState } from '../../src/generated/validate-state.ts';

/** The properties that the specification defines. */
function check(state: Record<string, unknown>, id: string, bundle: string, status: string): void {
  assert.ok(validateState(state), JSON.stringify(validateState.errors));
  assert.match(String(state['ociVersion']), /^1\.\d+\.\d+/);
  assert.equal(state['id'], id);
  assert.equal(state['status'], status);
  assert.equal(state['bundle'], bundle);
}

test('the state has its properties in every status', async (c) => {
  const bundle = c.command(['/probe', 'pause'], (config) => {
    config.annotations = { 'org.example.a': 'b', empty: '' };
  });
  const { id, pid } = await c.create(bundle);
  const created = await c.state(id);
  check(created, id, bundle.dir, 'created');
  assert.equal(created['pid'], pid);
  assert.deepEqual(created['annotations'], { 'org.example.a': 'b', empty: '' });
  await c.rt(['start', id]);
  const running = await c.state(id);
  check(running, id, bundle.dir, 'running');
  assert.equal(running['pid'], pid);
  await c.rt(['kill', id, 'KILL']);
  await c.until(id, 'stopped');
  check(await c.state(id), id, bundle.dir, 'stopped');
});

test('the bundle is absolute although it was given relative', async (c) => {
  const bundle = c.command(['/probe', 'pause']);
  const id = c.id();
  const created = await c.rt(['create', '--bundle', '.', id], { cwd: bundle.dir });
  assert.equal(created.code, 0, created.stderr);
  assert.equal((await c.state(id))['bundle'], bundle.dir);
});

test('without annotations there are none in the state', async (c) => {
  const { id } = await c.create(c.command(['/probe', 'pause']));
  const { annotations } = await c.state(id);
  assert.ok(annotations === undefined || annotations === null || Object.keys(annotations as object).length === 0);
});
