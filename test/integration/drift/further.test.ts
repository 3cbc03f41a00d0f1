// diff: further changes behind the runtime's back, of another configuration than those of diff.test.ts.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test, unified } from '../../support/case.ts';
import { program } from '../../support/helpers.ts';
import { beside, type Change, file, inside, outside, type Outside, resources, wrongOf } from './changes.ts';
import { diff } from './large.ts';
import { addDevice, firstMount, mountsOf, widen } from './wide.ts';

const mounts = Object.keys(mountsOf(''));
const at = (name: string, member = ''): string => `/mounts/${firstMount + mounts.indexOf(name)}${member}`;
// The mount program of the container keeps flags that it is not told to clear.
const again = (flags: string): string =>
  `umount /data; mount --bind /shared /data; mount --make-private /data; mount -o remount,bind,${flags} /data`;

const mountChanges: readonly Change[] = [
  inside('nodev is gone', again('noatime,nosymfollow'), '', at('nodev', '/options/1'), 'dev'),
  inside('noatime is gone', again('nodev,nosymfollow'), '', at('nodev', '/options/2'), 'atime'),
  inside('symbolic links are followed', again('nodev,noatime'), '', at('nodev', '/options/3'), 'symfollow'),
  inside('access times are rarely written', 'mount -o remount,bind,relatime,nodiratime /strict',
    'mount -o remount,bind,strictatime,nodiratime /strict', at('strict', '/options/0'), 'relatime'),
  inside('access times of directories', 'mount -o remount,bind,strictatime,diratime /strict',
    'mount -o remount,bind,strictatime,nodiratime /strict', at('strict', '/options/1'), 'diratime'),
  inside('another mode of a tmpfs',
    'umount /strict; mount -t tmpfs -o strictatime,nodiratime,mode=777,nr_inodes=100 tmpfs /strict', '',
    at('strict', '/options/2'), 'mode=777'),
  inside('more inodes', 'mount -o remount,strictatime,nodiratime,nr_inodes=200 /strict',
    'mount -o remount,strictatime,nodiratime,nr_inodes=100 /strict', at('strict', '/options/3'), 'nr_inodes=200'),
  inside('unbindable', 'mount --make-unbindable /strict', 'mount --make-private /strict', at('strict', '/options/4'),
    'unbindable'),
  inside('no longer shared', 'mount --make-private /shared', '', at('shared', '/options/1'), 'private'),
  inside('something else is bound',
    'umount /data; mount --bind /etc /data; mount -o remount,bind,nodev,noatime,nosymfollow /data', '',
    at('nodev', '/source'), /^\/.*etc of /),
  inside('another file system',
    'umount /twice; umount /twice; mount -t tmpfs lower /twice; mount -t ramfs upper /twice', '', at('upper', '/type'),
    'ramfs'),
  inside('the upper of two mounts is gone', 'umount /twice', '', at('upper'), 'no mount on /twice'),
  inside('mounts in another order',
    'umount /outer/inner; umount /outer; mkdir -p /outer/inner; mount -t tmpfs -o size=2m inner /outer/inner; mount -t tmpfs -o size=1m outer /outer',
    '', at('inner'), '/outer/inner is hidden by a mount above it'),
  inside('ids are no longer mapped', 'umount /mapped; mount --bind /shared /mapped; mount --make-private /mapped', '',
    at('mapped', '/options/1'), 'ids as they are'),
  inside('processes of others show', 'mount -o remount,hidepid=0 /proc', 'mount -o remount,hidepid=2 /proc',
    '/mounts/0/options/0', 'hidepid=off'),
  inside('a second procfs', 'mkdir -p /second; mount -t proc second /second', 'umount /second', '/mounts',
    'proc second on /second'),
  inside('a mount below another one', 'mkdir /strict/below; mount -t ramfs none /strict/below', 'umount /strict/below',
    '/mounts', 'ramfs none on /strict/below'),
  inside('another file in place of a mask', 'umount /proc/swaps; mount --bind /proc/uptime /proc/swaps', '',
    '/linux/maskedPaths/0', '/proc/swaps shows proc'),
  inside('a mask is a writable tmpfs', 'umount /proc/fs; mount -t tmpfs tmpfs /proc/fs', '', '/linux/maskedPaths/1',
    '/proc/fs shows tmpfs'),
  inside('a read-only path is bound once more, writable', 'umount /proc/irq; mount --bind /proc/irq /proc/irq', '',
    '/linux/readonlyPaths/0', 'rw'),
  inside('the root is shared', 'mount --make-shared /', 'mount --make-private /', '/linux/rootfsPropagation', 'shared'),
];

