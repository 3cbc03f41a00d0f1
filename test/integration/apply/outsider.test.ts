// Thirty changes of config.json that live.test.ts does not have: made live as the kernel shows, kept for later commands, or refused truly,
// with their line and with nothing changed.
import { assert, test, unified } from '../../support/case.ts';
import type { Config } from '../../support/spec.ts';
import { diff } from '../drift/large.ts';
import type { Outside } from './changes.ts';
import { outside, run, scene } from './scene.ts';

type Resources = Record<string, Record<string, unknown>>;
const resources = (config: Config): Resources => config.linux.resources as Resources;
const options = (config: Config, destination: string): string[] =>
  config.mounts!.find((mount) => mount.destination === destination)!.options!;

interface Row {
  readonly name: string;
  readonly change: (config: Config) => void;
  readonly see?: (o: Outside) => string;
  readonly seen?: string | RegExp;
  /** What the change leaves behind when it is taken back: what is not named is not cleared, and may stand in the way. */
  readonly stays?: true;
  /** What stderr says of one that is refused. */
  readonly refused?: RegExp;
}
const live = (name: string, change: Row['change'], see: Row['see'], seen: string | RegExp): Row => ({ name, change,
  see: see!, seen });
const kept = (name: string, change: Row['change']): Row => ({ name, change });
const refused = (name: string, change: Row['change'], words: RegExp): Row => ({ name, change, refused: words });

