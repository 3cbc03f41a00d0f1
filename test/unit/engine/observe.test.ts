import t from 'tap';
import { compareValue } from '../../../src/observe/cgroup-values.ts';
import { below, joined, parseMounts, stacked } from '../../../src/observe/mount-table.ts';
import { compareConfigs } from '../../../src/observe/configs.ts';

const same = (file: string, declared: string, live: string): boolean | undefined =>
  compareValue(file, declared, live)?.same;

t.test('values of cgroup files in their normal form', async (t) => {
  t.ok(same('memory.limit_in_bytes', '67108900', '67108864\n'), 'sizes are rounded to pages');
  t.notOk(same('memory.limit_in_bytes', '67108864', '67112960\n'));
  t.ok(same('memory.limit_in_bytes', '-1', '9223372036854771712\n'), 'no limit of v1');
  t.ok(same('memory.max', 'max', 'max\n'));
  t.ok(same('hugetlb.2MB.limit_in_bytes', '4194305', '4194304\n'), 'huge pages');
  t.ok(same('cpuset.cpus', '0,1,2-3', '0-3\n'), 'lists of processors');
  t.notOk(same('cpuset.cpus', '0', '0-1\n'));
  t.ok(same('memory.oom_control', '1', 'oom_kill_disable 1\nunder_oom 0\n'));
  t.ok(same('io.max', '8:0 rbps=1048576', '8:0 rbps=1048576 wbps=max riops=max wiops=max\n'), 'what is not named');
  t.notOk(same('io.max', '8:0 rbps=1048576', '8:16 rbps=1048576\n'));
  t.ok(same('io.max', '8:0 rbps=max', ''), 'no limit has no line');
  t.ok(same('blkio.throttle.read_bps_device', '8:0 0', ''));
  t.ok(same('blkio.throttle.read_iops_device', '7:0 4294967295', ''), 'the highest rate is none');
  t.notOk(same('blkio.throttle.read_bps_device', '8:0 4096', '8:0 8192\n'));
  t.ok(same('io.weight', '200', 'default 200\n8:0 50\n'));
  t.ok(same('cpu.max', '50000 100000', '50000 100000\n'));
  t.equal(compareValue('memory.max', '67108864', 'what?'), undefined, 'an unknown form is not compared');
  t.match(compareValue('memory.max', '67108864', '134217728'), { declared: '64 MiB', running: '128 MiB' });
});

t.test('a mount table', async (t) => {
  const text =
    '36 35 98:0 /a\\040b /mnt\\0112 ro,noatime,nosuid master:1 shared:7 - ext3 /dev/root rw,size=4k\nnonsense\n'
    + '37 36 0:5 / /mnt\\0112 rw,relatime - tmpfs none rw\n';
  const [first, second] = parseMounts(text);
  t.match(first, { id: 36, parent: 35, device: '98:0', root: '/a b', point: '/mnt\t2', shared: true, slave: true,
    type: 'ext3', flags: 1 | 2 | 0x10 });
  t.equal(first?.options.get('size'), '4k');
  t.same(stacked([second!, first!]).map(({ id }) => id), [36, 37], 'the lowest first');
  t.equal(below('/a/b', '/a'), '/b');
  t.equal(below('/ab', '/a'), undefined);
  t.equal(joined('/', '/x'), '/x');
});

t.test('two configurations', async (t) => {
  const before = { process: { args: ['a'], capabilities: { bounding: ['X', 'Y'] } },
    linux: { namespaces: [{ type: 'pid' }, { type: 'uts' }] } };
  const now = { process: { args: ['b'], capabilities: { bounding: ['Y', 'X'] } },
    linux: { namespaces: [{ type: 'uts' }] } };
  t.same(compareConfigs(before, before), []);
  t.same(compareConfigs(now, before), [
    { pointer: '/process/args/0', property: '/process/args/0', removed: false, declared: '"b"', applied: '"a"' },
    { pointer: '/linux/namespaces', property: '/linux/namespaces/0', removed: true, declared: 'none',
      applied: '{"type":"pid"}' },
  ]);
});
