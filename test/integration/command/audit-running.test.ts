// audit of a container that runs: dangers that were planted after its start, each alone; neighbours, links and files of an image.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, unlinkSync,
  writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assert, test, unified } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { repository } from '../../support/paths.ts';
import type { Config } from '../../support/spec.ts';
import { Outside } from '../drift/changes.ts';

interface Found {
  readonly rule: string;
  readonly pointer: string;
  readonly message: string;
  readonly line: number;
  readonly running?: true;
}

async function audit(c: Context, ...args: string[]): Promise<Found[]> {
  const { stdout, stderr } = await c.rt(['audit', '--json', ...args]);
  assert.equal(stderr, '');
  return (JSON.parse(stdout) as { findings: Found[] }).findings;
}

const rules = (found: readonly Found[]): string[] => [...new Set(found.map(({ rule }) => rule))].sort();

/** What nothing is found in, of a bundle of this machine. */
function harden(config: Config): void {
  const text = readFileSync(join(repository, 'test/fixtures/hardened/config.json'), 'utf8');
  Object.assign(config, JSON.parse(text));
  config.process.args = ['/probe', 'pause'];
  config.linux.maskedPaths = ['/proc/interrupts', ...config.linux.maskedPaths ?? []];
}

/** The same for root of the host: what there is less confined is found already before. */
function hardenRoot(config: Config, data: string): void {
  harden(config);
  config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'user');
  delete config.linux.uidMappings;
  delete config.linux.gidMappings;
  config.process.user = { uid: 1000, gid: 1000 };
  config.mounts.push({ destination: '/data', type: 'bind', source: data,
    options: ['rbind', 'ro', 'nosuid', 'nodev', 'rslave'] });
}

interface Planted {
  readonly name: string;
  readonly rule: string;
  readonly plant: (o: Outside, data: string) => void;
  readonly message?: RegExp;
}

const inside = (name: string, script: string, rule: string, message?: RegExp): Planted => ({ name, rule,
  ...(message === undefined ? {} : { message }), plant: (o) => o.inside(script) });
const file = (
  name: string,
  controller: string,
  file_: string,
  value: string,
  rule: string,
  message?: RegExp,
): Planted => ({
  name,
  rule,
  ...(message === undefined ? {} : { message }),
  plant: (o) => o.cgroup(controller, file_, value),
});

/** The host mounts something where it comes to the container. */
const fromHost = (name: string, source: string, rule: string, message: RegExp): Planted => ({ name, rule, message,
  plant: (_, data) => {
    const target = join(data, 'new');
    if (source.endsWith('.sock')) {
      mkdirSync(dirname(source), { recursive: true });
      writeFileSync(source, '');
      writeFileSync(target, '');
    } else mkdirSync(target);
    execFileSync('mount', ['--bind', source, target]);
  } });

const planted: readonly Planted[] = [
  fromHost('a directory of the host', '/etc', 'host-path', /^\/etc of the host/),
  fromHost('the home of root', '/root', 'host-path', /^\/root of the host/),
  fromHost('the socket of an engine', '/run/docker.sock', 'engine-socket', /docker\.sock/),
  fromHost('the socket of another one', '/run/containerd/containerd.sock', 'engine-socket', /containerd\.sock/),
  inside('a second procfs', 'mount -t proc none /mnt', 'second-procfs', /\/mnt/),
  inside('a writable sysfs', 'mount -o remount,bind,rw /sys', 'sysfs-writable'),
  inside('another sysfs', 'mount -t sysfs none /mnt', 'sysfs-writable', /\/mnt/),
  inside('the inside of the kernel: tracing', 'mount -t tracefs none /mnt', 'kernel-file-system', /tracefs/),
  inside('the inside of the kernel: debugging', 'mount -t debugfs none /mnt', 'kernel-file-system', /debugfs/),
  inside('the inside of the kernel: security', 'mount -t securityfs none /mnt', 'kernel-file-system', /securityfs/),
  inside('the inside of the kernel: programs', 'mount -t bpf none /mnt', 'kernel-file-system', /bpf/),
  inside('a mask is gone', 'umount /proc/kcore || umount /proc/keys', 'procfs-unmasked'),
  inside('a read-only path is gone', 'umount /proc/sys', 'procfs-writable', /\/proc\/sys/),
  inside('a read-only path is writable', 'mount -o remount,bind,rw /proc/irq', 'procfs-writable', /\/proc\/irq/),
  inside('the root is writable', 'mount -o remount,bind,rw /', 'root-writable'),
  inside('devices on a tmpfs', 'mount -t tmpfs -o nosuid none /mnt', 'mount-dev', /\/mnt/),
  inside('devices on a bind mount', 'umount /data; mount --bind /etc /data; mount -o remount,bind,ro,nosuid /data',
    'mount-dev', /\/data/),
  inside('mounts come to the host', 'mount --make-rshared /data', 'shared-propagation', /\/data/),
  inside('a mount over files of the kernel', 'mount -t tmpfs -o nosuid,nodev none /proc/driver', 'mount-in-procfs'),
  ...(unified ? [] : [
    file('memory without a limit', 'memory', 'memory.memsw.limit_in_bytes', '-1', 'swap-unlimited'),
    file('any number of processes', 'pids', 'pids.max', 'max', 'pids-unlimited'),
    file('all processors', 'cpu', 'cpu.cfs_quota_us', '-1', 'cpu-unlimited'),
    file('every device', 'devices', 'devices.allow', 'a', 'device-all'),
    file('a disk', 'devices', 'devices.allow', 'b 8:0 rw', 'device-block', /8:0/),
    file('the memory of the kernel', 'devices', 'devices.allow', 'c 1:1 r', 'device-memory'),
    file('the messages of the kernel', 'devices', 'devices.allow', 'c 1:11 rw', 'device-kernel'),
    inside('the cgroups of the host', 'mount -t cgroup -o pids none /mnt', 'host-path', /\/sys\/fs\/cgroup\/pids/),
  ]),
];

