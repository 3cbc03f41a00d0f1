// Changes of a configuration for the differential fuzzer: what users write, rightly and wrongly.
import type { Random } from './random.ts';
import type { Config, Mount } from '../spec.ts';

type Change = (config: Config, random: Random) => void;
type Loose = Record<string, unknown>;

const loose = (value: unknown): Loose => value as Loose;

const capabilities = ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_RAW', 'CAP_SYS_ADMIN', 'CAP_MKNOD', 'CAP_SETUID'];
const numbers = [0, 1, -1, 2, 1000, 65534, 4294967294, 4294967295, 4294967296, 0.5, 1e300];
const anything = [null, true, false, 0, -1, 1.5, '', 'text', [], {}, ['text'], [0], { key: 'value' }];

function subset<T>(values: readonly T[], random: Random): T[] {
  return values.filter(() => random.percent(50));
}

function mount(random: Random): Mount {
  const destination = random.pick(['/mnt', '/data', '/new/dir', '/data/../mnt', '/tmp/x', 'relative', '/', '/bin/sh',
    '/bin/ls']);
  const common = subset(['nosuid', 'nodev', 'noexec', 'ro', 'relatime', 'noatime', 'strictatime', 'rw', 'private',
    'rslave'], random);
  const kind = random.pick(['tmpfs', 'bind', 'rbind', 'proc', 'sysfs', 'mqueue', 'nosuchfs']);
  if (kind === 'bind' || kind === 'rbind') {
    const source = random.pick(['/etc/hostname', '/usr/share', 'rootfs', '/nope', '/dev/null']);
    return { destination, type: random.pick(['bind', 'none']), source, options: [kind, ...common] };
  }
  const own = kind === 'tmpfs' ? subset(['mode=700', 'size=64k', 'uid=1000', 'nr_inodes=20', 'size=x'], random) : [];
  return { destination, type: kind, source: kind,
    options: [...common.filter((option) => random.percent(40) || option === 'ro'), ...own] };
}

