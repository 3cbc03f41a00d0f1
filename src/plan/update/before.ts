// What undoes a write to a file of a cgroup, where the file's content is not simply written back.
import type { Setting } from '../../cgroup/setting.ts';
import type { CgroupUpdate } from '../../generated/plan.ts';

type Undo = Pick<CgroupUpdate, 'key' | 'reset'>;

/** Files with one line for each device or interface, and what clears such a line, after its first word. */
const keyed: Readonly<Record<string, string>> = {
  'blkio.throttle.read_bps_device': '0',
  'blkio.throttle.write_bps_device': '0',
  'blkio.throttle.read_iops_device': '0',
  'blkio.throttle.write_iops_device': '0',
  'blkio.weight_device': '0',
  'blkio.leaf_weight_device': '0',
  'blkio.bfq.weight_device': '0',
  'io.weight': 'default',
  'io.bfq.weight': 'default',
  'net_prio.ifpriomap': '0',
  'rdma.max': 'hca_handle=max hca_object=max',
};

/**
 * How a write is undone.
 *
 * @param disabledOom whether the OOM killer was disabled before (its file shows more than it takes)
 */
export function undoOf({ file, value }: Setting, disabledOom: boolean): Undo {
  if (file === 'memory.oom_control') return { reset: { file, value: disabledOom ? '1' : '0' } };
  const space = value.indexOf(' ');
  const key = value.slice(0, Math.max(space, 0));
  if (file === 'io.max') {
    const limits = value.slice(space + 1).split(' ').map((limit) => `${limit.slice(0, limit.indexOf('='))}=max`);
    return { key, reset: { file, value: `${key} ${limits.join(' ')}` } };
  }
  const cleared = keyed[file];
  if (cleared === undefined) return {};
  // The weight for every device without one of its own.
  if (space < 0) return { key: 'default', reset: { file, value: 'default 100' } };
  return { key, reset: { file, value: `${key} ${cleared}` } };
}
