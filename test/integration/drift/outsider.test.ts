// Thirty further changes in a third container, whose program has rights: also such that the program is made to do by itself.
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test, unified } from '../../support/case.ts';
import { program } from '../../support/helpers.ts';
import type { Config } from '../../support/spec.ts';
import { beside, type Change, file, inside, outside, resources, wrongOf } from './changes.ts';

const first = 7; // mounts that the usual configuration has
const at = (index: number, rest = ''): string => `/mounts/${first + index}${rest}`;

function fill(config: Config, data: string): void {
  const { process, linux } = config;
  process.args = ['/probe', 'pause'];
  const some = ['CAP_CHOWN', 'CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP', 'CAP_SYS_ADMIN', 'CAP_SYS_CHROOT',
    'CAP_SYS_NICE'];
  process.capabilities = { bounding: some, effective: some, permitted: some, inheritable: ['CAP_CHOWN', 'CAP_SETPCAP'],
    ambient: ['CAP_CHOWN', 'CAP_SETPCAP'] };
  process.user = { uid: 0, gid: 0, additionalGids: [3, 4], umask: 0o22 };
  process.noNewPrivileges = false;
  process.rlimits = [{ type: 'RLIMIT_AS', soft: 1 << 30, hard: 1 << 30 }, { type: 'RLIMIT_MEMLOCK', soft: 65536,
    hard: 65536 }, { type: 'RLIMIT_SIGPENDING', soft: 100, hard: 200 }, { type: 'RLIMIT_MSGQUEUE', soft: 1000,
    hard: 2000 }];
  config.root!.readonly = false;
  config.hostname = 'third';
  config.mounts = [...config.mounts ?? [], { destination: '/host', type: 'bind', source: data,
    options: ['rbind', 'rslave', 'noexec'] }, { destination: '/own', type: 'tmpfs', source: 'own',
    options: ['uid=5', 'gid=6', 'mode=0751'] }, { destination: '/file', type: 'bind', source: '/etc/hostname',
    options: ['bind', 'ro'] }, { destination: '/plain', type: 'bind', source: `${data}-plain`, options: ['bind'] }];
  linux.personality = { domain: 'LINUX' };
  linux.sysctl = { 'net.ipv4.conf.all.rp_filter': '1', 'net.unix.max_dgram_qlen': '20', 'kernel.shmmni': '1000',
    'kernel.domainname': 'third.example' };
  linux.resources = {
    devices: [{ allow: false, access: 'rwm' }, { allow: true, type: 'c', major: 10, minor: 229, access: 'rwm' }, {
      allow: true,
      type: 'b',
      access: 'm',
    }],
    cpu: { shares: 300, ...(unified ? {} : { quota: 40000, period: 100000, burst: 10000 }) },
    pids: { limit: 50 },
    ...(unified
      ? {}
      : {
        blockIO: { throttleWriteIOPSDevice: [{ major: 7, minor: 0, rate: 100 }],
          throttleReadIOPSDevice: [{ major: 7, minor: 0, rate: 200 }] },
      }),
  };
}

const byItself = (name: string, call: string, pointer: string, running: string | RegExp): Change => ({
  name: `the program: ${name}`,
  pointer,
  running,
  make: (o) => {
    execFileSync(program('inject'), [String(o.pid), ...call.split(' ')], { stdio: 'pipe' });
  },
  undo: () => {},
});

/** Somebody exchanges what the configuration names on the host. */
const exchanged = (data: string): Change => ({
  name: 'another directory in place of the source',
  pointer: at(3, '/source'),
  running: /-old of /,
  make: () => {
    renameSync(data, `${data}-old`);
    mkdirSync(data);
  },
  undo: () => {
    rmdirSync(data);
    renameSync(`${data}-old`, data);
  },
});

