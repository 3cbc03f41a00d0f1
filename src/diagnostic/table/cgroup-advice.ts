// What to do about a value that the kernel refuses for a file of a cgroup, chosen by the file and the errno.
import { errnoName } from '../errno.ts';

type Row = readonly [file: RegExp, errors: readonly string[], advice: string];

const rows: readonly Row[] = [
  [/^cpuset\.cpus$/, ['EINVAL', 'ERANGE', 'EACCES'],
    'this machine, and the cgroup above, must have these processors (see "lscpu")'],
  [/^cpuset\.mems$/, ['EINVAL', 'ERANGE', 'EACCES'],
    'this machine, and the cgroup above, must have these memory nodes (see "lscpu")'],
  [/^cpu\.(shares|weight)$/, ['EINVAL'], 'an idle cgroup takes no weight: set cpu.idle to 0 along with it'],
  [/^cpu\.rt_/, ['EINVAL'],
    'the cgroups above must have as much real-time runtime left: see their cpu.rt_runtime_us, and kernel.sched_rt_runtime_us'],
  [/^hugetlb\./, ['ENOENT'],
    'this machine has no pages of that size, or it is written otherwise: see the files of the cgroup above, such as hugetlb.2MB.*'],
  [/^blkio\.leaf_weight/, ['ENOENT'], 'it belonged to the I/O scheduler CFQ, which Linux 5.0 has dropped: remove it'],
  [/^(blkio|io)\.(bfq\.)?weight/, ['ENOENT', 'EOPNOTSUPP'],
    'weights are for devices with the I/O scheduler BFQ: see /sys/block/DEVICE/queue/scheduler'],
  [/^(blkio|io)\./, ['ENODEV', 'ENXIO'], '"lsblk" lists the numbers of block devices'],
  [/^net_prio\./, ['ENODEV'],
    '"ip link" lists network devices; it must be one of the first network namespace of the host'],
  [/^devices\./, ['EPERM'], 'the cgroup above must allow it, and only root of the host can change that'],
];

/** @param errno of the failed write, or of the file's opening */
export function cgroupAdvice(file: string, errno: number): string | undefined {
  const name = errnoName(errno);
  return rows.find(([pattern, errors]) => errors.includes(name) && pattern.test(file))?.[2];
}
