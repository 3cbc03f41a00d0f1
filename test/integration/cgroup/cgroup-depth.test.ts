// What a container with a writable cgroup mount can make in its cgroup: any depth, any breadth, processes at the very end. They
// are listed, killed and removed all the same, in a bounded time, and the exit status says whether it was so.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { assert, type PeerMark, test } from '../../support/case.ts';
import { isAlive } from '../../support/host/alive.ts';
import { hierarchies } from '../../support/host/cgroup.ts';
import { makeChain, makeRow, removeChain, takeIn } from '../../support/host/cgroup-chain.ts';
import type { Context } from '../../support/context.ts';
import { cgroups } from '../../support/leak.ts';
import { timeScale } from '../../support/paths.ts';

/** All that takes longer than this would take for ever. */
const bound = 6000 * timeScale;
const never: PeerMark[] = ['crun', 'runc'].map((peer) => ({ peer,
  why: 'leaves cgroups that have to be removed by hand' })
);

/** A container whose init and others may be in any cgroup, since no pid namespace holds them together. */
const started = async (c: Context, processes = 1): Promise<{ id: string; pids: number[] }> => {
  const sleepers = `${'sleep 1000 & '.repeat(processes)}exec sleep 1001`;
  const { id, pid } = await c.started(c.command(['sh', '-c', sleepers], (config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'pid');
  }));
  const children = (): number[] =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  for (let tries = 0; children().length < processes; tries++) {
    assert.ok(tries < 500, 'its processes do not come');
    await sleep(10);
  }
  c.later(() => {
    for (const { dir } of hierarchies()) removeChain(join(dir, id));
  });
  return { id, pids: children() };
};

/** Waits for the end of what was killed. */
const ended = async (pids: readonly number[]): Promise<boolean> => {
  for (const end = Date.now() + bound; pids.some(isAlive) && Date.now() < end;) await sleep(10);
  return !pids.some(isAlive);
};

/** Hides processes at the end of a chain: in every hierarchy, or, very deep, in those by which they are found. */
const hide = (id: string, depth: number, pids: readonly number[]): void => {
  const all = hierarchies().filter(({ dir }) => depth < 1000 || /\/(freezer|unified|cgroup)$/.test(dir));
  for (const { dir } of all) makeChain(join(dir, id), depth, () => takeIn(pids));
};

/** An emulated guest may need what the words of E0657 advise: to delete it again, which goes on where the first has stopped. */
const gone = async (c: Context, id: string): Promise<void> => {
  for (const end = Date.now() + 5 * bound;;) {
    const begun = Date.now();
    const { code, stderr } = await c.rt(['delete', '--force', id]);
    assert.ok(Date.now() - begun < bound, `delete took ${Date.now() - begun} ms`);
    if (timeScale > 1 && /E0657.*ETIMEDOUT/.test(stderr) && Date.now() < end) continue;
    assert.equal(code, 0, stderr);
    break;
  }
  assert.deepEqual([...cgroups(id)], []);
};

for (const depth of [40, 400]) {
  test(`a process ${depth} cgroups deep is listed, killed and removed`, async (c) => {
    const { id, pids } = await started(c, 2);
    hide(id, depth, pids);
    const listed = JSON.parse((await c.rt(['ps', '--format', 'json', id])).stdout) as number[];
    assert.deepEqual(pids.filter((pid) => !listed.includes(pid)), []);
    const begun = Date.now();
    const killed = await c.rt(['kill', '--all', id, 'KILL']);
    assert.equal(killed.code, 0, killed.stderr);
    assert.ok(Date.now() - begun < bound, `kill took ${Date.now() - begun} ms`);
    assert.ok(await ended(pids), 'it is still there');
    await gone(c, id);
  }, { never });
}

for (const depth of [40, 400, 3000]) {
  test(`a process ${depth} cgroups deep does not keep delete --force from its work`, async (c) => {
    const { id, pids } = await started(c);
    hide(id, depth, pids);
    await gone(c, id);
    assert.ok(await ended(pids), 'it is still there');
  }, { never });
}

test('a signal for all reaches every process, however deep', async (c) => {
  const { id, pids } = await started(c, 3);
  pids.forEach((pid, index) => {
    for (const { dir } of hierarchies()) {
      const below = join(dir, id, ...Array<string>(index).fill('d'));
      makeChain(below, 1, () => takeIn([pid]));
    }
  });
  const result = await c.rt(['kill', '--all', id, 'TERM']);
  assert.equal(result.code, 0, result.stderr);
  assert.ok(await ended(pids), 'it is still there');
  await gone(c, id);
}, { never });

test('ps lists processes of cgroups side by side and one in the other', async (c) => {
  const { id, pids } = await started(c, 21);
  for (const { dir } of hierarchies()) {
    makeChain(join(dir, id), 50, () => takeIn(pids.slice(0, 10)));
    makeRow(join(dir, id), 20);
    pids.slice(10).forEach((pid, index) => {
      makeChain(join(dir, id, `r${index}`), 1, () => takeIn([pid]));
    });
  }
  const result = await c.rt(['ps', '--format', 'json', id]);
  assert.equal(result.code, 0, result.stderr);
  assert.equal((JSON.parse(result.stdout) as number[]).length, 22);
  await gone(c, id);
}, { never });

test('thousands of cgroups side by side are removed', async (c) => {
  const { id, pids } = await started(c);
  const [first] = hierarchies();
  makeRow(join(first!.dir, id), 3000);
  makeChain(join(first!.dir, id, 'r2999'), 3, () => takeIn(pids));
  await gone(c, id);
  assert.ok(await ended(pids), 'it is still there');
}, { never });

test('cgroups that the container goes on making are removed with it', async (c) => {
  const { id } = await started(c);
  const racers = [0, 1, 2].map((number) =>
    spawn('sh', ['-c', `cd $0; sleep 0.2; i=0
    while :; do i=$((i+1)); mkdir -p x${number}-$i/y/z; sleep 0 & done`, join(hierarchies().at(-1)!.dir, id)], {
      stdio: 'ignore',
    })
  );
  for (const { dir } of hierarchies()) {
    makeChain(join(dir, id), 1, () => takeIn(racers.map(({ pid }) => pid!)));
  }
  await sleep(400 * timeScale);
  await gone(c, id);
  assert.deepEqual(racers.map(({ exitCode, signalCode }) => exitCode ?? signalCode), ['SIGKILL', 'SIGKILL', 'SIGKILL']);
}, { never });
