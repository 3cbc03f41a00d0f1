// pause, resume, ps, events, list: what is done to a container that runs, and what is seen of it. v1 and v2.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, rmdirSync,
  writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test, unified } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { isExit } from '../../support/engines/exit-status.ts';
import { timeScale } from '../../support/paths.ts';

const noEvents = [{ peer: 'crun', why: 'has no events command' }];

/** A container with a shell and a child of it. */
const pair = (c: Context): ReturnType<Context['started']> =>
  c.started(c.command(['sh', '-c', 'sleep 1000 & exec sleep 1001'], (config) => {
    config.linux.resources = { pids: { limit: 50 } };
  }));

const pids = async (c: Context, id: string): Promise<number[]> => {
  const result = await c.rt(['ps', '--format', 'json', id]);
  assert.equal(result.code, 0, result.stderr);
  return JSON.parse(result.stdout) as number[];
};

/** Waits until the shell has become the second sleep, beside the first. */
const pairOf = async (c: Context, id: string): Promise<number[]> => {
  for (let tries = 0;; tries++) {
    const seen = await pids(c, id);
    if (seen.length === 2 || tries === 200) return seen;
    await sleep(10);
  }
};

/** Times in user and kernel mode, as text. */
const cpuTime = (pid: number): string => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(13, 15).join(' ');

test('pause stops the processes, resume lets them go on', async (c) => {
  const { id, pid } = await c.started(c.command(['sh', '-c', 'while :; do :; done']));
  const paused = await c.rt(['pause', id]);
  assert.equal(paused.code, 0, paused.stderr);
  assert.equal((await c.state(id))['status'], 'paused');
  const before = cpuTime(pid);
  await sleep(100);
  assert.equal(cpuTime(pid), before);
  const resumed = await c.rt(['resume', id]);
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.equal((await c.state(id))['status'], 'running');
  for (let tries = 0; cpuTime(pid) === before; tries++) {
    assert.ok(tries < 200, 'it does not go on');
    await sleep(10);
  }
});

test('pause reaches sub-cgroups, and ps lists their processes', async (c) => {
  const { id } = await pair(c);
  const two = await pairOf(c, id);
  assert.equal(two.length, 2);
  const sub = unified ? `/sys/fs/cgroup/${id}/sub` : `/sys/fs/cgroup/freezer/${id}/sub`;
  mkdirSync(sub);
  c.later(() => {
    if (existsSync(sub)) rmdirSync(sub);
  });
  writeFileSync(`${sub}/cgroup.procs`, String(two[1]));
  assert.deepEqual(await pids(c, id), two);
  assert.equal((await c.rt(['pause', id])).code, 0);
  const file = unified ? 'cgroup.events' : 'freezer.state';
  assert.match(readFileSync(`${sub}/${file}`, 'utf8'), unified ? /frozen 1/ : /FROZEN/);
  assert.equal((await c.rt(['resume', id])).code, 0);
}, { peers: [{ peer: 'crun 1.8.1', why: 'lists the processes of one cgroup alone' }] });

test('exec into a paused container is refused at once', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  assert.equal((await c.rt(['pause', id])).code, 0);
  const result = await c.rt(['exec', id, 'true'], { timeLimit: 5000 });
  assert.notEqual(result.code, 0);
  assert.equal(result.timedOut, false);
  assert.match(result.stderr, /paused/);
  assert.equal((await c.rt(['resume', id])).code, 0);
}, { peers: [{ peer: 'crun 1.8.1', why: 'waits for the resume' }] });

test('KILL ends a paused container', async (c) => {
  const { id } = await pair(c);
  assert.equal((await c.rt(['pause', id])).code, 0);
  assert.equal((await c.rt(['kill', id, 'KILL'])).code, 0);
  await c.until(id, 'stopped');
  assert.equal((await c.rt(['delete', id])).code, 0);
}, { peers: [{ peer: 'crun 1.8.1', why: 'does not thaw it on v1' }] });

test('a paused container can be deleted by force', async (c) => {
  const { id } = await pair(c);
  assert.equal((await c.rt(['pause', id])).code, 0);
  await c.destroy(id);
  await c.nothingLeft();
});

