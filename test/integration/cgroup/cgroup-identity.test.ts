// Which cgroup is a container's: the one that it was put in, not whatever lies at its path; and who removes what was made for
// it. v1 and v2.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, type PeerMark, test, unified } from '../../support/case.ts';
import { folder, hierarchies, sweep } from '../../support/host/cgroup.ts';
import type { Context } from '../../support/context.ts';
import { injecting } from '../../support/failing.ts';
import { cgroups } from '../../support/leak.ts';
import { timeScale, which } from '../../support/paths.ts';

const leavesParents: PeerMark[] = [{ peer: 'crun 1.8.1', why: 'leaves the parents' }, { peer: 'runc 1.1.5',
  why: 'leaves the parents' }];

test('the cgroups that were made above go with the last container that uses them', async (c) => {
  const parent = `${c.token}-parent`;
  sweep(c, parent);
  const ids = [c.id(), c.id(), c.id()];
  for (const id of ids) {
    const result = await c.create(c.command(['/probe', 'pause'], (config) => {
      config.linux.cgroupsPath = `/${parent}/shared/${id}`;
    }), { id });
    assert.equal(result.code, 0, result.stderr);
  }
  // Its maker first.
  for (const id of ids) await c.destroy(id);
  assert.deepEqual([...cgroups(parent)], []);
}, { peers: leavesParents });

test('an empty cgroup between, that others have made, stays with those above it', async (c) => {
  const parent = `${c.token}-parent`;
  sweep(c, parent);
  const [first, second] = [c.id(), c.id()];
  const create = async (id: string, path: string): Promise<void> => {
    const result = await c.create(c.command(['/probe', 'pause'], (config) => {
      config.linux.cgroupsPath = path;
    }), { id });
    assert.equal(result.code, 0, result.stderr);
  };
  await create(first, `/${parent}/${first}`);
  const foreign = join(folder('pids', parent), 'foreign');
  mkdirSync(foreign);
  await create(second, `/${parent}/foreign/${second}`);
  await c.destroy(first);
  await c.destroy(second);
  assert.ok(existsSync(foreign));
});

test('a cgroup that cannot be looked for is not taken for one that is gone', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const place = folder('pids', id);
  renameSync(place, `${place}-moved`);
  const refused = await c.rt(['delete', '--force', id], { prefix: injecting(['open_by_handle_at:error=ENOMEM']) });
  assert.equal(refused.code, 1, refused.stderr);
  assert.match(refused.stderr, /E0657: .*ENOMEM/);
  assert.ok(existsSync(`${place}-moved`));
  await c.destroy(id);
  assert.ok(!existsSync(`${place}-moved`));
}, { only: 'veloci',
  skip: unified ? 'a cgroup of v2 cannot be renamed' : which('strace') ? false : 'strace is not installed' });

/** A container that has ended and is not deleted; what it left behind has no init to end it. */
const stopped = async (c: Context, path: string): Promise<string> => {
  const { id } = await c.started(c.command(['/probe', 'exit', '0'], (config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'pid');
    config.linux.cgroupsPath = path;
  }));
  for (let tries = 0; tries < 100 && (await c.state(id))['status'] !== 'stopped'; tries++) await sleep(20);
  return id;
};

for (const premade of [false, true]) {
  const whose = premade ? 'that was there before' : 'of a container that has ended';
  test(`a container in the cgroup ${whose} outlives the delete of the one before`, async (c) => {
    const name = `${c.token}-one`;
    sweep(c, name);
    if (premade) { for (const { dir } of hierarchies()) mkdirSync(join(dir, name)); }
    const first = await stopped(c, `/${name}`);
    const second = await c.started(c.command(['/probe', 'pause'], (config) => {
      config.linux.cgroupsPath = `/${name}`;
    }));
    const begun = Date.now();
    assert.equal((await c.rt(['delete', first])).code, 0);
    assert.ok(Date.now() - begun < 5000 * timeScale, 'it waits for the other container');
    assert.equal((await c.state(second.id))['status'], 'running');
    await c.destroy(second.id);
    assert.equal(cgroups(name).size > 0, premade);
  }, {
    peers: [{ peer: 'crun 1.8.1', why: 'kills the other container' }, { peer: 'runc 1.1.5',
      why: 'kills the other container' }],
  });
}

test("delete leaves alone a cgroup that others have made in the place of the container's", async (c) => {
  const name = `${c.token}-one`;
  sweep(c, name);
  const id = await stopped(c, `/${name}`);
  const sleeper = spawn('sleep', ['100']);
  c.later(() => {
    sleeper.kill('SIGKILL');
  });
  for (const { dir, cpuset } of hierarchies()) {
    const path = join(dir, name);
    rmdirSync(path);
    mkdirSync(path);
    if (cpuset) {
      for (const file of ['cpuset.cpus', 'cpuset.mems']) writeFileSync(join(path, file), readFileSync(join(dir, file)));
    }
    writeFileSync(join(path, 'cgroup.procs'), String(sleeper.pid));
  }
  assert.equal((await c.rt(['delete', id])).code, 0);
  await sleep(100);
  assert.equal(sleeper.exitCode ?? sleeper.signalCode, null);
  for (const { dir } of hierarchies())
    assert.equal(readFileSync(join(dir, name, 'cgroup.procs'), 'utf8').trim(), String(sleeper.pid));
  const ended = once(sleeper, 'exit');
  sleeper.kill('SIGKILL');
  await ended;
}, { peers: [{ peer: 'crun 1.8.1', why: 'kills what is there' }, { peer: 'runc 1.1.5', why: 'kills what is there' }] });

/** Puts another cgroup in the place of the container's, which is moved out of it. */
const replace = async (c: Context, controller: string): Promise<{ id: string; path: string }> => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const path = folder(controller, id);
  writeFileSync(join(path, '../cgroup.procs'), String((await c.state(id))['pid']));
  rmdirSync(path);
  mkdirSync(path);
  c.later(() => {
    for (const cgroup of cgroups(id)) rmdirSync(cgroup);
  });
  return { id, path };
};

test("pause leaves alone a cgroup that others have made in the place of the container's", async (c) => {
  const { id, path } = await replace(c, 'freezer');
  const result = await c.rt(['pause', id]);
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /E0940: /);
  assert.match(readFileSync(join(path, unified ? 'cgroup.freeze' : 'freezer.state'), 'utf8'), /THAWED|0/);
}, { only: 'veloci', drift: 'init is in another cgroup' });

test("update leaves alone a cgroup that others have made in the place of the container's", async (c) => {
  const { id, path } = await replace(c, 'pids');
  const result = await c.rt(['update', '--pids-limit', '7', id]);
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /E0940: /);
  assert.equal(readFileSync(join(path, 'pids.max'), 'utf8').trim(), 'max');
}, { only: 'veloci', drift: 'init is in another cgroup',
  skip: unified && !readFileSync('/sys/fs/cgroup/cgroup.controllers', 'utf8').includes('pids')
    ? 'no pids controller here'
    : false });
