// Cgroups: limits are read back from the kernel, paths, joining, cleaning up. v1 and v2.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, type PeerMark, test, unified } from '../../support/case.ts';
import { folder, sweep } from '../../support/host/cgroup.ts';
import type { Context } from '../../support/context.ts';
import { cgroups } from '../../support/leak.ts';
import { runtimeName } from '../../support/runtime.ts';
import type { Config } from '../../support/spec.ts';

const value = (controller: string, id: string, file: string): string =>
  readFileSync(join(folder(controller, id), file), 'utf8').trim();

const created = async (
  c: Context,
  resources: Record<string, unknown>,
  change: (config: Config) => void = () => {},
): Promise<string> => {
  const result = await c.create(c.command(['/probe', 'pause'], (config) => {
    config.linux.resources = { devices: [{ allow: false, access: 'rwm' }], ...resources };
    change(config);
  }));
  assert.equal(result.code, 0, result.stderr);
  return result.id;
};

// One line a resource. dprint-ignore
for (const [name, resources, controller, v1, v2] of [
  ['memory.limit', { memory: { limit: 67108864 } }, 'memory', { 'memory.limit_in_bytes': '67108864' }, { 'memory.max': '67108864' }],
  ['memory.reservation', { memory: { reservation: 33554432 } }, 'memory',
    { 'memory.soft_limit_in_bytes': '33554432' }, { 'memory.low': '33554432' }],
  ['memory.limit -1', { memory: { limit: -1 } }, 'memory',
    { 'memory.limit_in_bytes': '9223372036854771712' }, { 'memory.max': 'max' }],
  ['memory.swappiness', { memory: { swappiness: 30 } }, 'memory', { 'memory.swappiness': '30' }, undefined],
  ['memory.disableOOMKiller', { memory: { disableOOMKiller: true } }, 'memory', { 'memory.oom_control': /oom_kill_disable 1/ }, undefined],
  ['pids.limit', { pids: { limit: 77 } }, 'pids', { 'pids.max': '77' }, { 'pids.max': '77' }],
  ['pids.limit -1', { pids: { limit: -1 } }, 'pids', { 'pids.max': 'max' }, { 'pids.max': 'max' }],
  ['cpu.shares', { cpu: { shares: 512 } }, 'cpu', { 'cpu.shares': '512' }, { 'cpu.weight': /^(20|59)$/ }],
  ['cpu.quota and period', { cpu: { quota: 30000, period: 60000 } }, 'cpu',
    { 'cpu.cfs_quota_us': '30000', 'cpu.cfs_period_us': '60000' }, { 'cpu.max': '30000 60000' }],
  ['cpu.cpus and mems', { cpu: { cpus: '0', mems: '0' } }, 'cpuset', { 'cpuset.cpus': '0', 'cpuset.mems': '0' },
    { 'cpuset.cpus': '0', 'cpuset.mems': '0' }],
] as const) {
  test(`resources: ${name}`, async (c) => {
    const id = await created(c, resources);
    for (const [file, expected] of Object.entries((unified ? v2 : v1) ?? {})) {
      const seen = value(controller, id, file);
      if (typeof expected === 'string') assert.equal(seen, expected, file);
      else assert.match(seen, expected as RegExp, file);
    }
  }, { skip: (unified && v2 === undefined) || (!unified && !existsSync(`/sys/fs/cgroup/${controller}`))
    ? `no ${controller} of this kind here` : false,
  peers: name === 'pids.limit -1' ? [{ peer: 'crun 1.8.1', why: 'writes -1' }] : [] });
}

test('resources: blockIO.weight 0 is none: it is accepted, wherever the kernel has no weights', async (c) => {
  await created(c, { blockIO: { weight: 0 } });
});

test('resources: unified keys are written', async (c) => {
  const id = await created(c, { unified: { 'memory.high': '50331648', 'pids.max': '55' } });
  assert.equal(value('', id, 'memory.high'), '50331648');
  assert.equal(value('', id, 'pids.max'), '55');
}, { skip: unified ? false : 'cgroup v2 alone has unified keys' });

for (const key of ['../x', 'a/b', '']) {
  test(`the unified key "${key}" is refused`, async (c) => {
    const result = await c.create(c.command(['true'], (config) => {
      config.linux.resources = { unified: { [key]: '1' } };
    }));
    assert.notEqual(result.code, 0);
    await c.nothingLeft();
  }, { peers: [{ peer: 'crun 1.8.1', why: 'its cgroups stay behind' }] });
}

test('a limit that the kernel refuses is an error, and nothing stays', async (c) => {
  const result = await c.create(c.command(['true'], (config) => {
    config.linux.resources = { cpu: { cpus: '4000-4001' } };
  }));
  assert.equal(result.code, 1);
  await c.nothingLeft();
}, { peers: [{ peer: 'crun 1.8.1', why: 'its cgroups stay behind' }] });

