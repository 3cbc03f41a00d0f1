// runtime.md, Lifecycle and Operations.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../test/support/case.ts';

test('every operation needs an id', async (c) => {
  const bundle = c.command(['/probe', 'pause']);
  for (const args of [['state'], ['start'], ['kill'], ['delete'], ['create', '--bundle', bundle.dir]]) {
    assert.notEqual((await c.rt(args)).code, 0, args.join(' '));
  }
  await c.nothingLeft();
});

test('create needs a bundle', async (c) => {
  const result = await c.rt(['create', c.id()], { cwd: c.dir() });
  assert.notEqual(result.code, 0);
  await c.nothingLeft();
});

test('the configuration is read by create: later changes have no effect', async (c) => {
  const shared = c.dir();
  const bundle = c.command(['sh', '-c', 'echo first >/shared/log'], (config) => {
    config.mounts.push({ destination: '/shared', type: 'bind', source: shared, options: ['rbind', 'rw'] });
    config.annotations = { when: 'created' };
  });
  const { id } = await c.create(bundle);
  bundle.config.process.args = ['sh', '-c', 'echo second >/shared/log'];
  bundle.config.annotations = { when: 'later' };
  bundle.write();
  const start = await c.rt(['start', id]);
  assert.equal(start.code, 0, start.stderr);
  await c.until(id, 'stopped');
  assert.equal(readFileSync(join(shared, 'log'), 'utf8'), 'first\n');
  assert.deepEqual((await c.state(id))['annotations'], { when: 'created' });
});

test('create applies the configuration but does not run the program', async (c) => {
  const shared = c.dir();
  const bundle = c.command(['sh', '-c', 'echo ran >/shared/log'], (config) => {
    config.mounts.push({ destination: '/shared', type: 'bind', source: shared, options: ['rbind', 'rw'] });
    config.hostname = 'conformance';
  });
  const { id, pid } = await c.create(bundle);
  assert.notEqual(pid, 0);
  assert.equal(existsSync(join(shared, 'log')), false);
  assert.ok(readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(' /shared '), 'the mounts are there');
  await c.rt(['start', id]);
  await c.until(id, 'stopped');
  assert.equal(readFileSync(join(shared, 'log'), 'utf8'), 'ran\n');
});

test('a container without a process can be created; start fails', async (c) => {
  const created = await c.create(c.bundle((config) => {
    delete (config as { process?: unknown }).process;
  }));
  assert.equal(created.code, 0, created.stderr);
  assert.notEqual((await c.rt(['start', created.id])).code, 0);
  await c.destroy(created.id);
}, { peers: [{ peer: 'runc', why: 'refuses to create it' }, { peer: 'crun', why: 'refuses to create it' }] });

test('a signal reaches the process of a created container', async (c) => {
  const { id } = await c.create(c.command(['/probe', 'pause']));
  const killed = await c.rt(['kill', id, 'KILL']);
  assert.equal(killed.code, 0, killed.stderr);
  await c.until(id, 'stopped');
});

test('kill of a stopped container is an error and changes nothing', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'exit', '0']));
  await c.until(id, 'stopped');
  assert.notEqual((await c.rt(['kill', id, 'TERM'])).code, 0);
  assert.equal((await c.state(id))['status'], 'stopped');
});

test('start of a running container changes nothing', async (c) => {
  const { id, pid } = await c.started(c.command(['/probe', 'pause']));
  assert.notEqual((await c.rt(['start', id])).code, 0);
  const state = await c.state(id);
  assert.deepEqual([state['status'], state['pid']], ['running', pid]);
});

test('an id can be used again after delete', async (c) => {
  const bundle = c.command(['/probe', 'exit', '0']);
  const { id } = await c.started(bundle);
  await c.until(id, 'stopped');
  assert.equal((await c.rt(['delete', id])).code, 0);
  const again = await c.create(bundle, { id });
  assert.equal(again.code, 0, again.stderr);
});

test('delete leaves what the container did not make: bundle, sources of mounts, a joined namespace', async (c) => {
  const shared = c.dir();
  writeFileSync(join(shared, 'file'), 'x');
  const other = await c.started(c.command(['/probe', 'pause']));
  const ipc = `/proc/${other.pid}/ns/ipc`;
  const bundle = c.command(['/probe', 'pause'], (config) => {
    config.mounts.push({ destination: '/shared', type: 'bind', source: shared, options: ['rbind', 'rw'] });
    for (const namespace of config.linux.namespaces) if (namespace.type === 'ipc') namespace.path = ipc;
  });
  const { id } = await c.started(bundle);
  await c.destroy(id);
  assert.equal(readFileSync(join(shared, 'file'), 'utf8'), 'x');
  assert.ok(existsSync(join(bundle.dir, 'config.json')) && existsSync(join(bundle.rootfs, 'bin')));
  assert.ok(existsSync(ipc));
});

test('delete leaves a cgroup that was there before', async (c) => {
  const hierarchies = existsSync('/sys/fs/cgroup/cgroup.controllers')
    ? ['/sys/fs/cgroup']
    : ['/sys/fs/cgroup/pids', '/sys/fs/cgroup/memory'];
  const name = `${c.token}-before`;
  const [path = '', ...others] = hierarchies.map((hierarchy) => join(hierarchy, name));
  mkdirSync(path);
  c.later(() => {
    if (existsSync(path)) rmdirSync(path);
  });
  for (const flags of [[], ['--force']]) {
    const { id } = await c.started(c.command(['/probe', 'exit', '0'], (config) => {
      config.linux.cgroupsPath = `/${name}`;
    }));
    await c.until(id, 'stopped');
    for (const other of others) assert.ok(existsSync(other), `${other} was not made`);
    assert.equal((await c.rt(['delete', ...flags, id])).code, 0);
    assert.ok(existsSync(path), 'it was removed');
    for (const other of others)
      assert.equal(existsSync(other), false, `${other} was made for the container and is still there`);
  }
}, { leaks: 'ignore' });
