// The record of an end: what wait, events, state and why say of it.
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import type { Config } from '../../support/spec.ts';

const only = { only: 'veloci' } as const;

interface Exit {
  status?: number;
  signal?: string;
  reason?: string;
  pointer?: string;
  sentBy?: string;
  sentSignal?: string;
  sentAt?: string;
  started?: string;
  finished?: string;
  memoryPeak?: number;
  cpuUser?: number;
  cpuSystem?: number;
}

async function why(c: Context, id: string): Promise<string> {
  const { code, stdout, stderr } = await c.rt(['why', id]);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** Ends a container, and gives its record as wait, events and state have it. */
async function ended(c: Context, id: string, end: () => Promise<unknown>): Promise<Exit[]> {
  const wait = c.begin(['wait', '--json', id]);
  const events = c.begin(['events', '--interval', '1h', id]);
  // Both must watch before the end.
  await c.rt(['events', '--stats', id]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await end();
  const waited = JSON.parse((await wait.done).stdout) as Exit;
  const event = JSON.parse((await events.done).stdout.trim().split('\n').at(-1)!) as { data: { exit: Exit } };
  return [waited, event.data.exit, (await c.state(id))['exit'] as Exit];
}

test('a signal of "veloci kill": who sent it, when, and what the container has used', async (c) => {
  const began = new Date();
  const { id } = await c.started(
    c.command(['sh', '-c', 'head -c 3000000 /dev/zero | tail -n 1 > /dev/null; exec sleep 100']),
  );
  for (const exit of await ended(c, id, () => c.rt(['kill', id, 'KILL']))) {
    assert.deepEqual([exit.sentBy, exit.sentSignal], ['kill', 'SIGKILL']);
    if (exit.status !== undefined) assert.deepEqual([exit.status, exit.signal], [137, 'SIGKILL']);
    const times = [began.toISOString(), exit.started!, exit.sentAt!, exit.finished!, new Date().toISOString()]
      .map((time) => Date.parse(time));
    assert.deepEqual(times, [...times].sort((a, b) => a - b), 'in this order');
    assert.ok(exit.memoryPeak! > 100_000 && exit.memoryPeak! < 1 << 30, String(exit.memoryPeak));
    assert.ok(exit.cpuUser! + exit.cpuSystem! > 0 && exit.cpuUser! < 20e9, JSON.stringify(exit));
  }
  assert.match(await why(c, id),
    / was ended by SIGKILL \(killed\), which "veloci kill" sent\n|with what status nobody has seen/);
  await c.destroy(id);
}, only);

test('a program that ends by itself after a signal', async (c) => {
  const { id } = await c.started(c.command(['sh', '-c', 'trap "exit 3" TERM; while :; do sleep 0.1; done']));
  const [exit] = await ended(c, id, () => c.rt(['kill', id]));
  assert.deepEqual([exit!.sentBy, exit!.sentSignal, exit!.signal], ['kill', 'SIGTERM', undefined]);
  if (exit!.status === undefined) return; // before Linux 6.15
  assert.equal(exit!.status, 3);
  assert.match(await why(c, id), / ended by itself with status 3, after "veloci kill" had sent SIGTERM\n/);
}, only);

test('delete --force is seen by who waits', async (c) => {
  const { id } = await c.started(c.command(['sleep', '100']));
  const wait = c.begin(['wait', '--json', id]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await c.destroy(id);
  assert.equal((JSON.parse((await wait.done).stdout) as Exit).sentBy, 'delete');
}, only);

const limit = 16 << 20;

function limited(config: Config): void {
  config.linux.resources = { ...config.linux.resources, memory: { limit, swap: limit } };
}

function filtered(config: Config): void {
  config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_KILL_PROCESS' }] };
}

test('run --keep: out of memory, with the limit', async (c) => {
  const id = c.id();
  const { code, stderr } = await c.run(c.command(['tail', '/dev/zero'], limited), { id, flags: ['--keep'] });
  assert.equal(code, 137, stderr);
  const exit = (await c.state(id))['exit'] as Exit;
  assert.deepEqual([exit.status, exit.signal, exit.reason, exit.pointer], [137, 'SIGKILL', 'oom',
    '/linux/resources/memory/limit']);
  assert.ok(exit.memoryPeak! > limit / 2 && exit.memoryPeak! <= limit, String(exit.memoryPeak));
  const text = await why(c, id);
  assert.match(text, / ended because memory ran out \(status 137\)\n/);
  assert.match(text, /E0643[^]*config\.json:\d+:\d+ \(\/linux\/resources\/memory\/limit\)[^]*"limit": 16777216/);
  const data = JSON.parse((await c.rt(['why', '--json', id])).stdout) as { exit: Exit;
    cause: { code: string; pointer: string } };
  assert.deepEqual([data.exit, data.cause.code, data.cause.pointer], [exit, 'E0643', '/linux/resources/memory/limit']);
  const list = JSON.parse((await c.rt(['list', '--format', 'json'])).stdout) as { id: string; exit?: Exit }[];
  assert.equal(list.find((entry) => entry.id === id)?.exit, undefined, 'list is for engines');
}, only);

test('run --keep: the seccomp profile, with its rule', async (c) => {
  const id = c.id();
  const bundle = c.command(['mkdir', '/tmp/x'], filtered);
  assert.equal((await c.run(bundle, { id, flags: ['--keep'] })).code, 159);
  const exit = (await c.state(id))['exit'] as Exit;
  assert.deepEqual([exit.status, exit.signal, exit.reason, exit.pointer], [159, 'SIGSYS', 'seccomp',
    '/linux/seccomp/syscalls/0/action']);
  assert.match(await why(c, id), / was ended by its seccomp profile[^]*E0644[^]*"SCMP_ACT_KILL_PROCESS"/);
}, only);

test('why: programs that end by themselves', async (c) => {
  const said = async (script: string, change?: (config: Config) => void): Promise<string> => {
    const id = c.id();
    await c.run(c.command(['sh', '-c', script], change), { id, flags: ['--keep'] });
    return (await why(c, id)).replaceAll(/\n {2,}/g, ' ');
  };
  assert.match(await said('exit 0'), / ended by itself, without an error\n/);
  assert.match(await said('nothing-like-this'),
    / ended by itself with status 127\n[^]*not in the root file system, or not in PATH/);
  assert.match(await said('exit 126'), /may not execute/);
  assert.match(await said('exit 139'), /a command that a signal ended: segmentation fault/);
  assert.match(await said('exit 1', (config) => config.process.noNewPrivileges = true),
    /set-user-id programs gain nothing/);
  const profile = (config: Config): void => {
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['acct'], action: 'SCMP_ACT_ERRNO' }] };
  };
  assert.match(await said('exit 1', profile), /answers some system calls with an error; "veloci run --learn FILE"/);
}, only);

