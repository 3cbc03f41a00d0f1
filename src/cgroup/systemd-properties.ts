// linux.resources and annotations as properties of a systemd unit (systemd.resource-control(5), and
// org.freedesktop.systemd1(5)). systemd writes them to the cgroup again whenever it likes, so that everything
// that it manages itself is told to it; the rest is written to the cgroup's files alone.
import type { Resources } from '../generated/config.ts';
import { array, boolean, integer, struct, text, variant } from './dbus.ts';
import type { Value } from './dbus.ts';
import { parseVariant } from './gvariant.ts';
import { given } from './v1.ts';
import { ioWeight, swapMax, weightOfShares } from './v2.ts';

/** Name and value of a property. */
export type Property = readonly [name: string, value: Value];

/** "No limit" of systemd's numbers, and a weight that is not set. */
export const infinity = 18446744073709551615n;

/** The signature of a list of properties, and the list itself. */
export function propertyList(properties: readonly Property[]): Value {
  return array('(sv)', properties.map(([name, value]) => struct(text(name), variant(value))));
}

function u64(value: number | bigint): Value {
  return integer('t', Number(value) < 0 ? infinity : value);
}

/** Limits for a unit on cgroup v2. */
export function propertiesV2(resources: Resources | undefined, zeroPids: boolean): Property[] {
  const list: Property[] = [];
  const { memory, cpu, pids, blockIO, unified } = resources ?? {};
  if (given(memory?.limit)) list.push(['MemoryMax', u64(memory.limit)]);
  if (given(memory?.reservation)) list.push(['MemoryLow', u64(memory.reservation)]);
  const swap = swapMax(memory?.limit ?? 0, memory?.swap ?? 0);
  if (swap !== undefined) list.push(['MemorySwapMax', swap === 'max' ? u64(-1) : u64(BigInt(swap))]);
  if (given(cpu?.shares)) list.push(['CPUWeight', u64(weightOfShares(Number(cpu.shares)))]);
  addQuota(list, cpu);
  addSet(list, 'AllowedCPUs', cpu?.cpus);
  addSet(list, 'AllowedMemoryNodes', cpu?.mems);
  addTasks(list, pids?.limit, zeroPids);
  if (given(blockIO?.weight)) list.push(['IOWeight', u64(ioWeight(blockIO.weight))]);
  for (const file in unified) addUnified(list, file, unified[file]!);
  return list;
}

/** Limits for a unit on cgroup v1. */
export function propertiesV1(resources: Resources | undefined, zeroPids: boolean): Property[] {
  const list: Property[] = [];
  const { memory, cpu, pids, blockIO } = resources ?? {};
  if (given(memory?.limit)) list.push(['MemoryLimit', u64(memory.limit)]);
  if (given(cpu?.shares)) list.push(['CPUShares', u64(cpu.shares)]);
  addQuota(list, cpu);
  addTasks(list, pids?.limit, zeroPids);
  if (given(blockIO?.weight)) list.push(['BlockIOWeight', u64(blockIO.weight)]);
  return list;
}

function addTasks(list: Property[], limit: number | bigint | undefined, zeroPids: boolean): void {
  if (limit === undefined || (!zeroPids && Number(limit) === 0)) return;
  list.push(['TasksMax', u64(Number(limit) === 0 ? 1 : limit)]);
}

/** systemd counts the quota in a second, and rounds it up to 10 ms of it. */
function addQuota(list: Property[], cpu: Resources['cpu']): void {
  if (!given(cpu?.quota) && !given(cpu?.period)) return;
  const period = given(cpu.period) ? Number(cpu.period) : 100000;
  const quota = given(cpu.quota) ? Number(cpu.quota) : -1;
  const rough = quota * 1000000 / period;
  list.push(['CPUQuotaPerSecUSec', quota < 0 ? u64(-1) : u64(Math.ceil(Math.floor(rough) / 10000) * 10000)]);
  list.push(['CPUQuotaPeriodUSec', u64(period)]);
}