test('pause and resume refuse what is not so', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  assert.match((await c.rt(['resume', id])).stderr, /E0634: container not paused/);
  assert.equal((await c.rt(['pause', id])).code, 0);
  assert.match((await c.rt(['pause', id])).stderr, /E0603: container not running: .* is paused/);
  assert.equal((await c.rt(['kill', id, 'KILL'])).code, 0);
  await c.until(id, 'stopped');
  assert.equal((await c.rt(['pause', id])).code, 1);
}, { only: 'veloci' });

test("ps shows the lines of the host's ps", async (c) => {
  const { id } = await pair(c);
  const two = await pairOf(c, id);
  const result = await c.rt(['ps', id]);
  const [head, ...lines] = result.stdout.trim().split('\n');
  assert.match(head!, /^UID +PID +PPID/);
  assert.deepEqual(lines.map((line) => Number(line.split(/ +/)[1])).sort((a, b) => a - b), two);
}, { peers: [{ peer: 'crun', why: 'shows pids alone' }], skip: existsSync('/usr/bin/ps') ? false : 'no ps here' });

test('ps passes arguments on, and says when the PID column is missing', async (c) => {
  const { id } = await pair(c);
  await pairOf(c, id);
  assert.match((await c.rt(['ps', id, '-eo', 'pid,args'])).stdout, /sleep 1000/);
  const without = await c.rt(['ps', id, '-eo', 'args']);
  assert.equal(without.code, 1);
  assert.match(without.stderr, /PID/);
}, { peers: [{ peer: 'crun', why: 'takes no arguments of ps' }],
  skip: existsSync('/usr/bin/ps') ? false : 'no ps here' });

interface Event {
  type: string;
  id: string;
  data?: Record<string, Record<string, unknown>>;
}
const events = (text: string): Event[] =>
  text.trim().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Event);

test('events --stats prints the usage once', async (c) => {
  const { id } = await pair(c);
  await pairOf(c, id);
  const result = await c.rt(['events', '--stats', id]);
  assert.equal(result.code, 0, result.stderr);
  const [event, ...more] = events(result.stdout);
  assert.equal(more.length, 0);
  assert.equal(event!.type, 'stats');
  assert.equal(event!.id, id);
  const data = event!.data!;
  assert.ok(Number((data['cpu']!['usage'] as Record<string, number>)['total']) > 0);
  assert.deepEqual(data['pids'], { current: 2, limit: 50 });
  for (const key of ['cpuset', 'memory', 'blkio', 'hugetlb', 'intel_rdt']) assert.ok(key in data, key);
  if (unified || existsSync('/sys/fs/cgroup/memory')) {
    assert.ok(Number((data['memory']!['usage'] as Record<string, number>)['usage']) > 0);
  }
}, { peers: noEvents });

test('events reports usage at the interval, pause, resume and exit', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const watching = c.begin(['events', '--interval', '50ms', id]);
  const seen = async (type: string): Promise<void> => {
    for (let tries = 0;
      !events(readFileSync(`/proc/${watching.child.pid}/fd/1`, 'utf8')).some((event) => event.type === type); tries++)
    {
      assert.ok(tries < 300, `no ${type}`);
      await sleep(10);
    }
  };
  await seen('stats');
  assert.equal((await c.rt(['pause', id])).code, 0);
  await seen('pause');
  assert.equal((await c.rt(['resume', id])).code, 0);
  await seen('resume');
  assert.equal((await c.rt(['kill', id, 'KILL'])).code, 0);
  const result = await watching.done;
  assert.equal(result.code, 0, result.stderr);
  const last = events(result.stdout).at(-1);
  assert.equal(last?.type, 'exit');
  assert.ok(isExit(last?.data?.['exitStatus'], 137), JSON.stringify(last));
}, { only: 'veloci' });

