import t from 'tap';
import type { Operation } from '../../../src/generated/plan.ts';
import { MountAttrFlag } from '../../../src/generated/plan.ts';
import type { HostFacts } from '../../../src/generated/protocol.ts';
import type { Mount } from '../../support/spec.ts';
import { parametersOf } from '../../../src/spec/mount-options.ts';
import { addUser, cgroups, find, planOf } from './support.ts';

const { rdonly, nosuid, nodev, noexec, noatime, strictatime } = MountAttrFlag;

/** The operations that one more mount leads to. */
function opsOf(mount: Mount, changes: Partial<HostFacts> = {}, more?: Parameters<typeof planOf>[0]): Operation[] {
  const plan = planOf((config) => {
    more?.(config);
    config.mounts = [mount];
  }, changes);
  return (plan.programs.init ?? []).filter(({ from }) => from.startsWith('/mounts/'));
}

function optionsOf(...options: string[]): Operation {
  return opsOf({ destination: '/x', type: 'bind', source: '/src', options })[0]!;
}

t.test('bind mounts', async (t) => {
  t.match(optionsOf('bind'), { op: 'mount.bind', source: '/src', recursive: false, set: 0, clear: 0,
    propagation: 'keep', target: '/x' });
  t.match(optionsOf('rbind', 'ro', 'rprivate'), { recursive: true, set: rdonly, clear: 0, setAll: 0,
    propagation: 'rprivate' });
  t.match(optionsOf('rbind', 'rro'), { set: 0, setAll: rdonly });
  t.match(optionsOf('bind', 'ro', 'rw'), { set: 0, clear: rdonly }, 'the last one counts');
  t.match(optionsOf('bind', 'nosuid', 'nodev', 'noexec', 'suid'), { set: nodev | noexec, clear: nosuid });
  t.match(optionsOf('bind', 'noatime'), { set: noatime, clear: 0x70 }, 'the access time field is cleared as a whole');
  t.match(optionsOf('bind', 'strictatime', 'relatime'), { set: 0, clear: 0x70 });
  t.match(optionsOf('bind', 'noatime', 'atime'), { set: 0, clear: 0x70 });
  t.match(opsOf({ destination: 'rel/x/', source: 'data', options: ['bind'] })[0], { source: '/bundle/data',
    target: '/rel/x' });
  t.match(opsOf({ destination: '/x//y/.', type: 'none', source: '/s', options: ['rbind'] })[0], { op: 'mount.bind',
    target: '/x/y' });
});

t.test('in a new user namespace of root the host opens the source', async (t) => {
  const plan = planOf((config) => {
    addUser(config);
    config.mounts = ['a', 'b'].map((name) => ({ destination: `/${name}`, source: `/src/${name}`, options: ['rbind'] }));
  });
  const host = (plan.programs.create ?? []).filter(({ from }) => from.startsWith('/mounts/'));
  t.same(host.map(({ op }) => op), ['fd.open', 'fd.send', 'fd.open', 'fd.send']);
  t.match(host[0], { path: '/src/a', form: 'recursiveTree' });
  const init = (plan.programs.init ?? []).filter(({ from }) => from.startsWith('/mounts/'));
  t.same(init.map(({ op }) => op), ['fd.receive', 'mount.bind', 'fd.receive', 'mount.bind']);
  t.equal(find(init, 'mount.bind')[0]!.source, undefined);
  t.equal(find(init, 'mount.bind')[0]!.slot, find(init, 'fd.receive')[0]!.slot);
});

