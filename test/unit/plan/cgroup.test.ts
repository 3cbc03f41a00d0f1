import t from 'tap';
import { deviceProgram } from '../../../src/cgroup/device-bpf.ts';
import { deviceList, listLines } from '../../../src/cgroup/device-list.ts';
import type { DeviceLine, DeviceList } from '../../../src/cgroup/device-list.ts';
import { deviceRules } from '../../../src/cgroup/device-rules.ts';
import type { DeviceRule } from '../../../src/cgroup/device-rules.ts';
import type { DeviceRule as SpecRule } from '../../../src/generated/config.ts';
import type { HostOperation } from '../../../src/generated/plan.ts';
import { ioWeight, swapMax, weightOfShares } from '../../../src/cgroup/v2.ts';
import { PlanError } from '../../../src/plan/context.ts';
import { noteFound } from '../../support/codes.ts';
import type { Config } from '../../support/spec.ts';
import { cgroups, find, planOf } from './support.ts';

/** What is written, by file, for resources on a kind of host; alternatives by their first choice. */
function written(resources: Record<string, unknown>, mode: 'hybrid' | 'v2'): Record<string, string> {
  const plan = planOf((config) => {
    config.linux.resources = resources;
  }, { cgroup: cgroups[mode] });
  const writes = find(plan.programs.create, 'cgroup.write').filter(({ file }) => !file.startsWith('devices.'));
  return Object.fromEntries(writes.map(({ file, value }) => [file, value]));
}

/** Code of the error that a function ends in. */
function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof PlanError) return noteFound(error.diagnostic).code;
    throw error;
  }
  return '';
}

const limits = {
  memory: { limit: 1000000, reservation: 500000, swap: 3000000 },
  cpu: { shares: 1024, quota: 50000, period: 200000, burst: 1000, cpus: '0-1', mems: '0' },
  pids: { limit: 32 },
  blockIO: { weight: 100, throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1024 }] },
};

t.test('run.oci.delegate-cgroup', (t) => {
  const ask = (path: string, mode: 'hybrid' | 'v2'): ReturnType<typeof planOf> =>
    planOf((config) => {
      config.annotations = { 'run.oci.delegate-cgroup': path };
    }, { cgroup: cgroups[mode] });
  const { create, init } = ask('in//ner', 'v2').programs;
  const moved = find(create, 'cgroup.move')[0]!.dir.path;
  t.match(moved, /[^/]\/in\/ner$/);
  t.same(find(create, 'cgroup.own').map(({ dir, uid }) => [dir.path, uid]), [[moved, 0]]);
  const order = init!.map(({ op }) => op);
  t.ok(order.indexOf('namespace.unshare') < order.indexOf('sync.signal'), 'the namespace is made before the move');
  for (const path of ['../x', 'a/../../x', '.', '/']) t.equal(codeOf(() => ask(path, 'v2')), 'E0520', path);
  t.equal(codeOf(() => ask('inner', 'hybrid')), 'E0529');
  t.end();
});

t.test('limits on v1', async (t) => {
  t.same(written(limits, 'hybrid'), {
    'cpuset.cpus': '0-1',
    'cpuset.mems': '0',
    'memory.limit_in_bytes': '1000000',
    'memory.memsw.limit_in_bytes': '3000000',
    'memory.soft_limit_in_bytes': '500000',
    'cpu.shares': '1024',
    'cpu.cfs_period_us': '200000',
    'cpu.cfs_quota_us': '50000',
    'cpu.cfs_burst_us': '1000',
    'pids.max': '32',
    'blkio.weight': '100',
    'blkio.throttle.read_bps_device': '8:0 1024',
  });
  const { create } = planOf((config) => {
    config.linux.resources = limits;
  }, { cgroup: cgroups.hybrid }).programs;
  const first = create!.slice(0, create!.findIndex(({ op }) => op === 'process.spawn'));
  const early = ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes', 'cpuset.cpus', 'cpuset.mems'];
  const files = find(first, 'cgroup.write').map(({ file }) => file).filter((file) => !file.startsWith('devices.'));
  t.same(files, early, 'what the kernel takes of an empty cgroup alone comes before any process');
  t.same(
    written({ memory: { limit: 0 }, cpu: { shares: 0, quota: 0 }, pids: { limit: 0 }, blockIO: { weight: 0 } },
      'hybrid'),
    {},
    'zeros limit nothing',
  );
  t.same(written({ memory: { limit: -1 }, pids: { limit: -1 } }, 'hybrid'), { 'memory.limit_in_bytes': '-1',
    'memory.memsw.limit_in_bytes': '-1', 'pids.max': 'max' });
  t.same(written({ cpu: { burst: 0, idle: 0 }, memory: { swappiness: 18446744073709551615n } }, 'hybrid'), {
    'cpu.cfs_burst_us': '0',
    'cpu.idle': '0',
  });
  t.equal(codeOf(() => written({ unified: { 'memory.high': '1' } }, 'hybrid')), 'E0506', 'v2 only');
  t.equal(codeOf(() => written({ rdma: { mlx: { hcaHandles: 1 } } }, 'hybrid')), 'E0505', 'no such hierarchy');
});

