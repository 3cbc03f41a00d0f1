// linux.resources as files of cgroup v2 (Documentation/admin-guide/cgroup-v2.rst of the kernel).
import type { Resources } from '../generated/config.ts';
import type { Setting } from './setting.ts';
import { given, hugepageFiles, pids, rdma, unsetSwappiness } from './v1.ts';

/**
 * The first resource that v1 has and v2 has no equivalent of, as a JSON pointer. Zero and false ask for
 * nothing.
 */
export function onlyV1(
  { memory: ofMemory, cpu: ofCpu, blockIO: ofBlocks, network: ofNetwork }: Resources,
): string | undefined {
  const pointer = '/linux/resources';
  if (given(ofMemory?.kernelTCP)) return `${pointer}/memory/kernelTCP`;
  if (given(ofMemory?.swappiness) && ofMemory.swappiness !== unsetSwappiness) return `${pointer}/memory/swappiness`;
  if (ofMemory?.disableOOMKiller === true) return `${pointer}/memory/disableOOMKiller`;
  if (given(ofCpu?.realtimeRuntime)) return `${pointer}/cpu/realtimeRuntime`;
  if (given(ofCpu?.realtimePeriod)) return `${pointer}/cpu/realtimePeriod`;
  if (given(ofBlocks?.leafWeight)) return `${pointer}/blockIO/leafWeight`;
  const weights = ofBlocks?.weightDevice ?? [];
  for (let index = 0; index < weights.length; index++) {
    if (given(weights[index]!.leafWeight)) return `${pointer}/blockIO/weightDevice/${index}/leafWeight`;
  }
  if (given(ofNetwork?.classID)) return `${pointer}/network/classID`;
  if ((ofNetwork?.priorities ?? []).length > 0) return `${pointer}/network/priorities`;
  return undefined;
}

/**
 * Settings in the order in which the kernel takes them. Devices are not among them: see device-bpf.ts.
 *
 * @param zeroPids whether 0 tasks is a limit, as since version 1.3 of the specification
 */
export function settingsV2(resources: Resources, zeroPids = false): Setting[] {
  const list: Setting[] = [];
  memory(list, resources);
  cpu(list, resources);
  pids(list, resources, zeroPids);
  hugepageFiles(list, resources.hugepageLimits, 'max');
  blockIo(list, resources);
  rdma(list, resources);
  unified(list, resources);
  return list;
}

function memory(list: Setting[], { memory: wanted }: Resources): void {
  if (wanted === undefined) return;
  const pointer = '/linux/resources/memory';
  const swap = swapMax(wanted.limit ?? 0, wanted.swap ?? 0);
  if (swap !== undefined) {
    const setting: Setting = {
      controller: 'memory',
      file: 'memory.swap.max',
      value: swap,
      from: `${pointer}/swap`,
    };
    // A kernel without swap accounting gives no swap away, and cannot limit it either.
    list.push(swap === 'max' || swap === '0' ? { ...setting, missing: 'ignore' } : setting);
  }
  if (given(wanted.limit))
    list.push({ controller: 'memory', file: 'memory.max', value: orMax(wanted.limit), from: `${pointer}/limit` });
  if (given(wanted.reservation)) {
    list.push({
      controller: 'memory',
      file: 'memory.low',
      value: orMax(wanted.reservation),
      from: `${pointer}/reservation`,
    });
  }
}

function orMax(value: number | bigint): string {
  return Number(value) < 0 ? 'max' : String(value);
}

/**
 * memory.swap.max: the configuration counts memory and swap together, as v1 does; v2 counts swap alone.
 *
 * @param limit memory.limit, 0 = not set, -1 = unlimited
 * @param swap memory.swap, likewise
 * @returns text for the file; undefined = leave it
 */
export function swapMax(limit: number | bigint, swap: number | bigint): string | undefined {
  if (swap < 0) return 'max';
  if (Number(swap) === 0) return limit < 0 ? 'max' : undefined;
  if (limit <= 0) return undefined;
  return String(typeof swap === 'number' && typeof limit === 'number' ? swap - limit : BigInt(swap) - BigInt(limit));
}