const rows: readonly Row[] = [
  live('a limit more', (c) => {
    c.process.rlimits!.push({ type: 'RLIMIT_NPROC', soft: 40, hard: 50 });
  }, (o) => o.limit('Max processes'), '40 50'),
  live('limits of memory and time', (c) => {
    c.process.rlimits!.push({ type: 'RLIMIT_AS', soft: 1 << 30, hard: 1 << 30 }, { type: 'RLIMIT_CPU', soft: 1000,
      hard: 2000 });
  }, (o) => `${o.limit('Max address space')} ${o.limit('Max cpu time')}`, '1073741824 1073741824 1000 2000'),
  live('mode, owner and number of a device', (c) => {
    Object.assign(c.linux.devices![0]!, { minor: 200, fileMode: 0o660, uid: 1, gid: 2 });
  }, (o) => o.node('/dev/fuse'), 'c 10:200 660 1:2'),
  live('two devices, in another order', (c) => {
    c.linux.devices!.unshift({ path: '/dev/one', type: 'c', major: 1, minor: 11 }, { path: '/dev/two', type: 'u',
      major: 1, minor: 12 });
  }, (o) => `${o.node('/dev/one')} ${o.node('/dev/two')} ${o.node('/dev/fuse')}`,
    'c 1:11 666 0:0 c 1:12 666 0:0 c 10:229 640 5:6'),
  live('a device in a directory', (c) => {
    c.linux.devices!.push({ path: '/dev/deep/er/node', type: 'c', major: 1, minor: 3, fileMode: 0o600, uid: 7,
      gid: 7 });
  }, (o) => o.node('/dev/deep/er/node'), 'c 1:3 600 7:7'),
  { ...live('inodes of a tmpfs', (c) => {
    options(c, '/scratch').push('nr_inodes=50');
  }, (o) => o.mount('/scratch'), /nr_inodes=50/), stays: true },
  live('a tmpfs elsewhere', (c) => {
    c.mounts!.find(({ destination }) => destination === '/scratch')!.destination = '/elsewhere';
  }, (o) => `${o.mounts('/scratch')} ${o.mounts('/elsewhere')}`, '0 1'),
  live('a bind mount that allows less in all ways', (c) => {
    options(c, '/work').push('nosuid', 'nodev', 'noexec', 'noatime', 'ro');
  }, (o) => o.mount('/work'), /^ro,nosuid,nodev,noexec,noatime/),
  live('a bind mount that allows more', (c) => {
    c.mounts!.find(({ destination }) => destination === '/data')!.options = ['rbind'];
  }, (o) => o.mount('/data'), /^rw,relatime/),
  live('no symbolic links', (c) => {
    options(c, '/work').push('nosymfollow');
  }, (o) => o.mount('/work'), /nosymfollow/),
  live('a file is bound', (c) => {
    c.mounts!.push({ destination: '/etc/hosts', type: 'bind', source: '/etc/hostname', options: ['bind', 'ro'] });
  }, (o) => o.mount('/etc/hosts'), /^ro,/),
  live('a mount in a new tmpfs in a new directory', (c) => {
    c.mounts!.push({ destination: '/a/b', type: 'tmpfs', source: 'ab', options: ['mode=700'] }, {
      destination: '/a/b/c/d',
      type: 'bind',
      source: '/etc',
      options: ['bind', 'ro'],
    });
  }, (o) => `${o.mounts('/a/b')} ${o.mounts('/a/b/c/d')}`, '1 1'),
  live('a second procfs', (c) => {
    c.mounts!.push({ destination: '/proc2', type: 'proc', source: 'proc',
      options: ['nosuid', 'noexec', 'nodev', 'ro'] });
  }, (o) => o.mount('/proc2'), /^ro,nosuid,nodev,noexec.* proc proc/),
  live('/dev/shm is larger', (c) => {
    const all = options(c, '/dev/shm');
    all[all.findIndex((option) => option.startsWith('size='))] = 'size=32m';
  }, (o) => o.mount('/dev/shm'), /size=32768k/),
  live('several parameters', (c) => {
    Object.assign(c.linux.sysctl!, { 'net.core.somaxconn': '77', 'kernel.shmmni': '999', 'fs.mqueue.msg_max': '12',
      'net/ipv4/ip_forward': '0' });
    delete c.linux.sysctl!['net.ipv4.ip_forward'];
  },
    (o) =>
      `${o.sysctl('net/core/somaxconn')} ${o.sysctl('kernel/shmmni')} ${o.sysctl('fs/mqueue/msg_max')} ${
        o.sysctl('net/ipv4/ip_forward')
      }`, '77 999 12 0'),
  live('a long host name with dots', (c) => {
    c.hostname = `${'a'.repeat(50)}.example`;
  }, (o) => o.sysctl('kernel/hostname'), `${'a'.repeat(50)}.example`),
  live('nice below batch', (c) => {
    c.process['scheduler'] = { policy: 'SCHED_OTHER', nice: 19 };
  }, (o) => o.nice(), '19'),
  live('the most willing to be killed', (c) => {
    c.process.oomScoreAdj = 1000;
  }, (o) => o.proc('oom_score_adj'), '1000'),
  live('a rule for block devices and one for all FIFOs', (c) => {
    (c.linux.resources as { devices: object[] }).devices.push({ allow: true, type: 'b', major: 7, access: 'm' });
  }, (o) => unified ? 'b 7:* m' : /b 7:\* .*/.exec(o.cgroup('devices', 'devices.list'))?.[0] ?? 'none', 'b 7:* m'),
  ...unified ? [] : [
    live('burst', (c) => {
      resources(c)['cpu']!['burst'] = 20000;
    }, (o) => o.cgroup('cpu', 'cpu.cfs_burst_us'), '20000'),
    { ...live('memory and swap', (c) => {
      Object.assign(resources(c)['memory']!, { limit: 32 << 20, swap: 48 << 20, reservation: 8 << 20 });
    }, (o) => `${o.cgroup('memory', 'memory.limit_in_bytes')} ${o.cgroup('memory', 'memory.memsw.limit_in_bytes')}`,
      `${32 << 20} ${48 << 20}`), stays: true } as const,
    live('block I/O', (c) => {
      resources(c)['blockIO'] = { throttleReadBpsDevice: [{ major: 7, minor: 0, rate: 4096000 }],
        throttleWriteIOPSDevice: [{ major: 7, minor: 1, rate: 99 }] };
    },
      (o) =>
        `${o.cgroup('blkio', 'blkio.throttle.read_bps_device')} ${
          o.cgroup('blkio', 'blkio.throttle.write_iops_device')
        }`, '7:0 4096000 7:1 99'),
  ],
  kept('annotations', (c) => {
    c['annotations'] = { 'org.example.one': '1', 'org.example.two': '2' };
  }),
  kept('processors of exec', (c) => {
    c.process['execCPUAffinity'] = { initial: '0', final: '1' };
  }),
  kept('two poststop hooks', (c) => {
    c['hooks'] = { poststop: [{ path: '/bin/true' }, { path: '/bin/false', timeout: 3 }] };
  }),
  refused('a parameter of no namespace', (c) => {
    c.linux.sysctl!['vm.swappiness'] = '1';
  }, /\/linux\/sysctl\/vm\.swappiness/),
  refused('a parameter that the kernel does not take', (c) => {
    c.linux.sysctl!['net.ipv4.ip_forward'] = 'perhaps';
  }, /\/linux\/sysctl\/net\.ipv4\.ip_forward/),
  refused('a file system of which there is none', (c) => {
    c.mounts!.push({ destination: '/x', type: 'no-such-fs', source: 'x' });
  }, /\/mounts\/\d+/),
  refused('a mount on a file of another kind', (c) => {
    c.mounts!.push({ destination: '/etc/passwd', type: 'tmpfs', source: 'x' });
  }, /\/mounts\/\d+/),
  refused('a soft limit above the hard one', (c) => {
    c.process.rlimits![0]!.soft = 5000;
  }, /\/process\/rlimits\/0/),
  refused('a processor that is not there', (c) => {
    resources(c)['cpu']!['cpus'] = '900';
  }, /\/linux\/resources\/cpu\/cpus/),
  refused('a network priority', (c) => {
    resources(c)['network'] = { priorities: [{ name: 'lo', priority: 5 }] };
  }, /\/linux\/resources\/network/),
  refused('huge pages of no size', (c) => {
    (c.linux.resources as Record<string, unknown>)['hugepageLimits'] = [{ pageSize: '3MB', limit: 0 }];
  }, /\/linux\/resources\/hugepageLimits/),
  refused('a namespace less', (c) => {
    c.linux.namespaces = c.linux.namespaces!.filter(({ type }) => type !== 'ipc');
  }, /E0160|\/linux/),
  refused('a time namespace', (c) => {
    c.linux.namespaces!.push({ type: 'time' });
    c.linux['timeOffsets'] = { boottime: { secs: 5 } };
  }, /E0160[^]*\/linux/),
  refused('hidden processes', (c) => {
    c.mounts!.find(({ destination }) => destination === '/proc')!.options = ['hidepid=2'];
  }, /E0160[^]*\/mounts/),
  refused('a hook of the start', (c) => {
    c['hooks'] = { startContainer: [{ path: '/bin/true' }] };
  }, /E0160[^]*\/hooks/),
  refused('a terminal', (c) => {
    c.process.terminal = true;
  }, /E0160[^]*\/process\/terminal/),
  refused('rules of Landlock', (c) => {
    c['annotations'] = { 'org.veloci.landlock': '{"ruleset":{"scoped":["signal"]}}' };
  }, /E0160[^]*\/annotations/),
  refused('another root', (c) => {
    c.root!.path = '/';
  }, /E0160[^]*\/root\/path|\/root/),
];

