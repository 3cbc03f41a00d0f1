// Init that waits for its start where others can look into it: in the pid namespace of another container, and after an exec. It
// has nothing of the host, and its end is told all the same.
import { spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync,
  writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bundle } from '../../support/bundle.ts';
import { assert, test } from '../../support/case.ts';
import type { Context, Created } from '../../support/context.ts';
import { timeScale } from '../../support/paths.ts';
import type { Config } from '../../support/spec.ts';

const only = { only: 'veloci' } as const;

/** A bundle in the pid namespace of a container that runs. */
async function guest(c: Context, args: string[], change: (config: Config) => void = () => {}): Promise<Bundle> {
  const host = await c.started(c.command(['sleep', '1000']));
  return c.command(args, (config) => {
    config.linux.namespaces = config.linux.namespaces.map(({ type }) =>
      type === 'pid' ? { type, path: `/proc/${host.pid}/ns/pid` } : { type }
    );
    change(config);
  });
}

async function created(c: Context, bundle: Bundle): Promise<Created> {
  const container = await c.create(bundle);
  assert.equal(container.code, 0, container.stderr);
  return container;
}

/** Processes that wait at the exec.fifo of a container. */
function waiting(c: Context, id: string): string[] {
  const fifo = join(c.root, id, 'exec.fifo');
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === fifo);
    } catch {
      return false;
    }
  });
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000 * timeScale; !holds(); await sleep(10)) assert.ok(Date.now() < end, what);
}

test('init in created has nothing of the state directory, and starts', async (c) => {
  const { id, pid } = await created(c, await guest(c, ['sleep', '1000']));
  for (const fd of readdirSync(`/proc/${pid}/fd`))
    assert.ok(!readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith(c.root), `descriptor ${fd}`);
  assert.ok(!readFileSync(`/proc/${pid}/maps`, 'utf8').includes(c.root), 'a mapping');
  assert.equal((await c.state(id))['status'], 'created');
  assert.equal(waiting(c, id).length, 1);
  const start = await c.rt(['start', id]);
  assert.equal(start.code, 0, start.stderr);
  await c.until(id, 'running');
  await until('what has waited is still there', () => waiting(c, id).length === 0);
}, only);

test('start tells why the program did not run', async (c) => {
  const bundle = await guest(c, ['/program']);
  const path = join(bundle.rootfs, 'program');
  for (const [code, text] of [['E0764', undefined], ['E0767', '\0\x01\x02\x03']] as const) {
    writeFileSync(path, text ?? '#!/bin/sh\n', { mode: 0o755 });
    const { id } = await created(c, bundle);
    if (text === undefined) rmSync(path);
    const start = await c.rt(['start', id]);
    assert.equal(start.code, 1);
    assert.match(start.stderr, new RegExp(code));
    await c.until(id, 'stopped');
    await c.destroy(id);
  }
}, only);

test('start tells of a startContainer hook that fails', async (c) => {
  const { id } = await created(c, await guest(c, ['sleep', '1000'], (config) => {
    config.hooks = { startContainer: [{ path: '/bin/sh', args: ['sh', '-c', 'echo broken; exit 3'] }] };
  }));
  const start = await c.rt(['start', id]);
  assert.match(start.stderr, /E0775/);
  assert.match(start.stderr, /broken/);
}, only);

test('a filter that others could keep from being loaded is refused', async (c) => {
  const seccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['swapon'], action: 'SCMP_ACT_ERRNO' }] };
  const hooked = (noNewPrivileges: boolean) => (config: Config): void => {
    config.process.noNewPrivileges = noNewPrivileges;
    config.linux.seccomp = seccomp;
    config.hooks = { startContainer: [{ path: '/bin/true' }] };
  };
  const refused = await c.create(await guest(c, ['sleep', '1000'], hooked(true)));
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /E0590/);
  const { id } = await created(c, await guest(c, ['sleep', '1000'], hooked(false)));
  assert.equal((await c.rt(['start', id])).code, 0);
  // With pids of its own nobody sees it.
  assert.equal((await c.run(c.command(['true'], hooked(true)))).code, 0);
}, only);

test('a restore into the pid namespace of others is refused', async (c) => {
  const bundle = await guest(c, ['sleep', '1000']);
  const refused = await c.rt(['restore', '--detach', '--bundle', bundle.dir, '--image-path', c.dir(), c.id()]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /E0589/);
}, only);

test('what waits ends with init, and with the container', async (c) => {
  const bundle = await guest(c, ['sleep', '1000']);
  for (const end of [['kill', 'ID', 'KILL'], ['delete', '--force', 'ID']]) {
    const { id } = await created(c, bundle);
    assert.equal(waiting(c, id).length, 1);
    const ended = await c.rt(end.map((word) => (word === 'ID' ? id : word)));
    assert.equal(ended.code, 0, ended.stderr);
    await until('it still waits', () => waiting(c, id).length === 0);
    if (existsSync(join(c.root, id))) {
      await c.until(id, 'stopped');
      assert.match((await c.rt(['start', id])).stderr, /stopped/);
    }
  }
}, only);

/** Calls the runtime without CAP_SYS_PTRACE: then it cannot do without the process that waits. */
const prefix = ['setpriv', '--bounding-set', '-sys_ptrace', '--inh-caps', '-sys_ptrace'];

