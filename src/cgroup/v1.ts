// linux.resources as files of cgroup v1 (runtime-spec config-linux "Control groups"). Zero means "not set"
// for limits and weights: engines send zeros for what they do not limit.
import type { Resources } from '../generated/config.ts';
import type { Setting } from './setting.ts';

type Integer = number | bigint;

/** Whether a value is there and not zero. */
export function given(value: Integer | undefined): value is Integer {
  return value !== undefined && Number(value) !== 0;
}

/**
 * Settings in the order in which the kernel takes them. Devices are not among them: see device-rules.ts.
 *
 * @param zeroPids whether 0 tasks is a limit, as since version 1.3 of the specification
 */
export function settingsV1(resources: Resources, zeroPids = false): Setting[] {
  const list: Setting[] = [];
  memory(list, resources);
  cpu(list, resources);
  pids(list, resources, zeroPids);
  hugepages(list, resources);
  blockIo(list, resources);
  rdma(list, resources);
  network(list, resources);
  return list;
}

/** -1 as an unsigned number: how some engines say that swappiness is not set. */
export const unsetSwappiness = 18446744073709551615n;

function memory(list: Setting[], { memory: wanted }: Resources): void {
  if (wanted === undefined) return;
  const pointer = '/linux/resources/memory';
  const add = (file: string, name: string, value: Integer, missing?: 'ignore'): void => {
    const setting: Setting = { controller: 'memory', file, value: String(value), from: `${pointer}/${name}` };
    list.push(missing === undefined ? setting : { ...setting, missing });
  };
  // The limit of memory and swap may never be below that of memory: memory first, both start unlimited.
  if (given(wanted.limit)) add('memory.limit_in_bytes', 'limit', wanted.limit);
  // A kernel without swap accounting has no such file, and no limit either.
  if (given(wanted.swap))
    add('memory.memsw.limit_in_bytes', 'swap', wanted.swap, Number(wanted.swap) < 0 ? 'ignore' : undefined);
  // Without a limit of its own there is none for swap either.
  else if (wanted.limit !== undefined && Number(wanted.limit) < 0)
    add('memory.memsw.limit_in_bytes', 'limit', -1, 'ignore');
  if (given(wanted.reservation)) add('memory.soft_limit_in_bytes', 'reservation', wanted.reservation);
  if (given(wanted.kernelTCP)) add('memory.kmem.tcp.limit_in_bytes', 'kernelTCP', wanted.kernelTCP);
  if (wanted.swappiness !== undefined && wanted.swappiness !== unsetSwappiness)
    add('memory.swappiness', 'swappiness', wanted.swappiness);
  if (wanted.disableOOMKiller === true) add('memory.oom_control', 'disableOOMKiller', 1);
}

function cpu(list: Setting[], { cpu: wanted }: Resources): void {
  if (wanted === undefined) return;
  const pointer = '/linux/resources/cpu';
  const add = (controller: string, file: string, name: string, value: Integer | string): void => {
    const setting: Setting = { controller, file, value: String(value), from: `${pointer}/${name}` };
    list.push(value === 0 ? { ...setting, missing: 'ignore' } : setting);
  };
  // An idle cgroup takes no shares: it becomes idle behind them, and ceases to be before them.
  if (wanted.idle === 0) add('cpu', 'cpu.idle', 'idle', 0);
  if (given(wanted.shares)) add('cpu', 'cpu.shares', 'shares', wanted.shares);
  // Period, quota, burst: each is checked against the one before.
  if (given(wanted.period)) add('cpu', 'cpu.cfs_period_us', 'period', wanted.period);
  if (given(wanted.quota)) add('cpu', 'cpu.cfs_quota_us', 'quota', wanted.quota);
  // Zero is a value, too: no burst.
  if (wanted.burst !== undefined) add('cpu', 'cpu.cfs_burst_us', 'burst', wanted.burst);
  if (given(wanted.realtimePeriod)) add('cpu', 'cpu.rt_period_us', 'realtimePeriod', wanted.realtimePeriod);
  if (given(wanted.realtimeRuntime)) add('cpu', 'cpu.rt_runtime_us', 'realtimeRuntime', wanted.realtimeRuntime);
  if (given(wanted.idle)) add('cpu', 'cpu.idle', 'idle', wanted.idle);
  if (wanted.cpus) add('cpuset', 'cpuset.cpus', 'cpus', wanted.cpus);
  if (wanted.mems) add('cpuset', 'cpuset.mems', 'mems', wanted.mems);
}

/**
 * pids.max has the same form in both versions. A limit of 0, where it is one, becomes 1: the container's init
 * is a task that has to be.
 */
export function pids(list: Setting[], { pids: wanted }: Resources, zeroPids: boolean): void {
  const limit = wanted?.limit;
  if (limit === undefined || (!zeroPids && Number(limit) === 0)) return;
  const value = Number(limit) < 0 ? 'max' : String(limit === 0 ? 1 : limit);
  list.push({ controller: 'pids', file: 'pids.max', value, from: '/linux/resources/pids/limit' });
}