function cpu(list: Setting[], { cpu: wanted }: Resources): void {
  if (wanted === undefined) return;
  const pointer = '/linux/resources/cpu';
  const add = (controller: string, file: string, name: string, value: number | bigint | string): void => {
    const setting: Setting = { controller, file, value: String(value), from: `${pointer}/${name}` };
    list.push(value === 0 ? { ...setting, missing: 'ignore' } : setting);
  };
  // An idle cgroup takes no weight: it becomes idle behind it, and ceases to be before it.
  if (wanted.idle === 0) add('cpu', 'cpu.idle', 'idle', 0);
  if (given(wanted.shares)) add('cpu', 'cpu.weight', 'shares', weightOfShares(Number(wanted.shares)));
  if (given(wanted.quota) || given(wanted.period)) {
    const quota = given(wanted.quota) && Number(wanted.quota) > 0 ? wanted.quota : 'max';
    add('cpu', 'cpu.max', given(wanted.quota) ? 'quota' : 'period',
      `${quota} ${given(wanted.period) ? wanted.period : 100000}`);
  }
  // Zero is a value, too: no burst.
  if (wanted.burst !== undefined) add('cpu', 'cpu.max.burst', 'burst', wanted.burst);
  if (given(wanted.idle)) add('cpu', 'cpu.idle', 'idle', wanted.idle);
  if (wanted.cpus) add('cpuset', 'cpuset.cpus', 'cpus', wanted.cpus);
  if (wanted.mems) add('cpuset', 'cpuset.mems', 'mems', wanted.mems);
}

/**
 * cpu.weight (1 to 10000) for cpu.shares (2 to 262144): a curve through both ends, and through 100 for 1024,
 * the kernel's defaults.
 */
export function weightOfShares(shares: number): number {
  if (shares <= 2) return 1;
  if (shares >= 262144) return 10000;
  const l = Math.log2(shares);
  // Rounded up, but not for the last digits of a float, which differ between mathematical libraries.
  return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34) - 1e-9);
}

function blockIo(list: Setting[], { blockIO: wanted }: Resources): void {
  if (wanted === undefined) return;
  const pointer = '/linux/resources/blockIO';
  const weigh = (prefix: string, weight: number, from: string): void => {
    // The scheduler BFQ has a file of its own, with the range of v1; io.weight has another range.
    list.push({
      controller: 'io',
      file: 'io.bfq.weight',
      value: `${prefix}${weight}`,
      from,
      missing: { controller: 'io', file: 'io.weight', value: `${prefix}${ioWeight(weight)}`, from },
    });
  };
  if (given(wanted.weight)) weigh('', wanted.weight, `${pointer}/weight`);
  const weights = wanted.weightDevice ?? [];
  for (let index = 0; index < weights.length; index++) {
    const { major, minor, weight } = weights[index]!;
    if (given(weight)) weigh(`${major}:${minor} `, Number(weight), `${pointer}/weightDevice/${index}`);
  }
  for (const [name, key] of throttles) {
    const limits = wanted[name] ?? [];
    for (let index = 0; index < limits.length; index++) {
      const { major, minor, rate } = limits[index]!;
      const value = `${major}:${minor} ${key}=${Number(rate) === 0 ? 'max' : rate}`;
      list.push({ controller: 'io', file: 'io.max', value, from: `${pointer}/${name}/${index}` });
    }
  }
}

/** io.weight (1 to 10000) for blkio.weight (10 to 1000). */
export function ioWeight(weight: number): number {
  return 1 + Math.floor((weight - 10) * 9999 / 990);
}

const throttles = [
  ['throttleReadBpsDevice', 'rbps'],
  ['throttleWriteBpsDevice', 'wbps'],
  ['throttleReadIOPSDevice', 'riops'],
  ['throttleWriteIOPSDevice', 'wiops'],
] as const;

/**
 * linux.resources.unified: files of v2 as they are, after everything else so that they win. The kernel takes
 * one line in a write, so several lines are several writes.
 */
function unified(list: Setting[], { unified: wanted }: Resources): void {
  if (wanted === undefined) return;
  for (const file in wanted) {
    const dot = file.indexOf('.');
    const controller = dot < 0 || file.startsWith('cgroup.') ? '' : file.slice(0, dot);
    const from = `/linux/resources/unified/${file}`;
    const text = wanted[file]!;
    if (!text.includes('\n')) list.push({ controller, file, value: text, from });
    else for (const value of text.split('\n')) if (value !== '') list.push({ controller, file, value, from });
  }
}
