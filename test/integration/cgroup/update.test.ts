// update: limits of a container that runs are read back from the kernel; a refused one leaves the old ones. v1 and v2.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test, unified } from '../../support/case.ts';
import { needs } from '../../support/host/kernel.ts';
import type { Context } from '../../support/context.ts';
import { runtimePath } from '../../support/paths.ts';
import type { Result } from '../../support/runtime.ts';

const folder = (
  controller: string,
  id: string,
): string => (unified ? `/sys/fs/cgroup/${id}` : `/sys/fs/cgroup/${controller}/${id}`);
const value = (controller: string, id: string, file: string): string =>
  readFileSync(join(folder(controller, id), file), 'utf8').trim();

const running = async (c: Context, resources: Record<string, unknown> = {}): Promise<string> =>
  (
    await c.started(c.command(['/probe', 'pause'], (config) => {
      config.linux.resources = { devices: [{ allow: false, access: 'rwm' }], ...resources };
    }))
  ).id;

const update = async (c: Context, id: string, resources: unknown): Promise<void> => {
  const result = await c.rt(['update', '--resources', '-', id], { input: JSON.stringify(resources) });
  assert.equal(result.code, 0, result.stderr);
};

/** Value of a file, as v1 or as v2 writes it. */
const memory = (id: string): string => value('memory', id, unified ? 'memory.max' : 'memory.limit_in_bytes');
const swap = (id: string): string => value('memory', id, unified ? 'memory.swap.max' : 'memory.memsw.limit_in_bytes');

test('update as an engine sends it: zeros leave alone', async (c) => {
  const id = await running(c, { pids: { limit: 20 }, cpu: { shares: 512 } });
  const shares = value('cpu', id, unified ? 'cpu.weight' : 'cpu.shares');
  await update(c, id, {
    memory: { limit: 104857600, reservation: 0, swap: 104857600, kernel: 0 },
    cpu: { shares: 0, quota: 70000, period: 100000 },
    pids: { limit: 50 },
    blockIO: { weight: 0 },
  });
  assert.equal(memory(id), '104857600');
  assert.equal(swap(id), unified ? '0' : '104857600');
  assert.equal(value('pids', id, 'pids.max'), '50');
  assert.equal(value('cpu', id, unified ? 'cpu.weight' : 'cpu.shares'), shares);
  if (unified) assert.equal(value('cpu', id, 'cpu.max'), '70000 100000');
  else assert.equal(value('cpu', id, 'cpu.cfs_quota_us'), '70000');
  await update(c, id, { memory: { limit: 0 }, pids: null });
  assert.equal(memory(id), '104857600');
}, { peers: [{ peer: 'crun 1.8.1', why: 'refuses null' }] });

test('memory and swap go up and down in one update', async (c) => {
  const id = await running(c, { memory: { limit: 67108864, swap: 67108864 } });
  for (const [limit, both] of [[268435456, 536870912], [33554432, 67108864], [134217728, 134217728]] as const) {
    await update(c, id, { memory: { limit, swap: both } });
    assert.equal(memory(id), String(limit));
    assert.equal(swap(id), String(unified ? both - limit : both));
  }
}, { peers: [{ peer: 'crun 1.8.1', why: 'writes memory first' }] });

test('a lower quota with a lower burst', async (c) => {
  const id = await running(c, { cpu: { quota: 50000, period: 100000, burst: 40000 } });
  await update(c, id, { cpu: { quota: 20000, burst: 10000 } });
  assert.equal(value('cpu', id, unified ? 'cpu.max' : 'cpu.cfs_quota_us'), unified ? '20000 100000' : '20000');
  assert.equal(value('cpu', id, unified ? 'cpu.max.burst' : 'cpu.cfs_burst_us'), '10000');
}, { skip: needs('bursts of processor time', '5.14'), peers: [{ peer: 'crun', why: 'writes the quota first' }] });

