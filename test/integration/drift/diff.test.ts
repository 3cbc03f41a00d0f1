// diff: a container is compared with its configuration. Each change behind the runtime's back is named with its line, and
// nothing else is.
import { readFileSync, writeFileSync } from 'node:fs';
import { locate } from '../../../src/spec/parse/locate.ts';
import { assert, test, unified } from '../../support/case.ts';
import { beside, type Change, file, inside, outside, resources, wrongOf } from './changes.ts';
import { configText, diff, enlarge } from './large.ts';

const cgroupChanges: readonly Change[] = [
  file('memory', 'memory.limit_in_bytes', '134217728', '67108864', `${resources}/memory/limit`, '128 MiB'),
  file('memory', 'memory.soft_limit_in_bytes', '-1', '33554432', `${resources}/memory/reservation`, 'unlimited'),
  file('memory', 'memory.swappiness', '10', '40', `${resources}/memory/swappiness`, '10'),
  file('cpu', 'cpu.shares', '256', '512', `${resources}/cpu/shares`, '256'),
  file('cpu', 'cpu.cfs_quota_us', '-1', '50000', `${resources}/cpu/quota`, '-1'),
  file('cpu', 'cpu.cfs_period_us', '200000', '100000', `${resources}/cpu/period`, '200000'),
  file('pids', 'pids.max', 'max', '64', `${resources}/pids/limit`, 'max'),
  file('devices', 'devices.allow', 'c 1:11 r', 'c 1:11 r', `${resources}/devices`, 'c 1:11 r'),
  file('devices', 'devices.allow', 'a', '', `${resources}/devices`, 'every device'),
  file('devices', 'devices.deny', 'c 10:229 w', '', `${resources}/devices/1`, 'c 10:229 r'),
];