test('dangers that are planted in a running container, each of which is found alone', async (c) => {
  const data = c.dir();
  execFileSync('mount', ['--bind', data, data]);
  execFileSync('mount', ['--make-shared', data]);
  c.later(() => {
    execFileSync('umount', ['-R', data]);
    for (const path of ['/run/docker.sock', '/run/containerd']) rmSync(path, { recursive: true, force: true });
  });
  const bundle = c.bundle((config) => hardenRoot(config, data));
  const wrong: string[] = [];
  let declared: Found[] = [];
  for (const { name, rule, plant, message } of planted) {
    const { id, pid } = await c.started(bundle);
    const before = await audit(c, id);
    declared = await audit(c, '--bundle', bundle.dir);
    assert.deepEqual(before, declared, 'a fresh container is what its configuration says');
    try {
      plant(new Outside(id, pid), data);
      const news = (await audit(c, id)).filter(({ running }) => running === true);
      assert.deepEqual(rules(news).filter((found) => found === rule), [rule], JSON.stringify(news));
      assert.ok(message === undefined || news.some((found) => found.rule === rule && message.test(found.message)));
      const others = rules(news).filter((found) => found !== rule);
      // A mount of the host may be writable, executable and more at once; others are one danger.
      if (!/^(host-path|engine-socket)$/.test(rule)) assert.deepEqual(others, []);
      assert.ok(news.every(({ line }) => line > 0));
    } catch (error) {
      wrong.push(`${name}: ${(error as Error).message}`);
    }
    await c.destroy(id);
    try {
      execFileSync('umount', [join(data, 'new')], { stdio: 'ignore' });
      rmSync(join(data, 'new'), { recursive: true });
    } catch { /* nothing of the host */ }
  }
  assert.deepEqual(wrong, []);
  assert.deepEqual(rules(declared), ['no-user-namespace']);
}, { only: 'veloci', drift: 'it is changed' });

test('nothing is found in a hardened container that runs, and what was found by --fail-on gives 2', async (c) => {
  const { id, pid } = await c.started(c.bundle(harden));
  const text = await c.rt(['audit', '--fail-on', 'info', id]);
  assert.equal(text.code, 0, text.stdout);
  assert.match(text.stdout, /: no findings\n/);
  new Outside(id, pid).inside('mount -t proc none /mnt');
  const failed = await c.rt(['audit', '--fail-on', 'low', id]);
  assert.equal(failed.code, 2, failed.stdout);
  assert.match(failed.stdout,
    /low second-procfs {2}config\.json:\d+:\d+ \(\/mounts\/\d+\/destination\), of the running container alone/);
  const sarif = JSON.parse((await c.rt(['audit', '--sarif', id])).stdout) as {
    runs: { results: { ruleId: string }[] }[];
  };
  assert.deepEqual(sarif.runs[0]!.results.map(({ ruleId }) => ruleId), ['second-procfs']);
}, { only: 'veloci', drift: 'it is changed' });

