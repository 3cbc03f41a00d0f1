// Changes of config.json, one each, with what the kernel shows of them from outside.
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { unified } from '../../support/case.ts';
import type { Config } from '../../support/spec.ts';

/** Looks at a container from outside. */
export class Outside {
  readonly pid: number;
  readonly id: string;

  constructor(id: string, pid: number) {
    this.id = id;
    this.pid = pid;
  }

  cgroup(controller: string, file: string): string {
    return readFileSync(
      unified ? `/sys/fs/cgroup/${this.id}/${file}` : `/sys/fs/cgroup/${controller}/${this.id}/${file}`,
      'utf8',
    ).trim();
  }

  proc(name: string): string {
    return readFileSync(`/proc/${this.pid}/${name}`, 'utf8').trim();
  }

  limit(name: string): string {
    const line = this.proc('limits').split('\n').find((text) => text.startsWith(name)) ?? '';
    return line.slice(name.length).trim().split(/\s+/).slice(0, 2).join(' ');
  }

  /** Kernel parameters of its namespaces. */
  sysctl(name: string): string {
    return execFileSync('nsenter', ['-t', String(this.pid), '-n', '-i', '-u', 'cat', `/proc/sys/${name}`], {
      encoding: 'utf8',
    }).trim().replace(/\s+/g, ' ');
  }

  /** A line of its mount table: options of the mount, type, source, options of the file system. */
  mount(point: string): string {
    const lines = this.proc('mountinfo').split('\n').filter((line) => line.split(' ')[4] === point);
    const [, , , root, , options, ...rest] = lines.at(-1)?.split(' ') ?? [];
    return root === undefined ? 'none' : `${options} ${rest.slice(rest.indexOf('-') + 1).join(' ')} ${root}`;
  }

  mounts(point: string): number {
    return this.proc('mountinfo').split('\n').filter((line) => line.split(' ')[4] === point).length;
  }

  node(path: string): string {
    try {
      const seen = statSync(`/proc/${this.pid}/root${path}`);
      const kind = seen.isCharacterDevice() ? 'c' : seen.isBlockDevice() ? 'b' : seen.isFIFO() ? 'p' : '?';
      return `${kind} ${seen.rdev >> 8}:${seen.rdev & 255} ${(seen.mode & 0o7777).toString(8)} ${seen.uid}:${seen.gid}`;
    } catch {
      return 'none';
    }
  }

  link(path: string): string {
    return readlinkSync(`/proc/${this.pid}/root${path}`);
  }

  run(command: string, ...args: string[]): string {
    return execFileSync(command, args, { encoding: 'utf8' }).trim();
  }

  scheduler(): string {
    return this.run('chrt', '-p', String(this.pid)).replace(/^.*?: /gm, '').replaceAll('\n', ' ');
  }

  nice(): string {
    return this.proc('stat').replace(/^.*\) /, '').split(' ')[16]!;
  }
}

export interface Change {
  readonly name: string;
  readonly make: (config: Config) => void;
  /** Its pointer, as apply shows it. */
  readonly pointer: string;
  readonly see: (o: Outside) => string;
  readonly seen: string | RegExp;
  /** What is seen when the change is taken back: what was there before, unless this says something else. */
  readonly back?: string | RegExp;
  readonly skip?: string | false;
}

type Row = readonly [name: string, make: (config: Config) => void, pointer: string, see: (o: Outside) => string,
  seen: string | RegExp, back?: string | RegExp];

/** CAP_SYS_RESOURCE: without it limits are only lowered. */
const mayRaise =
  (BigInt(`0x${/CapEff:\t(.*)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]!}`) >> 24n & 1n) === 1n;

const mib = 1 << 20;
const memory = '/linux/resources/memory', cpu = '/linux/resources/cpu';
/** A file of cgroup v1 or v2, and its values. */
const file = (controller: string, v1: string, v2: string) => (o: Outside): string =>
  o.cgroup(controller, unified ? v2 : v1);