t.test('limits on v2', async (t) => {
  t.same(written(limits, 'v2'), {
    'cpuset.cpus': '0-1',
    'cpuset.mems': '0',
    'memory.swap.max': '2000000',
    'memory.max': '1000000',
    'memory.low': '500000',
    'cpu.weight': '100',
    'cpu.max': '50000 200000',
    'cpu.max.burst': '1000',
    'pids.max': '32',
    'io.bfq.weight': '100',
    'io.max': '8:0 rbps=1024',
  });
  t.same(written({ memory: { limit: -1 }, cpu: { quota: -1 }, pids: { limit: -1 } }, 'v2'), {
    'memory.swap.max': 'max',
    'memory.max': 'max',
    'cpu.max': 'max 100000',
    'pids.max': 'max',
  });
  t.same(
    written({ unified: { 'memory.high': '10' }, hugepageLimits: [{ pageSize: '2MB', limit: 4096 }],
      rdma: { mlx: { hcaHandles: 1, hcaObjects: 2 } } }, 'v2'),
    {
      'hugetlb.2MB.max': '4096',
      'hugetlb.2MB.rsvd.max': '4096',
      'rdma.max': 'mlx hca_handle=1 hca_object=2',
      'memory.high': '10',
    },
  );
  t.equal(codeOf(() => written({ memory: { swappiness: 10 } }, 'v2')), 'E0506', 'v1 only');
  t.equal(codeOf(() => written({ blockIO: { weightDevice: [{ major: 8, minor: 0, leafWeight: 10 }] } }, 'v2')), 'E0506',
    'v1 only');
  const several = planOf((config) => {
    config.linux.resources = { unified: { 'io.max': '8:0 rbps=1\n8:16 rbps=2\n' } };
  }, { cgroup: cgroups.v2 });
  t.same(find(several.programs.create, 'cgroup.write').map(({ value }) => value), ['8:0 rbps=1', '8:16 rbps=2'],
    'a write for each line');
});

t.test('a limit of no tasks', async (t) => {
  const limit = (ociVersion: string): readonly string[] =>
    find(planOf((config) => {
      config.ociVersion = ociVersion;
      config.linux.resources = { pids: { limit: 0 } };
    }, { cgroup: cgroups.v2 }).programs.create, 'cgroup.write').map(({ value }) => value);
  t.same(limit('1.2.1'), [], 'before 1.3 it is not set');
  t.same(limit('1.3.0'), ['1']);
  t.same(limit('2.0.0'), ['1']);
});

t.test('conversions', async (t) => {
  t.same([0, 2, 3, 512, 1024, 2048, 262144, 999999].map(weightOfShares), [1, 1, 2, 59, 100, 174, 10000, 10000]);
  t.same([10, 100, 1000].map(ioWeight), [1, 910, 10000]);
  t.same(
    [[100, 300], [100, 100], [100, 0], [100, -1], [-1, 0], [-1, 300], [0, 300]].map(([limit, swap]) =>
      swapMax(limit!, swap!)
    ),
    ['200', '0', undefined, 'max', 'max', undefined, undefined],
  );
});

t.test('places', async (t) => {
  const dirs = (path: string | undefined, mode: 'hybrid' | 'v2'): string[] => {
    const plan = planOf((config) => {
      if (path !== undefined) config.linux.cgroupsPath = path;
    }, { cgroup: cgroups[mode] });
    return find(plan.programs.create, 'cgroup.create').map(({ dir }) => `${dir.mount}/${dir.path}`);
  };
  t.ok(dirs(undefined, 'hybrid').includes('/sys/fs/cgroup/memory/own/box'), "below the caller's own");
  t.ok(dirs('/a/b', 'hybrid').includes('/sys/fs/cgroup/memory/a/b'));
  t.ok(dirs('a', 'hybrid').includes('/sys/fs/cgroup/memory/own/a'));
  t.same(dirs(undefined, 'v2'), ['/sys/fs/cgroup/user.slice/box'], "beside the caller's own");
  t.same(dirs('/a//./b', 'v2'), ['/sys/fs/cgroup/a/b']);
  t.same(dirs('a', 'v2'), ['/sys/fs/cgroup/user.slice/a']);
  const none = planOf(() => {}, {}, { cgroupManager: 'disabled' });
  t.same(find(none.programs.create, 'cgroup.create'), []);
  t.same(find(none.programs.stager, 'cgroup.join'), []);
});

