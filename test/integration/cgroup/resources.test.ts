// linux.resources: every property is read back from the kernel, on v1 and on v2.
import '../../support/host/every-controller.ts';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { assert, type PeerMark, test, unified } from '../../support/case.ts';
import { hasCgroupFile } from '../../support/host/cgroup-file.ts';
import type { Context } from '../../support/context.ts';
import { noRealTime } from '../../support/host/real-time.ts';

const folder = (controller: string, id: string): string => join('/sys/fs/cgroup', unified ? '' : controller, id);

/** Whether this host has a file for a controller. */
const has = (controller: string, file: string): boolean =>
  hasCgroupFile(join('/sys/fs/cgroup', unified ? '' : controller), file);

/** A block device of the host as MAJOR and MINOR: whole disks alone can be throttled. */
const disk = existsSync('/sys/block')
  ? readdirSync('/sys/block').find((name) => /^(vd|sd|nvme|xvd|loop0)/.test(name))
  : undefined;
const [major, minor] = disk === undefined
  ? [0, 0]
  : readFileSync(`/sys/block/${disk}/dev`, 'utf8').trim().split(':').map(Number) as [number, number];
const device = `${major}:${minor}`;

/** BFQ weighs cgroups by a file of its own, and it alone weighs devices. */
const byBfq = has('io', 'io.bfq.weight');
const weighs = disk !== undefined && readFileSync(`/sys/block/${disk}/queue/scheduler`, 'utf8').includes('[bfq]');
const rdma = existsSync('/sys/class/infiniband') ? readdirSync('/sys/class/infiniband')[0] : undefined;

type Expected = readonly [controller: string, file: string, value: string | RegExp];
interface Seen {
  resources: Record<string, unknown>;
  v1?: Expected;
  v2?: Expected;
}
interface Row extends Seen {
  name: string;
  version?: string;
  disk?: true;
  weighed?: true;
  rdma?: true;
  /** An update, and what is seen after it. */
  then?: Seen;
}

