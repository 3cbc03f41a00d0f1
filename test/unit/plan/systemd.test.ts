import t from 'tap';
import { array, marshalCall, text } from '../../../src/cgroup/dbus.ts';
import { parseVariant } from '../../../src/cgroup/gvariant.ts';
import { annotatedProperties, propertiesV2 } from '../../../src/cgroup/systemd-properties.ts';
import { unitOf } from '../../../src/cgroup/systemd-unit.ts';
import type { Value } from '../../../src/cgroup/dbus.ts';
import type { CgroupFacts } from '../../../src/generated/protocol.ts';
import { PlanError } from '../../../src/plan/context.ts';
import { noteFound } from '../../support/codes.ts';
import { cgroups, find, planOf } from './support.ts';

function bytesOf(value: Value | undefined): string {
  if (value === undefined) return 'nothing';
  const message = Buffer.from(
    marshalCall({ destination: 'a.b', path: '/', interface: 'c.d', member: 'E', body: [value] }, 1).bytes,
  );
  const body = message.readUInt32LE(4);
  return `${value.signature} ${message.toString('hex', message.length - body)}`;
}

t.test('a message has the bytes of the specification', async (t) => {
  const { bytes } = marshalCall({ destination: 'a.b', path: '/', interface: 'c.d', member: 'E', body: [text('hé')] },
    7);
  const hex = Buffer.from(bytes).toString('hex');
  t.equal(hex.slice(0, 24), '6c0100010800000007000000', 'order, type, flags, version, length of the body, serial');
  t.equal(bytes.length % 8, 0, 'the body begins at a multiple of 8, and has 8 bytes');
  t.ok(hex.endsWith('0300000068c3a900'), 'length, UTF-8, NUL');
  t.equal(bytesOf(array('t', [])), 'at 0000000000000000', 'padding to the first element counts for no length');
});

t.test('GVariant text', async (t) => {
  for (const [source, expected] of [
    ['15', 'i 0f000000'],
    ['-1', 'i ffffffff'],
    ['uint64 10000000', 't 8096980000000000'],
    ['0x10', 'i 10000000'],
    ['byte 0x1f', 'y 1f'],
    ['true', 'b 01000000'],
    ["'a\\'b'", 's 0300000061276200'],
    ['"x"', 's 010000007800'],
    ["['a']", 'as 06000000010000006100'],
    ['@as []', 'as 00000000'],
    ['@at [1]', 'at 08000000000000000100000000000000'],
    ["('a', 1)", '(si) 01000000610000000' + '1000000'],
    ["objectpath '/a'", 'o 020000002f6100'],
    ['1.5', 'd 000000000000f83f'],
    ['<1>', 'v 01690000' + '01000000'],
  ] as const) t.equal(bytesOf(parseVariant(source)), expected, source);
  for (const source of ['', 'uint16 70000', '3000000000', "'a", "[1, 'a']", '[]', '1 2', 'x', 'byte -1',
    "objectpath 'a'", '[[[[[[[[[[1]]]]]]]]]]', "uint64 '5'"])
  {
    t.equal(parseVariant(source), undefined, source);
  }
});

t.test('annotations that are properties', async (t) => {
  const names = (annotations: Record<string, string>): unknown[] =>
    annotatedProperties(annotations)
      .map((entry) => ('property' in entry ? [entry.property[0], bytesOf(entry.property[1])] : entry.problem));
  const prefix = 'org.systemd.property.';
  t.same(names({ [`${prefix}KillSignal`]: '15', other: 'x' }), [['KillSignal', 'i 0f000000']]);
  t.same(names({ [`${prefix}TimeoutStopUSec`]: 'uint64 1' }), [['TimeoutStopUSec', 't 0100000000000000']]);
  t.same(names({ [`${prefix}TimeoutStopSec`]: 'uint64 2' }), [['TimeoutStopUSec', 't 80841e0000000000']],
    'seconds become microseconds');
  t.same(names({ [`${prefix}PIDs`]: '[1]' }), ['name'], 'no processes');
  t.same(names({ [`${prefix}A-b`]: '1' }), ['name']);
  t.same(names({ [`${prefix}KillMode`]: 'control-group' }), ['value'], 'a text needs quotes');
});