/** A list such as `0-3,7` as a bit mask of bytes; what is no list is left to the kernel to refuse. */
function addSet(list: Property[], name: string, members: string | undefined): void {
  if (!members) return;
  const bytes: number[] = [];
  for (const part of members.trim().split(',')) {
    const range = /^([0-9]{1,4})(?:-([0-9]{1,4}))?$/.exec(part.trim());
    if (range === null) return;
    const first = Number(range[1]);
    const last = range[2] === undefined ? first : Number(range[2]);
    for (let member = first; member <= last; member++) {
      while (bytes.length <= member >> 3) bytes.push(0);
      bytes[member >> 3]! |= 1 << (member & 7);
    }
  }
  list.push([name, array('y', bytes.map((byte) => integer('y', byte)))]);
}

/** Files of v2 whose whole content is one number or `max`. */
const numberFiles: Readonly<Record<string, string>> = {
  'memory.max': 'MemoryMax',
  'memory.high': 'MemoryHigh',
  'memory.low': 'MemoryLow',
  'memory.min': 'MemoryMin',
  'memory.swap.max': 'MemorySwapMax',
  'pids.max': 'TasksMax',
  'cpu.weight': 'CPUWeight',
};

function addUnified(list: Property[], file: string, value: string): void {
  const trimmed = value.trim();
  const name = numberFiles[file];
  if (name !== undefined) {
    if (trimmed === 'max') list.push([name, u64(-1)]);
    else if (/^[0-9]{1,19}$/.test(trimmed)) list.push([name, u64(BigInt(trimmed))]);
  } else if (file === 'cpu.max') {
    const [quota, period] = trimmed.split(/\s+/);
    addQuota(list, { quota: quota === 'max' ? -1 : Number(quota),
      ...(period === undefined ? {} : { period: Number(period) }) });
  } else if (file === 'cpuset.cpus') {
    addSet(list, 'AllowedCPUs', trimmed);
  } else if (file === 'cpuset.mems') {
    addSet(list, 'AllowedMemoryNodes', trimmed);
  }
}

/** Prefix of annotations that are properties. */
export const propertyPrefix = 'org.systemd.property.';

/** Properties that say which processes a unit has and where it is: no annotation may change them. */
const reserved: readonly string[] = ['PIDs', 'Slice', 'Delegate', 'DelegateControllers', 'ControlGroup', 'BPFProgram'];

/** A property of an annotation, or what is wrong with it. */
export type Annotated = { readonly property: Property } | { readonly key: string; readonly problem: 'name' | 'value' };

/** `org.systemd.property.*` of the annotations: values in GVariant's text format. */
export function annotatedProperties(
  annotations: Readonly<Record<string, string | undefined>> | undefined,
): Annotated[] {
  const list: Annotated[] = [];
  for (const key in annotations) {
    if (!key.startsWith(propertyPrefix)) continue;
    const name = key.slice(propertyPrefix.length);
    if (!/^[A-Za-z0-9]{3,}$/.test(name) || reserved.includes(name)) {
      list.push({ key, problem: 'name' });
      continue;
    }
    const property = propertyOf(name, annotations[key]!);
    list.push(property === undefined ? { key, problem: 'value' } : { property });
  }
  return list;
}

/** The names of unit files for durations end in `Sec`; the properties are microseconds and end in `USec`. */
function propertyOf(name: string, source: string): Property | undefined {
  if (!name.endsWith('Sec') || name.endsWith('USec')) {
    const value = parseVariant(source);
    return value === undefined ? undefined : [name, value];
  }
  const seconds = /^(?:(?:u?int(?:16|32|64)|byte|double) +)?([0-9]{1,9}(?:\.[0-9]{1,6})?)$/.exec(source.trim())?.[1];
  if (seconds === undefined) return undefined;
  return [`${name.slice(0, -'Sec'.length)}USec`, u64(Math.round(Number(seconds) * 1000000))];
}

/** What every unit of a container has, besides its limits. */
export function unitProperties(description: string, slice: string, v2: boolean): Property[] {
  const list: Property[] = [['Description', text(description)]];
  if (slice !== '') list.push(['Slice', text(slice)]);
  list.push(['Delegate', boolean(true)]);
  for (const name of ['MemoryAccounting', 'CPUAccounting', v2 ? 'IOAccounting' : 'BlockIOAccounting',
    'TasksAccounting'])
  {
    list.push([name, boolean(true)]);
  }
  list.push(['DefaultDependencies', boolean(false)]);
  return list;
}