/** Lines of device rules for cgroup v1. */
function lines(...rules: readonly SpecRule[]): readonly DeviceLine[] {
  return listLines(deviceList(deviceRules(rules)) as DeviceList);
}

t.test('device rules of v1', async (t) => {
  const plain = lines();
  t.same(plain.map(({ value }) => value).slice(0, 4), ['a', 'c *:* m', 'b *:* m', 'c 1:3 rwm']);
  t.equal(plain[0]!.allow, false, 'everything is denied even without resources');
  t.ok(plain.some(({ allow, value }) => allow && value === 'c 10:200 rwm'), 'tun, as with runc and crun');
  t.same(lines({ allow: true }).map(({ allow, value }) => [allow, value]), [[true, 'a']],
    'a privileged container needs one write');
  const named = lines({ allow: true, major: 10, access: 'r' }, { allow: true, type: 'b', major: 8, minor: 20,
    access: 'rw' });
  t.same(named.map(({ value }) => value).slice(0, 5), ['a', 'c 10:* r', 'b 10:* r', 'b 8:20 rw', 'c *:* m'],
    'devices.list has what the configuration names first, in its order');
  const twice = lines({ allow: true, type: 'c', major: 1, minor: 3, access: 'r' }, { allow: true, type: 'c', major: 1,
    minor: 3, access: 'w' });
  t.equal(twice.filter(({ value }) => value.startsWith('c 1:3 ')).length, 1, 'one line for each device');
});

/** What the kernel makes of lines (security/device_cgroup.c): a verdict, and exceptions that only an equal one takes away. */
function kernelAllows(
  written: readonly DeviceLine[],
  type: string,
  access: string,
  major: number,
  minor: number,
): boolean {
  let verdict = true;
  let exceptions: { device: string; access: Set<string> }[] = [];
  for (const { allow, value } of written) {
    if (value === 'a') {
      verdict = allow;
      exceptions = [];
      continue;
    }
    const [device, rights] = [value.slice(0, value.lastIndexOf(' ')), value.slice(value.lastIndexOf(' ') + 1)];
    const known = exceptions.find((exception) => exception.device === device);
    if (allow === verdict) { for (const right of rights) known?.access.delete(right); }
    else if (known === undefined) exceptions.push({ device, access: new Set(rights) });
    else for (const right of rights) known.access.add(right);
  }
  const fitting = exceptions.filter(({ device }) => {
    const [, kind, first, second] = /^(.) (.*):(.*)$/.exec(device)!;
    return kind === type && (first === '*' || Number(first) === major) && (second === '*' || Number(second) === minor);
  });
  if (verdict) return !fitting.some((exception) => [...access].some((right) => exception.access.has(right)));
  return fitting.some((exception) => [...access].every((right) => exception.access.has(right)));
}

const ruleSets: readonly (readonly SpecRule[])[] = [
  [],
  [{ allow: true }],
  [{ allow: true }, { allow: false, type: 'c', major: 1, minor: 3, access: 'w' }],
  [{ allow: false }, { allow: true, type: 'c', major: 10, minor: 229, access: 'r' }, { allow: true, type: 'c',
    major: 10, minor: 229, access: 'w' }],
  [{ allow: true, type: 'c', major: 10, access: 'r' }, { allow: true, type: 'c', major: 10, minor: 229, access: 'w' }],
  [{ allow: true, type: 'b', major: 8, minor: 1, access: 'rw' }, { allow: true, type: 'b', major: 8, minor: 3,
    access: 'rw' }, { allow: false, type: 'b', major: 8, access: 'w' }],
  [{ allow: true, major: 10, minor: 229, access: 'rw' }, { allow: false, access: 'w' }],
  [{ allow: true }, { allow: false, type: 'b', major: 8, minor: 1, access: 'rwm' }, { allow: false, type: 'b', major: 8,
    minor: 3, access: 'rw' }, { allow: true, type: 'b', access: 'r' }],
];