const resources = (config: Config): Record<string, Record<string, unknown>> =>
  config.linux.resources as Record<string, Record<string, unknown>>;
const mountAt = (
  config: Config,
  destination: string,
): { destination: string; type?: string; source?: string; options?: string[] } =>
  config.mounts!.find((mount) => mount.destination === destination)!;

const cgroups: Row[] = [
  ['memory limit', (c) => {
    resources(c)['memory']!['limit'] = 128 * mib;
  }, `${memory}/limit`, file('memory', 'memory.limit_in_bytes', 'memory.max'), String(128 * mib)],
  ['memory limit that the kernel rounds', (c) => {
    resources(c)['memory']!['limit'] = 100 * mib + 17;
  }, `${memory}/limit`, file('memory', 'memory.limit_in_bytes', 'memory.max'), String(100 * mib)],
  ['memory limit below the reservation', (c) => {
    resources(c)['memory']!['limit'] = 48 * mib;
  }, `${memory}/limit`, file('memory', 'memory.limit_in_bytes', 'memory.max'), String(48 * mib)],
  ['no memory limit', (c) => {
    resources(c)['memory']!['limit'] = -1;
  }, `${memory}/limit`, file('memory', 'memory.limit_in_bytes', 'memory.max'), unified ? 'max' : /^922337203685477/],
  ['memory reservation', (c) => {
    resources(c)['memory']!['reservation'] = 16 * mib;
  }, `${memory}/reservation`, file('memory', 'memory.soft_limit_in_bytes', 'memory.low'), String(16 * mib)],
  ['cpu shares', (c) => {
    resources(c)['cpu']!['shares'] = 2048;
  }, `${cpu}/shares`, file('cpu', 'cpu.shares', 'cpu.weight'), unified ? /^\d+$/ : '2048'],
  ['cpu quota', (c) => {
    resources(c)['cpu']!['quota'] = 70000;
  }, `${cpu}/quota`, file('cpu', 'cpu.cfs_quota_us', 'cpu.max'), unified ? '70000 100000' : '70000'],
  ['no cpu quota', (c) => {
    resources(c)['cpu']!['quota'] = -1;
  }, `${cpu}/quota`, file('cpu', 'cpu.cfs_quota_us', 'cpu.max'), unified ? 'max 100000' : '-1'],
  ['cpu period', (c) => {
    resources(c)['cpu']!['period'] = 60000;
  }, `${cpu}/period`, file('cpu', 'cpu.cfs_period_us', 'cpu.max'), unified ? '50000 60000' : '60000'],
  ['cpu quota and period', (c) => {
    Object.assign(resources(c)['cpu']!, { quota: 20000, period: 20000 });
  }, `${cpu}/quota`, file('cpu', 'cpu.cfs_quota_us', 'cpu.max'), unified ? '20000 20000' : '20000'],
  ['cpu list', (c) => {
    resources(c)['cpu']!['cpus'] = '0-1';
  }, `${cpu}/cpus`, file('cpuset', 'cpuset.cpus', 'cpuset.cpus'), '0-1'],
  ['pids limit', (c) => {
    resources(c)['pids']!['limit'] = 99;
  }, '/linux/resources/pids/limit', file('pids', 'pids.max', 'pids.max'), '99'],
  ['no pids limit', (c) => {
    resources(c)['pids']!['limit'] = -1;
  }, '/linux/resources/pids/limit', file('pids', 'pids.max', 'pids.max'), 'max'],
  ['several limits', (c) => {
    resources(c)['pids']!['limit'] = 77;
    resources(c)['memory']!['limit'] = 80 * mib;
  }, '/linux/resources/pids/limit',
    (o) => `${file('pids', 'pids.max', 'pids.max')(o)} ${file('memory', 'memory.limit_in_bytes', 'memory.max')(o)}`,
    `77 ${80 * mib}`],
];

