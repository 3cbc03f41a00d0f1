// What services and engines hand over: NOTIFY_SOCKET, LISTEN_FDS, pidfd socket; mounts of running containers; wait.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import { receiveMessages } from '../../support/console.ts';
import { isExit } from '../../support/engines/exit-status.ts';
import { timeScale } from '../../support/paths.ts';

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
  const seen = await c.rt(['exec', id, 'sh', '-c',
    'cat /mnt/inside; grep " /mnt \\| /tmp " /proc/mounts; touch /mnt/x']);
  assert.match(seen.stdout, /^hosted\n/);
  assert.match(seen.stdout, / \/mnt \S+ ro,/);
  assert.match(seen.stdout, /^tmpfs \/tmp tmpfs rw,nosuid/m);
  assert.match(seen.stderr, /Read-only/);
  const removed = await c.rt(['mounts', 'remove', id, file]);
  assert.equal(removed.code, 0, removed.stderr);
  assert.equal((await c.rt(['exec', id, 'grep', '-c', ' /mnt \\| /tmp ', '/proc/mounts'])).stdout, '0\n');
  const again = await c.rt(['mounts', 'remove', id, file]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /E0890.*\/tmp.*mounts\.json:1:\d+ \(\/1\)/);
}, only);

test('mounts add changes a mount that is there where it says remount; what it has mounted is removed once',
  async (c) => {
    const { id } = await c.started(c.command(['/probe', 'pause']));
    const file = join(c.dir(), 'mounts.json');
    writeFileSync(file, JSON.stringify([
      { destination: '/mnt', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/mnt', type: 'tmpfs', source: 'tmpfs', options: ['remount', 'size=1m'] },
      { destination: '/mnt/', options: ['bind', 'remount', 'ro', 'noexec'] },
    ]));
    const added = await c.rt(['mounts', 'add', id, file]);
    assert.equal(added.code, 0, added.stderr);
    const seen = async (): Promise<string> => (await c.rt(['exec', id, 'grep', ' /mnt ', '/proc/mounts'])).stdout;
    assert.match(await seen(), /^tmpfs \/mnt tmpfs ro,noexec,\S*size=1024k\S* 0 0\n$/);
    const removed = await c.rt(['mounts', 'remove', id, file]);
    assert.equal(removed.code, 0, removed.stderr);
    assert.equal(await seen(), '');
  }, only);

test('a mount option that does not exist is found before anything is mounted', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const file = join(c.dir(), 'mounts.json');
  writeFileSync(file,
    '{"mounts": [\n  {"destination": "/mnt", "type": "bind", "source": "/tmp", "options": ["rbnd"]}\n]}');
  const result = await c.rt(['mounts', 'add', id, file]);
  assert.equal(result.code, 1);
  assert.match(result.stderr, /mounts\.json:2:\d+ \(\/mounts\/0\/options\/0\)/);
}, only);

test('errors about the mounts of a list have their places in its file', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const file = join(c.dir(), 'mounts.json');
  writeFileSync(file, '[{"destination": "/mnt", "source": 5}]');
  const wrong = await c.rt(['mounts', 'add', id, file]);
  assert.match(wrong.stderr, /E0301: mounts\[0\]\.source .*mounts\.json:1:36 \(\/0\/source\)/);
  writeFileSync(file, '[\n {"destination": "/mnt", "type": "bind", "source": "/not/there"}\n]');
  const missing = await c.rt(['mounts', 'add', id, file]);
  assert.match(missing.stderr, /mounts\.json:2:\d+ \(\/0\/source\)/);
}, only);

