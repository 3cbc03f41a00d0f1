// apply by an ordinary user, to a container in a user namespace of his that has no cgroups: what the kernel lets him change is changed,
// what it refuses is refused with its line, and then nothing is changed.
import { chmodSync, chownSync, readFileSync } from 'node:fs';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import type { Bundle } from '../../support/bundle.ts';
import type { Result } from '../../support/runtime.ts';
import type { Config } from '../../support/spec.ts';
import { Outside } from './changes.ts';

const nobody = 65534;
const prefix = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--'];

class UserScene {
  readonly bundle: Bundle;
  readonly id: string;
  readonly call: (...args: string[]) => Promise<Result>;

  constructor(c: Context) {
    this.bundle = c.command(['sleep', '1000'], (config) => {
      config.linux.namespaces = config.linux.namespaces!.filter(({ type }) => type !== 'cgroup');
      config.linux.namespaces.push({ type: 'user' });
      config.linux.uidMappings = config.linux.gidMappings = [{ containerID: 0, hostID: nobody, size: 1 }];
      config.mounts = config.mounts!.filter(({ destination }) => !destination.startsWith('/sys'));
      config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 400, hard: 500 }];
      config.process.oomScoreAdj = 500;
      config.process['scheduler'] = { policy: 'SCHED_OTHER', nice: 5 };
      config.linux.maskedPaths = ['/proc/kcore'];
      config.linux.readonlyPaths = ['/proc/sys'];
      config.root!.readonly = false;
      config.hostname = 'users';
      delete config.linux.resources;
    });
    chmodSync(this.bundle.dir, 0o755);
    const root = c.dir();
    chownSync(root, nobody, nobody);
    this.id = c.id();
    this.call = (...args) => c.rt(['--root', root, ...args], { prefix });
  }

  async same(what: string): Promise<void> {
    const diff = await this.call('diff', '--applied', this.id);
    assert.equal(diff.code, 0, `${what}: ${diff.stdout}${diff.stderr}`);
  }
}

const live:
  readonly (readonly [what: string, change: (config: Config) => void, see: (o: Outside) => string,
    seen: string | RegExp])[] = [
    ['host name', (c) => {
      c.hostname = 'other';
    }, (o) => o.run('nsenter', '-t', String(o.pid), '-u', 'hostname'), 'other'],
    ['lower limit', (c) => {
      c.process.rlimits![0]!.soft = 300;
    }, (o) => o.limit('Max open files'), '300 500'],
    ['higher score', (c) => {
      c.process.oomScoreAdj = 700;
    }, (o) => o.proc('oom_score_adj'), '700'],
    ['nicer', (c) => {
      (c.process['scheduler'] as { nice: number }).nice = 9;
    }, (o) => o.nice(), '9'],
    ['tmpfs', (c) => {
      c.mounts!.push({ destination: '/mnt', type: 'tmpfs', source: 'tmpfs', options: ['size=1m', 'mode=755'] });
    }, (o) => o.mount('/mnt'), /tmpfs/],
    ['masked path', (c) => {
      c.linux.maskedPaths!.push('/proc/uptime');
    }, (o) => o.mount('/proc/uptime'), /null/],
    ['annotation', (c) => {
      c['annotations'] = { 'org.example.a': 'b' };
    }, () => '', ''],
  ];

const refused: readonly (readonly [pointer: string, change: (config: Config) => void])[] = [
  ['/process/rlimits/0', (c) => {
    c.process.rlimits![0]!.hard = 1 << 20;
  }],
  ['/process/oomScoreAdj', (c) => {
    c.process.oomScoreAdj = -900;
  }],
  ['/process/scheduler', (c) => {
    (c.process['scheduler'] as { nice: number }).nice = -10;
  }],
  ['/process/ioPriority', (c) => {
    c.process['ioPriority'] = { class: 'IOPRIO_CLASS_RT', priority: 0 };
  }],
  ['/mounts/-', (c) => {
    c.mounts!.push({ destination: '/data', type: 'ext4', source: '/dev/vda' });
  }],
  ['/linux/sysctl/kernel.msgmax', (c) => {
    c.linux.sysctl = { 'kernel.msgmax': 'many' };
  }],
];

test('an ordinary user: what the kernel allows is changed, what it refuses changes nothing', async (c) => {
  const s = new UserScene(c);
  const started = await s.call('run', '--detach', '--bundle', s.bundle.dir, s.id);
  assert.equal(started.code, 0, started.stderr);
  const { pid } = JSON.parse((await s.call('state', s.id)).stdout) as { pid: number };
  const o = new Outside(s.id, pid);
  const config = s.bundle.config;
  const wrong: string[] = [];
  const attempt = async (what: string, check: () => Promise<void>): Promise<void> => {
    try {
      await check();
    } catch (error) {
      wrong.push(`${what}: ${(error as Error).message}`);
    }
  };
  for (const [what, change, see, seen] of live) {
    await attempt(what, async () => {
      change(config);
      s.bundle.write();
      const { code, stdout, stderr } = await s.call('apply', s.id);
      assert.equal(code, 0, stdout + stderr);
      if (typeof seen === 'string') assert.equal(see(o), seen);
      else assert.match(see(o), seen);
      await s.same(what);
      assert.equal((await s.call('apply', s.id)).stdout, 'nothing to do\n');
    });
  }
  for (const [pointer, change] of refused) {
    await attempt(pointer, async () => {
      const other = structuredClone(config);
      other.hostname = 'refused';
      other.process.rlimits![0]!.soft = 200;
      other.mounts!.push({ destination: '/home', type: 'tmpfs', source: 'tmpfs' });
      change(other);
      s.bundle.write(JSON.stringify(other, null, 2));
      const { code, stdout, stderr } = await s.call('apply', s.id);
      assert.equal(code, 1, stdout + stderr);
      const place = pointer === '/mounts/-' ? `/mounts/${other.mounts!.length - 1}` : pointer;
      assert.ok(stderr.includes(place), stderr);
      assert.match(stderr, /config\.json:\d+:\d+/);
      assert.equal(o.run('nsenter', '-t', String(o.pid), '-u', 'hostname'), 'other');
      assert.equal(o.limit('Max open files'), '300 500');
      assert.equal(o.mount('/home'), 'none');
      await s.same(pointer);
    });
  }
  assert.equal((await s.call('delete', '--force', s.id)).code, 0);
  assert.ok(readFileSync(`${s.bundle.dir}/config.json`, 'utf8').length > 0);
  assert.deepEqual(wrong, [], wrong.join('\n\n'));
}, { only: 'veloci', drift: 'its state root is another one' });

test('what needs cgroups is refused where the container has none of its own, and changes nothing', async (c) => {
  const s = new UserScene(c);
  const started = await s.call('run', '--detach', '--bundle', s.bundle.dir, s.id);
  assert.equal(started.code, 0, started.stderr);
  const { config } = s.bundle;
  config.hostname = 'limited';
  config.linux.resources = { pids: { limit: 30 } };
  s.bundle.write();
  const { code, stdout, stderr } = await s.call('apply', s.id);
  assert.equal(code, 1, stdout + stderr);
  assert.match(stderr, /config\.json:\d+:\d+ \(\/linux\/resources/);
  await s.same('limits');
  assert.equal((await s.call('delete', '--force', s.id)).code, 0);
}, { only: 'veloci', drift: 'its state root is another one' });
