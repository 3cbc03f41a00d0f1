// Limits under --systemd-cgroup: what the kernel has, and what systemd believes, after create, after update, and after
// systemd has written its own view of the unit again.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { hasCgroupFile } from '../../support/host/cgroup-file.ts';
import { call, folder, hierarchy, readBack, reason, runtime, setUp, show, start, test, unified,
  unitOf } from '../../support/host/systemd.ts';

type Values = Readonly<Record<string, string>>;
interface Limits {
  readonly files: Values;
  readonly unit: Values;
}
interface Row {
  readonly name: string;
  readonly create: object;
  readonly after: Limits;
  readonly update?: object;
  readonly updated?: Limits;
  /** Systemd knows better when it writes the unit again. */
  readonly rewritten?: boolean;
  /** A file that only some kernels have. */
  readonly needs?: string;
}

const disk = existsSync('/sys/block')
  ? readdirSync('/sys/block').find((name) => /^(vd|sd|nvme|xvd)/.test(name))
  : undefined;
const device = disk === undefined ? '' : readFileSync(`/sys/block/${disk}/dev`, 'utf8').trim();
const [major, minor] = device.split(':').map(Number);

const rdma = existsSync('/sys/class/infiniband') ? readdirSync('/sys/class/infiniband')[0] ?? '' : '';

