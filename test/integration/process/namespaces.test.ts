// Namespaces: each new, each by path, and user namespaces with maps.
import { readFileSync, readlinkSync } from 'node:fs';
import { assert, test } from '../../support/case.ts';
import type { Config } from '../../support/spec.ts';

const files: Record<string, string> = { pid: 'pid', network: 'net', ipc: 'ipc', uts: 'uts', mount: 'mnt',
  cgroup: 'cgroup', user: 'user', time: 'time' };
const own = (kind: string): string => readlinkSync(`/proc/self/ns/${files[kind]}`);

const withoutNamespace = (config: Config, ...types: string[]): void => {
  config.linux.namespaces = config.linux.namespaces.filter(({ type }) => !types.includes(type));
};

const withUser = (config: Config): void => {
  config.linux.namespaces.push({ type: 'user' });
  config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  config.linux.gidMappings = [{ containerID: 0, hostID: 200000, size: 65536 }];
};

test('each namespace of the default config is new', async (c) => {
  const facts = await c.probe();
  for (const kind of ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup']) {
    assert.notEqual(facts.ns[files[kind] as string], own(kind), kind);
  }
  for (const kind of ['user', 'time']) assert.equal(facts.ns[files[kind] as string], own(kind), kind);
  assert.equal(facts.pid, 1);
});

for (const kind of ['pid', 'network', 'ipc', 'cgroup']) {
  test(`without a new ${kind} namespace the caller's is used`, async (c) => {
    const facts = await c.probe((config) => {
      withoutNamespace(config, kind);
      if (kind === 'network') config.mounts = config.mounts.filter(({ type }) => type !== 'sysfs');
      if (kind === 'ipc') config.mounts = config.mounts.filter(({ type }) => type !== 'mqueue');
    });
    assert.equal(facts.ns[files[kind] as string], own(kind));
    if (kind === 'pid') assert.notEqual(facts.pid, 1);
  });
}

for (const kind of ['network', 'ipc', 'uts', 'pid', 'cgroup', 'user', 'time']) {
  test(`a ${kind} namespace is joined by its path`, async (c) => {
    const first = await c.started(c.command(['/probe', 'pause'], (config) => {
      if (kind === 'user') withUser(config);
      if (kind === 'time') config.linux.namespaces.push({ type: kind });
    }));
    const path = `/proc/${first.pid}/ns/${files[kind]}`;
    assert.notEqual(readlinkSync(path), own(kind), 'the first container has none of its own');
    const facts = await c.probe((config) => {
      withoutNamespace(config, kind);
      config.linux.namespaces.push({ type: kind, path });
      if (kind === 'uts') delete config.hostname;
      if (kind === 'network') config.mounts = config.mounts.filter(({ type }) => type !== 'sysfs');
    });
    assert.equal(facts.ns[files[kind] as string], readlinkSync(path));
    if (kind === 'uts') assert.equal(facts.hostname, 'runc');
    await c.destroy(first.id);
  }, { peers: kind === 'time' ? [{ peer: 'runc 1.1.5', why: 'is from before time namespaces' }] : [] });
}

test('a namespace path that is a namespace of another kind is refused', async (c) => {
  const result = await c.run(c.command(['true'], (config) => {
    withoutNamespace(config, 'ipc');
    config.linux.namespaces.push({ type: 'ipc', path: '/proc/self/ns/net' });
  }));
  assert.equal(result.code, 1);
  assert.notEqual(result.stderr, '');
  await c.nothingLeft();
});

test('a namespace path that does not exist is refused', async (c) => {
  const result = await c.run(c.command(['true'], (config) => {
    withoutNamespace(config, 'network');
    config.linux.namespaces.push({ type: 'network', path: '/run/no-such-namespace' });
  }));
  assert.equal(result.code, 1);
  assert.match(result.stderr, /no-such-namespace/);
  await c.nothingLeft();
});

test('a new network namespace has its loopback up and nothing else', async (c) => {
  const out = await c.sh('ip -o link | cut -d: -f2; ip -o addr show lo');
  assert.match(out, /^ lo$/m);
  assert.match(out, /127\.0\.0\.1/);
});

