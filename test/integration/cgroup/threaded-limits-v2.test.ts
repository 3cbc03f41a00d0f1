// Limits of a container below a cgroup that has processes of its own, as in the cgroup namespace of another container: v2
// hands some controllers down to threaded cgroups there. What that changes above is taken back in the end.
import '../../support/host/v2-alone.ts';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import type { Bundle } from '../../support/bundle.ts';
import type { Context } from '../../support/context.ts';

const top = '/sys/fs/cgroup';
const read = (...path: string[]): string => readFileSync(join(...path), 'utf8').trim();
const lacking = ['pids', 'cpu', 'memory'].filter((name) => !read(top, 'cgroup.controllers').split(' ').includes(name));
const skip = lacking.length > 0 ? `v2 has no controller ${lacking.join(', ')} here` : false;

/** A cgroup that has the controllers, and a process; everything about it is taken away in the end. */
async function inhabited(c: Context): Promise<string> {
  const above = join(top, `${c.token}-above`);
  mkdirSync(above);
  for (const name of ['pids', 'cpu', 'memory']) writeFileSync(join(top, 'cgroup.subtree_control'), `+${name}`);
  const { child } = c.beginProgram(['sleep', '1000']);
  writeFileSync(join(above, 'cgroup.procs'), String(child.pid));
  c.later(async () => {
    child.kill('SIGKILL');
    while (read(above, 'cgroup.procs') !== '') await sleep(20);
    rmdirSync(above);
  });
  return above;
}

function below(c: Context, above: string, name: string, resources: object, args = ['sleep', '1000']): Bundle {
  return c.command(args, (config) => {
    config.linux.cgroupsPath = join(above, name).slice(top.length);
    config.linux.resources = { ...config.linux.resources, ...resources };
  });
}

/** As it was before: nothing below, nothing handed down, and a new cgroup there can hold processes. */
function untouched(above: string): void {
  assert.deepEqual(readdirSync(above, { withFileTypes: true }).filter((entry) => entry.isDirectory()), []);
  assert.equal(read(above, 'cgroup.subtree_control'), '');
  assert.equal(read(above, 'cgroup.type'), 'domain');
}

for (const name of ['own', 'between/own']) {
  test(`limits of pids and cpu, create to delete: ${name}`, async (c) => {
    const above = await inhabited(c), own = join(above, name);
    const { id } = await c.started(below(c, above, name, { pids: { limit: 20 }, cpu: { shares: 512 } }));
    assert.equal(read(own, 'cgroup.type'), 'threaded');
    assert.equal(read(own, 'pids.max'), '20');
    assert.equal(read(own, 'cpu.weight'), '59');
    const executed = await c.rt(['exec', id, 'cat', '/proc/self/cgroup']);
    assert.equal(executed.stdout, '0::/\n', executed.stderr);
    const updated = await c.rt(['update', '--pids-limit', '3', '--cpu-share', '1024', id]);
    assert.equal(updated.code, 0, updated.stderr);
    assert.equal(read(own, 'pids.max'), '3');
    const full = await c.rt(['exec', id, 'sh', '-c', 'for i in 1 2 3 4 5; do sleep 1 & done']);
    assert.match(full.stderr, /fork/, 'the limit holds');
    for (const verb of ['pause', 'resume']) assert.equal((await c.rt([verb, id])).code, 0);
    const deleted = await c.rt(['delete', '--force', id]);
    assert.equal(deleted.code, 0, deleted.stderr);
    untouched(above);
  }, { only: 'veloci', skip });
}

test('the last container takes back what the first has changed', async (c) => {
  const above = await inhabited(c);
  const [first, second] = [await c.started(below(c, above, 'first', { pids: { limit: 20 } })),
    await c.started(below(c, above, 'second', { pids: { limit: 30 } }))];
  assert.equal((await c.rt(['delete', '--force', first.id])).code, 0);
  assert.equal(read(above, 'second', 'pids.max'), '30');
  assert.equal((await c.rt(['delete', '--force', second.id])).code, 0);
  untouched(above);
}, { only: 'veloci', skip });

test('what somebody else hands down stays', async (c) => {
  const above = await inhabited(c);
  writeFileSync(join(above, 'cgroup.subtree_control'), '+pids');
  const { id } = await c.started(below(c, above, 'own', { pids: { limit: 20 } }));
  assert.equal((await c.rt(['delete', '--force', id])).code, 0);
  assert.match(read(above, 'cgroup.subtree_control'), /pids/);
}, { only: 'veloci', skip });

test('without limits, too: a later update sets one, and others beside it have theirs', async (c) => {
  const above = await inhabited(c);
  const { id } = await c.started(below(c, above, 'own', {}));
  const second = await c.started(below(c, above, 'second', { pids: { limit: 30 } }));
  const updated = await c.rt(['update', '--pids-limit', '3', id]);
  assert.equal(updated.code, 0, updated.stderr);
  assert.equal(read(above, 'own', 'pids.max'), '3');
  for (const each of [id, second.id]) assert.equal((await c.rt(['delete', '--force', each])).code, 0);
  untouched(above);
}, { only: 'veloci', skip });

test('without limits and with a writable cgroup mount it stays a cgroup that can hold anything', async (c) => {
  const above = await inhabited(c);
  const bundle = below(c, above, 'own', {});
  const { config } = bundle;
  const mount = { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['rw'] };
  config.mounts = [...(config.mounts ?? []).filter(({ destination }) => destination !== mount.destination), mount];
  bundle.write();
  const { id } = await c.started(bundle);
  assert.equal(read(above, 'own', 'cgroup.type'), 'domain');
  const updated = await c.rt(['update', '--pids-limit', '3', id]);
  assert.equal(updated.code, 1);
  assert.match(updated.stderr, /E0705: .*pids\.max .*cgroup\.procs keep/s);
  assert.equal((await c.rt(['delete', '--force', id])).code, 0);
  untouched(above);
}, { only: 'veloci', skip });

test('a limit that threaded cgroups cannot have is refused, and a start that fails changes nothing', async (c) => {
  const above = await inhabited(c);
  const both = await c.create(below(c, above, 'own', { pids: { limit: 20 }, memory: { limit: 64 << 20 } }));
  assert.equal(both.code, 1);
  assert.match(both.stderr, /E0705: .*memory\.max .*cgroup\.procs keep/);
  untouched(above);
  const failing = await c.create(below(c, above, 'own', { pids: { limit: 20 } }, ['/missing']));
  assert.notEqual(failing.code, 0);
  assert.ok(!existsSync(join(above, 'own')));
  untouched(above);
}, { only: 'veloci', skip });