const v2: readonly Row[] = [
  { name: 'memory', create: { memory: { limit: 67108864, swap: 100663296, reservation: 33554432 } },
    after: { files: { 'memory.max': '67108864', 'memory.swap.max': '33554432', 'memory.low': '33554432' },
      unit: { MemoryMax: '67108864', MemorySwapMax: '33554432', MemoryLow: '33554432' } },
    update: { memory: { limit: -1, swap: -1, reservation: 16777216 } },
    updated: { files: { 'memory.max': 'max', 'memory.swap.max': 'max', 'memory.low': '16777216' },
      unit: { MemoryMax: 'infinity', MemorySwapMax: 'infinity', MemoryLow: '16777216' } } },
  { name: 'swap equal to memory', create: { memory: { limit: 67108864, swap: 67108864 } },
    after: { files: { 'memory.max': '67108864', 'memory.swap.max': '0' },
      unit: { MemoryMax: '67108864', MemorySwapMax: '0' } }, update: { memory: { limit: 134217728, swap: 167772160 } },
    updated: { files: { 'memory.max': '134217728', 'memory.swap.max': '33554432' },
      unit: { MemoryMax: '134217728', MemorySwapMax: '33554432' } } },
  { name: 'cpu time', create: { cpu: { shares: 512, quota: 50000, period: 200000, burst: 20000 } },
    after: { files: { 'cpu.weight': '59', 'cpu.max': '50000 200000', 'cpu.max.burst': '20000' },
      unit: { CPUWeight: '59', CPUQuotaPerSecUSec: '250ms', CPUQuotaPeriodUSec: '200ms' } },
    update: { cpu: { shares: 2048, quota: 100000, burst: 0 } },
    updated: { files: { 'cpu.weight': '174', 'cpu.max': '100000 200000', 'cpu.max.burst': '0' },
      unit: { CPUWeight: '174', CPUQuotaPerSecUSec: '500ms' } } },
  { name: 'cpu time without a limit', create: { cpu: { quota: 50000, period: 100000 } },
    after: { files: { 'cpu.max': '50000 100000' }, unit: { CPUQuotaPerSecUSec: '500ms' } },
    update: { cpu: { quota: -1 } },
    updated: { files: { 'cpu.max': 'max 100000' }, unit: { CPUQuotaPerSecUSec: 'infinity' } } },
  { name: 'idle', create: { cpu: { idle: 1 } }, after: { files: { 'cpu.idle': '1' }, unit: { CPUWeight: 'idle' } },
    update: { cpu: { quota: 50000, period: 100000 } },
    updated: { files: { 'cpu.idle': '1', 'cpu.max': '50000 100000' }, unit: {} } },
  { name: 'no longer idle', create: { cpu: { idle: 1 } }, after: { files: { 'cpu.idle': '1' }, unit: {} },
    update: { cpu: { idle: 0 } }, updated: { files: { 'cpu.idle': '0', 'cpu.weight': '100' }, unit: {} } },
  { name: 'idle, and then a weight', create: { cpu: { idle: 1 } }, after: { files: { 'cpu.idle': '1' }, unit: {} },
    update: { cpu: { idle: 0, shares: 512 } },
    updated: { files: { 'cpu.idle': '0', 'cpu.weight': '59' }, unit: { CPUWeight: '59' } } },
  { name: 'cpuset', create: { cpu: { cpus: '0', mems: '0' } },
    after: { files: { 'cpuset.cpus': '0', 'cpuset.mems': '0' }, unit: { AllowedCPUs: '0', AllowedMemoryNodes: '0' } },
    update: { cpu: { cpus: '0-1' } },
    updated: { files: { 'cpuset.cpus': '0-1', 'cpuset.mems': '0' },
      unit: { AllowedCPUs: '0-1', AllowedMemoryNodes: '0' } } },
  { name: 'tasks', create: { pids: { limit: 77 } }, after: { files: { 'pids.max': '77' }, unit: { TasksMax: '77' } },
    update: { pids: { limit: -1 } }, updated: { files: { 'pids.max': 'max' }, unit: { TasksMax: 'infinity' } } },
  { name: 'block devices', create: {
    blockIO: { weight: 500, throttleReadBpsDevice: [{ major, minor, rate: 1048576 }],
      throttleWriteIOPSDevice: [{ major, minor, rate: 77 }] },
  },
    after: { files: { 'io.weight': 'default 4950', 'io.max': `${device} rbps=1048576 wbps=max riops=max wiops=77` },
      unit: { IOWeight: '4950' } }, update: { blockIO: { weight: 100 } },
    updated: { files: { 'io.weight': 'default 910', 'io.max': `${device} rbps=1048576 wbps=max riops=max wiops=77` },
      unit: { IOWeight: '910' } } },
  { name: 'huge pages', needs: 'hugetlb.2MB.max', create: { hugepageLimits: [{ pageSize: '2MB', limit: 4194304 }] },
    after: { files: { 'hugetlb.2MB.max': '4194304', 'hugetlb.2MB.rsvd.max': '4194304' }, unit: {} } },
  { name: 'rdma', needs: 'rdma.max', create: { rdma: { [rdma]: { hcaHandles: 3, hcaObjects: 10000 } } },
    after: { files: { 'rdma.max': `${rdma} hca_handle=3 hca_object=10000` }, unit: {} },
    update: { rdma: { [rdma]: { hcaHandles: 5 } } },
    updated: { files: { 'rdma.max': `${rdma} hca_handle=5 hca_object=10000` }, unit: {} } },
  // Systemd writes memory.oom.group itself; since version 253 by OOMPolicy of scopes, and also when the unit starts.
  ...(Number(/^systemd (\d+)/.exec(call('systemctl', ['--version']).stdout)?.[1]) > 252
    ? []
    : [{ name: 'unified memory.oom.group', rewritten: true, create: { unified: { 'memory.oom.group': '1' } },
      after: { files: { 'memory.oom.group': '1' }, unit: {} }, update: { unified: { 'memory.oom.group': '0' } },
      updated: { files: { 'memory.oom.group': '0' }, unit: {} } }]),
  { name: 'unified',
    create: { unified: { 'memory.high': '50331648', 'memory.min': '8388608', 'cpu.weight': '77', 'pids.max': '55' } },
    after: { files: { 'memory.high': '50331648', 'memory.min': '8388608', 'cpu.weight': '77', 'pids.max': '55' },
      unit: { MemoryHigh: '50331648', MemoryMin: '8388608', CPUWeight: '77', TasksMax: '55' } },
    update: { unified: { 'memory.high': 'max', 'cpu.weight': '88' } },
    updated: { files: { 'memory.high': 'max', 'memory.min': '8388608', 'cpu.weight': '88' },
      unit: { MemoryHigh: 'infinity', CPUWeight: '88' } } },
];