/** Every kind of change, by name. */
const changes: Readonly<Record<string, Change>> = {
  cwd: ({ process }, random) => {
    process.cwd = random.pick(['/', '/tmp', '/home/user', '/bin/../tmp', '/etc/passwd', 'relative', '', '/bin/sh']);
  },
  args: ({ process }, random) => {
    process.args = random.pick([['/probe'], ['/probe', ''], ['/probe', 'a b', 'ü'], ['probe'], ['../probe'], ['nope'], [
      '/etc',
    ], ['']]);
  },
  env: ({ process }, random) => {
    process.env = subset(['A=b', 'A=c', 'EMPTY=', '=x', 'NONE', '', 'PATH=/bin', 'HOME=/x', 'TERM=dumb', 'N=a\nb'],
      random);
  },
  user: ({ process }, random) => {
    process.user = { uid: random.pick(numbers), gid: random.pick(numbers) };
    if (random.percent(50)) process.user.additionalGids = subset([0, 5, 1000, 70000, 4294967295], random);
    if (random.percent(30)) process.user.umask = random.pick([0, 0o22, 0o777, 0o1000, -1]);
  },
  rlimits: ({ process }, random) => {
    const type = random.pick(['RLIMIT_NOFILE', 'RLIMIT_CORE', 'RLIMIT_CPU', 'RLIMIT_NOPE', 'NOFILE', 'RLIMIT_AS']);
    const limit = { type, hard: random.pick([1024, 4096, 1 << 30]), soft: random.pick([0, 64, 1024, 2048]) };
    process.rlimits = random.percent(20) ? [limit, limit] : [limit];
  },
  capabilities: ({ process }, random) => {
    const bounding = subset([...capabilities, ...random.percent(15) ? ['CAP_NOPE', 'chown'] : []], random);
    const permitted = random.percent(80) ? subset(bounding, random) : subset(capabilities, random);
    process.capabilities = { bounding, permitted, effective: subset(permitted, random),
      inheritable: subset(permitted, random) };
    if (random.percent(20)) delete process.capabilities;
  },
  privileges: ({ process }, random) => {
    process.noNewPrivileges = random.percent(50);
  },
  oom: ({ process }, random) => {
    process.oomScoreAdj = random.pick([-1000, -1, 0, 500, 1000, 1001, -1001]);
  },
  hostname: (config, random) => {
    config.hostname = random.pick(['box', '', 'a.b', 'x'.repeat(64), 'x'.repeat(65), 'with space']);
  },
  root: ({ root }, random) => {
    root.path = random.pick(['rootfs', './rootfs', 'rootfs/', 'nope', 'config.json', '']);
    root.readonly = random.percent(50);
  },
  mount: ({ mounts }, random) => {
    mounts.splice(random.below(mounts.length + 1), 0, mount(random));
  },
  'mount less': ({ mounts }, random) => {
    mounts.splice(random.below(mounts.length), 1);
  },
  namespaces: ({ linux }, random) => {
    const { namespaces } = linux;
    const index = random.below(namespaces.length);
    const kind = random.below(4);
    if (kind === 0) namespaces.splice(index, 1);
    if (kind === 1) namespaces.push({ ...namespaces[index]! });
    if (kind === 2) namespaces[index] = { type: random.pick(['', 'nope', 'PID', 'pid ']) };
    if (kind === 3)
      namespaces[index] = { ...namespaces[index]!, path: random.pick(['/nope', '/etc/passwd', '/proc/1/ns/nope']) };
  },
  devices: ({ linux }, random) => {
    linux.devices = [{ path: random.pick(['/dev/fuse', '/dev/x/y', 'dev', '/dev/null', '/mnt']),
      type: random.pick(['c', 'u', 'b', 'p', 'x']), major: random.pick([10, 1, -1]), minor: random.pick([229, 3]),
      fileMode: random.pick([0o666, 0o600, 0o7777]), uid: 0, gid: 0 }];
  },
  limits: ({ linux }, random) => {
    linux.resources = { ...linux.resources, ...random.pick<Loose>([
      { pids: { limit: random.pick([16, 100, 0, -1]) } },
      { memory: { limit: random.pick([1 << 26, 1 << 28, -1]) } },
      { cpu: { shares: random.pick([0, 2, 512, 1]) } },
      { cpu: { quota: random.pick([50000, -1]), period: random.pick([100000, 5]) } },
      { cpu: { cpus: random.pick(['0', '', '99', 'x']) } },
      { devices: [{ allow: true, access: random.pick(['rwm', 'r', 'x']) }] },
    ]) };
  },
  sysctl: ({ linux }, random) => {
    linux.sysctl = {
      [random.pick(['net.ipv4.ip_forward', 'kernel.shmmax', 'kernel.hostname', 'vm.swappiness', 'net.nope', ''])]:
        random.pick(['1', '0', '4096']),
    };
  },
  paths: ({ linux }, random) => {
    linux.maskedPaths = subset(['/proc/kcore', '/etc/passwd', '/nope', 'relative', '/tmp'], random);
    linux.readonlyPaths = subset(['/proc/sys', '/etc', '/nope', '/data'], random);
  },
  propagation: ({ linux }, random) => {
    linux.rootfsPropagation = random.pick(['private', 'slave', 'shared', 'unbindable', 'rslave', 'rprivate', 'nope',
      '']);
  },
  seccomp: ({ linux }, random) => {
    linux.seccomp = {
      defaultAction: random.pick(['SCMP_ACT_ALLOW', 'SCMP_ACT_LOG', 'SCMP_ACT_NOPE']),
      syscalls: [{ names: subset(['mkdir', 'chmod', 'no_such_call'], random).concat('ptrace'),
        action: random.pick(['SCMP_ACT_ERRNO', 'SCMP_ACT_ALLOW', 'SCMP_ACT_TRAP']) }],
    };
  },
  hooks: (config, random) => {
    config.hooks = { [random.pick(['prestart', 'createRuntime', 'poststart', 'poststop'])]: [{
      path: random.pick(['/bin/true', '/bin/false', '/nope', 'bin/true', '']),
      args: ['x'],
    }] };
  },
  version: (config, random) => {
    config.ociVersion = random.pick(['1.0.2', '1.0.0', '1.1.0', '2.0.0', '', '1', 'x']);
  },
  annotations: (config, random) => {
    config.annotations = { [random.pick(['a', '', 'org.example.key'])]: random.pick(['', 'text', '"\n']) };
  },
  unknown: (config, random) => {
    const object = random.pick<unknown>([config, config.process, config.linux, config.root]);
    loose(object)[random.pick(['unknown', 'Process', 'x-y'])] = random.pick(anything);
  },
  'any value': (config, random) => {
    let object = loose(config);
    for (;;) {
      const keys = Object.keys(object);
      const key = random.pick(keys);
      const value = object[key];
      const below = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
      if (below && random.percent(80)) {
        object = loose(value);
        continue;
      }
      if (random.percent(30)) delete object[key];
      else object[key] = random.pick(anything);
      return;
    }
  },
};

/** Changes a configuration one to three times; the names of what was done. */
export function mutate(config: Config, random: Random): string[] {
  const names = Object.keys(changes);
  return Array.from({ length: 1 + random.below(3) }, () => {
    const name = random.pick(names);
    try {
      changes[name]!(config, random);
    } catch {
      // an earlier change has taken away what this one is about
    }
    return name;
  });
}