const deviceChanges: readonly Change[] = [
  inside('a character device in place of a block device', 'rm /dev/loop9; mknod -m 600 /dev/loop9 c 7 9',
    'rm /dev/loop9; mknod -m 600 /dev/loop9 b 7 9', '/linux/devices/0', 'character device 7:9'),
  inside('another minor number', 'rm /dev/loop9; mknod -m 600 /dev/loop9 b 7 8',
    'rm /dev/loop9; mknod -m 600 /dev/loop9 b 7 9', '/linux/devices/0', 'block device 7:8'),
  inside('a device is gone', 'rm /dev/loop9', 'mknod -m 600 /dev/loop9 b 7 9', '/linux/devices/0', 'nothing'),
  inside('a directory in place of a FIFO', 'rm /dev/queue; mkdir /dev/queue',
    'rmdir /dev/queue; mkfifo /dev/queue; chmod 622 /dev/queue; chown 3:4 /dev/queue', '/linux/devices/1', 'directory'),
  inside('the group of a FIFO', 'chown 3:0 /dev/queue', 'chown 3:4 /dev/queue', '/linux/devices/1', 'owner 3:0'),
  inside('a set-user-id bit', 'chmod 4622 /dev/queue', 'chmod 0622 /dev/queue', '/linux/devices/1', 'mode 4622'),
  inside('the mode of a default device', 'chmod 600 /dev/zero', 'chmod 666 /dev/zero', '/linux/devices',
    '/dev/zero mode 0600'),
  inside('the owner of a default device', 'chown 9:9 /dev/tty', 'chown 0:0 /dev/tty', '/linux/devices',
    '/dev/tty owner 9:9'),
  inside('a link of stdin is gone', 'rm /dev/stdin', 'ln -s /proc/self/fd/0 /dev/stdin', '/linux/devices',
    '/dev/stdin is gone'),
  inside('ptmx of another devpts', 'ln -sfn /elsewhere/ptmx /dev/ptmx', 'ln -sfn pts/ptmx /dev/ptmx', '/linux/devices',
    '/dev/ptmx -> /elsewhere/ptmx'),
];

const parameter = (name: string, flags: string, value: string, before: string): Change => {
  const path = `/proc/sys/${name.replaceAll('.', '/')}`;
  return beside(name, flags, `echo ${value} > ${path}`, `echo ${before} > ${path}`, `/linux/sysctl/${name}`, value);
};

const kernelChanges: readonly Change[] = [
  parameter('fs.mqueue.msg_max', '-i', '30', '20'),
  parameter('kernel.shm_rmid_forced', '-i', '0', '1'),
  parameter('kernel.sem', '-i', '250 32000 32 64', '250 32000 32 128'),
  parameter('net.core.somaxconn', '-n', '201', '200'),
  parameter('net.ipv4.ip_local_port_range', '-n', '20000 30001', '20000 30000'),
  parameter('net.ipv4.conf.eth0.forwarding', '-n', '0', '1'),
  beside('the loopback device is down', '-n', 'ip link set lo down', 'ip link set lo up', '/linux/namespaces/1',
    'lo is down'),
  beside('a network device has another name', '-n', 'ip link set eth0 down; ip link set eth0 name eth9',
    'ip link set eth9 name eth0; echo 1 > /proc/sys/net/ipv4/conf/eth0/forwarding', '/linux/netDevices/vdrift',
    'no such device'),
];