function hugepages(list: Setting[], { hugepageLimits }: Resources): void {
  hugepageFiles(list, hugepageLimits, 'limit_in_bytes');
}

/** Limits of huge pages, and of their reservations where the kernel has them. */
export function hugepageFiles(list: Setting[], limits: Resources['hugepageLimits'], suffix: string): void {
  if (limits === undefined) return;
  for (let index = 0; index < limits.length; index++) {
    const { pageSize, limit } = limits[index]!;
    const from = `/linux/resources/hugepageLimits/${index}`;
    const value = String(limit);
    list.push({ controller: 'hugetlb', file: `hugetlb.${pageSize}.${suffix}`, value, from });
    list.push({
      controller: 'hugetlb',
      file: `hugetlb.${pageSize}.rsvd.${suffix}`,
      value,
      from,
      missing: 'ignore',
    });
  }
}

function blockIo(list: Setting[], { blockIO: wanted }: Resources): void {
  if (wanted === undefined) return;
  const pointer = '/linux/resources/blockIO';
  // The scheduler BFQ brings its own name for the weight.
  if (given(wanted.weight)) {
    const from = `${pointer}/weight`;
    const value = String(wanted.weight);
    list.push({
      controller: 'blkio',
      file: 'blkio.weight',
      value,
      from,
      missing: { controller: 'blkio', file: 'blkio.bfq.weight', value, from },
    });
  }
  if (given(wanted.leafWeight)) {
    list.push({
      controller: 'blkio',
      file: 'blkio.leaf_weight',
      value: String(wanted.leafWeight),
      from: `${pointer}/leafWeight`,
    });
  }
  const weights = wanted.weightDevice ?? [];
  for (let index = 0; index < weights.length; index++) {
    const { major, minor, weight, leafWeight } = weights[index]!;
    const from = `${pointer}/weightDevice/${index}`;
    if (given(leafWeight)) {
      list.push({
        controller: 'blkio',
        file: 'blkio.leaf_weight_device',
        value: `${major}:${minor} ${leafWeight}`,
        from,
      });
    }
    if (!given(weight)) continue;
    const value = `${major}:${minor} ${weight}`;
    list.push({
      controller: 'blkio',
      file: 'blkio.weight_device',
      value,
      from,
      missing: { controller: 'blkio', file: 'blkio.bfq.weight_device', value, from },
    });
  }
  for (const [name, file] of throttles) {
    const limits = wanted[name] ?? [];
    for (let index = 0; index < limits.length; index++) {
      const { major, minor, rate } = limits[index]!;
      // The kernel keeps 32 bits of the rates of operations, of which the highest number is no limit, and drops the others.
      const kept = file.includes('iops') && rate > iopsUnlimited ? iopsUnlimited : rate;
      list.push({ controller: 'blkio', file, value: `${major}:${minor} ${kept}`, from: `${pointer}/${name}/${index}` });
    }
  }
}

const iopsUnlimited = 4294967295;

const throttles = [
  ['throttleReadBpsDevice', 'blkio.throttle.read_bps_device'],
  ['throttleWriteBpsDevice', 'blkio.throttle.write_bps_device'],
  ['throttleReadIOPSDevice', 'blkio.throttle.read_iops_device'],
  ['throttleWriteIOPSDevice', 'blkio.throttle.write_iops_device'],
] as const;

/** rdma.max has the same form in both versions. */
export function rdma(list: Setting[], { rdma: wanted }: Resources): void {
  if (wanted === undefined) return;
  for (const device in wanted) {
    const limits = wanted[device]!;
    if (limits.hcaHandles === undefined && limits.hcaObjects === undefined) continue;
    let value = device;
    if (limits.hcaHandles !== undefined) value += ` hca_handle=${limits.hcaHandles}`;
    if (limits.hcaObjects !== undefined) value += ` hca_object=${limits.hcaObjects}`;
    list.push({ controller: 'rdma', file: 'rdma.max', value, from: `/linux/resources/rdma/${device}` });
  }
}

function network(list: Setting[], { network: wanted }: Resources): void {
  if (wanted === undefined) return;
  const pointer = '/linux/resources/network';
  if (given(wanted.classID)) {
    list.push({
      controller: 'net_cls',
      file: 'net_cls.classid',
      value: String(wanted.classID),
      from: `${pointer}/classID`,
    });
  }
  const priorities = wanted.priorities ?? [];
  for (let index = 0; index < priorities.length; index++) {
    const { name, priority } = priorities[index]!;
    list.push({
      controller: 'net_prio',
      file: 'net_prio.ifpriomap',
      value: `${name} ${priority}`,
      from: `${pointer}/priorities/${index}`,
    });
  }
}