test('events reports that memory has run out', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause'], (config) => {
    config.linux.resources = { memory: { limit: 8388608, swap: 8388608 } };
  }));
  const watching = c.begin(['events', '--interval', '20ms', id]);
  for (let tries = 0; readFileSync(`/proc/${watching.child.pid}/fd/1`, 'utf8') === ''; tries++) {
    assert.ok(tries < 300, 'it does not begin');
    await sleep(10);
  }
  await c.rt(['exec', id, 'sh', '-c', 'x=$(head -c 30000000 /dev/zero | tr "\\0" x)']);
  await sleep(100);
  await c.rt(['kill', id, 'KILL']);
  assert.ok(events((await watching.done).stdout).some(({ type }) => type === 'oom'));
}, { peers: noEvents });

for (const interval of ['0', '5x', '-1s', '']) {
  test(`events refuses the interval "${interval}"`, async (c) => {
    const { id } = await c.started(c.command(['/probe', 'pause']));
    const result = await c.rt(['events', '--interval', interval, id], { timeLimit: 3000 });
    assert.equal(result.code, 1);
    assert.equal(result.timedOut, false);
  }, { only: 'veloci' });
}

test('list of a thousand containers takes tens of milliseconds', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const state = readFileSync(join(c.root, id, 'state.json'), 'utf8');
  const many = mkdtempSync('/run/many-');
  c.later(() => {
    rmSync(many, { recursive: true });
  });
  for (let number = 0; number < 1000; number++) {
    const dir = join(many, `copy-${number}`);
    mkdirSync(dir, { mode: 0o700 });
    for (const file of ['record', 'plan', 'config.json', 'request.json'])
      copyFileSync(join(c.root, id, file), join(dir, file));
    writeFileSync(join(dir, 'state.json'), state.replace(`"${id}"`, `"copy-${number}"`));
  }
  let best = Infinity;
  for (let tries = 0; tries < 5; tries++) {
    const result = await c.rt(['--root', many, 'list']);
    assert.equal(result.stdout.trim().split('\n').length, 1001);
    best = Math.min(best, result.ms);
  }
  // Some 30 ms where nothing else runs, a quarter of what cat takes for the files that are read. Where the machine is emulated,
  // mapping memory and other system calls take most: it is three times as long as cat there.
  const begun = Date.now();
  execFileSync('sh', ['-c', `cat ${many}/*/record ${many}/*/plan`], { stdio: 'ignore' });
  const reading = Date.now() - begun;
  assert.ok(best < Math.max(250 * timeScale, (timeScale > 1 ? 8 : 2) * reading), `${best} ms, and cat ${reading} ms`);
}, { only: 'veloci' });

test('exec into a paused container waits until it goes on; a signal ends it without a trace', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  assert.equal((await c.rt(['pause', id])).code, 0);
  const exec = ['exec', '--ignore-paused', id, '/probe', 'exit', '7'];
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const ended = await c.rt(exec, { timeLimit: 8000 * timeScale, onStart: (child) =>
      void setTimeout(() => child.kill(signal), 700) });
    assert.equal(ended.timedOut, false, signal);
    assert.notEqual(ended.code, 0, signal);
    assert.equal((await pids(c, id)).length, 1, signal);
    assert.equal((await c.state(id))['status'], 'paused', signal);
  }
  const waiting = c.rt(exec);
  await sleep(300);
  assert.equal((await c.rt(['resume', id])).code, 0);
  assert.equal((await waiting).code, 7);
}, { only: 'veloci' });

// Its line in /proc says zombie, and it keeps neither namespaces nor memory: the other threads are the container.
test('a container whose first thread has ended runs as long as another one does', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'thread']));
  await sleep(200);
  const status = async (): Promise<unknown> => (await c.state(id))['status'];
  assert.equal(await status(), 'running');
  const refused = await c.rt(['delete', id]);
  assert.match(`${refused.code} ${refused.stderr}`, /^1 .*E0606/);
  const exec = await c.rt(['exec', id, '/probe', 'exit', '0']);
  assert.match(`${exec.code} ${exec.stderr}`, /^255 .*E0984: .*first thread/);
  assert.equal((await c.rt(['pause', id])).code, 0);
  assert.equal(await status(), 'paused');
  assert.equal((await c.rt(['resume', id])).code, 0);
  assert.equal((await c.rt(['kill', id, 'KILL'])).code, 0);
  await c.until(id, 'stopped');
  assert.equal((await c.rt(['delete', id])).code, 0);
}, { only: 'veloci' });