const processChanges: readonly Change[] = [
  outside('fewer processes', 'prlimit --pid PID --nproc=50:200', 'prlimit --pid PID --nproc=100:200',
    '/process/rlimits/0/soft', '50'),
  outside('a smaller stack', 'prlimit --pid PID --stack=1048576:1572864', '', '/process/rlimits/1/hard', '1572864'),
  outside('files of any size', 'prlimit --pid PID --fsize=1:1073741824',
    'prlimit --pid PID --fsize=1073741824:1073741824', '/process/rlimits/2/soft', '1'),
  { name: 'first to be killed for want of memory', pointer: '/process/oomScoreAdj', running: '1000',
    make: (o) => o.write('oom_score_adj', '1000'), undo: (o) => o.write('oom_score_adj', '100') },
  outside('children keep the policy', 'chrt --other -p 0 PID; renice -n 3 -p PID',
    'chrt --reset-on-fork --other -p 0 PID; renice -n 3 -p PID', '/process/scheduler/flags', 'none'),
  outside('a real-time policy', 'chrt --reset-on-fork --idle -p 0 PID',
    'chrt --reset-on-fork --other -p 0 PID; renice -n 3 -p PID', '/process/scheduler/policy', 'SCHED_IDLE'),
  outside('the best I/O class', 'ionice -c 1 -n 0 -p PID', 'ionice -c 3 -p PID', '/process/ioPriority/class',
    'IOPRIO_CLASS_RT'),
];

const moved = (controller: string): Change => {
  const folder = unified ? '/sys/fs/cgroup' : `/sys/fs/cgroup/${controller}`;
  const other = (o: Outside): string => join(folder, `${o.id}-other`);
  return {
    name: 'init is in another cgroup',
    pointer: '/linux/cgroupsPath',
    running: new RegExp(`^in /.*-other \\(${folder}\\)$`),
    make: (o) => {
      mkdirSync(other(o), { recursive: true });
      writeFileSync(join(other(o), 'cgroup.procs'), String(o.pid));
    },
    undo: (o) => {
      writeFileSync(join(folder, o.id, 'cgroup.procs'), String(o.pid));
      execFileSync('rmdir', [other(o)]);
    },
  };
};

const rules = (action: string, running: RegExp): Change => ({
  name: `device programs: ${action}`,
  pointer: `${resources}/devices`,
  running,
  make: (o) => execFileSync(program('rules'), [action, `/sys/fs/cgroup/${o.id}`], { stdio: 'pipe' }),
  undo: () => {},
});

const cgroupChanges: readonly Change[] = unified
  ? [
    rules('attach', /^program [0-9a-f]{16} and program [0-9a-f]{16}$/),
    rules('detach', /^no program$/),
    rules('replace', /^program [0-9a-f]{16}$/),
    file('', 'cgroup.max.depth', 'max', '7', `${resources}/unified/cgroup.max.depth`, 'max'),
    file('', 'cgroup.max.descendants', '3', '9', `${resources}/unified/cgroup.max.descendants`, '3'),
    moved(''),
  ]
  : [
    file('memory', 'memory.memsw.limit_in_bytes', '268435456', '134217728', `${resources}/memory/swap`, '256 MiB'),
    file('memory', 'memory.oom_control', '0', '1', `${resources}/memory/disableOOMKiller`, '0'),
    file('cpuset', 'cpuset.cpus', '0-1', '0', `${resources}/cpu/cpus`, '0-1'),
    file('blkio', 'blkio.throttle.read_bps_device', '7:0 2097152', '7:0 1048576',
      `${resources}/blockIO/throttleReadBpsDevice/0`, '7:0 2097152'),
    file('blkio', 'blkio.throttle.read_bps_device', '7:0 0', '7:0 1048576',
      `${resources}/blockIO/throttleReadBpsDevice/0`, 'none'),
    file('devices', 'devices.deny', 'b 7:* m', 'b 7:* m', `${resources}/devices/1`, 'b 7:* r'),
    file('devices', 'devices.deny', 'c 1:9 rwm', '', `${resources}/devices`, 'none'),
    moved('pids'),
  ];