const rows: readonly Row[] = [
  { name: 'memory.swap', resources: { memory: { limit: 67108864, swap: 100663296 } },
    v1: ['memory', 'memory.memsw.limit_in_bytes', '100663296'], v2: ['memory', 'memory.swap.max', '33554432'],
    then: { resources: { memory: { limit: 50331648, swap: 67108864 } },
      v1: ['memory', 'memory.memsw.limit_in_bytes', '67108864'], v2: ['memory', 'memory.swap.max', '16777216'] } },
  { name: 'memory.swap equal to the limit', resources: { memory: { limit: 67108864, swap: 67108864 } },
    v1: ['memory', 'memory.memsw.limit_in_bytes', '67108864'], v2: ['memory', 'memory.swap.max', '0'] },
  { name: 'memory.swap -1', resources: { memory: { limit: 67108864, swap: -1 } },
    v1: ['memory', 'memory.limit_in_bytes', '67108864'], v2: ['memory', 'memory.swap.max', 'max'],
    then: { resources: { memory: { limit: 134217728, swap: 134217728 } },
      v1: ['memory', 'memory.memsw.limit_in_bytes', '134217728'], v2: ['memory', 'memory.swap.max', '0'] } },
  { name: 'memory.kernelTCP', resources: { memory: { kernelTCP: 8388608 } },
    v1: ['memory', 'memory.kmem.tcp.limit_in_bytes', '8388608'],
    then: { resources: { memory: { kernelTCP: 16777216 } },
      v1: ['memory', 'memory.kmem.tcp.limit_in_bytes', '16777216'] } },
  { name: 'memory.swappiness 0', resources: { memory: { swappiness: 0 } }, v1: ['memory', 'memory.swappiness', '0'],
    then: { resources: { memory: { swappiness: 40 } }, v1: ['memory', 'memory.swappiness', '40'] } },
  { name: 'cpu.burst', resources: { cpu: { quota: 50000, period: 100000, burst: 20000 } },
    v1: ['cpu', 'cpu.cfs_burst_us', '20000'], v2: ['cpu', 'cpu.max.burst', '20000'],
    then: { resources: { cpu: { burst: 0 } }, v1: ['cpu', 'cpu.cfs_burst_us', '0'],
      v2: ['cpu', 'cpu.max.burst', '0'] } },
  { name: 'cpu.idle', resources: { cpu: { idle: 1 } }, v1: ['cpu', 'cpu.idle', '1'], v2: ['cpu', 'cpu.idle', '1'],
    then: { resources: { cpu: { idle: 0, shares: 512 } }, v1: ['cpu', 'cpu.shares', '512'],
      v2: ['cpu', 'cpu.weight', '59'] } },
  { name: 'cpu.shares and idle 0', resources: { cpu: { shares: 1024, idle: 0 } }, v1: ['cpu', 'cpu.shares', '1024'],
    v2: ['cpu', 'cpu.weight', '100'],
    then: { resources: { cpu: { shares: 512 } }, v1: ['cpu', 'cpu.shares', '512'], v2: ['cpu', 'cpu.weight', '59'] } },
  { name: 'cpu.shares, the least', resources: { cpu: { shares: 2 } }, v1: ['cpu', 'cpu.shares', '2'],
    v2: ['cpu', 'cpu.weight', '1'] },
  { name: 'cpu.shares, the most', resources: { cpu: { shares: 262144 } }, v1: ['cpu', 'cpu.shares', '262144'],
    v2: ['cpu', 'cpu.weight', '10000'] },
  { name: 'cpu.quota -1', resources: { cpu: { quota: -1, period: 50000 } }, v1: ['cpu', 'cpu.cfs_quota_us', '-1'],
    v2: ['cpu', 'cpu.max', 'max 50000'],
    then: { resources: { cpu: { quota: 20000 } }, v1: ['cpu', 'cpu.cfs_quota_us', '20000'],
      v2: ['cpu', 'cpu.max', '20000 50000'] } },
  { name: 'cpu.period alone', resources: { cpu: { period: 50000 } }, v1: ['cpu', 'cpu.cfs_period_us', '50000'],
    v2: ['cpu', 'cpu.max', 'max 50000'],
    then: { resources: { cpu: { quota: 10000 } }, v1: ['cpu', 'cpu.cfs_quota_us', '10000'],
      v2: ['cpu', 'cpu.max', '10000 50000'] } },
  { name: 'cpu.realtimePeriod', resources: { cpu: { realtimePeriod: 500000 } },
    v1: ['cpu', 'cpu.rt_period_us', '500000'],
    then: { resources: { cpu: { realtimePeriod: 400000 } }, v1: ['cpu', 'cpu.rt_period_us', '400000'] } },
  { name: 'cpu.realtimeRuntime', resources: { cpu: { realtimePeriod: 500000, realtimeRuntime: 10000 } },
    v1: ['cpu', 'cpu.rt_runtime_us', '10000'],
    then: { resources: { cpu: { realtimeRuntime: 5000 } }, v1: ['cpu', 'cpu.rt_runtime_us', '5000'] } },
  { name: 'pids.limit 0 of version 1.3', resources: { pids: { limit: 0 } }, version: '1.3.0',
    v1: ['pids', 'pids.max', '1'], v2: ['pids', 'pids.max', '1'] },
  { name: 'pids.limit 0 of version 1.2', resources: { pids: { limit: 0 } }, version: '1.2.0',
    v1: ['pids', 'pids.max', 'max'], v2: ['pids', 'pids.max', 'max'] },
  { name: 'hugepageLimits',
    resources: { hugepageLimits: [{ pageSize: '2MB', limit: 4194304 }],
      then: { resources: { hugepageLimits: [{ pageSize: '2MB', limit: 2097152 }] },
        v1: ['hugetlb', 'hugetlb.2MB.limit_in_bytes', '2097152'], v2: ['hugetlb', 'hugetlb.2MB.max', '2097152'] } },
    v1: ['hugetlb', 'hugetlb.2MB.limit_in_bytes', '4194304'], v2: ['hugetlb', 'hugetlb.2MB.max', '4194304'] },
  { name: 'hugepageLimits, reserved',
    resources: { hugepageLimits: [{ pageSize: '2MB', limit: 4194304 }],
      then: { resources: { hugepageLimits: [{ pageSize: '2MB', limit: 6291456 }] },
        v1: ['hugetlb', 'hugetlb.2MB.rsvd.limit_in_bytes', '6291456'],
        v2: ['hugetlb', 'hugetlb.2MB.rsvd.max', '6291456'] } },
    v1: ['hugetlb', 'hugetlb.2MB.rsvd.limit_in_bytes', '4194304'], v2: ['hugetlb', 'hugetlb.2MB.rsvd.max', '4194304'] },
  { name: 'network.classID', resources: { network: { classID: 1048577 } },
    v1: ['net_cls', 'net_cls.classid', '1048577'],
    then: { resources: { network: { classID: 1048578 } }, v1: ['net_cls', 'net_cls.classid', '1048578'] } },
  { name: 'network.priorities', resources: { network: { priorities: [{ name: 'lo', priority: 3 }] } },
    v1: ['net_prio', 'net_prio.ifpriomap', /^lo 3$/m],
    then: { resources: { network: { priorities: [{ name: 'lo', priority: 5 }] } },
      v1: ['net_prio', 'net_prio.ifpriomap', /^lo 5$/m] } },
  { name: 'blockIO.weight', resources: { blockIO: { weight: 500 } }, v1: ['blkio', 'blkio.bfq.weight', '500'],
    v2: byBfq ? ['io', 'io.bfq.weight', 'default 500'] : ['io', 'io.weight', 'default 4950'],
    then: { resources: { blockIO: { weight: 100 } }, v1: ['blkio', 'blkio.bfq.weight', '100'],
      v2: byBfq ? ['io', 'io.bfq.weight', 'default 100'] : ['io', 'io.weight', 'default 910'] } },
  { name: 'blockIO.weightDevice', weighed: true,
    resources: { blockIO: { weightDevice: [{ major, minor, weight: 500 }] } },
    v1: ['blkio', 'blkio.bfq.weight_device', new RegExp(`^${device} 500$`, 'm')],
    v2: ['io', 'io.bfq.weight', new RegExp(`^${device} 500$`, 'm')],
    then: { resources: { blockIO: { weightDevice: [{ major, minor, weight: 70 }] } },
      v1: ['blkio', 'blkio.bfq.weight_device', new RegExp(`^${device} 70$`, 'm')],
      v2: ['io', 'io.bfq.weight', new RegExp(`^${device} 70$`, 'm')] } },
  { name: 'blockIO: more operations than the kernel counts', disk: true,
    resources: { blockIO: { throttleReadIOPSDevice: [{ major, minor, rate: 4294967296 }] } },
    v1: ['blkio', 'blkio.throttle.read_iops_device', ''] },
  { name: 'cpu.cpus: all', resources: { cpu: { cpus: 'all' } },
    v1: ['cpuset', 'cpuset.cpus', readFileSync('/sys/devices/system/cpu/online', 'utf8').trim()] },
  { name: 'unified: empty', resources: { unified: {}, pids: { limit: 9 } }, v1: ['pids', 'pids.max', '9'],
    v2: ['pids', 'pids.max', '9'] },
  { name: 'rdma', resources: { rdma: { [rdma ?? '']: { hcaHandles: 3, hcaObjects: 10000 } } }, rdma: true,
    v1: ['rdma', 'rdma.max', new RegExp(`^${rdma} hca_handle=3 hca_object=10000$`, 'm')],
    v2: ['rdma', 'rdma.max', new RegExp(`^${rdma} hca_handle=3 hca_object=10000$`, 'm')],
    then: { resources: { rdma: { [rdma ?? '']: { hcaHandles: 5 } } },
      v1: ['rdma', 'rdma.max', new RegExp(`^${rdma} hca_handle=5 hca_object=10000$`, 'm')],
      v2: ['rdma', 'rdma.max', new RegExp(`^${rdma} hca_handle=5 hca_object=10000$`, 'm')] } },
  ...([['throttleReadBpsDevice', 'read_bps', 'rbps'], ['throttleWriteBpsDevice', 'write_bps', 'wbps'], [
    'throttleReadIOPSDevice',
    'read_iops',
    'riops',
  ], ['throttleWriteIOPSDevice', 'write_iops', 'wiops']] as const)
    .map(([property, v1, v2]): Row => ({
      name: `blockIO.${property}`,
      disk: true,
      resources: { blockIO: { [property]: [{ major, minor, rate: 1048576 }] } },
      v1: ['blkio', `blkio.throttle.${v1}_device`, `${device} 1048576`],
      v2: ['io', 'io.max', new RegExp(`^${device} .*${v2}=1048576`)],
      then: { resources: { blockIO: { [property]: [{ major, minor, rate: 2097152 }] } },
        v1: ['blkio', `blkio.throttle.${v1}_device`, `${device} 2097152`],
        v2: ['io', 'io.max', new RegExp(`^${device} .*${v2}=2097152`)] },
    })),
  { name: 'unified: several lines', disk: true,
    resources: { unified: { 'io.max': `${device} rbps=1048576\n${device} wiops=77\n` } },
    v2: ['io', 'io.max', `${device} rbps=1048576 wbps=max riops=max wiops=77`],
    then: { resources: { unified: { 'io.max': `${device} rbps=2097152` } },
      v2: ['io', 'io.max', `${device} rbps=2097152 wbps=max riops=max wiops=77`] } },
  { name: 'unified: memory.oom.group', resources: { unified: { 'memory.oom.group': '1' } },
    v2: ['memory', 'memory.oom.group', '1'],
    then: { resources: { unified: { 'memory.oom.group': '0' } }, v2: ['memory', 'memory.oom.group', '0'] } },
  { name: 'unified wins', resources: { cpu: { shares: 1024 }, unified: { 'cpu.weight': '77' } },
    v2: ['cpu', 'cpu.weight', '77'] },
];