t.test('file systems', async (t) => {
  t.match(opsOf({ destination: '/proc', type: 'proc', source: 'proc' }), [{ op: 'mount.fs', type: 'proc',
    directory: true, attr: 0 }]);
  t.match(
    opsOf({ destination: '/t', type: 'tmpfs', source: 'tmpfs',
      options: ['nosuid', 'size=1k', 'mode=1777', 'strictatime', 'tmpcopyup'] }),
    [
      { attr: nosuid | strictatime, options: [{ key: 'size', value: '1k' }, { key: 'mode', value: '1777' }],
        copyUp: true, directory: false },
    ],
  );
  t.match(opsOf({ destination: '/t', type: 'tmpfs', options: ['ro'] }), [
    { op: 'mount.fs', attr: 0 },
    { op: 'mount.attr', set: rdonly, target: '/t' },
  ], 'a tmpfs becomes read-only when everything in it is made');
  t.match(opsOf({ destination: '/d', type: 'ext4', source: '/dev/sda1', options: ['ro', 'sync', 'data=ordered'] }), [
    { attr: rdonly, options: [{ key: 'sync' }, { key: 'data', value: 'ordered' }, { key: 'ro' }] },
  ], 'a disk is mounted read-only itself');
  t.match(opsOf({ destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro'] }), [{ attr: rdonly,
    options: [] }]);
  t.match(opsOf({ destination: '/x', type: 'none', options: ['remount', 'ro', 'nosuid'] }), [{ op: 'mount.attr',
    set: rdonly | nosuid, target: '/x' }]);
});

t.test('fall-backs', async (t) => {
  const [pts] = opsOf({ destination: '/dev/pts', type: 'devpts', options: ['newinstance', 'gid=5'] });
  t.match(pts, { op: 'alt', onErrno: [22], try: { options: [{ key: 'newinstance' }, { key: 'gid', value: '5' }] },
    else: { options: [{ key: 'newinstance' }] } });
  const sysfs: Mount = { destination: '/sys', type: 'sysfs', options: ['ro', 'nosuid'] };
  const [sys] = opsOf(sysfs, {}, (config) => {
    addUser(config);
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'network');
  });
  t.match(sys, { op: 'alt', try: { op: 'mount.fs' },
    else: { op: 'alt', onErrno: [38],
      try: { op: 'mount.bind', source: '/sys', recursive: true, set: rdonly | nosuid, setAll: rdonly | nosuid },
      else: { op: 'mount.bind', source: '/sys', recursive: true, setAll: 0 } } });
  t.equal(opsOf(sysfs, {}, addUser)[0]!.op, 'mount.fs', 'not needed with a network namespace');
  t.equal(opsOf(sysfs)[0]!.op, 'mount.fs', 'nor without a user namespace');
});

t.test('cgroup mounts', async (t) => {
  const mount: Mount = { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro', 'nosuid'] };
  const noNamespace = (config: Parameters<Parameters<typeof planOf>[0]>[0]): void => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'cgroup');
  };
  const bound = opsOf(mount, {}, noNamespace);
  t.match(bound[0], { op: 'mount.fs', type: 'tmpfs', attr: nosuid });
  t.match(find(bound, 'mount.bind').map(({ source, target, set }) => [source, target, set]).slice(0, 3), [
    ['/sys/fs/cgroup/cpu,cpuacct/box', '/sys/fs/cgroup/cpu,cpuacct', rdonly | nosuid],
    ['/sys/fs/cgroup/cpuset/box', '/sys/fs/cgroup/cpuset', rdonly | nosuid],
    ['/sys/fs/cgroup/memory/own/box', '/sys/fs/cgroup/memory', rdonly | nosuid],
  ]);
  t.match(find(bound, 'path.symlink').map(({ path, target }) => [path, target]), [
    ['/sys/fs/cgroup/cpu', 'cpu,cpuacct'],
    ['/sys/fs/cgroup/cpuacct', 'cpu,cpuacct'],
  ]);
  t.match(bound.at(-1), { op: 'mount.attr', target: '/sys/fs/cgroup', set: rdonly });
  const mounted = find(opsOf(mount), 'mount.fs').filter(({ type }) => type === 'cgroup');
  t.match(mounted[0], { options: [{ key: 'cpu' }, { key: 'cpuacct' }], target: '/sys/fs/cgroup/cpu,cpuacct',
    attr: rdonly | nosuid });
  t.match(mounted.at(-1), { options: [{ key: 'none' }, { key: 'name', value: 'systemd' }],
    target: '/sys/fs/cgroup/systemd' });
  t.match(opsOf(mount, { cgroup: cgroups.v2 }), [
    { op: 'alt', try: { type: 'cgroup2', attr: rdonly | nosuid },
      else: { op: 'mount.bind', source: '/sys/fs/cgroup/user.slice/box', set: rdonly | nosuid } },
  ]);
});