test('ids of another container of the root', async (c) => {
  const first = c.bundle(harden);
  const { id } = await c.started(first);
  assert.deepEqual(await audit(c, id), [], 'it is no neighbour of itself');
  const second = c.bundle((config) => {
    harden(config);
    config.linux.uidMappings = [{ containerID: 0, hostID: 524288 + 65535, size: 65536 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 524288 + 65536, size: 65536 }];
  });
  const found = await audit(c, '--bundle', second.dir);
  assert.deepEqual(found.map(({ rule, pointer, message }) => [rule, pointer, message]), [['maps-shared',
    '/linux/uidMappings/0', `host uids 589823 to 589823 are those of the container ${id}, too`]]);
  const both = await c.started(first);
  assert.deepEqual((await audit(c, both.id)).map(({ rule, pointer }) => `${rule} ${pointer}`), [
    'maps-shared /linux/uidMappings/0',
    'maps-shared /linux/gidMappings/0',
  ]);
  await c.destroy(both.id);
  await c.destroy(id);
  assert.deepEqual(await audit(c, '--bundle', second.dir), []);
}, { only: 'veloci' });

test('links of the image on the way to a mount', async (c) => {
  const bundle = c.bundle((config) => {
    harden(config);
    for (const [index, destination] of ['/plain/a', '/link', '/deep/link/b', '/up/c'].entries()) {
      config.mounts.push({ destination, type: 'tmpfs', source: `t${index}`, options: ['nosuid', 'nodev', 'size=1m'] });
    }
  });
  mkdirSync(join(bundle.rootfs, 'plain/a'), { recursive: true });
  assert.deepEqual(await audit(c, '--bundle', bundle.dir), []);
  mkdirSync(join(bundle.rootfs, 'deep'));
  symlinkSync('/etc', join(bundle.rootfs, 'link'));
  symlinkSync('../bin', join(bundle.rootfs, 'deep/link'));
  symlinkSync('../../../../etc', join(bundle.rootfs, 'up'));
  const found = await audit(c, '--bundle', bundle.dir);
  assert.deepEqual(found.map(({ rule, message }) => [rule, message]), [
    ['mount-through-link', 'the mount at /link goes through /link, a symbolic link of the image'],
    ['mount-through-link', 'the mount at /deep/link/b goes through /deep/link, a symbolic link of the image'],
    ['mount-through-link', 'the mount at /up/c goes through /up, a symbolic link of the image'],
  ]);
  for (const name of ['link', 'deep/link', 'up']) unlinkSync(join(bundle.rootfs, name));
}, { only: 'veloci' });

test('files of the image that give rights, also those of a running container', async (c) => {
  const bundle = c.bundle((config) => {
    harden(config);
    config.process.user = { uid: 7, gid: 7 };
    config.process.noNewPrivileges = false;
    config.root.readonly = false;
  });
  const own = async (...args: string[]): Promise<string[]> =>
    (await audit(c, ...args)).filter(({ rule }) => rule === 'privileged-files').map(({ message }) => message);
  const plant = (folder: string, name: string, mode: number): void => {
    copyFileSync('/bin/true', join(folder, name));
    chmodSync(join(folder, name), mode);
  };
  const text = 'files of the image give user 7 the rights of others: ';
  assert.deepEqual(await own('--bundle', bundle.dir), []);
  plant(bundle.rootfs, 'setuid', 0o4755);
  mkdirSync(join(bundle.rootfs, 'a/b/c'), { recursive: true });
  plant(join(bundle.rootfs, 'a/b/c'), 'setgid', 0o2755);
  plant(bundle.rootfs, 'plain', 0o755);
  plant(bundle.rootfs, 'no-program', 0o4644);
  symlinkSync('/bin/su', join(bundle.rootfs, 'link'));
  const [message] = await own('--bundle', bundle.dir);
  assert.ok(message?.startsWith(text), message);
  assert.deepEqual(message?.slice(text.length).split(', ').sort(), ['/a/b/c/setgid', '/setuid']);
  assert.deepEqual(await own('--no-files', '--bundle', bundle.dir), []);
  const { id, pid } = await c.started(bundle);
  plant(`/proc/${pid}/root/bin`, 'later', 0o4755);
  const [running] = await own(id);
  assert.match(running ?? '', /\/bin\/later/);
  bundle.config.process.noNewPrivileges = true;
  bundle.write();
  assert.deepEqual(await own('--bundle', bundle.dir), [], 'with no_new_privs they give nothing');
}, { only: 'veloci' });