/** Peers whose update leaves something out. */
const updatePeers = (name: string): PeerMark[] => [
  ...(/swappiness|network|Device/.test(name)
    ? [{ peer: 'runc 1.1.5', why: 'its update knows no more than memory, time, tasks and the weight' }]
    : []),
  ...(/quota -1|eight/.test(name) ? [{ peer: 'crun 1.8.1', why: 'cannot do it at create either' }] : []),
];

async function created(c: Context, { resources, version }: Row): Promise<string> {
  const result = await c.create(c.command(['/probe', 'pause'], (config) => {
    config.linux.resources = { devices: [{ allow: false, access: 'rwm' }], ...resources };
    if (version !== undefined) config.ociVersion = version;
  }));
  assert.equal(result.code, 0, result.stderr);
  return result.id;
}

const expectedOf = (seen: Seen): Expected | undefined => (unified ? seen.v2 : seen.v1);

function check(id: string, [controller, file, value]: Expected): void {
  const seen = readFileSync(join(folder(controller, id), file), 'utf8').trim();
  if (typeof value === 'string') assert.equal(seen, value, file);
  else assert.match(seen, value, file);
}

for (const row of rows) {
  const expected = expectedOf(row);
  const skip = expected === undefined
    ? `no equivalent on cgroup ${unified ? 'v2' : 'v1'}`
    : !has(expected[0], expected[1])
    ? `this host has no ${expected[1]}`
    : (row.disk || row.weighed) && disk === undefined
    ? 'no block device here'
    : row.weighed && !weighs
    ? 'no block device with the scheduler BFQ here'
    : row.rdma && rdma === undefined
    ? 'no RDMA device here'
    : row.name === 'cpu.realtimeRuntime' && noRealTime();
  const peers = [
    ...(/shares, the|shares and/.test(row.name) && unified
      ? [{ peer: 'crun 1.8.1', why: 'the older formula' }, { peer: 'runc 1.1.5', why: 'the older formula' }]
      : []),
    ...(/version 1.3|burst|idle|kernelTCP|reserved|several lines/.test(row.name)
      ? [{ peer: 'runc 1.1.5', why: 'newer than it' }, { peer: 'crun 1.8.1', why: 'newer than it' }]
      : []),
  ];
  test(`resources: ${row.name}`, async (c) => check(await created(c, row), expected!), { skip, peers });

  const { then } = row;
  const later = then && expectedOf(then);
  if (then === undefined || (later === undefined && skip === false)) continue;
  test(`update: ${row.name}`, async (c) => {
    const id = await created(c, row);
    const result = await c.rt(['update', '--resources', '-', id], { input: JSON.stringify(then.resources) });
    assert.equal(result.code, 0, result.stderr);
    check(id, later!);
  }, { skip, peers: [...peers, ...updatePeers(row.name)] });
}