test('forty further changes are made, or refused with nothing changed', async (c) => {
  const s = scene(c);
  const base = JSON.stringify(s.config);
  let o = await run(c, s);
  const wrong: string[] = [];
  const renew = async (): Promise<void> => {
    await c.destroy(s.id);
    s.bundle.write(base);
    o = await run(c, s);
  };
  const apply = (...flags: string[]): ReturnType<typeof c.rt> => c.rt(['apply', ...flags, s.id]);
  for (const { name, change, see, seen, stays, refused: words } of rows) {
    const config = JSON.parse(base) as Config;
    change(config);
    const before = see?.(o);
    try {
      if (words !== undefined) {
        config.hostname = 'refused';
        s.bundle.write(JSON.stringify(config, null, 2));
        const { code, stderr } = await apply();
        assert.equal(code, 1, 'it is refused');
        assert.match(stderr, words);
        assert.match(stderr, /config\.json:\d+:\d+/);
        assert.equal(o.sysctl('kernel/hostname'), 'declared');
        assert.deepEqual((await diff(c, s.id, '--applied')).differences, []);
        continue;
      }
      s.bundle.write(JSON.stringify(config, null, 2));
      const done = await apply();
      assert.equal(done.code, 0, done.stdout + done.stderr);
      assert.equal(done.stderr, '');
      if (typeof seen === 'string') assert.equal(see!(o), seen);
      else if (seen !== undefined) assert.match(see!(o), seen);
      assert.deepEqual((await diff(c, s.id)).differences, []);
      assert.equal((await apply()).stdout, 'nothing to do\n');
      if (stays) {
        await renew();
        continue;
      }
      s.bundle.write(base);
      const back = await apply();
      assert.equal(back.code, 0, back.stdout + back.stderr);
      assert.deepEqual((await diff(c, s.id)).differences, [], 'taken back');
      if (/named|left/.test(back.stdout)) await renew();
      else if (see !== undefined) assert.equal(see(o), before, 'taken back');
    } catch (error) {
      wrong.push(`${name}: ${(error as Error).message}`);
      await renew();
    }
  }
  assert.ok((await outside(c, s.id)).pid > 0);
  assert.deepEqual(wrong, [], wrong.join('\n\n'));
}, { only: 'veloci' });
