// SCMP_ACT_NOTIFY with an agent that means no good, or is none: create, start, exec and delete have an answer, soon; and no process of
// the container gets hold of the listener or of the socket that it goes by.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { timeScale } from '../../support/paths.ts';
import type { Config } from '../../support/spec.ts';

const timeLimit = 15_000;

/** A server that does this to whoever connects; nobody of them receives the listener. */
async function agent(c: Context, meet: (socket: Socket) => void): Promise<string> {
  const path = join(c.dir(), 'socket');
  const sockets: Socket[] = [];
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    sockets.push(socket.on('error', () => {}));
    meet(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(path, resolve);
  });
  c.later(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return path;
}

const notify = (listenerPath: string, noNewPrivileges = true) => (config: Config): void => {
  config.process.noNewPrivileges = noNewPrivileges;
  config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', listenerPath,
    syscalls: [{ names: ['getpriority'], action: 'SCMP_ACT_NOTIFY' }] };
};

const meetings: Record<string, (socket: Socket) => void> = {
  'never reads': () => {},
  'writes without end': (socket) => {
    const more = (): void => {
      while (socket.writable && socket.write(Buffer.alloc(4096))) { /* until the kernel takes no more */ }
    };
    socket.on('drain', more);
    more();
  },
  'writes no more': (socket) => socket.end(),
};

for (const [what, meet] of Object.entries(meetings)) {
  for (const noNewPrivileges of [true, false]) {
    test(`an agent that ${what}: every command ends (noNewPrivileges ${noNewPrivileges})`, async (c) => {
      const path = await agent(c, meet);
      const { id, pid } = await c.started(c.command(['/probe', 'pause'], notify(path, noNewPrivileges)), { timeLimit });
      const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
      assert.deepEqual(open.filter((link) => /seccomp|socket/.test(link)), []);
      const { code, stderr } = await c.rt(['exec', id, '/probe', 'exit', '7'], { timeLimit });
      assert.equal(code, 7, stderr);
    }, { only: 'veloci' });
  }
}

test('an agent that hangs up at once: create and exec say so, and nothing is left', async (c) => {
  let isThere = true;
  const path = await agent(c, (socket) => {
    if (!isThere) socket.destroy();
  });
  const { id } = await c.started(c.command(['/probe', 'pause'], notify(path)));
  isThere = false;
  // Who is faster: the message may be sent before the end is seen.
  for (const args of [['exec', id, '/probe', 'exit', '7'], ['run', '--bundle',
    c.command(['/probe', 'exit', '7'], notify(path)).dir, c.id()]])
  {
    const { code, stderr, timedOut } = await c.rt(args, { timeLimit });
    assert.equal(timedOut, false);
    if (code !== 7) assert.match(stderr, /E0846/);
  }
  await c.destroy(id);
  await c.nothingLeft();
}, { only: 'veloci' });

test('what is no socket of an agent is told, and nothing is left', async (c) => {
  const dir = c.dir(), path = await agent(c, () => {});
  const at = (name: string): string => join(dir, name);
  symlinkSync('loop', at('loop'));
  execFileSync('mkfifo', [at('fifo')]);
  writeFileSync(at('file'), '');
  mkdirSync(at('folder'));
  for (const name of ['loop', 'fifo', 'file', 'folder', 'missing', `${'y/'.repeat(2100)}z`]) {
    const result = await c.run(c.command(['/probe', 'exit', '7'], notify(at(name))), { timeLimit });
    assert.deepEqual([result.code, result.timedOut], [1, false], name);
    assert.match(result.stderr, /E0844/, name);
    await c.nothingLeft();
  }
  // Longer than an address may be, and a link: the caller names the file.
  const long = at('x'.repeat(200));
  symlinkSync(path, long);
  assert.equal((await c.run(c.command(['/probe', 'exit', '7'], notify(long)), { timeLimit })).code, 7);
}, { only: 'veloci' });

test('a container that looks into all who come sees no listener', async (c) => {
  const path = await agent(c, () => {});
  const names = ['SYS_PTRACE', 'SYS_ADMIN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH'].map((name) => `CAP_${name}`);
  for (const noNewPrivileges of [true, false]) {
    const look =
      'while :; do for p in /proc/[0-9]*; do case "$(ls -l $p/fd 2>&1)" in *seccomp*) echo FOUND;; esac; done; echo r; done';
    const watcher = await c.started(c.command(['sh', '-c', look], (config) => {
      notify(path, noNewPrivileges)(config);
      config.process.capabilities = { bounding: names, effective: names, permitted: names };
    }));
    const looks = (): number => watcher.output().length;
    for (let i = 0; i < 20; i++) assert.equal((await c.rt(['exec', watcher.id, 'sleep', '0.03'])).code, 0);
    for (const end = Date.now() + 10_000 * timeScale, before = looks(); looks() < before + 4; await sleep(20))
      assert.ok(Date.now() < end, 'it does not look');
    assert.doesNotMatch(watcher.output(), /FOUND/);
  }
}, { only: 'veloci' });