const none = '9223372036854771712'; // the largest number of pages, in bytes
const v1: readonly Row[] = [
  { name: 'memory', create: { memory: { limit: 67108864, swap: 100663296, reservation: 33554432 } }, after: {
    files: { 'memory.limit_in_bytes': '67108864', 'memory.memsw.limit_in_bytes': '100663296',
      'memory.soft_limit_in_bytes': '33554432' },
    unit: { MemoryLimit: '67108864' },
  }, update: { memory: { limit: -1, swap: -1, reservation: 16777216 } }, updated: {
    files: { 'memory.limit_in_bytes': none, 'memory.memsw.limit_in_bytes': none,
      'memory.soft_limit_in_bytes': '16777216' },
    unit: { MemoryLimit: 'infinity' },
  } },
  { name: 'swap equal to memory', create: { memory: { limit: 67108864, swap: 67108864 } },
    after: { files: { 'memory.limit_in_bytes': '67108864', 'memory.memsw.limit_in_bytes': '67108864' },
      unit: { MemoryLimit: '67108864' } }, update: { memory: { limit: 134217728, swap: 167772160 } },
    updated: { files: { 'memory.limit_in_bytes': '134217728', 'memory.memsw.limit_in_bytes': '167772160' },
      unit: { MemoryLimit: '134217728' } } },
  { name: 'memory that systemd does not know',
    create: { memory: { swappiness: 30, disableOOMKiller: true, kernelTCP: 8388608 } }, after: {
      files: { 'memory.swappiness': '30', 'memory.oom_control': 'oom_kill_disable 1\nunder_oom 0\noom_kill 0',
        'memory.kmem.tcp.limit_in_bytes': '8388608' },
      unit: {},
    }, update: { memory: { swappiness: 10, kernelTCP: 16777216 } },
    updated: { files: { 'memory.swappiness': '10', 'memory.kmem.tcp.limit_in_bytes': '16777216' }, unit: {} } },
  { name: 'cpu time', create: { cpu: { shares: 512, quota: 50000, period: 200000, burst: 20000 } }, after: {
    files: { 'cpu.shares': '512', 'cpu.cfs_quota_us': '50000', 'cpu.cfs_period_us': '200000',
      'cpu.cfs_burst_us': '20000' },
    unit: { CPUShares: '512', CPUQuotaPerSecUSec: '250ms', CPUQuotaPeriodUSec: '200ms' },
  }, update: { cpu: { shares: 2048, quota: 100000, burst: 0 } }, updated: {
    files: { 'cpu.shares': '2048', 'cpu.cfs_quota_us': '100000', 'cpu.cfs_period_us': '200000',
      'cpu.cfs_burst_us': '0' },
    unit: { CPUShares: '2048', CPUQuotaPerSecUSec: '500ms' },
  } },
  { name: 'cpu time without a limit', create: { cpu: { quota: 50000, period: 100000 } },
    after: { files: { 'cpu.cfs_quota_us': '50000', 'cpu.cfs_period_us': '100000' },
      unit: { CPUQuotaPerSecUSec: '500ms' } }, update: { cpu: { quota: -1 } },
    updated: { files: { 'cpu.cfs_quota_us': '-1' }, unit: { CPUQuotaPerSecUSec: 'infinity' } } },
  { name: 'idle', create: { cpu: { idle: 1 } }, after: { files: { 'cpu.idle': '1' }, unit: {} },
    update: { cpu: { idle: 0, shares: 512 } },
    updated: { files: { 'cpu.idle': '0', 'cpu.shares': '512' }, unit: { CPUShares: '512' } } },
  { name: 'cpuset', create: { cpu: { cpus: '0', mems: '0' } },
    after: { files: { 'cpuset.cpus': '0', 'cpuset.mems': '0' }, unit: {} }, update: { cpu: { cpus: '0-1' } },
    updated: { files: { 'cpuset.cpus': '0-1', 'cpuset.mems': '0' }, unit: {} } },
  { name: 'tasks', create: { pids: { limit: 77 } }, after: { files: { 'pids.max': '77' }, unit: { TasksMax: '77' } },
    update: { pids: { limit: -1 } }, updated: { files: { 'pids.max': 'max' }, unit: { TasksMax: 'infinity' } } },
  { name: 'throttled block devices', create: {
    blockIO: { throttleReadBpsDevice: [{ major, minor, rate: 1048576 }],
      throttleWriteIOPSDevice: [{ major, minor, rate: 77 }] },
  }, after: {
    files: { 'blkio.throttle.read_bps_device': `${device} 1048576`,
      'blkio.throttle.write_iops_device': `${device} 77` },
    unit: {},
  }, update: { blockIO: { throttleReadBpsDevice: [{ major, minor, rate: 2097152 }] } }, updated: {
    files: { 'blkio.throttle.read_bps_device': `${device} 2097152`,
      'blkio.throttle.write_iops_device': `${device} 77` },
    unit: {},
  } },
  // Above 100 systemd translates what it believes to be a weight of another scale: 500 becomes 136 with its next write.
  { name: 'weight of block devices', needs: 'blkio.bfq.weight', create: { blockIO: { weight: 80 } },
    after: { files: { 'blkio.bfq.weight': '80' }, unit: { BlockIOWeight: '80' } }, update: { blockIO: { weight: 60 } },
    updated: { files: { 'blkio.bfq.weight': '60' }, unit: { BlockIOWeight: '60' } } },
  { name: 'huge pages', needs: 'hugetlb.2MB.limit_in_bytes',
    create: { hugepageLimits: [{ pageSize: '2MB', limit: 4194304 }] },
    after: { files: { 'hugetlb.2MB.limit_in_bytes': '4194304', 'hugetlb.2MB.rsvd.limit_in_bytes': '4194304' },
      unit: {} }, update: { hugepageLimits: [{ pageSize: '2MB', limit: 2097152 }] },
    updated: { files: { 'hugetlb.2MB.limit_in_bytes': '2097152', 'hugetlb.2MB.rsvd.limit_in_bytes': '2097152' },
      unit: {} } },
  { name: 'network', needs: 'net_cls.classid',
    create: { network: { classID: 1048577, priorities: [{ name: 'lo', priority: 3 }] } },
    after: { files: { 'net_cls.classid': '1048577' }, unit: {} }, update: { network: { classID: 1048578 } },
    updated: { files: { 'net_cls.classid': '1048578' }, unit: {} } },
  { name: 'rdma', needs: 'rdma.max', create: { rdma: { [rdma]: { hcaHandles: 3, hcaObjects: 10000 } } },
    after: { files: { 'rdma.max': `${rdma} hca_handle=3 hca_object=10000` }, unit: {} },
    update: { rdma: { [rdma]: { hcaObjects: 20000 } } },
    updated: { files: { 'rdma.max': `${rdma} hca_handle=3 hca_object=20000` }, unit: {} } },
];