const v1Only: Row[] = unified ? [] : [
  ['swappiness', (c) => {
    resources(c)['memory']!['swappiness'] = 20;
  }, `${memory}/swappiness`, (o) => o.cgroup('memory', 'memory.swappiness'), '20'],
  ['OOM killer disabled', (c) => {
    resources(c)['memory']!['disableOOMKiller'] = true;
  }, `${memory}/disableOOMKiller`, (o) => o.cgroup('memory', 'memory.oom_control').split('\n')[0]!,
    'oom_kill_disable 1', 'oom_kill_disable 1'],
  ['device rule added', (c) => {
    (c.linux.resources as { devices: object[] }).devices.push({ allow: true, type: 'c', major: 10, minor: 200,
      access: 'r' }, { allow: true, type: 'c', major: 1, minor: 11, access: 'r' });
  }, '/linux/resources/devices/2', (o) => /c 1:11 .*/.exec(o.cgroup('devices', 'devices.list'))?.[0] ?? 'none',
    'c 1:11 r'],
  ['device rule changed', (c) => {
    Object.assign((c.linux.resources as { devices: object[] }).devices[1]!, { access: 'r' });
  }, '/linux/resources/devices/1', (o) => /c 10:229 .*/.exec(o.cgroup('devices', 'devices.list'))?.[0] ?? 'none',
    'c 10:229 r'],
];

const limits: Row[] = [
  ['limit of files', (c) => {
    c.process.rlimits![0]!.soft = 400;
  }, '/process/rlimits/0/soft', (o) => o.limit('Max open files'), '400 1024'],
  ...(mayRaise
    ? [['hard limit of files', (c) => {
      c.process.rlimits![0]!.hard = 2048;
    }, '/process/rlimits/0/hard', (o) => o.limit('Max open files'), '512 2048'] as Row]
    : []),
  ['limit of core files', (c) => {
    c.process.rlimits![1]!.soft = 1;
  }, '/process/rlimits/1/soft', (o) => o.limit('Max core file size'), '1 4096'],
  ['another limit', (c) => {
    c.process.rlimits!.push({ type: 'RLIMIT_FSIZE', soft: 123456, hard: 123456 });
  }, '/process/rlimits/2', (o) => o.limit('Max file size'), '123456 123456', '123456 123456'],
  ['limits in another order', (c) => {
    c.process.rlimits!.reverse();
    c.process.rlimits![1]!.soft = 300;
  }, '/process/rlimits/1/soft', (o) => o.limit('Max open files'), '300 1024'],
  ['score', (c) => {
    c.process.oomScoreAdj = 500;
  }, '/process/oomScoreAdj', (o) => o.proc('oom_score_adj'), '500'],
  ...(mayRaise
    ? [['lower score', (c) => {
      c.process.oomScoreAdj = -5;
    }, '/process/oomScoreAdj', (o) => o.proc('oom_score_adj'), '-5'] as Row]
    : []),
  ['nice', (c) => {
    (c.process['scheduler'] as { nice: number }).nice = 9;
  }, '/process/scheduler/nice', (o) => o.nice(), '9'],
  ['policy', (c) => {
    c.process['scheduler'] = { policy: 'SCHED_IDLE', nice: 5 };
  }, '/process/scheduler/policy', (o) => o.scheduler(), /SCHED_IDLE/],
  ['I/O priority', (c) => {
    c.process['ioPriority'] = { class: 'IOPRIO_CLASS_BE', priority: 2 };
  }, '/process/ioPriority/priority', (o) => o.run('ionice', '-p', String(o.pid)), 'best-effort: prio 2'],
  ['I/O class', (c) => {
    c.process['ioPriority'] = { class: 'IOPRIO_CLASS_IDLE' };
  }, '/process/ioPriority/class', (o) => o.run('ionice', '-p', String(o.pid)), 'idle'],
];

