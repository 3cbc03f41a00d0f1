// Limits under --systemd-cgroup: what the kernel has, and what systemd believes, after create, after update, and after
// systemd has written its own view of the unit again.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { call, folder, readBack, reason, runtime, scopeOf, setUp, show, start, test, unitOf } from '../support/systemd.ts';

type Values = Readonly<Record<string, string>>;
interface Limits { readonly files: Values; readonly unit: Values }
interface Row { readonly name: string; readonly create: object; readonly after: Limits; readonly update?: object; readonly updated?: Limits }

const disk = existsSync('/sys/block') ? readdirSync('/sys/block').find((name) => /^(vd|sd|nvme|xvd)/.test(name)) : undefined;
const device = disk === undefined ? '' : readFileSync(`/sys/block/${disk}/dev`, 'utf8').trim();
const [major, minor] = device.split(':').map(Number);

const rows: readonly Row[] = [
  { name: 'memory',
    create: { memory: { limit: 67108864, swap: 100663296, reservation: 33554432 } },
    after: { files: { 'memory.max': '67108864', 'memory.swap.max': '33554432', 'memory.low': '33554432' },
      unit: { MemoryMax: '67108864', MemorySwapMax: '33554432', MemoryLow: '33554432' } },
    update: { memory: { limit: -1, swap: -1, reservation: 16777216 } },
    updated: { files: { 'memory.max': 'max', 'memory.swap.max': 'max', 'memory.low': '16777216' },
      unit: { MemoryMax: 'infinity', MemorySwapMax: 'infinity', MemoryLow: '16777216' } } },
  { name: 'swap equal to memory',
    create: { memory: { limit: 67108864, swap: 67108864 } },
    after: { files: { 'memory.max': '67108864', 'memory.swap.max': '0' }, unit: { MemoryMax: '67108864', MemorySwapMax: '0' } },
    update: { memory: { limit: 134217728, swap: 167772160 } },
    updated: { files: { 'memory.max': '134217728', 'memory.swap.max': '33554432' }, unit: { MemoryMax: '134217728', MemorySwapMax: '33554432' } } },
  { name: 'cpu time',
    create: { cpu: { shares: 512, quota: 50000, period: 200000, burst: 20000 } },
    after: { files: { 'cpu.weight': '59', 'cpu.max': '50000 200000', 'cpu.max.burst': '20000' },
      unit: { CPUWeight: '59', CPUQuotaPerSecUSec: '250ms', CPUQuotaPeriodUSec: '200ms' } },
    update: { cpu: { shares: 2048, quota: 100000, burst: 0 } },
    updated: { files: { 'cpu.weight': '174', 'cpu.max': '100000 200000', 'cpu.max.burst': '0' }, unit: { CPUWeight: '174', CPUQuotaPerSecUSec: '500ms' } } },
  { name: 'cpu time without a limit',
    create: { cpu: { quota: 50000, period: 100000 } },
    after: { files: { 'cpu.max': '50000 100000' }, unit: { CPUQuotaPerSecUSec: '500ms' } },
    update: { cpu: { quota: -1 } },
    updated: { files: { 'cpu.max': 'max 100000' }, unit: { CPUQuotaPerSecUSec: 'infinity' } } },
  { name: 'idle',
    create: { cpu: { idle: 1 } },
    after: { files: { 'cpu.idle': '1' }, unit: { CPUWeight: 'idle' } },
    update: { cpu: { quota: 50000, period: 100000 } },
    updated: { files: { 'cpu.idle': '1', 'cpu.max': '50000 100000' }, unit: {} } },
  { name: 'no longer idle',
    create: { cpu: { idle: 1 } },
    after: { files: { 'cpu.idle': '1' }, unit: {} },
    update: { cpu: { idle: 0 } },
    updated: { files: { 'cpu.idle': '0', 'cpu.weight': '100' }, unit: {} } },
  { name: 'idle, and then a weight',
    create: { cpu: { idle: 1 } },
    after: { files: { 'cpu.idle': '1' }, unit: {} },
    update: { cpu: { idle: 0, shares: 512 } },
    updated: { files: { 'cpu.idle': '0', 'cpu.weight': '59' }, unit: { CPUWeight: '59' } } },
  { name: 'cpuset',
    create: { cpu: { cpus: '0', mems: '0' } },
    after: { files: { 'cpuset.cpus': '0', 'cpuset.mems': '0' }, unit: { AllowedCPUs: '0', AllowedMemoryNodes: '0' } },
    update: { cpu: { cpus: '0-1' } },
    updated: { files: { 'cpuset.cpus': '0-1', 'cpuset.mems': '0' }, unit: { AllowedCPUs: '0-1', AllowedMemoryNodes: '0' } } },
  { name: 'tasks',
    create: { pids: { limit: 77 } },
    after: { files: { 'pids.max': '77' }, unit: { TasksMax: '77' } },
    update: { pids: { limit: -1 } },
    updated: { files: { 'pids.max': 'max' }, unit: { TasksMax: 'infinity' } } },
  { name: 'block devices',
    create: { blockIO: { weight: 500, throttleReadBpsDevice: [{ major, minor, rate: 1048576 }], throttleWriteIOPSDevice: [{ major, minor, rate: 77 }] } },
    after: { files: { 'io.weight': 'default 4950', 'io.max': `${device} rbps=1048576 wbps=max riops=max wiops=77` }, unit: { IOWeight: '4950' } },
    update: { blockIO: { weight: 100 } },
    updated: { files: { 'io.weight': 'default 910', 'io.max': `${device} rbps=1048576 wbps=max riops=max wiops=77` }, unit: { IOWeight: '910' } } },
  { name: 'huge pages',
    create: { hugepageLimits: [{ pageSize: '2MB', limit: 4194304 }] },
    after: { files: { 'hugetlb.2MB.max': '4194304', 'hugetlb.2MB.rsvd.max': '4194304' }, unit: {} } },
  // memory.oom.group is not among them: systemd writes it with its OOMPolicy, which scopes have since version 253.
  { name: 'unified',
    create: { unified: { 'memory.high': '50331648', 'memory.min': '8388608', 'cpu.weight': '77', 'pids.max': '55' } },
    after: { files: { 'memory.high': '50331648', 'memory.min': '8388608', 'cpu.weight': '77', 'pids.max': '55' },
      unit: { MemoryHigh: '50331648', MemoryMin: '8388608', CPUWeight: '77', TasksMax: '55' } },
    update: { unified: { 'memory.high': 'max', 'cpu.weight': '88' } },
    updated: { files: { 'memory.high': 'max', 'memory.min': '8388608', 'cpu.weight': '88' }, unit: { MemoryHigh: 'infinity', CPUWeight: '88' } } },
];