test('why: what runs, what was only created, and what nobody has seen end', async (c) => {
  const bundle = c.command(['sh', '-c', 'while ! [ -e /go ]; do sleep 0.05; done'],
    (config) => config.root.readonly = false);
  const { id } = await c.create(bundle);
  assert.match(await why(c, id), new RegExp(`^${id} is created: it has not ended\n`));
  await c.rt(['start', id]);
  assert.match(await why(c, id), new RegExp(`^${id} is running: it has not ended\n`));
  await c.rt(['exec', id, 'touch', '/go']);
  await c.until(id, 'stopped');
  assert.match(await why(c, id), /with what status nobody has seen|ended by itself/);
  const never = await c.create(c.command(['true']));
  process.kill(never.pid, 'SIGKILL');
  await c.until(never.id, 'stopped');
  assert.match(await why(c, never.id), / ended before its program was started/);
  const missing = await c.rt(['why', `${c.token}-nobody`]);
  assert.match(missing.stderr, /E0601/);
}, only);

test('why: a start that failed, and the end of the log', async (c) => {
  const log = join(c.dir(), 'log');
  const bundle = c.command(['true'], (config) => config.hooks = { startContainer: [{ path: '/bin/false' }] });
  const id = c.id();
  const created = await c.rt(['--log', log, 'create', '-b', bundle.dir, id]);
  assert.equal(created.code, 0, created.stderr);
  assert.equal((await c.rt(['--log', log, 'start', id])).code, 1);
  await c.until(id, 'stopped');
  const text = await why(c, id);
  assert.match(text, new RegExp(`^${id} did not start\n[^]*config\\.json:\\d+:\\d+ \\(/hooks/startContainer/0`));
  assert.ok(existsSync(log));
  assert.match(text, /last lines of .*log:\n {2}.*startContainer/);
  writeFileSync(log, `${'x'.repeat(9000)}\n\u001b[31mred\n`);
  assert.match(await why(c, id), /last lines of .*log:\n {2}\\u001b\[31mred\n$/);
  // A log that shows nothing keeps nothing else from being shown.
  for (const plant of [': >log', 'head -c 9000 /dev/zero | tr "\\0" x >log', 'rm log', 'mkfifo log',
    'ln -sf /dev/zero log'])
  {
    execFileSync('sh', ['-c', plant], { cwd: dirname(log) });
    const shown = await why(c, id);
    assert.match(shown, new RegExp(`^${id} did not start\n`), plant);
    assert.doesNotMatch(shown, /last lines/, plant);
  }
}, only);