test('a cgroup that is no longer idle has its weight', async (c) => {
  const id = await running(c, { cpu: { idle: 1, shares: 512 } });
  const shares = (): string => value('cpu', id, unified ? 'cpu.weight' : 'cpu.shares');
  await update(c, id, { cpu: { idle: 0 } });
  assert.equal(shares(), unified ? '59' : '512');
  await update(c, id, { cpu: { idle: 1 } });
  await update(c, id, { cpu: { idle: 0, shares: 2 } });
  assert.equal(shares(), unified ? '1' : '2');
}, { skip: needs('cpu.idle', '5.15'), only: 'veloci' });

test('a limit of zero or nothing changes nothing, and is no error', async (c) => {
  const id = await running(c, { cpu: { shares: 512 } });
  for (const args of [['--cpu-share', '0'], ['--memory', ''], ['--memory', '0', '--cpu-quota=0']]) {
    const result = await c.rt(['update', ...args, id]);
    assert.equal(result.code, 0, result.stderr);
  }
  assert.equal(value('cpu', id, unified ? 'cpu.weight' : 'cpu.shares'), unified ? '59' : '512');
}, { peers: [{ peer: 'crun', why: 'makes JSON of the text, and writes zeros' }] });

test('update by flags', async (c) => {
  const id = await running(c);
  const result = await c.rt(['update', '--memory', '64m', '--memory-swap', '128m', '--pids-limit', '33', '--cpu-share',
    '256', '--cpuset-cpus', '0', id]);
  assert.equal(result.code, 0, result.stderr);
  assert.equal(memory(id), '67108864');
  assert.equal(value('pids', id, 'pids.max'), '33');
  assert.equal(value('cpuset', id, 'cpuset.cpus'), '0');
  assert.equal((await c.rt(['update', '--pids-limit', '-1', id])).code, 0);
  assert.equal(value('pids', id, 'pids.max'), 'max');
}, { peers: [{ peer: 'crun', why: 'takes bytes alone' }] });

test('a refused value leaves the old ones', async (c) => {
  const id = await running(c, { memory: { limit: 67108864, swap: 67108864 }, pids: { limit: 20 } });
  const result = await c.rt(['update', '--memory', '128m', '--memory-swap', '128m', '--pids-limit', '40',
    '--cpuset-cpus', '4000', id]);
  assert.equal(result.code, 1);
  assert.match(result.stderr, /4000.*cpuset\.cpus/);
  assert.equal(memory(id), '67108864');
  assert.equal(value('pids', id, 'pids.max'), '20');
  // Nor are they kept for later.
  assert.equal((await c.rt(['update', '--pids-limit', '41', id])).code, 0);
  assert.equal(memory(id), '67108864');
}, { only: 'veloci' });

test('memory.checkBeforeUpdate refuses a limit below what is in use', async (c) => {
  const id = await running(c, { memory: { limit: 67108864 } });
  const result = await c.rt(['update', '--resources', '-', id], {
    input: '{"memory":{"limit":4096,"checkBeforeUpdate":true}}',
  });
  assert.equal(result.code, 1);
  assert.match(result.stderr, /E0856: .*resources:1:20/);
  assert.equal(memory(id), '67108864');
}, { only: 'veloci' });

test('--dry-run shows the writes and changes nothing', async (c) => {
  const id = await running(c, { pids: { limit: 20 } });
  const result = await c.rt(['update', '--dry-run', '--pids-limit', '40', id]);
  assert.equal(result.code, 0, result.stderr);
  assert.equal(result.stdout, `${folder('pids', id)}/pids.max <- 40\n`);
  assert.equal(value('pids', id, 'pids.max'), '20');
}, { only: 'veloci' });

test('device rules of a running container are replaced', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause'], (config) => {
    config.linux.devices = [{ path: '/dev/messages', type: 'c', major: 1, minor: 11 }];
  }));
  const open = (node: string): Promise<number | null> =>
    c.rt(['exec', id, 'sh', '-c', `exec 3>${node}`]).then(({ code }) => code);
  assert.notEqual(await open('/dev/messages'), 0);
  await update(c, id, {
    devices: [{ allow: false, access: 'rwm' }, { allow: true, type: 'c', major: 1, minor: 11, access: 'rw' }],
  });
  assert.equal(await open('/dev/messages'), 0);
  if (!unified) assert.match(value('devices', id, 'devices.list'), /^c 1:11 rw$/m);
  assert.equal(await open('/dev/null'), 0);
  await update(c, id, { devices: [{ allow: false, access: 'rwm' }] });
  if (!unified) assert.doesNotMatch(value('devices', id, 'devices.list'), /1:11 /);
  assert.notEqual(await open('/dev/messages'), 0);
  assert.equal(await open('/dev/null'), 0);
}, { only: 'veloci' });