t.test('units', async (t) => {
  t.same(unitOf('', 'box', false), { slice: 'system.slice', name: 'veloci-box.scope',
    path: '/system.slice/veloci-box.scope' });
  t.same(unitOf('', 'box', true)?.slice, 'user.slice');
  t.same(unitOf('machine-a.slice:libpod:x', 'box', false)?.path, '/machine.slice/machine-a.slice/libpod-x.scope');
  t.same(unitOf('system.slice::x', 'box', false)?.name, 'x.scope');
  t.same(unitOf('-.slice:a:b', 'box', false)?.path, '/a-b.scope');
  t.same(unitOf(':a:b+c', 'box', false)?.name, 'a-b\\x2bc.scope', 'escaped');
  t.same(unitOf('::pod-1.slice', 'box', false), { slice: '', name: 'pod-1.slice', path: '/pod.slice/pod-1.slice' });
  for (const asked of ['/a/b', 'a:b', 'a:b:', 'a:b:c:d', 'x.service:b:c', 'a--b.slice:b:c', '../x.slice:a:b',
    'a.slice:b:c/d'])
  {
    t.equal(unitOf(asked, 'box', false), undefined, asked);
  }
  t.equal(unitOf('::a-b-c.slice', 'box', false)?.path, '/a.slice/a-b.slice/a-b-c.slice');
});

t.test('limits as properties', async (t) => {
  const of = (resources: Parameters<typeof propertiesV2>[0]): Record<string, string> =>
    Object.fromEntries(propertiesV2(resources, false).map(([name, value]) => [name, bytesOf(value)]));
  t.same(of({ cpu: { quota: 50000, period: 100000, cpus: '0,2-3,9' }, pids: { limit: -1 } }), {
    CPUQuotaPerSecUSec: 't 20a1070000000000',
    CPUQuotaPeriodUSec: 't a086010000000000',
    AllowedCPUs: 'ay 020000000d02',
    TasksMax: 't ffffffffffffffff',
  });
  t.same(of({ unified: { 'memory.high': 'max', 'cpu.max': '1000 10000', 'io.max': 'x' } }), {
    MemoryHigh: 't ffffffffffffffff',
    CPUQuotaPerSecUSec: 't a086010000000000',
    CPUQuotaPeriodUSec: 't 1027000000000000',
  });
  t.same(of({ memory: { limit: 0, swap: 0 }, cpu: { shares: 0 }, pids: { limit: 0 } }), {}, 'zeros limit nothing');
});