const namespaces: Row[] = [
  ['hostname', (c) => {
    c.hostname = 'applied';
  }, '/hostname', (o) => o.sysctl('kernel/hostname'), 'applied'],
  ['domainname', (c) => {
    c.domainname = 'applied.example';
  }, '/domainname', (o) => o.sysctl('kernel/domainname'), 'applied.example'],
  ['both names', (c) => {
    c.hostname = 'a';
    c.domainname = 'b';
  }, '/hostname', (o) => `${o.sysctl('kernel/hostname')} ${o.sysctl('kernel/domainname')}`, 'a b'],
  ['parameter of the network', (c) => {
    c.linux.sysctl!['net.ipv4.ip_forward'] = '0';
  }, '/linux/sysctl/net.ipv4.ip_forward', (o) => o.sysctl('net/ipv4/ip_forward'), '0'],
  ['parameter of ipc', (c) => {
    c.linux.sysctl!['kernel.msgmax'] = '5000';
  }, '/linux/sysctl/kernel.msgmax', (o) => o.sysctl('kernel/msgmax'), '5000'],
  ['parameter of two numbers', (c) => {
    c.linux.sysctl!['net.ipv4.ping_group_range'] = '5 50';
  }, '/linux/sysctl/net.ipv4.ping_group_range', (o) => o.sysctl('net/ipv4/ping_group_range'), '5 50'],
  ['new parameter', (c) => {
    c.linux.sysctl!['net.ipv4.ip_unprivileged_port_start'] = '80';
  }, '/linux/sysctl/net.ipv4.ip_unprivileged_port_start', (o) => o.sysctl('net/ipv4/ip_unprivileged_port_start'), '80',
    '80'],
];

const devices: Row[] = [
  ['device added', (c) => {
    c.linux.devices!.push({ path: '/dev/kmsg0', type: 'c', major: 1, minor: 11, fileMode: 0o600, uid: 0, gid: 0 });
  }, '/linux/devices/1', (o) => o.node('/dev/kmsg0'), 'c 1:11 600 0:0', 'none'],
  ['block device added', (c) => {
    c.linux.devices!.push({ path: '/dev/disk', type: 'b', major: 7, minor: 200 });
  }, '/linux/devices/1', (o) => o.node('/dev/disk'), 'b 7:200 666 0:0', 'none'],
  ['FIFO added', (c) => {
    c.linux.devices!.push({ path: '/dev/pipe', type: 'p', fileMode: 0o622 });
  }, '/linux/devices/1', (o) => o.node('/dev/pipe'), 'p 0:0 622 0:0', 'none'],
  ['mode of a device', (c) => {
    c.linux.devices![0]!.fileMode = 0o666;
  }, '/linux/devices/0', (o) => o.node('/dev/fuse'), 'c 10:229 666 5:6'],
  ['owner of a device', (c) => {
    c.linux.devices![0]!.uid = 9;
  }, '/linux/devices/0', (o) => o.node('/dev/fuse'), 'c 10:229 640 9:6'],
  ['number of a device', (c) => {
    c.linux.devices![0]!.minor = 228;
  }, '/linux/devices/0', (o) => o.node('/dev/fuse'), 'c 10:228 640 5:6'],
  ['device removed', (c) => {
    c.linux.devices = [];
  }, '/linux/devices', (o) => o.node('/dev/fuse'), 'none'],
];

