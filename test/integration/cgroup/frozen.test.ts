// Frozen cgroups: of the container, above it, and below it. Nothing waits for them without an end.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test, unified } from '../../support/case.ts';
import { folder, sweep } from '../../support/host/cgroup.ts';
import { runtimePath, timeScale } from '../../support/paths.ts';
import { call, runtimeName } from '../../support/runtime.ts';

test('a frozen container can be deleted by force', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const { writeFileSync } = await import('node:fs');
  if (unified) writeFileSync(join(folder('', id), 'cgroup.freeze'), '1');
  else writeFileSync(join(folder('freezer', id), 'freezer.state'), 'FROZEN');
  // On v1 it takes a moment.
  for (let tries = 0; tries < 50 && (await c.state(id))['status'] !== 'paused'; tries++) await sleep(20);
  assert.equal((await c.state(id))['status'], 'paused');
  await c.destroy(id);
  await c.nothingLeft();
}, { never: [{ peer: 'runc 1.1.5', why: 'now and then it leaves a frozen process behind' }] });

test('a container whose init others have moved away and frozen can be deleted by force', async (c) => {
  const { writeFileSync } = await import('node:fs');
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const foreign = `/sys/fs/cgroup/freezer/${c.id()}`;
  mkdirSync(foreign);
  c.later(() => {
    writeFileSync(join(foreign, 'freezer.state'), 'THAWED');
    rmdirSync(foreign);
  });
  writeFileSync(join(foreign, 'cgroup.procs'), String((await c.state(id))['pid']));
  writeFileSync(join(foreign, 'freezer.state'), 'FROZEN');
  const begun = Date.now();
  await c.destroy(id);
  assert.ok(Date.now() - begun < 5000, 'it waits');
  assert.equal(readFileSync(join(foreign, 'cgroup.procs'), 'utf8'), '');
  assert.match(readFileSync(join(foreign, 'freezer.state'), 'utf8'), /FROZEN/);
}, { skip: existsSync('/sys/fs/cgroup/freezer') ? false : 'no freezer of v1 here',
  never: [{ peer: 'runc', why: 'it gives up' }, { peer: 'crun', why: 'the process stays' }] });

test('a freezer that is mounted under another name is the freezer', async (c) => {
  const { dir } = c.command(['/probe', 'pause']);
  const id = c.id();
  const elsewhere = join(c.dir(), 'ice');
  mkdirSync(elsewhere);
  const command = `${runtimePath()} --root ${c.root}`;
  const script = [
    'umount /sys/fs/cgroup/freezer',
    `mount -t cgroup -o freezer none ${elsewhere}`,
    `${command} create --bundle ${dir} ${id} > /dev/null`,
    `${command} start ${id}`,
    `${command} pause ${id}`,
    `${command} state ${id}`,
    // Not that of v2, which could freeze it, too.
    `cat ${elsewhere}/${id}/freezer.state >&2`,
    `${command} resume ${id}`,
    `${command} kill ${id} KILL`,
    `${command} delete --force ${id}`,
  ].join(' && ');
  const result = await call(['unshare', '-m', 'sh', '-c', script]);
  assert.equal(result.code, 0, result.stderr);
  assert.equal((JSON.parse(result.stdout) as { status: string }).status, 'paused');
  assert.match(result.stderr, /^FROZEN$/m);
}, { skip: existsSync('/sys/fs/cgroup/freezer') ? false : 'no freezer of v1 here', only: 'veloci' });