t.test('plans of the systemd manager', async (t) => {
  const flags = { cgroupManager: 'systemd' } as const;
  const plan = planOf(() => {}, { cgroup: cgroups.v2 }, flags);
  const [start] = find(plan.programs.create, 'dbus.send');
  t.equal(start?.job, true);
  t.ok(start!.pidAt! > 0 && start!.pidAt! <= start!.calls[1]!.length - 4, 'a place for the pid');
  t.same(start?.sockets.map(({ path }) => path), ['/run/systemd/private', '/run/dbus/system_bus_socket']);
  t.same(find(plan.programs.create, 'cgroup.create'), [], 'systemd makes it');
  t.equal(find(plan.programs.create, 'cgroup.find').length, 1, 'and it is remembered which one that is');
  const order = plan.programs.create!.map(({ op }) => op).filter((op) => op === 'state.keep' || op === 'dbus.send');
  t.same(order, ['state.keep', 'dbus.send'], 'a command that follows a crash can stop the unit');
  t.same(find(plan.programs.stager, 'cgroup.join').map(({ dir }) => dir.path), ['system.slice/veloci-box.scope']);
  t.equal(find(plan.programs.delete, 'dbus.send').length, 1);
  const sliceOf = (cgroupsPath: string, cgroup: CgroupFacts): string =>
    find(planOf((config) => {
      config.linux!.cgroupsPath = cgroupsPath;
    }, { cgroup }, flags).programs.create, 'state.record')[0]!.slice;
  t.equal(sliceOf('a-b.slice:x:y', cgroups.v2), 'a.slice/a-b.slice',
    'what systemd does not remove still has the count');
  t.equal(sliceOf('-.slice:x:y', cgroups.v2), '', 'the root counts nothing');
  t.equal(sliceOf('::z.slice', cgroups.v2), '', 'a slice stays itself');
  t.equal(sliceOf('a-b.slice:x:y', cgroups.hybrid), '', 'v1 has the memory controller');
  const user = { rootless: true, euid: 1000, cgroup: cgroups.v2 };
  const code = (work: () => unknown): string => {
    try {
      work();
    } catch (error) {
      if (error instanceof PlanError) return noteFound(error.diagnostic).code;
      throw error;
    }
    return '';
  };
  t.equal(code(() => planOf(() => {}, user, flags)), 'E0513', 'a user has no manager without a runtime directory');
  const own = planOf(() => {}, { ...user, runtimeDir: '/run/user/1000' }, flags);
  t.same(find(own.programs.stager, 'cgroup.join')[0]?.dir.path,
    'user.slice/user-1000.slice/user@1000.service/user.slice/veloci-box.scope');
  for (const mode of ['v1', 'hybrid'] as const) {
    const here = { ...user, runtimeDir: '/run/user/1000', cgroup: cgroups[mode] };
    t.equal(code(() =>
      planOf((config) => {
        config.linux.resources = { pids: { limit: 5 } };
      }, here, flags)
    ), 'E0533', 'no controller for a user');
    const { create } = planOf((config) => {
      config.linux.resources = { devices: [{ allow: false }] };
    }, here, flags).programs;
    t.ok(
      create!.filter((entry) =>
        entry.op === 'cgroup.create' || (entry.op === 'alt' && entry.try.op === 'cgroup.create')
      ).every(({ op }) => op === 'alt'),
      'what is refused is left out',
    );
  }
  t.equal(code(() =>
    planOf((config) => {
      config.linux.cgroupsPath = '/a';
    }, { cgroup: cgroups.v2 }, flags)
  ), 'E0581');
  t.equal(code(() =>
    planOf((config) => {
      config.linux.cgroupsPath = 'a:b:c';
    }, { cgroup: cgroups.v2 })
  ), 'E0584');
  t.equal(code(() =>
    planOf((config) => {
      config.annotations = { 'org.systemd.property.Slice': "'x'" };
    }, { cgroup: cgroups.v2 }, flags)
  ), 'E0582');
  const below = (mode: 'v2' | 'hybrid'): ReturnType<typeof planOf> =>
    planOf((config) => {
      config.annotations = { 'run.oci.systemd.subgroup': 'container' };
    }, { cgroup: cgroups[mode] }, flags);
  t.same(find(below('v2').programs.stager, 'cgroup.join').map(({ dir }) => dir.path), [
    'system.slice/veloci-box.scope/container',
  ]);
  t.equal(code(() => below('hybrid')), 'E0529');
});

t.test('an idle cgroup is told to systemd when its files are written', async (t) => {
  const plan = planOf((config) => {
    config.linux.resources = { cpu: { idle: 1 } };
  }, { cgroup: cgroups.v2 }, { cgroupManager: 'systemd' });
  const [, idle, ...others] = find(plan.programs.create, 'dbus.send');
  t.equal(others.length, 0);
  t.same(idle?.accept, ['org.freedesktop.DBus.Error.InvalidArgs'],
    'systemd before version 252 does not know the value');
  const position = (op: string): number => plan.programs.create!.findLastIndex((operation) => operation.op === op);
  t.ok(position('cgroup.write') < position('dbus.send'));
});
