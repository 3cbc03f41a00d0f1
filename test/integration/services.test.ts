// What services and engines hand over: NOTIFY_SOCKET, LISTEN_FDS, pidfd socket; mounts of running containers; wait.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../support/case.ts';

const only = { only: 'veloci' } as const;

test('mounts add and remove change a running container', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const dir = c.dir();
  writeFileSync(join(dir, 'inside'), 'hosted\n');
  const file = join(c.dir(), 'mounts.json');
  writeFileSync(file, JSON.stringify([
    { destination: '/mnt', type: 'bind', source: dir, options: ['rbind', 'ro'] },
    { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'size=1m'] },
  ]));
  const added = await c.rt(['mounts', 'add', id, file]);
  assert.equal(added.code, 0, added.stderr);
  const seen = await c.rt(['exec', id, 'sh', '-c', 'cat /mnt/inside; grep " /mnt \\| /tmp " /proc/mounts; touch /mnt/x']);
  assert.match(seen.stdout, /^hosted\n/);
  assert.match(seen.stdout, / \/mnt \S+ ro,/);
  assert.match(seen.stdout, /^tmpfs \/tmp tmpfs rw,nosuid/m);
  assert.match(seen.stderr, /Read-only/);
  const removed = await c.rt(['mounts', 'remove', id, file]);
  assert.equal(removed.code, 0, removed.stderr);
  assert.equal((await c.rt(['exec', id, 'grep', '-c', ' /mnt \\| /tmp ', '/proc/mounts'])).stdout, '0\n');
  const again = await c.rt(['mounts', 'remove', id, file]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /E0890.*\/tmp.*mounts\.json/);
}, only);

test('a mount option that does not exist is found before anything is mounted', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const file = join(c.dir(), 'mounts.json');
  writeFileSync(file, '{"mounts": [\n  {"destination": "/mnt", "type": "bind", "source": "/tmp", "options": ["rbnd"]}\n]}');
  const result = await c.rt(['mounts', 'add', id, file]);
  assert.equal(result.code, 1);
  assert.match(result.stderr, /mounts\.json:2:\d+ \(\/mounts\/0\/options\/0\)/);
}, only);

test('wait prints the exit status', async (c) => {
  const { id } = await c.started(c.command(['sh', '-c', 'sleep 1; exit 5']));
  assert.equal((await c.rt(['wait', id])).stdout, '5\n');
  const killed = await c.started(c.command(['/probe', 'pause']));
  const waiting = c.rt(['wait', killed.id]);
  await c.rt(['kill', killed.id, 'KILL']);
  assert.equal((await waiting).stdout, '137\n');
  assert.equal((await c.rt(['wait', killed.id])).stdout, 'unknown\n');
}, only);

test('kill and delete by a regular expression', async (c) => {
  const first = await c.started(c.command(['/probe', 'pause']));
  const second = await c.started(c.command(['/probe', 'pause']));
  const both = `^(${first.id}|${second.id})$`;
  assert.equal((await c.rt(['kill', '--regex', both, 'KILL'])).code, 0);
  await c.until(first.id, 'stopped');
  await c.until(second.id, 'stopped');
  assert.equal((await c.rt(['delete', '--regex', both])).code, 0);
  assert.equal((await c.rt(['state', first.id])).code, 1);
  assert.equal((await c.rt(['delete', '--regex', '('])).code, 1);
}, only);

test('preserved descriptors that are not open stay closed', async (c) => {
  const result = await c.run(c.command(['/probe']), { flags: ['--preserve-fds', '3'] });
  assert.equal(result.code, 0, result.stderr);
  assert.deepEqual(Object.keys(JSON.parse(result.stdout).fds).sort(), ['0', '1', '2']);
}, only);

test('the socket of NOTIFY_SOCKET is in the container, and goes with it', async (c) => {
  const dir = c.dir();
  const path = join(dir, 'manager');
  const result = await c.run(c.command(['sh', '-c', 'echo $NOTIFY_SOCKET; ls -d $NOTIFY_SOCKET; grep -c " $0 " /proc/mounts', path]),
    { env: { ...process.env as Record<string, string>, NOTIFY_SOCKET: path } });
  assert.equal(result.stdout, `${path}/notify\n${path}/notify\n1\n`, result.stderr);
}, only);