test('root of a user namespace is mapped', async (c) => {
  const bundle = c.command(['/probe', 'pause'], withUser);
  const { id, pid } = await c.started(bundle);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  assert.match(status, /^Uid:\t100000\t100000\t100000\t100000$/m);
  assert.match(status, /^Gid:\t200000\t200000\t200000\t200000$/m);
  assert.equal(readFileSync(`/proc/${pid}/uid_map`, 'utf8').trim().split(/\s+/).join(' '), '0 100000 65536');
  assert.notEqual(readlinkSync(`/proc/${pid}/ns/user`), own('user'));
  const inside = JSON.parse((await c.rt(['exec', id, '/probe'])).stdout);
  assert.deepEqual(inside.uid, [0, 0, 0]);
  assert.deepEqual(inside.gid, [0, 0, 0]);
});

test('a user namespace with several maps', async (c) => {
  const facts = await c.probe((config) => {
    withUser(config);
    config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 10 }, { containerID: 10, hostID: 300000,
      size: 10 }, { containerID: 1000, hostID: 5000, size: 1 }];
    config.process.user = { uid: 1000, gid: 0 };
  });
  assert.deepEqual(facts.uid, [1000, 1000, 1000]);
});

test('in a user namespace the default devices, /proc and /sys work', async (c) => {
  const out = await c.sh(
    'echo x >/dev/null; head -c 4 /dev/zero | wc -c; ls /proc/1 >/dev/null && ls /sys >/dev/null;' +
      'ls -ld /dev/null | cut -c1',
    withUser,
  );
  assert.equal(out, '4\nc\n');
});

for (const [what, maps] of [
  ['overlap', [{ containerID: 0, hostID: 1000, size: 10 }, { containerID: 5, hostID: 5000, size: 10 }]],
  ['have size 0', [{ containerID: 0, hostID: 1000, size: 0 }]],
  ['overflow', [{ containerID: 0, hostID: 4294967000, size: 4294967295 }]],
] as const) {
  test(`maps that ${what} are refused`, async (c) => {
    const result = await c.run(c.command(['true'], (config) => {
      withUser(config);
      config.linux.uidMappings = [...maps];
    }));
    assert.notEqual(result.code, 0);
    assert.notEqual(result.stderr, '');
    await c.nothingLeft();
  });
}

test('maps without a user namespace are refused or unused', async (c) => {
  const result = await c.run(c.command(['/probe'], (config) => {
    config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  }));
  if (result.code === 0) assert.equal(JSON.parse(result.stdout).ns.user, own('user'));
});

test('a container without a mount namespace is refused', async (c) => {
  const result = await c.run(c.command(['true'], (config) => withoutNamespace(config, 'mount')));
  assert.notEqual(result.code, 0);
  await c.nothingLeft();
}, {
  never: [{ peer: 'crun 1.8.1', why: 'mounts on the host and leaves mounts behind' }, { peer: 'runc 1.1.5',
    why: 'may pivot the root of its caller' }],
});

test('a duplicate namespace is refused', async (c) => {
  const result = await c.run(c.command(['true'], (config) => {
    config.linux.namespaces.push({ type: 'pid' });
  }));
  assert.notEqual(result.code, 0);
  await c.nothingLeft();
}, { peers: [{ peer: 'crun 1.8.1', why: 'starts it without a word' }] });

test('the cgroup namespace hides the path of the container', async (c) => {
  const facts = await c.probe();
  assert.deepEqual(facts.cgroup.filter((line) => line.includes(c.token)), []);
});

test('all processes die with the first of the pid namespace', async (c) => {
  const { id } = await c.started(c.command(['sh', '-c', 'sleep 1000 & sleep 1000 & sleep 0.2']));
  await c.until(id, 'stopped');
  assert.equal((await c.rt(['delete', id])).code, 0);
  await c.nothingLeft();
});

test('delete ends what is left in a shared pid namespace', async (c) => {
  const { id } = await c.started(
    c.command(['sh', '-c', 'sleep 1000 & sleep 0.2'], (config) => withoutNamespace(config, 'pid')),
  );
  await c.until(id, 'stopped');
  const removed = await c.rt(['delete', id]);
  assert.equal(removed.code, 0, removed.stderr);
  await c.nothingLeft();
});

