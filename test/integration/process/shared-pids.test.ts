// Init that waits for its start where others can look into it: in the pid namespace of another container, and after an exec. It
// has nothing of the host, and its end is told all the same.
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
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
    assert.equal(/socket:/.test(stdout), !users, stdout);
    const start = await c.rt(['start', id]);
    assert.equal(start.code, 0, start.stderr);
  }, only);
}