test('the process is in its cgroup, in every hierarchy, before it starts', async (c) => {
  const result = await c.create(c.command(['/probe', 'pause']));
  const lines = readFileSync(`/proc/${result.pid}/cgroup`, 'utf8').trim().split('\n')
    .filter((line) =>
      !(!unified && line.startsWith('0:')) && !/:(misc|rdma|perf_event|net_cls|net_prio|hugetlb):/.test(line)
    );
  for (const line of lines) assert.ok(line.endsWith(`/${result.id}`), line);
});

test('the pids limit holds', async (c) => {
  const result = await c.run(c.command(['sh', '-c', 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; true'], (config) => {
    config.linux.resources = { pids: { limit: 4 } };
  }));
  assert.match(result.stderr, /can't fork|Resource temporarily unavailable/);
});

test('the memory limit holds: exit 137', async (c) => {
  const limit = 20_000_000;
  const swapIsLimited = unified || existsSync('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes');
  const output = await c.sh('head -c 60000000 /dev/zero | tail -c 50000000 >/dev/null; echo $?', (config) => {
    config.linux.resources = { memory: { limit, ...(swapIsLimited ? { swap: limit } : {}) } };
  });
  assert.equal(output, '137\n');
});

const leavesParents: PeerMark[] = [{ peer: 'crun 1.8.1', why: 'leaves the parents' }, { peer: 'runc 1.1.5',
  why: 'leaves the parents' }];

test('a nested cgroupsPath is made, and removed with what was made for it', async (c) => {
  const id = c.id();
  const parent = `${c.token}-parent`;
  sweep(c, parent);
  const result = await c.create(c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${parent}/middle/child`;
  }), { id });
  assert.equal(result.code, 0, result.stderr);
  assert.ok(existsSync(join(folder('pids', parent), 'middle/child')));
  await c.destroy(id);
  assert.deepEqual([...cgroups(parent)], []);
}, { peers: leavesParents });

test('of a nested cgroupsPath stays what was there before, and what another container uses', async (c) => {
  const parent = `${c.token}-parent`;
  sweep(c, parent);
  mkdirSync(folder('pids', parent));
  const ids = [c.id(), c.id()];
  for (const id of ids) {
    const result = await c.create(c.command(['/probe', 'pause'], (config) => {
      config.linux.cgroupsPath = `/${parent}/shared/${id}`;
    }), { id });
    assert.equal(result.code, 0, result.stderr);
  }
  await c.destroy(ids[0]!);
  assert.ok(existsSync(join(folder('pids', parent), 'shared', ids[1]!)));
  assert.equal((await c.state(ids[1]!))['status'], 'created');
  await c.destroy(ids[1]!);
  assert.ok(existsSync(folder('pids', parent)), 'it was there before');
});

test('containers that come and go below one parent do not disturb each other', async (c) => {
  const parent = `${c.token}-parent`;
  sweep(c, parent);
  const { dir } = c.command(['/probe', 'exit', '0'], (config) => {
    delete config.linux.cgroupsPath;
  });
  const text = readFileSync(join(dir, 'config.json'), 'utf8');
  await Promise.all(Array.from({ length: 4 }, async (_, lane) => {
    for (let round = 0; round < 12; round++) {
      const id = c.id();
      const config = JSON.parse(text) as { linux: { cgroupsPath: string } };
      config.linux.cgroupsPath = `/${parent}/deeper/${id}`;
      const name = join(dir, `config-${lane}.json`);
      writeFileSync(name, JSON.stringify(config));
      const result = await c.rt(['run', '--bundle', dir, '--config', name, id]);
      assert.equal(result.code, 0, result.stderr);
    }
  }));
}, { only: 'veloci' });

test('exec --cgroup without a controller is in that cgroup in every hierarchy, and wants it in all', async (c) => {
  const id = await created(c, {}, (config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'cgroup');
  });
  const places = unified
    ? [folder('', id)]
    : readdirSync('/sys/fs/cgroup').map((name) => folder(name, id)).filter(existsSync);
  for (const place of places) {
    if (existsSync(join(place, 'foo'))) continue; // by another name of the hierarchy
    mkdirSync(join(place, 'foo'));
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (!unified && existsSync(join(place, file)))
        writeFileSync(join(place, 'foo', file), readFileSync(join(place, file)));
    }
  }
  assert.equal((await c.rt(['start', id])).code, 0);
  const exec = ['exec', '--cgroup', 'foo', id, 'cat', '/proc/self/cgroup'];
  const run = await c.rt(exec);
  assert.equal(run.code, 0, run.stderr);
  const lines = run.stdout.trim().split('\n').filter((line) => line.includes(id));
  assert.ok(lines.length > 0, run.stdout);
  assert.deepEqual(lines.filter((line) => !line.endsWith('/foo') && (unified || !line.startsWith('0:'))), []);
  rmdirSync(join(unified ? places[0]! : folder('pids', id), 'foo'));
  assert.notEqual((await c.rt(exec)).code, 0);
}, { peers: [{ peer: 'crun 1.8.1', why: 'runs in the cgroup of the caller where it is missing' }] });

test('run.oci.delegate-cgroup: the process is in a cgroup below its own, which is the root of its namespace',
  async (c) => {
    const bundle = c.command(['/probe', 'pause'], (config) => {
      config.annotations = { 'run.oci.delegate-cgroup': 'inner/most' };
      if (!config.linux.namespaces.some(({ type }) => type === 'cgroup'))
        config.linux.namespaces.push({ type: 'cgroup' });
    });
    const created = await c.create(bundle);
    if (!unified) {
      assert.notEqual(created.code, 0);
      assert.match(created.stderr, /delegate-cgroup/);
      return;
    }
    assert.equal(created.code, 0, created.stderr);
    assert.match(readFileSync(`/proc/${created.pid}/cgroup`, 'utf8'),
      new RegExp(`^0::/.*${created.id}/inner/most$`, 'm'));
    assert.equal((await c.rt(['start', created.id])).code, 0);
    const shown = await c.rt(['exec', created.id, 'cat', '/proc/self/cgroup']);
    assert.match(shown.stdout, /^0::\/inner\/most$/m);
  }, { peers: [{ peer: 'runc 1.1.5', why: 'does not know it' }] });

test('run.oci.delegate-cgroup leads nowhere else', async (c) => {
  for (const path of ['../x', 'a/../../x', '.', '/']) {
    const created = await c.create(c.command(['/probe', 'pause'], (config) => {
      config.annotations = { 'run.oci.delegate-cgroup': path };
    }));
    assert.notEqual(created.code, 0, path);
  }
}, { peers: [{ peer: 'runc 1.1.5', why: 'does not know it' }, { peer: 'crun 1.8.1', why: 'takes "." and "/"' }] });

test('a cgroupsPath with ".." is refused', async (c) => {
  for (const path of [`/../../${c.token}-x`, `/a/../../${c.token}-x`, '..']) {
    const result = await c.create(c.command(['true'], (config) => {
      config.linux.cgroupsPath = path;
    }));
    assert.notEqual(result.code, 0, path);
    assert.notEqual(result.stderr, '');
  }
}, { leaks: 'ignore',
  never: [{ peer: 'runc 1.1.5', why: 'makes files and folders outside of the hierarchies' }, { peer: 'crun 1.8.1',
    why: 'makes folders outside of the hierarchies' }] });

test('a cgroup that holds processes is refused', async (c) => {
  const other = await c.started(c.command(['/probe', 'pause']));
  const result = await c.create(c.command(['true'], (config) => {
    config.linux.cgroupsPath = `/${other.id}`;
  }));
  assert.equal(result.code, 1);
  assert.equal((await c.state(other.id))['status'], 'running');
}, { peers: [{ peer: 'crun 1.8.1', why: 'shares it' }, { peer: 'runc 1.1.5', why: 'refuses it on cgroup v2 alone' }] });

test('an empty cgroup that exists is used', async (c) => {
  const id = c.id();
  const path = folder('pids', id);
  mkdirSync(path);
  // delete leaves it.
  c.later(() => {
    if (existsSync(path)) rmdirSync(path);
  });
  const result = await c.create(c.command(['/probe', 'pause']), { id });
  assert.equal(result.code, 0, result.stderr);
});

test('a writable cgroup mount of v1 changes no owner', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause'], (config) => {
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
    config.mounts = config.mounts.filter(({ destination }) => destination !== '/sys/fs/cgroup');
    config.mounts.push({ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['rw'] });
  }));
  const top = '/sys/fs/cgroup';
  const folders = readdirSync(top).map((name) => join(top, name, id)).filter((path) => existsSync(path));
  assert.ok(folders.length > 0);
  for (const path of folders)
    for (const name of ['.', ...readdirSync(path)]) assert.equal(statSync(join(path, name)).uid, 0, join(path, name));
}, { skip: unified ? 'this host has cgroup v2 alone' : false });

test('without a cgroupsPath there is one all the same', async (c) => {
  const id = c.id();
  const bundle = c.command(['/probe', 'pause']);
  const result = await c.create(bundle, { id, raw: true });
  assert.equal(result.code, 0, result.stderr);
  assert.match(readFileSync(`/proc/${result.pid}/cgroup`, 'utf8'), new RegExp(`/${id}$`, 'm'));
  await c.destroy(id);
  await c.nothingLeft();
});

test('sub-cgroups that the container made are removed with it', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  mkdirSync(join(folder('pids', id), 'below/deeper'), { recursive: true });
  await c.destroy(id);
  await c.nothingLeft();
});

test('where no cgroup may be made any more, the error says so and nothing stays', async (c) => {
  const id = c.id();
  const above = folder('', `${id}-above`);
  mkdirSync(above);
  sweep(c, `${id}-above`);
  writeFileSync(join(above, 'cgroup.max.descendants'), '0');
  const result = await c.create(c.command(['true'], (config) => {
    config.linux.cgroupsPath = `/${id}-above/in`;
  }), { id });
  assert.equal(result.code, 1);
  if (runtimeName().startsWith('veloci')) assert.match(result.stderr, /E0931: .*cgroup\.max\.descendants/);
  assert.deepEqual(readdirSync(c.root).filter((name) => name === id), []);
}, { skip: unified ? false : 'cgroup v1 has no such limit' });