test('kill KILL ends every process of a container in a shared pid namespace', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'child', '3'], (config) => withoutNamespace(config, 'pid')));
  assert.equal((await c.rt(['kill', id, 'KILL'])).code, 0);
  await c.until(id, 'stopped');
  await c.nothingLeft().catch(() => {});
  const remaining = [...(await import('../../support/leak.ts')).processes().values()].filter((line) =>
    /probe child/.test(line)
  );
  assert.deepEqual(remaining.filter((line) => !/\(Z\)/.test(line)), []);
}, { peers: [{ peer: 'crun 1.8.1', why: 'needs --all' }, { peer: 'runc 1.1.5', why: 'needs --all' }] });

test('timeOffsets: the clocks of a new time namespace, also in a user namespace', async (c) => {
  const script = 'cat /proc/self/timens_offsets; cut -d. -f1 /proc/uptime';
  const before = Number(readFileSync('/proc/uptime', 'utf8').split('.')[0]);
  for (const user of [false, true]) {
    const out = await c.sh(script, (config) => {
      config.linux.namespaces.push({ type: 'time' });
      config.linux.timeOffsets = { monotonic: { secs: 7, nanosecs: 5 }, boottime: { secs: 1000000 } };
      if (user) withUser(config);
    });
    const [monotonic = '', boottime = '', uptime = ''] = out.split('\n');
    assert.match(monotonic, /^monotonic +7 +5$/);
    assert.match(boottime, /^boottime +1000000 +0$/);
    assert.ok(Number(uptime) - before - 1000000 < 100 && Number(uptime) - before >= 1000000, out);
  }
}, { peers: [{ peer: 'runc 1.1.5', why: 'is from before time namespaces' }] });

test('the time namespace belongs to the user namespace', async (c) => {
  const first = await c.started(c.command(['/probe', 'pause'], (config) => {
    withUser(config);
    config.linux.namespaces.push({ type: 'time' });
    config.linux.timeOffsets = { boottime: { secs: 60 } };
  }));
  const result = await c.rt(['exec', first.id, 'cat', '/proc/self/timens_offsets']);
  assert.match(result.stdout, /boottime +60/);
  await c.destroy(first.id);
}, { peers: [{ peer: 'runc 1.1.5', why: 'is from before time namespaces' }] });

test('a new user namespace beside the network namespace of the first process', async (c) => {
  const facts = await c.probe((config) => {
    withUser(config);
    withoutNamespace(config, 'network');
    config.linux.namespaces.push({ type: 'network', path: '/proc/1/ns/net' });
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/sys'));
  });
  assert.equal(facts.ns['net'], readlinkSync('/proc/1/ns/net'));
});

test('maps of 340 ranges', async (c) => {
  const ranges = (host: number): { containerID: number; hostID: number; size: number }[] =>
    Array.from({ length: 340 }, (_, index) => ({ containerID: index * 2, hostID: host + index, size: 1 }));
  const out = await c.sh('wc -l </proc/self/uid_map; wc -l </proc/self/gid_map', (config) => {
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = ranges(1000);
    config.linux.gidMappings = ranges(2000);
    config.mounts = config.mounts.filter(({ type }) => type !== 'devpts');
  });
  assert.equal(out.replaceAll(' ', ''), '340\n340\n');
});

test('sysctls of the user namespace, and both separators', async (c) => {
  // A new network namespace begins with the value of the host.
  const other = readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim() === '1' ? '0' : '1';
  const out = await c.sh('cat /proc/sys/user/max_net_namespaces /proc/sys/net/ipv4/ip_forward', (config) => {
    withUser(config);
    config.linux.sysctl = { 'user.max_net_namespaces': '7', 'net/ipv4/ip_forward': other };
  });
  assert.equal(out, `7\n${other}\n`);
  const own = readFileSync('/proc/sys/user/max_net_namespaces', 'utf8');
  assert.notEqual(own, '7\n', 'the host has its own');
  const refused = await c.run(c.command(['true'], (config) => {
    config.linux.sysctl = { 'user.max_net_namespaces': '7' };
  }));
  assert.notEqual(refused.code, 0, "not without a user namespace: it would be the host's");
}, { peers: [{ peer: 'runc 1.1.5', why: 'refuses user.*' }] });

test('inside a user namespace that denies setgroups there can be a further one', async (c) => {
  const facts = await c.probe((config) => {
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = [{ containerID: 0, hostID: 0, size: 1 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 0, size: 1 }];
    config.mounts = config.mounts.filter(({ destination }) => destination !== '/dev/pts');
    delete config.linux.resources;
  }, { prefix: ['unshare', '--map-root-user', '--mount'] });
  assert.equal(facts.uid[0], 0);
});