// The scheduler that knew them left with version 5.0 of the kernel.
for (const [name, blockIO, file] of [
  ['leafWeight', { leafWeight: 300 }, 'blkio.leaf_weight'],
  ['weightDevice.leafWeight', { weightDevice: [{ major, minor, leafWeight: 300 }] }, 'blkio.leaf_weight_device'],
] as const) {
  const known = has('blkio', file);
  const create = (c: Context): ReturnType<Context['create']> =>
    c.create(c.command(['/probe', 'pause'], (config) => {
      config.linux.resources = { blockIO: { ...blockIO } };
    }));

  test(`resources: blockIO.${name}`, async (c) => {
    const { id, code, stderr } = await create(c);
    assert.equal(code, 0, stderr);
    assert.ok(readFileSync(join(folder('blkio', id), file), 'utf8').includes('300'));
  }, { skip: known ? false : 'this kernel has no leaf weights' });

  test(`resources: blockIO.${name} is refused by name where the kernel has none`, async (c) => {
    const { code, stderr } = await create(c);
    assert.equal(code, 1);
    assert.match(stderr, /leaf_?weight/i);
    await c.nothingLeft();
  }, { skip: known ? 'this kernel has leaf weights' : false,
    peers: [{ peer: 'crun 1.8.1', why: 'its cgroups stay behind' }] });
}

