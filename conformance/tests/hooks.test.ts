// runtime.md, Lifecycle, and config.md, POSIX-platform Hooks: moments, failures, what follows them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../test/support/case.ts';
import type { Bundle } from '../../test/support/bundle.ts';
import type { Context } from '../../test/support/context.ts';

/** A bundle with these hooks, shell scripts in which LOG is a file that both sides reach. */
function withHooks(
  c: Context,
  scripts: Record<string, string[]>,
  args = ['/probe', 'pause'],
): { bundle: Bundle; log: () => string[] } {
  const shared = c.dir();
  const file = join(shared, 'log');
  writeFileSync(file, '');
  const bundle = c.command(args, (config) => {
    config.mounts.push({ destination: shared, type: 'bind', source: shared, options: ['rbind', 'rw'] });
    config.hooks = Object.fromEntries(Object.entries(scripts).map(([kind, list]) => [kind, list.map((script) => ({
      path: '/bin/sh',
      args: ['sh', '-c', script.replaceAll('LOG', file)],
      env: ['PATH=/bin:/usr/bin'],
    }))]));
  });
  return { bundle, log: () => readFileSync(file, 'utf8').split('\n').filter((line) => line !== '') };
}

const pidOf = 'pid=$(sed -n \'s/.*"pid": *\\([0-9]*\\).*/\\1/p\')';

test('prestart, createRuntime and createContainer hooks run before the root is changed, the program after', async (c) => {
  // The root of the host has no /probe, that of the container has one.
  const see = (
    kind: string,
  ): string[] => [`${pidOf}; test -e /proc/$pid/root/probe && echo ${kind} after >>LOG || echo ${kind} before >>LOG`];
  const { bundle, log } = withHooks(c, {
    prestart: see('prestart'),
    createRuntime: see('createRuntime'),
    poststart: see('poststart'),
    createContainer: ['test -e /probe && echo createContainer after >>LOG || echo createContainer before >>LOG'],
  });
  await c.started(bundle);
  assert.deepEqual(log(), ['prestart before', 'createRuntime before', 'createContainer before', 'poststart after']);
});

for (const kind of ['prestart', 'createRuntime', 'createContainer']) {
  test(`after a ${kind} hook that fails the container is gone, and poststop hooks have run`, async (c) => {
    const { bundle, log } = withHooks(c, { [kind]: ['echo failing >>LOG; exit 3'], poststop: ['echo stopped >>LOG'] });
    const created = await c.create(bundle);
    assert.notEqual(created.code, 0);
    assert.notEqual((await c.rt(['state', created.id])).code, 0);
    await c.nothingLeft();
    assert.deepEqual(log(), ['failing', 'stopped']);
  });
}

test('a startContainer hook that fails: start fails, the program never runs, poststop hooks run at the end', async (c) => {
  const { bundle, log } = withHooks(c, { startContainer: ['echo failing >>LOG; exit 3'],
    poststop: ['echo stopped >>LOG'] }, ['sh', '-c', 'echo program >>LOG']);
  const { id } = await c.create(bundle);
  assert.notEqual((await c.rt(['start', id])).code, 0);
  await c.rt(['delete', '--force', id]);
  assert.deepEqual(log(), ['failing', 'stopped']);
});

test('a poststart hook that fails: start fails, the container is stopped, poststop hooks run at the end', async (c) => {
  const { bundle, log } = withHooks(c, { poststart: ['echo failing >>LOG; exit 3'], poststop: ['echo stopped >>LOG'] });
  const { id, pid } = await c.create(bundle);
  assert.notEqual((await c.rt(['start', id])).code, 0);
  const alive = (): boolean => {
    try {
      return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    } catch {
      return false;
    }
  };
  for (let i = 0; i < 50 && alive(); i++)
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  assert.equal(alive(), false, 'the process still runs');
  await c.rt(['delete', '--force', id]);
  assert.deepEqual(log(), ['failing', 'stopped']);
});

test('a poststop hook that fails is a warning, and the hooks after it run', async (c) => {
  const { bundle, log } = withHooks(c, { poststop: ['echo one >>LOG; exit 3', 'echo two >>LOG'] }, ['/probe', 'exit',
    '0']);
  const { id } = await c.started(bundle);
  await c.until(id, 'stopped');
  const removed = await c.rt(['delete', id]);
  assert.equal(removed.code, 0, removed.stderr);
  assert.deepEqual(log(), ['one', 'two']);
  assert.notEqual((await c.rt(['state', id])).code, 0);
});

test('poststop hooks run when the container is deleted, before delete returns', async (c) => {
  const { bundle, log } = withHooks(c, {
    poststop: ['sleep 0.1; test -e /proc/$(cat LOG)/root/probe && echo alive >>LOG || echo gone >>LOG'],
  });
  const { id, pid } = await c.started(bundle);
  writeFileSync(bundle.config.mounts.at(-1)!.destination + '/log', `${pid}\n`);
  await c.rt(['kill', id, 'KILL']);
  await c.until(id, 'stopped');
  assert.deepEqual(log(), [`${pid}`], 'it ran before delete');
  assert.equal((await c.rt(['delete', id])).code, 0);
  assert.deepEqual(log(), [`${pid}`, 'gone']);
});

test('the program runs only after the startContainer hooks', async (c) => {
  const { bundle, log } = withHooks(c, { startContainer: ['sleep 0.1; echo hook >>LOG'] });
  bundle.config.process.args = ['sh', '-c', `echo program >>${bundle.config.mounts.at(-1)!.destination}/log`];
  bundle.write();
  const { id } = await c.started(bundle);
  await c.until(id, 'stopped');
  assert.deepEqual(log(), ['hook', 'program']);
});