/** Asks for every access to some devices; the questions that two answers differ in. */
function differences(one: (...question: [string, string, number, number]) => boolean, other: typeof one): string[] {
  const found: string[] = [];
  for (const type of ['b', 'c'])
    for (const access of ['m', 'r', 'w', 'rw', 'rm', 'wm', 'rwm'])
      for (const major of [0, 1, 5, 8, 10, 136])
        for (const minor of [0, 1, 3, 9, 200, 229]) {
          if (one(type, access, major, minor) !== other(type, access, major, minor))
            found.push(
              `${type} ${major}:${minor} ${access}`,
            );
        }
  return found;
}

t.test('the kernel keeps on v1 what the rules say', async (t) => {
  // The kernel asks for the right to make nodes alone, and so does this list.
  for (const rules of ruleSets) {
    const rest = differences((...question) => kernelAllows(lines(...rules), ...question), (...question) =>
      decide(deviceRules(rules), ...question));
    t.same(rest.filter((question) => question.endsWith(' m') || !question.includes('m')), [], JSON.stringify(rules));
  }
});

t.test('rules apply in their order, those of every container first', async (t) => {
  const mayMake = (...rules: SpecRule[]): boolean[] => [
    kernelAllows(lines(...rules), 'c', 'm', 240, 7),
    run(deviceProgram(deviceRules(rules)), 2, 1, 240, 7),
    decide(deviceRules(rules), 'c', 'm', 240, 7),
  ];
  const denied: SpecRule = { allow: false, type: 'c', major: 240, minor: 7, access: 'm' };
  t.same(mayMake({ allow: true, access: 'rwm' }, denied), [false, false, false]);
  t.same(mayMake({ allow: true, access: 'rwm' }, denied, { ...denied, allow: true }), [true, true, true]);
  t.same(mayMake(denied, { allow: true, access: 'rwm' }), [true, true, true]);
  t.same(mayMake({ allow: false, access: 'rwm' }), [true, true, true], 'what every container may do');
  t.same(mayMake({ allow: false, access: 'rwm' }, denied), [true, false, false], 'v1 cannot keep all nodes but one');
});

t.test('nodes of the container are made before the rules deny them', async (t) => {
  const devices: SpecRule[] = [{ allow: true, access: 'rwm' }, { allow: false, type: 'c', major: 240, minor: 7,
    access: 'm' }];
  const created = (node: boolean, mode: 'hybrid' | 'v2', rules = devices): readonly HostOperation[] =>
    planOf((config) => {
      config.linux.resources = { devices: rules };
      if (node) config.linux.devices = [{ path: '/dev/own', type: 'c', major: 240, minor: 7 }];
    }, { cgroup: cgroups[mode] }).programs.create!.slice(-2) as HostOperation[];
  const [ready, denial] = created(true, 'hybrid');
  t.match(ready, { op: 'sync.await', point: 'created' });
  t.match(denial, { op: 'cgroup.write', file: 'devices.deny', value: 'c 240:7 m', from: '/linux/resources/devices/1' });
  t.match(created(true, 'v2')[1], { op: 'cgroup.devices' });
  t.match(created(false, 'hybrid')[1], { op: 'sync.await' }, 'nothing is written twice without need');
  t.match(created(true, 'v2', [])[1], { op: 'sync.await' });
});

t.test('thousands of rules take no more time than their number', async (t) => {
  const rules = Array.from({ length: 20000 },
    (_, index): SpecRule => ({ allow: index % 3 !== 2, type: 'c', major: 300 + index % 500, minor: index,
      access: 'rw' }));
  const begun = performance.now();
  t.equal(lines(...rules).length - lines().length, rules.filter(({ allow }) => allow).length, 'all are kept');
  t.ok(performance.now() - begun < 3000, 'it takes milliseconds');
});

t.test('on v1 no rule makes a hole in a wider one: the kernel would ignore it without a word', async (t) => {
  const hole = (...devices: SpecRule[]): () => unknown => () =>
    planOf((config) => {
      config.linux.resources = { devices };
    }, { cgroup: cgroups.hybrid });
  const punched: readonly (readonly SpecRule[])[] = [
    [{ allow: true, type: 'c', major: 10, access: 'rw' }, { allow: false, type: 'c', major: 10, minor: 229,
      access: 'w' }],
    [{ allow: true }, { allow: false, type: 'b' }, { allow: true, type: 'b', major: 8 }],
    [{ allow: true, type: 'c', major: 10, access: 'rw' }, { allow: false, type: 'c', minor: 1 }],
  ];
  for (const rules of punched) t.equal(codeOf(hole(...rules)), 'E0516', JSON.stringify(rules));
  t.doesNotThrow(hole({ allow: true }, { allow: false, type: 'c', major: 1 }), 'what every container may do yields');
  t.doesNotThrow(
    hole({ allow: true, type: 'c', major: 10, access: 'r' }, { allow: false, type: 'c', major: 10, minor: 229,
      access: 'w' }),
    'no right in common',
  );
});