function check(id: string, { files, unit }: Limits, moment: string): void {
  assert.deepEqual(readBack(scopeOf('root', id), files), files, moment);
  const seen = Object.fromEntries(Object.keys(unit).map((property) => [property, show('root', unitOf(id), property)]));
  assert.deepEqual(seen, unit, moment);
}

/** Has systemd write what it believes: after a reload, and with a property of every controller that it manages changed. */
function realize(id: string): void {
  call('systemctl', ['daemon-reload']);
  call('systemctl', ['set-property', '--runtime', unitOf(id), 'StartupCPUWeight=50', 'StartupIOWeight=50', 'MemoryAccounting=no', 'IPAccounting=yes']);
}

if (reason !== undefined) {
  t.pass('limits under systemd', { skip: reason });
} else {
  t.setTimeout(2000_000);
  setUp();
  for (const { name, create, after, update, updated } of rows) {
    test(name, (id) => {
      if (disk === undefined && name === 'block devices') return;
      if (name === 'huge pages' && !existsSync('/sys/fs/cgroup/system.slice/hugetlb.2MB.max')) return;
      const made = start('root', id, (config) => { config.linux.resources = { devices: [{ allow: false, access: 'rwm' }], ...create }; });
      assert.equal(made.code, 0, made.stderr);
      check(id, after, 'after create');
      realize(id);
      check(id, after, 'after systemd has written it again');
      if (update !== undefined && updated !== undefined) {
        const file = join(folder, 'resources.json');
        writeFileSync(file, JSON.stringify(update));
        const changed = runtime('root', ['update', '--resources', file, id]);
        assert.equal(changed.code, 0, changed.stderr);
        check(id, updated, 'after update');
        realize(id);
        check(id, updated, 'after systemd has written the update again');
      }
      assert.equal(runtime('root', ['delete', '--force', id]).code, 0);
    });
  }
}