test('later updates and exec go by the new resources', async (c) => {
  const id = await running(c, { pids: { limit: 20 } });
  await update(c, id, { memory: { limit: 67108864, swap: 134217728 } });
  await update(c, id, { memory: { limit: 100663296 } });
  assert.equal(memory(id), '100663296');
  assert.equal(swap(id), unified ? '33554432' : '134217728');
  assert.equal((await c.rt(['exec', id, 'true'])).code, 0);
  assert.equal(JSON.parse(readFileSync(join(c.root, id, 'config.json'), 'utf8')).linux.resources.memory.limit,
    100663296);
}, { only: 'veloci' });

for (const [name, input, expected] of [
  ['no JSON', '{', /E02/],
  ['a text for a number', '{"memory":{"limit":"5"}}', /E0301/],
  ['swap below the limit', '{"memory":{"limit":9000000,"swap":5}}', /swap/],
] as const) {
  test(`update refuses ${name}`, async (c) => {
    const id = await running(c);
    const result = await c.rt(['update', '-r', '-', id], { input });
    assert.equal(result.code, 1);
    assert.match(result.stderr, expected);
  }, { only: 'veloci' });
}

test('update needs a container that runs, and something to do', async (c) => {
  const id = await running(c);
  assert.match((await c.rt(['update', id])).stderr, /E0132/);
  assert.match((await c.rt(['update', '--mem-bw-schema', 'MB:0=10', id])).stderr, /E0133/);
  assert.match((await c.rt(['update', '--mem-bw-schema', 'L3:0=f', id])).stderr, /begins with MB:/);
  assert.match((await c.rt(['update', '--memory', '5x', id])).stderr, /E0105/);
  assert.equal((await c.rt(['kill', id, 'KILL'])).code, 0);
  await c.until(id, 'stopped');
  assert.match((await c.rt(['update', '--pids-limit', '5', id])).stderr, /E0603: container not running/);
}, { only: 'veloci', skip: existsSync('/sys/fs/cgroup') ? false : 'no cgroups here' });

test('an update whose outcome cannot be kept changes nothing', async (c) => {
  const root = c.dir();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=755', 'tmpfs', root]);
  c.later(() => execFileSync('umount', ['-l', root]));
  const id = c.id();
  const { dir } = c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${id}`;
    config.linux.resources = { pids: { limit: 20 } };
  });
  const call = (...args: string[]): Promise<Result> => c.beginProgram([runtimePath(), '--root', root, ...args]).done;
  const created = await call('create', '--bundle', dir, id);
  assert.equal(created.code, 0, created.stderr);
  const full = join(root, 'full');
  assert.throws(() => writeFileSync(full, Buffer.alloc(1 << 20)));
  const refused = await call('update', '--pids-limit', '30', id);
  assert.match(refused.stderr, /E0622: .*no space left/);
  assert.equal(value('pids', id, 'pids.max'), '20');
  rmSync(full);
  const done = await call('update', '--pids-limit', '30', id);
  assert.equal(done.code, 0, done.stderr);
  assert.equal(value('pids', id, 'pids.max'), '30');
  assert.equal((await call('delete', '--force', id)).code, 0);
}, { only: 'veloci', skip: existsSync(folder('pids', '')) ? false : 'no pids controller here' });

test('an update of hundreds of device rules', async (c) => {
  const id = await running(c);
  const rules = Array.from({ length: 600 }, (_, minor) => ({ allow: true, type: 'c', major: 300, minor, access: 'r' }));
  await update(c, id, { devices: [{ allow: false, access: 'rwm' }, ...rules] });
  if (!unified) assert.match(value('devices', id, 'devices.list'), /^c 300:599 r$/m);
});