test('wait prints the exit status', async (c) => {
  const { id } = await c.started(c.command(['sh', '-c', 'sleep 1; exit 5']));
  const assertExit = (stdout: string, code: number): void => assert.ok(isExit(stdout, code), stdout);
  assertExit((await c.rt(['wait', id])).stdout, 5);
  const killed = await c.started(c.command(['/probe', 'pause']));
  const waiting = c.rt(['wait', killed.id]);
  await c.rt(['kill', killed.id, 'KILL']);
  const first = (await waiting).stdout;
  assertExit(first, 137);
  assert.equal((await c.rt(['wait', killed.id])).stdout, first, 'the one before has kept it');
  const unseen = await c.started(c.command(['/probe', 'exit', '5']));
  await c.until(unseen.id, 'stopped');
  assert.equal((await c.rt(['wait', unseen.id])).stdout, 'unknown\n');
}, only);

test('wait tells the exit status that run --keep has seen', async (c) => {
  const id = c.id();
  const { dir } = c.command(['/probe', 'exit', '7']);
  assert.equal((await c.rt(['run', '--keep', '--bundle', dir, id])).code, 7);
  assert.equal((await c.rt(['wait', id])).stdout, '7\n');
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
  const result = await c.run(
    c.command(['sh', '-c', 'echo $NOTIFY_SOCKET; ls -d $NOTIFY_SOCKET; grep -c " $0 " /proc/mounts', path]),
    { env: { ...process.env as Record<string, string>, NOTIFY_SOCKET: path } },
  );
  assert.equal(result.stdout, `${path}/notify\n${path}/notify\n1\n`, result.stderr);
}, only);