/** Runs a device program as the kernel does; true = allowed. */
function run(program: Uint8Array, type: number, access: number, major: number, minor: number): boolean {
  const view = new DataView(program.buffer);
  const context = [(access << 16) | type, major, minor];
  const r = new Array<number>(11).fill(0);
  for (let pc = 0, steps = 0; steps < 10000; pc++, steps++) {
    const start = pc * 8;
    const [code, dst, src] = [view.getUint8(start), view.getUint8(start + 1) & 15, view.getUint8(start + 1) >> 4];
    const [offset, value] = [view.getInt16(start + 2, true), view.getInt32(start + 4, true)];
    if (code === 0x61) r[dst] = context[offset / 4]!;
    else if (code === 0xb4) r[dst] = value;
    else if (code === 0xbc) r[dst] = r[src]!;
    else if (code === 0x54) r[dst] = (r[dst]! & value) >>> 0;
    else if (code === 0x74) r[dst] = r[dst]! >>> value;
    else if (code === 0x05) pc += offset;
    else if (code === 0x15) pc += r[dst] === value ? offset : 0;
    else if (code === 0x55) pc += r[dst] !== value ? offset : 0;
    else if (code === 0x95) return r[0] === 1;
    else throw new Error(`unknown instruction ${code}`);
  }
  throw new Error('no end');
}

/** What rules mean: for each right, the last rule that is about it decides. */
function decide(rules: readonly DeviceRule[], type: string, access: string, major: number, minor: number): boolean {
  return [...access].every((right) =>
    rules.findLast((rule) =>
      (rule.type === 'a' || rule.type === type) && rule.access.includes(right)
      && (rule.major < 0 || rule.major === major) && (rule.minor < 0 || rule.minor === minor)
    )?.allow === true
  );
}

t.test('the device program does what the rules say', async (t) => {
  const bits = (access: string): number => [...access].reduce((sum, right) => sum | { m: 1, r: 2, w: 4 }[right]!, 0);
  const holes: readonly (readonly SpecRule[])[] = [
    [{ allow: false, access: 'rwm' }, { allow: true, type: 'b', major: 8, access: 'r' }, { allow: false, type: 'b',
      major: 8, minor: 1, access: 'rwm' }, { allow: true, type: 'a', minor: 229, access: 'rw' }],
  ];
  for (const configured of [...ruleSets, ...holes]) {
    const rules = deviceRules(configured);
    const program = deviceProgram(rules);
    t.equal(program.length % 8, 0);
    t.same(differences(
      (type, access, major, minor) => run(program, type === 'b' ? 1 : 2, bits(access), major, minor),
      (...question) => decide(rules, ...question),
    ), [], JSON.stringify(configured));
  }
  const own = deviceProgram(deviceRules(undefined));
  t.ok(run(own, 2, 6, 1, 3), 'null can be read and written');
  t.notOk(run(own, 1, 2, 8, 0), "disks can't be read");
});

t.test('the cgroup is given to the user of the container', async (t) => {
  const change = (options: string[], more: (config: Config) => void = () => {}) => (config: Config): void => {
    config.mounts = config.mounts.filter(({ destination }) => destination !== '/sys/fs/cgroup');
    config.mounts.push({ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options });
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'cgroup');
    config.linux.namespaces.push({ type: 'cgroup' });
    more(config);
  };
  const owners = (work: (config: Config) => void, mode: 'v2' | 'hybrid' = 'v2'): number[] =>
    find(planOf(work, { cgroup: cgroups[mode] }).programs.create, 'cgroup.own').map(({ uid }) => uid);
  t.same(owners(change(['rw'])), [0]);
  t.same(owners(change([], (config) => {
    config.process.user = { uid: 5, gid: 5 };
  })), [5]);
  t.same(owners(change(['rw'], (config) => {
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  })), [100000]);
  t.same(owners(change(['ro'])), [], 'mounted read-only');
  t.same(owners(change(['rw']), 'hybrid'), [], 'v1');
  t.same(owners(change(['rw'], (config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'cgroup');
  })), [], 'no cgroup namespace');
});