t.test('devices', async (t) => {
  const devices = [
    { path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o660, uid: 1, gid: 2 },
    { path: '/dev/null', type: 'c', major: 1, minor: 3, fileMode: 0o600 },
    { path: '/dev/pipe', type: 'p' },
  ];
  const plan = planOf((config) => {
    config.linux.devices = devices;
  });
  const nodes = find(plan.programs.init, 'device.node');
  t.same(nodes.map(({ path }) => path), [
    '/dev/zero',
    '/dev/full',
    '/dev/random',
    '/dev/urandom',
    '/dev/tty',
    '/dev/fuse',
    '/dev/null',
    '/dev/pipe',
  ], 'a configured device replaces the default one');
  t.match(nodes[5], { kind: 'char', major: 10, minor: 229, mode: 0o660, uid: 1, gid: 2, from: '/linux/devices/0' });
  t.match(nodes[7], { kind: 'fifo', mode: 0o666 });
  const mapped = planOf((config) => {
    config.linux.devices = devices;
    addUser(config);
  });
  t.same(find(mapped.programs.init, 'device.node').map(({ path }) => path), ['/dev/pipe'], 'bound in a user namespace');
  t.ok(
    find(mapped.programs.init, 'mount.bind').some(({ source, target }) =>
      source === '/dev/zero' && target === '/dev/zero'
    ),
  );
  t.match(find(mapped.programs.create, 'device.open')[0], { kind: 'char', major: 10, minor: 229, uid: 100001,
    gid: 100002 }, 'those of the configuration are made outside');
  t.ok(
    find(mapped.programs.init, 'mount.bind').some(({ slot, target }) => slot !== undefined && target === '/dev/fuse'),
  );
  const host = planOf((config) => {
    config.mounts.push({ destination: '/dev', source: '/dev', options: ['rbind'] });
  });
  t.same(find(host.programs.init, 'device.node'), [], "the host's /dev is left alone");
  t.same(find(host.programs.init, 'path.symlink').filter(({ path }) => path.startsWith('/dev')), []);
});

t.test('id-mapped mounts are mapped by the host', async (t) => {
  const plan = (options: string[], more: object = {}, user = true): unknown[] =>
    (planOf((config) => {
      if (user) addUser(config);
      config.mounts = [{ destination: '/x', source: '/s', options, ...more }];
    }).programs.create ?? []).filter(({ from }) => from.startsWith('/mounts/'));
  t.match(plan(['rbind', 'ridmap']), [
    { op: 'fd.open', form: 'recursiveTree', follow: true },
    { op: 'mount.idmap', recursive: true, uidMap: '0 100000 65536\n', gidMap: '0 100000 65536\n',
      from: '/mounts/0/options/1' },
    { op: 'fd.send' },
  ], 'by the maps of the container');
  const uidMappings = [{ containerID: 1, hostID: 2, size: 3 }];
  t.match(plan(['bind', 'idmap'], { uidMappings, gidMappings: uidMappings }, false)[1], { recursive: false,
    uidMap: '1 2 3\n', path: undefined });
  t.match(plan(['bind', 'idmap=uids=@5-7-1#0-3-1;gids=9-9-9'])[1], { uidMap: '5 100007 1\n0 3 1\n',
    gidMap: '9 9 9\n' });
});