/** Waits until something holds. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000 * timeScale; !holds(); await sleep(10)) assert.ok(Date.now() < end, what);
}

test('start waits for READY=1, and passes on what a container may say', async (c) => {
  const manager = join(c.dir(), 'manager');
  const { talk, received } = await receiveMessages('datagram', manager);
  c.later(() => talk.kill());
  const env = { ...process.env as Record<string, string>, NOTIFY_SOCKET: manager };
  const { id, pid } = await c.create(
    c.command(['/probe', 'notify', 'STATUS=begins\nMAINPID=1\nFDSTORE=1', 'MAINPID=1', 'BARRIER=1', 'X_OTHER=1',
      'READY=1\nSTATUS=up', 'RELOADING=1\nMONOTONIC_USEC=5', 'READY=1', 'STOPPING=1']),
    { env },
  );
  const start = await c.rt(['start', id], { env });
  assert.equal(start.code, 0, start.stderr);
  await until('what was said before', () => received().length >= 4);
  assert.deepEqual(received().slice(0, 4).map(({ text }) => text), ['STATUS=begins', 'READY=1\nSTATUS=up',
    `MAINPID=${pid}`, 'BARRIER=1']);
  assert.deepEqual(received().slice(0, 4).map(({ fds }) => fds.length), [0, 0, 0, 1]);
  assert.match(received()[3]?.fds[0] ?? '', /^pipe:/);
}, only);

test('run passes on what comes after READY=1 too', async (c) => {
  const manager = join(c.dir(), 'manager');
  const { talk, received } = await receiveMessages('datagram', manager);
  c.later(() => talk.kill());
  const id = c.id();
  const bundle = c.command(['/probe', 'notify', 'READY=1', 'RELOADING=1\nMONOTONIC_USEC=5', 'READY=1', 'STOPPING=1',
    'ERRNO=2\nERRNO='], (config) => {
    config.linux.cgroupsPath = `/${id}`;
  });
  const running = c.begin(['run', '--bundle', bundle.dir, id], {
    env: { ...process.env as Record<string, string>, NOTIFY_SOCKET: manager },
  });
  await until('ERRNO=2 comes', () => received().at(-1)?.text === 'ERRNO=2');
  const pid = (await c.state(id))['pid'];
  assert.deepEqual(received().map(({ text }) => text), ['READY=1', `MAINPID=${String(pid)}`, 'BARRIER=1',
    'RELOADING=1\nMONOTONIC_USEC=5', 'READY=1', 'STOPPING=1', 'ERRNO=2']);
  running.child.kill('SIGTERM');
  assert.equal((await running.done).code, 143);
}, only);

test('start ends when the program ends without READY=1', async (c) => {
  const manager = join(c.dir(), 'manager');
  const { talk } = await receiveMessages('datagram', manager);
  c.later(() => talk.kill());
  const env = { ...process.env as Record<string, string>, NOTIFY_SOCKET: manager };
  const { id } = await c.create(c.command(['/probe', 'exit', '0']), { env });
  const start = await c.rt(['start', id], { env });
  assert.deepEqual([start.code, start.timedOut], [0, false], start.stderr);
}, only);

test('--pidfd-socket gets one pidfd of the process', async (c) => {
  const path = join(c.dir(), 'pidfd');
  const { talk, received } = await receiveMessages('stream', path);
  c.later(() => talk.kill());
  const { id, pid } = await c.started(c.command(['/probe', 'pause']), { flags: ['--pidfd-socket', path] });
  const pidFile = join(c.dir(), 'pid');
  const exec = await c.rt(['exec', '--detach', '--pid-file', pidFile, '--pidfd-socket', path, id, '/probe', 'pause']);
  assert.equal(exec.code, 0, exec.stderr);
  await until('both come', () => received().length === 2);
  const other = Number(readFileSync(pidFile, 'utf8'));
  assert.deepEqual(received(), [
    { text: 'standard', fds: ['anon_inode:[pidfd]'], pid },
    { text: 'setns', fds: ['anon_inode:[pidfd]'], pid: other },
  ]);
}, only);

test('run.oci.pidfd_receiver gets a pidfd of init before create returns; without a receiver create fails',
  async (c) => {
    const path = join(c.dir(), 'pidfd');
    const bundle = c.command(['/probe', 'pause'], (config) => {
      config.annotations = { 'run.oci.pidfd_receiver': path };
    });
    const none = await c.create(bundle);
    assert.notEqual(none.code, 0);
    assert.match(none.stderr, /pidfd/);
    const { talk, received } = await receiveMessages('stream', path);
    c.later(() => talk.kill());
    const { pid } = await c.create(bundle);
    await until('it comes', () => received().length === 1);
    assert.deepEqual([received()[0]?.fds, received()[0]?.pid], [['anon_inode:[pidfd]'], pid]);
  }, { peers: [{ peer: 'runc 1.1.5', why: 'does not know it' }] });

test('a --pidfd-socket where nobody listens fails create, and leaves nothing', async (c) => {
  const created = await c.create(c.command(['/probe', 'pause']), { flags: ['--pidfd-socket', join(c.dir(), 'none')] });
  assert.equal(created.code, 1);
  assert.match(created.stderr, /none/);
  await c.nothingLeft();
}, only);

for (const [service, folder, socket, form] of [
  ['journald', '/run', 'systemd/journal/socket',
    /^PRIORITY=3\nSYSLOG_IDENTIFIER=my-name\nVELOCI_CODE=E0\d+\nMESSAGE=.*nothing.*\n$/],
  ['syslog', '/dev', 'log', /^<27>my-name\[\d+\]: .*nothing/],
] as const) {
  test(`--log=${service}:NAME sends the error to that service`, async (c) => {
    const dir = c.dir();
    mkdirSync(dirname(join(dir, socket)), { recursive: true });
    // The folder is another one for this command alone.
    const prefix = ['unshare', '--mount', 'sh', '-c', `mount --bind ${dir} ${folder} && exec "$@"`, 'sh'];
    const start = () => c.rt([`--log=${service}:my-name`, 'start', 'nothing'], { prefix });
    assert.match((await start()).stderr, new RegExp(`E0626.*${service}:my-name.*not there, ENOENT`),
      'without the service');
    const { talk, received } = await receiveMessages('datagram', join(dir, socket));
    c.later(() => talk.kill());
    const result = await start();
    assert.equal(result.code, 1);
    assert.match(result.stderr, /nothing/, 'stderr has it, too');
    await talk.expect(/\n/);
    assert.match(received()[0]?.text ?? '', form);
  }, only);
}