function check(id: string, { files, unit }: Limits, moment: string): void {
  assert.deepEqual(readBack('root', id, files), files, moment);
  const seen = Object.fromEntries(Object.keys(unit).map((property) => [property, show('root', unitOf(id), property)]));
  assert.deepEqual(seen, unit, moment);
}

/** Has systemd write what it believes: after a reload, and with a property of every controller that it manages changed. */
function realize(id: string): void {
  call('systemctl', ['daemon-reload']);
  const startup = unified
    ? ['StartupCPUWeight=50', 'StartupIOWeight=50']
    : ['StartupCPUShares=50', 'StartupBlockIOWeight=50'];
  call('systemctl', ['set-property', '--runtime', unitOf(id), ...startup, 'MemoryAccounting=no', 'IPAccounting=yes']);
}

if (reason !== undefined) {
  t.pass('limits under systemd', { skip: reason });
} else {
  t.setTimeout(2000_000);
  setUp();
  for (const { name, create, after, update, updated, needs, rewritten = false } of unified ? v2 : v1) {
    const skip = disk === undefined && 'blockIO' in create ? 'no block device here' : 'rdma' in create && rdma === ''
      ? 'no RDMA device here'
      : needs !== undefined && !hasCgroupFile(hierarchy(needs.split('.', 1)[0]!), needs)
      ? `this kernel has no ${needs}`
      : undefined;
    if (skip !== undefined) {
      t.pass(name, { skip });
      continue;
    }
    test(name, (id) => {
      const started = start('root', id, (config) => {
        config.linux.resources = { devices: [{ allow: false, access: 'rwm' }], ...create };
      });
      assert.equal(started.code, 0, started.stderr);
      check(id, after, 'after create');
      if (!rewritten) {
        realize(id);
        check(id, after, 'after systemd has written it again');
      }
      if (update !== undefined && updated !== undefined) {
        const file = join(folder, 'resources.json');
        writeFileSync(file, JSON.stringify(update));
        const changed = runtime('root', ['update', '--resources', file, id]);
        assert.equal(changed.code, 0, changed.stderr);
        check(id, updated, 'after update');
        if (!rewritten) {
          realize(id);
          check(id, updated, 'after systemd has written the update again');
        }
      }
      assert.equal(runtime('root', ['delete', '--force', id]).code, 0);
    });
  }
}