/** Ends or stops what waits at the FIFO of a container. */
async function strike(c: Context, id: string, signal: 'SIGKILL' | 'SIGSTOP'): Promise<void> {
  // A start that is on its way stands there, too.
  const pids = waiting(c, id).filter((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'veloci-relay\n').map(
    Number,
  );
  assert.equal(pids.length, 1);
  process.kill(pids[0]!, signal);
  if (signal === 'SIGKILL') return until('it still waits', () => !waiting(c, id).includes(String(pids[0])));
  c.later(() => {
    spawnSync('kill', ['-KILL', String(pids[0])]);
  });
}

for (const [signal, what] of [['SIGKILL', 'has been ended with the cgroup of the caller'], ['SIGSTOP',
  'was stopped']] as const)
{
  test(`start does without the process that waited, which ${what}`, async (c) => {
    const bundle = await guest(c, ['sleep', '1000']);
    const { id } = await created(c, bundle);
    await strike(c, id, signal);
    const begun = performance.now();
    const start = await c.rt(['start', id]);
    assert.equal(start.code, 0, start.stderr);
    assert.ok(performance.now() - begun < 5000 * timeScale, 'at once');
    assert.equal((await c.state(id))['status'], 'running');
    await c.destroy(id);
  }, only);

  test(`start tells why a program did not run when the process that waited ${what}`, async (c) => {
    const bundle = await guest(c, ['/program'], (config) => {
      config.hooks = { startContainer: [{ path: '/bin/true' }] };
    });
    writeFileSync(join(bundle.rootfs, 'program'), '\0\x01\x02\x03', { mode: 0o755 });
    const { id } = await created(c, bundle);
    await strike(c, id, signal);
    const start = await c.rt(['start', id]);
    assert.equal(start.code, 1);
    assert.match(start.stderr, /E0767/);
    await c.until(id, 'stopped');
    await c.destroy(id);
  }, only);

  test(`start of who may not trace init ends when the process that waited ${what}`, async (c) => {
    const bundle = await guest(c, ['sleep', '1000']);
    const { id } = await created(c, bundle);
    await strike(c, id, signal);
    const start = await c.rt(['start', id], { prefix, timeLimit: 25_000 });
    assert.equal(start.timedOut, false, 'it hangs');
    assert.equal(start.code, 1);
    assert.match(start.stderr, signal === 'SIGKILL' ? /E0981/ : /E0962/);
    await c.destroy(id);
  }, only);
}

test('start of who may not trace init works by the process that waits', async (c) => {
  const bundle = await guest(c, ['sleep', '1000']);
  const { id } = await created(c, bundle);
  const start = await c.rt(['start', id], { prefix });
  assert.equal(start.code, 0, start.stderr);
  await c.until(id, 'running');
  await until('what has waited is still there', () => waiting(c, id).length === 0);
  await c.destroy(id);
}, only);

test('start sees the program run when the process that waits is ended behind the start', async (c) => {
  const bundle = await guest(c, ['sleep', '1000'], (config) => {
    config.hooks = { startContainer: [{ path: '/bin/sh', args: ['sh', '-c', 'touch /dev/shm/hooked; exec sleep 2'] }] };
  });
  const { id, pid } = await created(c, bundle);
  const { done } = c.begin(['start', id], { prefix, timeLimit: 25_000 });
  await until('the hook', () => existsSync(`/proc/${pid}/root/dev/shm/hooked`));
  await strike(c, id, 'SIGKILL');
  const start = await done;
  assert.equal(start.code, 0, start.stderr);
  assert.equal((await c.state(id))['status'], 'running');
  await c.destroy(id);
}, only);

test('start ends when somebody keeps what init holds open beyond its execve', async (c) => {
  const bundle = await guest(c, ['sleep', '1000']);
  const { id, pid } = await created(c, bundle);
  // As a process of the container with CAP_SYS_PTRACE can: a copy of each pipe of init.
  const [fifo] = readdirSync(`/proc/${pid}/fd`).map((fd) => `/proc/${pid}/fd/${fd}`)
    .filter((path) => readlinkSync(path).startsWith('pipe:'));
  const kept = openSync(fifo!, constants.O_RDWR);
  c.later(() => closeSync(kept));
  const start = await c.rt(['start', id], { timeLimit: 25_000 });
  assert.equal(start.code, 0, start.stderr);
  assert.equal((await c.state(id))['status'], 'running');
  await c.destroy(id);
}, only);

for (const [what, users] of [['CAP_SYS_PTRACE', false], ['CAP_SYS_PTRACE in a user namespace', true]] as const) {
  test(`what is executed with ${what} before the start finds nothing of the host in init`, async (c) => {
    const bundle = c.command(['sleep', '1000'], (config) => {
      const sets = ['CAP_SYS_PTRACE', 'CAP_DAC_READ_SEARCH'];
      config.process.capabilities = { bounding: sets, effective: sets, permitted: sets };
      if (!users) return;
      config.linux.namespaces.push({ type: 'user' });
      config.linux.uidMappings = config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
    });
    const { id } = await created(c, bundle);
    const looks = ['sh', '-c', 'cat /proc/1/comm; for fd in /proc/1/fd/*; do readlink $fd; done; cat /proc/1/maps'];
    const { stdout, code, stderr } = await c.rt(['exec', id, ...looks]);
    assert.match(stdout, /^veloci-init|^exe|^init|^memfd/, `${code} ${stderr}`);
    assert.ok(!stdout.includes(c.root), stdout);
    // Only with that capability over the host does it see anything.
    assert.equal(/pipe:/.test(stdout), !users, stdout);
    const start = await c.rt(['start', id]);
    assert.equal(start.code, 0, start.stderr);
  }, only);
}