const changesOf = (data: string): readonly Change[] => [
  inside('/dev/pts for everybody', 'mount -o remount,gid=5,mode=666,ptmxmode=0666 /dev/pts',
    'mount -o remount,gid=5,mode=620,ptmxmode=0666 /dev/pts', '/mounts/2/options/4', /0?666/),
  inside('/dev/shm without a limit', 'mount -o remount,nosuid,noexec,nodev,mode=1777,size=512m /dev/shm',
    'mount -o remount,nosuid,noexec,nodev,mode=1777,size=65536k /dev/shm', '/mounts/3/options/4', 'size=524288k'),
  inside('/dev/mqueue is gone', 'umount /dev/mqueue', '', '/mounts/4', 'no mount on /dev/mqueue'),
  inside('/sys is writable', 'mount -o remount,bind,rw,nosuid,noexec,nodev /sys',
    'mount -o remount,bind,ro,nosuid,noexec,nodev /sys', '/mounts/5/options/3', 'rw'),
  inside('a mount of the host may execute', 'mount -o remount,bind,exec /host', 'mount -o remount,bind,noexec /host',
    at(0, '/options/2'), 'exec'),
  inside('a mount no longer follows the host', 'mount --make-private /host', '', at(0, '/options/1'), 'private'),
  inside('a mount of the host is also shared', 'mount --make-shared /host', '', at(0, '/options/1'), /shared/),
  inside('a file is writable', 'mount -o remount,bind,rw /file', 'mount -o remount,bind,ro /file', at(2, '/options/1'),
    'rw'),
  inside('another file is bound', 'umount /file; mount --bind /etc/passwd /file; mount -o remount,bind,ro /file', '',
    at(2, '/source'), /\/etc\/passwd/),
  { ...inside('a mount over the root', 'mount -t tmpfs none /', '', '/mounts', / on \/$/), undo: () => {} },
  inside('a mount on a file', 'mount --bind /etc/passwd /etc/group', 'umount /etc/group', '/mounts',
    / on \/etc\/group$/),
  inside('overlay over /etc',
    'mkdir -p /own/u /own/w; mount -t overlay overlay -o lowerdir=/etc,upperdir=/own/u,workdir=/own/w /etc',
    'umount /etc; rm -rf /own/u /own/w', '/mounts', / on \/etc$/),
  inside('/dev/random is /dev/zero', 'rm /dev/random; mknod -m 666 /dev/random c 1 5',
    'rm /dev/random; mknod -m 666 /dev/random c 1 8', '/linux/devices', /random character device 1:5$/),
  inside('a link in place of a device', 'mv /dev/urandom /dev/u; ln -s u /dev/urandom',
    'rm /dev/urandom; mv /dev/u /dev/urandom', '/linux/devices', /urandom/),
  inside('/dev/stderr leads elsewhere', 'ln -sfn /own/log /dev/stderr', 'ln -sfn /proc/self/fd/2 /dev/stderr',
    '/linux/devices', /\/own\/log/),
  beside('a host name of the container itself', '-u', 'hostname third.local', 'hostname third', '/hostname',
    'third.local'),
  beside('a filter of the network', '-n', 'echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter',
    'echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter', '/linux/sysctl/net.ipv4.conf.all.rp_filter', '0'),
  beside('a queue of the network', '-n', 'echo 10 > /proc/sys/net/unix/max_dgram_qlen',
    'echo 20 > /proc/sys/net/unix/max_dgram_qlen', '/linux/sysctl/net.unix.max_dgram_qlen', '10'),
  beside('shared memory', '-i', 'echo 999 > /proc/sys/kernel/shmmni', 'echo 1000 > /proc/sys/kernel/shmmni',
    '/linux/sysctl/kernel.shmmni', '999'),
  outside('address space', 'prlimit --pid PID --as=536870912:1073741824',
    'prlimit --pid PID --as=1073741824:1073741824', '/process/rlimits/0/soft', '536870912'),
  outside('locked memory', 'prlimit --pid PID --memlock=4096:65536', 'prlimit --pid PID --memlock=65536:65536',
    '/process/rlimits/1/soft', '4096'),
  outside('pending signals', 'prlimit --pid PID --sigpending=99:200', 'prlimit --pid PID --sigpending=100:200',
    '/process/rlimits/2/soft', '99'),
  outside('message queues', 'prlimit --pid PID --msgqueue=999:2000', 'prlimit --pid PID --msgqueue=1000:2000',
    '/process/rlimits/3/soft', '999'),
  exchanged(`${data}-plain`),
  byItself('another group', 'setgid 9', '/process/user/gid', /9/),
  byItself('no further groups', 'setgroups 0 0', '/process/user/additionalGids', 'none'),
  byItself('a capability less in the bounding set', 'prctl 24 0', '/process/capabilities/bounding',
    'without CAP_CHOWN'),
  byItself('a capability less in the ambient set', 'prctl 47 3 0 0 0', '/process/capabilities/ambient',
    'without CAP_CHOWN'),
  byItself('none but CAP_CHOWN effective', 'capset @2205082000000000 @01000000c101a40001010000000000000000000000000000',
    '/process/capabilities/effective', /^without .*CAP_SYS_ADMIN/),
];

const cgroupChanges: readonly Change[] = unified
  ? [file('', 'pids.max', '51', '50', `${resources}/pids/limit`, '51')]
  : [
    file('cpu', 'cpu.cfs_burst_us', '0', '10000', `${resources}/cpu/burst`, '0'),
    file('cpu', 'cpu.shares', '301', '300', `${resources}/cpu/shares`, '301'),
    file('blkio', 'blkio.throttle.write_iops_device', '7:0 101', '7:0 100',
      `${resources}/blockIO/throttleWriteIOPSDevice/0`, '7:0 101'),
    file('blkio', 'blkio.throttle.read_iops_device', '7:0 0', '7:0 200',
      `${resources}/blockIO/throttleReadIOPSDevice/0`, 'none'),
    file('devices', 'devices.deny', 'b *:* m', 'b *:* m', `${resources}/devices/2`, /./),
    file('devices', 'devices.allow', 'b 8:* rw', '', `${resources}/devices`, 'b 8:* rw'),
  ];

test('each of forty changes of a third container is named with its line, and nothing else', async (c) => {
  const data = join(c.dir(), 'data');
  mkdirSync(data);
  mkdirSync(`${data}-plain`);
  // As systemd has it.
  execFileSync('mount', ['--bind', data, data]);
  c.later(() => execFileSync('umount', [data]));
  execFileSync('mount', ['--make-shared', data]);
  const bundle = c.bundle((config) => fill(config, data));
  const wrong = await wrongOf(c, bundle, [...changesOf(data), ...cgroupChanges], 50);
  assert.deepEqual(wrong, [], wrong.join('\n\n'));
}, { only: 'veloci' });
