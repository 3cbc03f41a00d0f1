import t from 'tap';
import { changeLines, deviceList } from '../../../src/cgroup/device-list.ts';
import type { DeviceList } from '../../../src/cgroup/device-list.ts';
import { deviceRules } from '../../../src/cgroup/device-rules.ts';
import type { Resources, Spec } from '../../../src/generated/config.ts';
import type { Operation } from '../../../src/generated/plan.ts';
import { rdtOfFlags, resourcesOfFlags } from '../../../src/engine/limit-values.ts';
import { compileUpdate } from '../../../src/plan/compile-update.ts';
import { undoOf } from '../../../src/plan/update/before.ts';
import { mergeResources } from '../../../src/plan/update/merge.ts';
import { renderWrites } from '../../../src/plan/update/writes.ts';
import { exactText, replaceValue } from '../../../src/spec/parse/replace.ts';
import { cgroups, context, defaultConfig } from '../plan/support.ts';

/** What an update writes, as --dry-run shows it, without the folders. */
function writes(kept: Resources, update: Resources, mode: 'hybrid' | 'v2'): string[] {
  return renderWrites(operations(kept, update, mode)).trim().split('\n').map((line) => line.replace(/\/sys\S*\//, ''));
}

function operations(
  kept: Resources,
  update: Resources,
  mode: 'hybrid' | 'v2',
  manager: 'cgroupfs' | 'systemd' = 'cgroupfs',
): readonly Operation[] {
  const config = defaultConfig();
  config.linux.resources = kept as Record<string, unknown>;
  return compileUpdate(config as unknown as Spec, mergeResources(kept, update), undefined,
    context({ cgroup: cgroups[mode] }, { cgroupManager: manager })).operations;
}

t.test('systemd is told of new device rules on v1, where it writes its own again', async (t) => {
  const isSent = (update: Resources, mode: 'hybrid' | 'v2'): boolean =>
    operations({}, update, mode, 'systemd')
      .some((entry) =>
        entry.op === 'dbus.send' && entry.calls.some((call) => Buffer.from(call).includes('DeviceAllow'))
      );
  const devices: Resources['devices'] = [{ allow: true, type: 'c', major: 1, minor: 11, access: 'w' }];
  t.equal(isSent({ devices }, 'hybrid'), true);
  t.equal(isSent({ pids: { limit: 5 } }, 'hybrid'), false);
  t.equal(isSent({ devices }, 'v2'), false);
});

t.test('zeros, empty texts and empty lists leave alone', async (t) => {
  const kept: Resources = { memory: { limit: 5 }, cpu: { shares: 7, cpus: '1' }, devices: [{ allow: true }] };
  const { resources, given } = mergeResources(kept, {
    memory: { limit: 0, swap: 0n, disableOOMKiller: false },
    cpu: { shares: 0, cpus: '' },
    devices: [],
    blockIO: { weight: 0 },
  });
  t.equal(given.size, 0);
  t.match(resources, kept);
});

t.test('a text of a zero is a value, and so are swappiness and idle of zero', async (t) => {
  const { given } = mergeResources(undefined, { cpu: { cpus: '0', idle: 0 }, memory: { swappiness: 0 },
    unified: { 'memory.low': '0' } });
  t.same([...given.keys()],
    ['cpu/cpus', 'cpu/idle', 'memory/swappiness', 'unified/memory.low'].map((name) => `/linux/resources/${name}`));
});

t.test('lists take entries in by device, page size and name', async (t) => {
  const { resources, given } = mergeResources(
    { hugepageLimits: [{ pageSize: '2MB', limit: 1 }, { pageSize: '1GB', limit: 2 }],
      blockIO: { weightDevice: [{ major: 8, minor: 0, weight: 10, leafWeight: 11 }] } },
    { hugepageLimits: [{ pageSize: '1GB', limit: 3 }],
      blockIO: { weightDevice: [{ major: 8, minor: 1, weight: 20 }, { major: 8, minor: 0, weight: 30 }] } },
  );
  t.same(resources.hugepageLimits, [{ pageSize: '2MB', limit: 1 }, { pageSize: '1GB', limit: 3 }]);
  t.same(resources.blockIO?.weightDevice, [{ major: 8, minor: 0, weight: 30, leafWeight: 11 }, { major: 8, minor: 1,
    weight: 20 }]);
  t.equal(given.get('/linux/resources/hugepageLimits/1'), '/hugepageLimits/0');
  t.equal(given.get('/linux/resources/blockIO/weightDevice/0'), '/blockIO/weightDevice/1');
});

t.test('only what the update gives is written', async (t) => {
  t.same(writes({ memory: { limit: 1000000 }, pids: { limit: 5 } }, { pids: { limit: 9 } }, 'hybrid'), [
    'pids.max <- 9',
  ]);
  t.same(writes({ memory: { limit: 1000000 }, pids: { limit: 5 } }, { pids: { limit: -1 } }, 'v2'), [
    'pids.max <- max',
  ]);
});

t.test('values that bound each other: the second one goes first when the first one is refused', async (t) => {
  t.same(writes({}, { memory: { limit: 2000000, swap: 3000000 } }, 'hybrid'), [
    'memory.limit_in_bytes <- 2000000',
    '  on EINVAL: memory.memsw.limit_in_bytes <- 3000000',
    'memory.memsw.limit_in_bytes <- 3000000',
    'memory.limit_in_bytes <- 2000000',
  ]);
  t.same(writes({}, { cpu: { period: 50000 } }, 'hybrid'), ['cpu.cfs_period_us <- 50000']);
});

t.test('a lower quota makes room in the burst first', async (t) => {
  const kept = { cpu: { quota: 50000, period: 100000, burst: 40000 } };
  t.same(writes(kept, { cpu: { quota: 20000, burst: 10000 } }, 'v2'), ['cpu.max.burst <- 0', 'cpu.max <- 20000 100000',
    'cpu.max.burst <- 10000']);
  t.same(writes(kept, { cpu: { quota: 20000, burst: 10000 } }, 'hybrid'), ['cpu.cfs_burst_us <- 0',
    'cpu.cfs_quota_us <- 20000', 'cpu.cfs_burst_us <- 10000']);
  t.same(writes({}, { cpu: { burst: 10000 } }, 'v2'), ['cpu.max.burst <- 10000']);
});

t.test('a cgroup that is no longer idle gets its weight back', async (t) => {
  const kept = { cpu: { idle: 1, shares: 512 } };
  t.same(writes(kept, { cpu: { idle: 0 } }, 'hybrid'), ['cpu.idle <- 0', 'cpu.shares <- 512']);
  t.same(writes(kept, { cpu: { idle: 0, shares: 1024 } }, 'v2'), ['cpu.idle <- 0', 'cpu.weight <- 100']);
  t.same(writes({ cpu: { shares: 512 } }, { cpu: { idle: 1 } }, 'hybrid'), ['cpu.idle <- 1']);
  t.same(writes({}, { cpu: { idle: 1, shares: 512 } }, 'hybrid'), ['cpu.shares <- 512', 'cpu.idle <- 1']);
});

t.test('v2: values that are computed of two resources take the kept one', async (t) => {
  t.same(writes({ memory: { limit: 1000000, swap: 3000000 } }, { memory: { limit: 2000000 } }, 'v2'), [
    'memory.swap.max <- 1000000',
    'memory.max <- 2000000',
  ]);
  t.same(writes({ cpu: { quota: 5000, period: 20000 } }, { cpu: { quota: 10000 } }, 'v2'), ['cpu.max <- 10000 20000']);
});

t.test('checkBeforeUpdate looks at what is in use, before anything is written', async (t) => {
  t.match(operations({}, { memory: { limit: 2000000, checkBeforeUpdate: true } }, 'v2')[0], { op: 'cgroup.check',
    file: 'memory.current', limit: 2000000 });
  t.match(operations({}, { memory: { limit: 2000000, checkBeforeUpdate: true } }, 'hybrid')[0], { op: 'cgroup.check',
    file: 'memory.usage_in_bytes' });
  t.equal(
    operations({}, { memory: { limit: -1, checkBeforeUpdate: true } }, 'v2').some(({ op }) => op === 'cgroup.check'),
    false,
  );
});

t.test('what undoes a write', async (t) => {
  const undo = (file: string, value: string): unknown => undoOf({ controller: '', file, value, from: '' }, true);
  t.same(undo('pids.max', '5'), {});
  t.same(undo('memory.oom_control', '1'), { reset: { file: 'memory.oom_control', value: '1' } });
  t.same(undo('io.max', '8:0 rbps=5'), { key: '8:0', reset: { file: 'io.max', value: '8:0 rbps=max' } });
  t.same(undo('blkio.throttle.read_bps_device', '8:0 5'), { key: '8:0',
    reset: { file: 'blkio.throttle.read_bps_device', value: '8:0 0' } });
  t.same(undo('io.weight', '50'), { key: 'default', reset: { file: 'io.weight', value: 'default 100' } });
  t.same(undo('io.weight', '8:0 50'), { key: '8:0', reset: { file: 'io.weight', value: '8:0 default' } });
});

t.test('device rules of v1: only the difference is written, additions first', async (t) => {
  const tty = { allow: true, type: 'c', major: 4, minor: 1, access: 'rw' } as const;
  const fuse = { allow: true, type: 'c', major: 10, minor: 229, access: 'rwm' } as const;
  const list = (...rules: Parameters<typeof deviceRules>[0] & object): DeviceList =>
    deviceList(deviceRules(rules)) as DeviceList;
  const changes = changeLines(list(tty), list(fuse));
  t.same(changes.map(({ allow, value }) => [allow, value]), [[true, 'c 10:229 rwm'], [false, 'c 4:1 rw']]);
  t.same(changeLines(list(tty), list(tty)), []);
  t.match(changeLines(list({ allow: true }), list(tty))[0], { allow: false, value: 'a' },
    'everything is written again where everything was allowed');
  t.match(changeLines(undefined, list(tty))[0], { allow: false, value: 'a' }, 'and where it is not known what was');
  const denials = changeLines(list({ allow: true }, { ...fuse, allow: false }),
    list({ allow: true }, { ...tty, allow: false }));
  t.same(denials.map(({ allow, value }) => [allow, value]), [[false, 'c 4:1 rw'], [true, 'c 10:229 rwm']]);
});

t.test('a device rule is undone by its opposite', async (t) => {
  const [change] = operations({}, { devices: [{ allow: true, type: 'c', major: 10, minor: 229, access: 'rw' }] },
    'hybrid');
  t.match(change, { op: 'cgroup.update', file: 'devices.allow', value: 'c 10:229 rw',
    reset: { file: 'devices.deny', value: 'c 10:229 rw' } });
});

t.test('flags', async (t) => {
  t.same(
    resourcesOfFlags({ memory: '1.5g', 'memory-swap': '-1', 'memory-reservation': '10 KiB', 'cpu-quota': '-1',
      'pids-limit': '7', 'cpuset-cpus': '0' }),
    {
      memory: { limit: 1610612736, swap: -1, reservation: 10240 },
      cpu: { quota: -1, cpus: '0' },
      pids: { limit: 7 },
    },
  );
  t.same(resourcesOfFlags({ root: '/x', 'kernel-memory': '5' }), {});
  for (const options of [{ memory: '5x' }, { memory: '-2' }, { 'cpu-share': '-1' }, { 'pids-limit': '1e3' }]) {
    t.throws(() => resourcesOfFlags(options as Record<string, string>), /-/, JSON.stringify(options));
  }
});

t.test('flags of resctrl', async (t) => {
  t.equal(rdtOfFlags({ memory: '5m' }), undefined);
  t.same(rdtOfFlags({ 'l3-cache-schema': 'L3:0=f', 'mem-bw-schema': 'MB:0=10' }), { l3CacheSchema: 'L3:0=f',
    memBwSchema: 'MB:0=10' });
  for (const options of [{ 'l3-cache-schema': 'MB:0=1' }, { 'mem-bw-schema': 'MB:0=1\nL3:0=f' }]) {
    t.throws(() => rdtOfFlags(options as Record<string, string>), /-/, JSON.stringify(options));
  }
});

t.test('a value is replaced in a text, and nothing else', async (t) => {
  const text = '{\n  "a": {"b": [1, 2], "c": 18446744073709551615},\n  "d": "x"\n}\n';
  t.equal(replaceValue(text, '/a/b', '{}'), text.replace('[1, 2]', '{}'));
  t.equal(replaceValue(text, '/a/x', '5'), text.replace('{"b"', '{"x":5,"b"'));
  t.same(JSON.parse(replaceValue('{}', '/linux/resources', '{"a":1}')), { linux: { resources: { a: 1 } } });
  t.same(JSON.parse(replaceValue('{"linux":{ }}', '/linux/resources', '1')), { linux: { resources: 1 } });
  t.same(JSON.parse(replaceValue('{"x":1}', '/linux/resources/p/q', '1')), { linux: { resources: { p: { q: 1 } } },
    x: 1 });
});

t.test('texts of values keep digits', async (t) => {
  t.equal(exactText({ a: 18446744073709551615n, b: [1, '"'], c: undefined, d: true }),
    '{"a":18446744073709551615,"b":[1,"\\""],"d":true}');
});