const mounts: Row[] = [
  ['bind mount added', (c) => {
    c.mounts!.push({ ...mountAt(c, '/work'), destination: '/more' });
  }, '/mounts/-', (o) => o.mount('/more'), /^rw,/, 'none'],
  ['tmpfs added', (c) => {
    c.mounts!.push({ destination: '/new/tmp', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'size=1m'] });
  }, '/mounts/-', (o) => o.mount('/new/tmp'), /^rw,nosuid.* tmpfs tmpfs .*size=1024k/, 'none'],
  ['mount removed', (c) => {
    c.mounts = c.mounts!.filter(({ destination }) => destination !== '/scratch');
  }, '/mounts', (o) => o.mount('/scratch'), 'none'],
  ['bind mount removed', (c) => {
    c.mounts = c.mounts!.filter(({ destination }) => destination !== '/data');
  }, '/mounts', (o) => o.mount('/data'), 'none'],
  ['bind mount read-only', (c) => {
    mountAt(c, '/work').options = ['bind', 'ro', 'private'];
  }, '/mounts/-', (o) => o.mount('/work'), /^ro,/],
  ['bind mount writable', (c) => {
    mountAt(c, '/data').options = ['rbind', 'rw', 'nosuid'];
  }, '/mounts/-', (o) => o.mount('/data'), /^rw,nosuid/],
  ['flags of a mount', (c) => {
    mountAt(c, '/work').options = ['bind', 'rw', 'private', 'noexec', 'nodev'];
  }, '/mounts/-', (o) => o.mount('/work'), /^rw,.*nodev.*noexec/],
  ['access time', (c) => {
    mountAt(c, '/scratch').options!.push('noatime');
  }, '/mounts/-', (o) => o.mount('/scratch'), /noatime/],
  ['size of a tmpfs', (c) => {
    mountAt(c, '/scratch').options![3] = 'size=8m';
  }, '/mounts/-', (o) => o.mount('/scratch'), /size=8192k/],
  ['source of a bind mount', (c) => {
    mountAt(c, '/work').source = '/tmp';
  }, '/mounts/-', (o) => o.mount('/work').split(' ').at(-1)!, /^\/|^$/],
  ['two mounts added', (c) => {
    c.mounts!.push({ destination: '/one', type: 'tmpfs', source: 'tmpfs' }, { destination: '/one/two', type: 'tmpfs',
      source: 'tmpfs' });
  }, '/mounts/-', (o) => `${o.mounts('/one')} ${o.mounts('/one/two')}`, '1 1', '0 0'],
];

const others: Row[] = [
  ['annotation', (c) => {
    c['annotations'] = { 'org.example.colour': 'blue' };
  }, '/annotations/org.example.colour', () => '', ''],
  ['poststop hook', (c) => {
    c['hooks'] = { poststop: [{ path: '/bin/true' }] };
  }, '/hooks/poststop', () => '', ''],
  ['processors of exec', (c) => {
    c.process['execCPUAffinity'] = { initial: '0' };
  }, '/process/execCPUAffinity/initial', () => '', ''],
];

/** Paths can be covered, and never uncovered: each once, in this order. */
export const covering: readonly Change[] = ([
  ['file masked', (c) => {
    c.linux.maskedPaths!.push('/proc/version');
  }, '/linux/maskedPaths/3', (o) => o.mount('/proc/version'), /\/null$/],
  ['directory masked', (c) => {
    c.linux.maskedPaths!.push('/proc/fs');
  }, '/linux/maskedPaths/4', (o) => o.mount('/proc/fs'), /^ro,.* tmpfs /],
  ['path read-only', (c) => {
    c.linux.readonlyPaths!.push('/proc/irq');
  }, '/linux/readonlyPaths/2', (o) => o.mount('/proc/irq'), /^ro,/],
  ['missing path masked', (c) => {
    c.linux.maskedPaths!.push('/proc/nowhere');
  }, '/linux/maskedPaths/5', (o) => o.mount('/proc/nowhere'), 'none'],
] as Row[]).map(changeOf);

function changeOf([name, make, pointer, see, seen, back]: Row): Change {
  return { name, make, pointer, see, seen, ...(back === undefined ? {} : { back }) };
}

/** Changes that can be made and taken back. */
export const changes: readonly Change[] = [...cgroups, ...v1Only, ...limits, ...namespaces, ...devices, ...mounts,
  ...others]
  .map(changeOf);