t.test('options of crun, of superblocks, and remount', async (t) => {
  t.match(optionsOf('bind', 'src-nofollow', 'dest-nofollow'), { links: 3 });
  t.match(optionsOf('bind', 'copy-symlink'), { links: 4 });
  t.match(opsOf({ destination: '/t', type: 'tmpfs', options: ['rsync', 'iversion', 'silent', 'lazytime'] }), [{
    options: [{ key: 'sync' }, { key: 'lazytime' }],
  }]);
  t.match(opsOf({ destination: '/t', type: 'ext4', source: '/dev/sda1', options: ['iversion', 'noiversion'] }), [{
    options: [{ key: 'i_version' }],
  }]);
  t.same(parametersOf('lowerdir=/a\\,b:/c,upperdir=/u,,context="s0:c1,c2",mpol=bind:0,2'), ['lowerdir=/a\\,b:/c',
    'upperdir=/u', 'context="s0:c1,c2"', 'mpol=bind:0,2']);
  t.match(opsOf({ destination: '/t', type: 'overlay', options: ['lowerdir=/l,upperdir=/u', 'workdir=/w'] }), [{
    options: [{ key: 'lowerdir', value: '/l' }, { key: 'upperdir', value: '/u' }, { key: 'workdir', value: '/w' }],
  }]);
  t.match(opsOf({ destination: '/t', type: 'tmpfs', options: ['remount', 'size=1m', 'nosuid'] }), [
    { op: 'mount.reconfigure', options: [{ key: 'size', value: '1m' }] },
    { op: 'mount.attr', set: nosuid },
  ]);
});

t.test('network devices and Intel RDT', async (t) => {
  const plan = planOf((config) => {
    config.linux.netDevices = { eth0: {}, 'eth1': { name: 'net%d' } };
    config.linux.timeOffsets = { boottime: { secs: 5 }, monotonic: { nanosecs: 6 } };
    config.linux.namespaces.push({ type: 'time' });
    config.linux.intelRdt = { l3CacheSchema: 'L3:0=f', memBwSchema: 'MB:0=50', schemata: ['L2:0=1'],
      enableMonitoring: true };
  });
  const host = plan.programs.create ?? [];
  t.match(find(host, 'net.move'), [{ device: 'eth0', name: 'eth0', from: '/linux/netDevices/eth0' }, { device: 'eth1',
    name: 'net%d' }]);
  t.match(find(plan.programs.stager ?? [], 'time.offsets'), [{ content: 'monotonic 0 6\nboottime 5 0\n' }]);
  t.match(find(host, 'rdt.join'), [{ form: 'own', compare: ['L3:0=f', 'MB:0=50'],
    schemata: 'L3:0=f\nMB:0=50\nL2:0=1\n' }]);
  t.match(find(plan.programs.delete ?? [], 'rdt.remove'), [{ own: true }]);
  const joins = (intelRdt: object): unknown =>
    find(planOf((config) => {
      config.linux.intelRdt = intelRdt;
    }).programs.create ?? [], 'rdt.join')[0];
  t.match(joins({ closID: 'a' }), { group: 'a', form: 'present', schemata: '', monitor: undefined });
  t.match(joins({ closID: 'a', schemata: ['L3:0=1'] }), { group: 'a', form: 'shared', compare: [] });
  t.match(joins({ closID: '/' }), { group: '', form: 'present' });
});

t.test('SELinux: the program and its session keyring get the label', async (t) => {
  const label = 'system_u:system_r:container_t:s0';
  const { init = [] } = planOf((config) => {
    config.process['selinuxLabel'] = label;
  }, { lsm: { apparmor: false, selinux: true } }).programs;
  const labels = find(init, 'label.exec');
  t.match(labels, [{ file: 'keyCreate', value: label }, { file: 'exec', value: label }]);
  t.ok(init.indexOf(labels[0]!) < init.findIndex(({ op }) => op === 'session.new'));
});

t.test('/dev/core is a link only where it leads somewhere', async (t) => {
  for (const kcore of [true, false]) {
    const links = find(planOf(() => {}, { kcore }).programs.init, 'path.symlink').map(({ path }) => path);
    t.equal(links.includes('/dev/core'), kcore);
    t.ok(links.includes('/dev/fd'));
  }
});