for (const [name, resources, file] of [
  ['a processor that does not exist', { cpu: { cpus: '4000-4001' } }, 'cpuset.cpus'],
  ['a burst above the quota', { cpu: { quota: 10000, period: 100000, burst: 90000 } }, 'cpu.burst'],
  ['huge pages of an unknown size', { hugepageLimits: [{ pageSize: '3MB', limit: 1 }] }, 'hugetlb.3MB'],
  ['a device that does not exist', { blockIO: { throttleReadBpsDevice: [{ major: 250, minor: 77, rate: 1 }] } },
    unified ? 'io.max' : 'blkio.throttle.read_bps_device'],
] as const) {
  test(`${name}: the error names the file and the line, and nothing stays`, async (c) => {
    const result = await c.create(c.command(['true'], (config) => {
      config.linux.resources = resources as Record<string, unknown>;
    }));
    assert.equal(result.code, 1);
    assert.ok(result.stderr.includes(file), result.stderr);
    assert.match(result.stderr, /config\.json:\d+:\d+/);
    await c.nothingLeft();
  }, { only: 'veloci',
    skip: file.startsWith('hugetlb') && !has('hugetlb', unified ? 'hugetlb.2MB.max' : 'hugetlb.2MB.limit_in_bytes')
      ? 'no hugetlb hierarchy here'
      : false });
}