const mounts = 7;
const changes: readonly Change[] = [
  inside('a mount of the host is writable', 'mount -o remount,bind,rw,nosuid /data',
    'mount -o remount,bind,ro,nosuid /data', `/mounts/${mounts}/options/1`, 'rw'),
  inside('nosuid is gone', 'mount -o remount,bind,ro,suid /data', 'mount -o remount,bind,ro,nosuid /data',
    `/mounts/${mounts}/options/2`, 'suid'),
  inside('a bind mount is read-only', 'mount -o remount,bind,ro /work', 'mount -o remount,bind,rw /work',
    `/mounts/${mounts + 1}/options/1`, 'ro'),
  inside('a bind mount is gone', 'umount /work', '', `/mounts/${mounts + 1}`, 'no mount on /work'),
  inside('a mount is shared', 'mount --make-shared /data', 'mount --make-private /data', `/mounts/${mounts}`, 'shared'),
  inside('noexec is gone', 'mount -o remount,bind,nosuid,nodev,exec /scratch',
    'mount -o remount,bind,nosuid,nodev,noexec /scratch', `/mounts/${mounts + 2}/options/2`, 'exec'),
  inside('a tmpfs is larger', 'mount -o remount,nosuid,nodev,noexec,size=8m /scratch',
    'mount -o remount,nosuid,nodev,noexec,size=4m /scratch', `/mounts/${mounts + 2}/options/3`, 'size=8192k'),
  inside('a new tmpfs', 'mkdir -p /scratch/new; mount -t tmpfs none /scratch/new', 'umount /scratch/new', '/mounts',
    'tmpfs none on /scratch/new'),
  inside('a bind mount of its own', 'mount --bind /etc /tmp', 'umount /tmp', '/mounts', / on \/tmp$/),
  inside('a mount over another one', 'mount -t tmpfs over /scratch', 'umount /scratch', '/mounts',
    'tmpfs over on /scratch'),
  inside('a mount over /dev hides its nodes', 'mount -t tmpfs over /dev', 'umount /dev', '/mounts',
    'tmpfs over on /dev'),
  inside('a masked file shows', 'umount /proc/interrupts', '', '/linux/maskedPaths/0', '/proc/interrupts is not'),
  inside('a masked folder shows', 'umount /sys/firmware', '', '/linux/maskedPaths/2', '/sys/firmware is not'),
  inside('a masked folder is writable', 'mount -o remount,bind,rw /proc/tty', 'mount -o remount,bind,ro /proc/tty',
    '/linux/maskedPaths/1', '/proc/tty shows tmpfs'),
  inside('/proc/sys is writable', 'mount -o remount,bind,rw /proc/sys', 'mount -o remount,bind,ro /proc/sys',
    '/linux/readonlyPaths/0', 'rw'),
  inside('/proc/bus is no longer read-only', 'umount /proc/bus', '', '/linux/readonlyPaths/1', '/proc/bus is not'),
  inside('the root is writable', 'mount -o remount,bind,rw /', 'mount -o remount,bind,ro /', '/root/readonly', 'rw'),
  inside('another device number', 'rm /dev/fuse; mknod -m 640 /dev/fuse c 10 200; chown 5:6 /dev/fuse',
    'rm /dev/fuse; mknod -m 640 /dev/fuse c 10 229; chown 5:6 /dev/fuse', '/linux/devices/0',
    'character device 10:200'),
  inside('another mode of a device', 'chmod 666 /dev/fuse', 'chmod 640 /dev/fuse', '/linux/devices/0', 'mode 0666'),
  inside('another owner of a device', 'chown 0:0 /dev/fuse', 'chown 5:6 /dev/fuse', '/linux/devices/0', 'owner 0:0'),
  inside('a file in place of a device', 'rm /dev/null; echo > /dev/null; chmod 666 /dev/null',
    'rm /dev/null; mknod -m 666 /dev/null c 1 3', '/linux/devices', '/dev/null regular file'),
  inside('a default device is gone', 'rm /dev/full', 'mknod -m 666 /dev/full c 1 7', '/linux/devices',
    '/dev/full nothing'),
  inside('a link leads elsewhere', 'ln -sfn /proc/1/fd /dev/fd', 'ln -sfn /proc/self/fd /dev/fd', '/linux/devices',
    '/dev/fd -> /proc/1/fd'),
  beside('another host name', '-u', 'hostname other', 'hostname declared', '/hostname', 'other'),
  beside('another domain name', '-u', 'echo elsewhere > /proc/sys/kernel/domainname',
    'echo example > /proc/sys/kernel/domainname', '/domainname', 'elsewhere'),
  beside('a kernel parameter of the network', '-n', 'echo 0 > /proc/sys/net/ipv4/ip_forward',
    'echo 1 > /proc/sys/net/ipv4/ip_forward', '/linux/sysctl/net.ipv4.ip_forward', '0'),
  beside('a kernel parameter with two numbers', '-n', 'echo 0 200 > /proc/sys/net/ipv4/ping_group_range',
    'echo 0 100 > /proc/sys/net/ipv4/ping_group_range', '/linux/sysctl/net.ipv4.ping_group_range', '0 200'),
  beside('a kernel parameter of ipc', '-i', 'echo 8192 > /proc/sys/kernel/msgmax',
    'echo 4096 > /proc/sys/kernel/msgmax', '/linux/sysctl/kernel.msgmax', '8192'),
  outside('a soft limit', 'as prlimit --pid PID --nofile=256:1024', 'as prlimit --pid PID --nofile=512:1024',
    '/process/rlimits/0/soft', '256'),
  outside('a hard limit', 'as prlimit --pid PID --nofile=512:800', '', '/process/rlimits/0/hard', '800'),
  outside('no core any more', 'as prlimit --pid PID --core=0:0', '', '/process/rlimits/1/hard', '0'),
  { name: 'the oom score', pointer: '/process/oomScoreAdj', running: '500',
    make: (o) => o.write('oom_score_adj', '500'), undo: (o) => o.write('oom_score_adj', '321') },
  outside('the nice value', 'renice -n 10 -p PID', 'renice -n 5 -p PID', '/process/scheduler/nice', '10'),
  outside('the policy', 'chrt --idle -p 0 PID', 'chrt --batch -p 0 PID; renice -n 5 -p PID',
    '/process/scheduler/policy', 'SCHED_IDLE'),
  outside('the I/O class', 'ionice -c 3 -p PID', 'ionice -c 2 -n 6 -p PID', '/process/ioPriority/class',
    'IOPRIO_CLASS_IDLE'),
  outside('the I/O priority', 'ionice -c 2 -n 1 -p PID', 'ionice -c 2 -n 6 -p PID', '/process/ioPriority/priority',
    '1'),
];