test('under a frozen cgroup: exec does not hang, and delete --force works', async (c) => {
  const id = c.id();
  const above = folder('freezer', `${id}-above`);
  const file = join(above, unified ? 'cgroup.freeze' : 'freezer.state');
  const freeze = (on: boolean): void => writeFileSync(file, unified ? String(Number(on)) : on ? 'FROZEN' : 'THAWED');
  mkdirSync(above);
  sweep(c, `${id}-above`);
  c.later(() => {
    if (existsSync(above)) freeze(false);
  });
  await c.started(c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${id}-above/in`;
  }), { id });
  freeze(true);
  for (let tries = 0; tries < 100 &&
    !/FROZEN|frozen 1/.test(readFileSync(join(above, unified ? 'cgroup.events' : 'freezer.state'), 'utf8')); tries++)
    await sleep(10);
  const executed = await c.rt(['exec', id, 'true'], { timeLimit: 10_000 });
  assert.equal(executed.timedOut, false);
  assert.notEqual(executed.code, 0);
  // What is frozen on v1 does not even take a KILL where it is.
  if (!unified && !runtimeName().startsWith('veloci')) freeze(false);
  await c.destroy(id);
  assert.match(readFileSync(file, 'utf8'), unified ? /1/ : runtimeName().startsWith('veloci') ? /FROZEN/ : /./,
    'the cgroup of others stays frozen');
  freeze(false);
  await sleep(100 * timeScale);
  rmdirSync(above);
}, { never: [{ peer: 'runc 1.1.5', why: 'waits until it is thawed, and leaves frozen processes behind' }] });

test('under a frozen cgroup nothing is created, and nothing waits', async (c) => {
  const id = c.id();
  const above = folder('freezer', `${id}-above`);
  const file = join(above, unified ? 'cgroup.freeze' : 'freezer.state');
  mkdirSync(above);
  sweep(c, `${id}-above`);
  c.later(() => {
    if (existsSync(above)) writeFileSync(file, unified ? '0' : 'THAWED');
  });
  writeFileSync(file, unified ? '1' : 'FROZEN');
  const bundle = c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${id}-above/in`;
  });
  const created = await c.rt(['create', '--bundle', bundle.dir, id], { timeLimit: 10_000 });
  assert.equal(created.timedOut, false);
  assert.equal(created.code, 1);
  assert.match(created.stderr, /E0703.*is frozen/);
  rmdirSync(above);
}, {
  never: [{ peer: 'crun 1.8.1', why: 'waits until it is thawed' }, { peer: 'runc 1.1.5',
    why: 'waits until it is thawed' }],
});

test('a container that has frozen processes in a cgroup of its own can be deleted by force', async (c) => {
  const { id } = await c.started(c.command(['sh', '-c', 'sleep 100 & sleep 100']));
  const own = folder('freezer', id);
  const processes = (): string[] => readFileSync(join(own, 'cgroup.procs'), 'utf8').trim().split('\n');
  for (let tries = 0; tries < 200 && processes().length < 2; tries++) await sleep(10);
  const init = String((await c.state(id))['pid']);
  const pid = processes().find((number) => number !== init)!;
  mkdirSync(join(own, 'sub'));
  writeFileSync(join(own, 'sub/cgroup.procs'), pid);
  writeFileSync(join(own, 'sub', unified ? 'cgroup.freeze' : 'freezer.state'), unified ? '1' : 'FROZEN');
  const begun = Date.now();
  await c.destroy(id);
  assert.ok(Date.now() - begun < 5000, 'it waits');
  await c.nothingLeft();
}, { never: [{ peer: 'runc', why: 'it gives up' }, { peer: 'crun', why: 'the process stays' }] });

test('exec in a frozen container does not hang', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const { writeFileSync } = await import('node:fs');
  const freeze = (frozen: boolean): void =>
    unified
      ? writeFileSync(join(folder('', id), 'cgroup.freeze'), frozen ? '1' : '0')
      : writeFileSync(join(folder('freezer', id), 'freezer.state'), frozen ? 'FROZEN' : 'THAWED');
  freeze(true);
  const result = await c.rt(['exec', id, 'true'], { timeLimit: 5000 });
  freeze(false);
  assert.equal(result.timedOut, false);
  assert.equal(result.code, 255);
}, { peers: [{ peer: 'crun 1.8.1', why: 'waits until it is thawed' }],
  never: [{ peer: 'runc 1.1.5', why: 'now and then it leaves a frozen process behind' }] });
