// Values of cgroup files in a form in which what was written and what the kernel says afterwards are equal when they mean the
// same: it rounds sizes to pages, names numbers in its own way, and has one line for each device in some files.
import { listText } from './process.ts';
import { words } from './subject.ts';

/** What v1 calls no limit: the largest number of pages, as bytes. */
const leastUnlimited = 9223372036000000000n;

/** Sizes of a page that the kernels of 64 bits have. */
const pageSizes = [4096n, 16384n, 65536n];

/** Files of one size each. */
const isSize = (file: string): boolean =>
  /^memory\.(limit_in_bytes|memsw\.limit_in_bytes|soft_limit_in_bytes|kmem\.tcp\.limit_in_bytes|max|high|low|min|swap\.max|swap\.high|zswap\.max)$/
    .test(file);

const hugePages = /^hugetlb\.(\d+)([KMG])B\.(rsvd\.)?(max|limit_in_bytes)$/;

const isList = (file: string): boolean => /^cpuset\.(cpus|mems)(\.exclusive)?$/.test(file);

/** Files with a line for each device, whose values are `NAME=VALUE`. */
const isPairs = (file: string): boolean => /^(io\.(max|latency|cost\..*)|rdma\.max|misc\.max)$/.test(file);

/** Files with a line for each device and one value in it. */
const isKeyed = (file: string): boolean => /^(blkio\..*_device|net_prio\.ifpriomap|io\.(bfq\.)?weight)$/.test(file);

/** A comparison that came to something: what was asked for, and what is, as people read it. */
export interface Compared {
  readonly declared: string;
  readonly running: string;
  readonly same: boolean;
}

/** Compares what was written to a file with what it says now; undefined when that cannot be said. */
export function compareValue(file: string, declared: string, live: string): Compared | undefined {
  if (isSize(file)) return compareSizes(declared, live, pageSizes);
  const huge = hugePages.exec(file);
  if (huge !== null) {
    const shift = { K: 10n, M: 20n, G: 30n }[huge[2] as 'K' | 'M' | 'G'];
    return compareSizes(declared, live, [BigInt(huge[1]!) << shift]);
  }
  if (isList(file)) {
    const [wanted, running] = [listText(declared), listText(live)];
    if (wanted === undefined || running === undefined) return undefined;
    return { declared: declared.trim(), running: live.trim() || 'none', same: wanted === running };
  }
  if (file === 'memory.oom_control') {
    const running = /^oom_kill_disable (\d)/m.exec(live)?.[1] ?? '0';
    return plain(declared, running);
  }
  if (file === 'cpu.cfs_quota_us') return plain(Number(declared) < 0 ? '-1' : declared, live);
  if (isPairs(file)) return comparePairs(declared, live);
  if (isKeyed(file)) return compareKeyed(file, declared, live);
  return plain(declared, live);
}

function plain(declared: string, live: string): Compared {
  const [wanted, running] = [words(declared), words(live)];
  return { declared: wanted, running, same: wanted === running };
}

function compareSizes(declared: string, live: string, units: readonly bigint[]): Compared | undefined {
  const wanted = sizeOf(declared), running = sizeOf(live);
  if (wanted === undefined || running === undefined) return undefined;
  const same = wanted === running ||
    (typeof wanted === 'bigint' && typeof running === 'bigint' &&
      units.some((unit) => wanted / unit * unit === running));
  return { declared: sizeText(wanted), running: sizeText(running), same };
}

function sizeOf(text: string): bigint | 'unlimited' | undefined {
  const trimmed = text.trim();
  if (trimmed === 'max' || trimmed === '-1') return 'unlimited';
  if (!/^[0-9]{1,20}$/.test(trimmed)) return undefined;
  const size = BigInt(trimmed);
  return size >= leastUnlimited ? 'unlimited' : size;
}

/** A size as people write it. */
function sizeText(size: bigint | 'unlimited'): string {
  if (size === 'unlimited') return size;
  for (const [shift, unit] of [[30n, 'GiB'], [20n, 'MiB'], [10n, 'KiB']] as const) {
    if (size > 0n && size % (1n << shift) === 0n) return `${size >> shift} ${unit}`;
  }
  return `${size} bytes`;
}

/** The rest of the line that begins with a word. */
function lineOf(live: string, key: string): string | undefined {
  for (const line of live.split('\n')) if (line.startsWith(`${key} `)) return words(line.slice(key.length));
  return undefined;
}

function comparePairs(declared: string, live: string): Compared {
  const [key = '', ...wanted] = words(declared).split(' ');
  const running = new Map((lineOf(live, key) ?? '').split(' ').map((pair) => {
    const [name = '', value] = pair.split('=', 2);
    return [name, value];
  }));
  const different = wanted.filter((pair) => {
    const [name = '', value] = pair.split('=', 2);
    // No line is no limit.
    return (running.get(name) ?? 'max') !== value;
  });
  if (different.length === 0) return { declared, running: declared, same: true };
  const now = different.map((pair) => pair.split('=')[0]!).map((name) => `${name}=${running.get(name) ?? 'max'}`);
  return { declared: `${key} ${different.join(' ')}`, running: `${key} ${now.join(' ')}`, same: false };
}

/** The kernel keeps 32 bits of rates of operations: the highest number is no limit. */
const mostOperations = 4294967295;

function compareKeyed(file: string, declared: string, live: string): Compared {
  const text = words(declared);
  const space = text.indexOf(' ');
  const [key, value] = space < 0 ? ['default', text] : [text.slice(0, space), text.slice(space + 1)];
  const running = lineOf(live, key) ?? (space < 0 ? words(live) : undefined);
  // No limit has no line.
  const isNone = Number(value) === 0 || (file.includes('iops') && Number(value) === mostOperations);
  const same = running === value || (running === undefined && isNone);
  return { declared: text, running: running === undefined ? 'none' : space < 0 ? running : `${key} ${running}`, same };
}