test('each change behind its back is named with its line, and nothing else', async (c) => {
  const data = c.dir();
  const bundle = c.bundle((config) => enlarge(config, data));
  assert.deepEqual(await wrongOf(c, bundle, [...(unified ? [] : cgroupChanges), ...changes], 60), []);
}, { only: 'veloci' });

test('text for people, a paused container, and a configuration that has changed', async (c) => {
  const bundle = c.command(['/probe', 'pause'], (config) => {
    config.linux.resources = { pids: { limit: 30 } };
  });
  const { id } = await c.started(bundle);
  assert.match((await c.rt(['diff', id])).stdout, /^no differences; \d+ properties compared, \d+ not observed\n$/);
  await c.rt(['pause', id]);
  const path = unified ? `/sys/fs/cgroup/${id}/pids.max` : `/sys/fs/cgroup/pids/${id}/pids.max`;
  writeFileSync(path, '40');
  const { line, column } = locate(configText(bundle.dir), '/linux/resources/pids/limit');
  const shown = await c.rt(['diff', id]);
  assert.equal(shown.code, 2);
  assert.equal(shown.stdout.split('\n')[0],
    `config.json:${line}:${column} (/linux/resources/pids/limit): declared 30, running 40`);
  await c.rt(['resume', id]);

  // Declared is 40 now, and so is what runs; applied was 30.
  const config = JSON.parse(readFileSync(`${bundle.dir}/config.json`, 'utf8'));
  config.linux.resources.pids.limit = 40;
  config.process.args = ['/probe', 'other'];
  const text = JSON.stringify(config, null, 2);
  bundle.write(text);
  assert.deepEqual((await diff(c, id)).differences.map(({ pointer, applied }) => [pointer, applied]), [[
    '/process/args/1',
    '"pause"',
  ]]);
  assert.deepEqual((await diff(c, id, '--declared')).differences.map(({ pointer }) => pointer), ['/process/args/1',
    '/linux/resources/pids/limit']);
  assert.deepEqual((await diff(c, id, '--applied')).differences.map(({ pointer, running }) => [pointer, running]), [[
    '/linux/resources/pids/limit',
    '40',
  ]]);
  writeFileSync(path, '30');
  const input = await c.rt(['diff', '--json', '-f', '-', id], { input: text });
  assert.match(input.stdout, /"file": "standard input"/);
  assert.equal(input.code, 2);
  const missing = await c.rt(['diff', '-f', 'none.json', id]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /none\.json/);
}, { only: 'veloci' });

test('a container that is created, and one that has stopped', async (c) => {
  const bundle = c.command(['/probe', 'pause']);
  const { id } = await c.create(bundle);
  const created = await diff(c, id);
  assert.deepEqual(created.differences, []);
  assert.ok(created.unobserved.some(({ pointer }) => pointer === '/process/args'));
  await c.rt(['kill', id, 'KILL']);
  await c.until(id, 'stopped');
  assert.match((await c.rt(['diff', id])).stderr, /not running|stopped/);
  assert.deepEqual((await diff(c, id, '--declared')).differences, []);
}, { only: 'veloci' });