/** The host's side changes the path of a joined namespace. */
const joined = (path: string): Change => ({
  name: 'the path of a namespace leads to another one',
  pointer: '/linux/namespaces/5/path',
  running: /^uts:\[\d+\]$/,
  make: () => execFileSync('unshare', ['-u', 'mount', '--bind', '/proc/self/ns/uts', path]),
  undo: () => execFileSync('umount', [path]),
});

test('each of forty further changes is named with its line, and nothing else', async (c) => {
  const data = c.dir();
  const namespace = join(c.dir(), 'uts');
  writeFileSync(namespace, '');
  execFileSync('mount', ['--bind', '/proc/self/ns/uts', namespace]);
  c.later(() => execFileSync('umount', [namespace]));
  execFileSync('unshare', ['-u', 'mount', '--bind', '/proc/self/ns/uts', namespace]);
  c.later(() => execFileSync('umount', [namespace]));
  const bundle = c.bundle((config) => widen(config, data, namespace));
  const all = [...mountChanges, ...deviceChanges, ...kernelChanges, ...processChanges, joined(namespace),
    ...cgroupChanges];
  assert.ok(all.length >= 40);
  assert.deepEqual(await wrongOf(c, bundle, all, 50, addDevice), []);
}, { only: 'veloci' });

test('what a program may change itself is the same or not observed, and so is a further filter of its own',
  async (c) => {
    const filtered = (args: string[]) =>
      c.command(args, (config) => {
        config.process.noNewPrivileges = true;
        config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW',
          syscalls: [{ names: ['swapon'], action: 'SCMP_ACT_ERRNO' }] };
        config.linux['memoryPolicy'] = { mode: 'MPOL_BIND', nodes: '0', flags: ['MPOL_F_STATIC_NODES'] };
        config.mounts.push({ destination: '/fault', type: 'bind', source: program('fault'), options: ['bind', 'ro'] });
      });
    const unseen = async (args: string[], filters: number): Promise<string[]> => {
      const { id, pid } = await c.started(filtered(args));
      // A program takes a moment to load its own.
      const loaded = (): boolean =>
        new RegExp(`^Seccomp_filters:\\s+${filters}$`, 'm').test(readFileSync(`/proc/${pid}/status`, 'utf8'));
      for (let i = 0; i < 500 && !loaded(); i++) await sleep(10);
      const { differences, unobserved } = await diff(c, id);
      assert.deepEqual(differences, []);
      return unobserved.map(({ pointer, reason }) => `${pointer}: ${reason}`).filter((line) =>
        !line.startsWith('/process/')
      );
    };
    const profile = '/linux/seccomp/syscalls: the kernel does not show what a filter allows';
    assert.deepEqual(await unseen(['/probe', 'pause'], 1), [profile]);
    assert.deepEqual(await unseen(['/fault', 'bpf=1', '--', '/probe', 'pause'], 2), [profile,
      '/linux/seccomp: 2 filters are loaded, which may be those of the caller of create, or of the program itself']);
  }, { only: 'veloci' });

test('who may not ask for device programs learns why they are not compared', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const { stdout, code } = await c.rt(['diff', '--json', id], { prefix: [program('fault'), 'bpf=1', '--'] });
  assert.equal(code, 0, stdout);
  const { unobserved } = JSON.parse(stdout) as Awaited<ReturnType<typeof diff>>;
  assert.deepEqual(unobserved.filter(({ pointer }) => pointer === `${resources}/devices`), [{
    pointer: `${resources}/devices`,
    reason: 'it cannot be read: not allowed',
  }]);
}, { only: 'veloci', skip: unified ? false : 'cgroup v1 has a file for device rules' });
