// Hostile root file systems and volumes: links, FIFOs and devices where a container gets mounts, devices and files, and
// racers that exchange them. Nothing outside of the container may change, and every start ends in one way or the other.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Bundle, dropBundle } from '../support/bundle.ts';
import { assert } from '../support/case.ts';
import type { Context } from '../support/context.ts';
import { fuzz } from '../support/fuzz/fuzz.ts';
import { program } from '../support/helpers.ts';
import { changes, outside } from '../support/fuzz/outside.ts';
import type { Random } from '../support/fuzz/random.ts';
import type { Call, Result } from '../support/runtime.ts';
import type { Config, Mount } from '../support/spec.ts';

const target = '/run/outside';

/** What an escape would find: files that everybody can tell from those of the container. */
function makeTarget(): void {
  rmSync(target, { recursive: true, force: true });
  for (const name of ['', 'directory', 'directory/below', 'etc', 'proc', 'dev']) mkdirSync(join(target, name));
  writeFileSync(join(target, 'file'), 'outside');
  writeFileSync(join(target, 'etc/passwd'), 'root:x:0:0:root:/outside:/bin/sh\n');
  chmodSync(join(target, 'file'), 0o644);
}

/** Places that a runtime makes, opens, mounts on or reads. */
const places = ['dev', 'dev/null', 'dev/console', 'dev/ptmx', 'dev/pts', 'dev/shm', 'dev/fd', 'proc', 'sys', 'sys/fs',
  'etc', 'etc/passwd', 'etc/group', 'etc/hosts', 'mnt', 'mnt/a', 'mnt/a/b', 'data', 'data/x', 'tmp', 'run', 'var',
  'var/run', 'home', 'home/user', 'root', 'work', 'work/here'];

/** Where links lead: out by as many `..` as there may be, by an absolute path, by procfs, in circles. */
const leads = [target, `${target}/directory`, `${target}/file`, `../../../../../../../..${target}/directory`,
  '/proc/self/root', `/proc/1/root${target}`, '/proc/self/cwd', '/proc/self/fd/3', '/proc/self/fd/5/..',
  '/proc/sys/kernel/core_pattern', '/proc/self/exe', '.', '..', '/', 'loop', '/dev/null', '/mnt/a', '/data',
  '/tmp/new/place', `/missing${target}`];

function plant(root: string, name: string, random: Random): string {
  const path = join(root, name);
  // Not through what was planted before.
  for (let above = dirname(path); above.length > root.length; above = dirname(above)) {
    if (existsSync(above) && !lstatSync(above).isDirectory()) return '';
    if (!existsSync(above)) {
      try {
        lstatSync(above);
        return '';
      } catch {
        // it is made with the others
      }
    }
  }
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { recursive: true, force: true });
  const kind = random.pick(['link', 'link', 'link', 'loop', 'fifo', 'device', 'zero', 'file', 'directory', 'nothing',
    'mode']);
  switch (kind) {
    case 'link': {
      const lead = random.pick(leads);
      symlinkSync(lead, path);
      return `${name} → ${lead}`;
    }
    case 'loop':
      symlinkSync(path.slice(path.lastIndexOf('/') + 1), path);
      break;
    case 'fifo':
      execFileSync('mkfifo', [path]);
      break;
    case 'device':
      execFileSync('mknod', [path, 'c', '1', '5']);
      break;
    case 'zero':
      execFileSync('mknod', [path, 'b', '7', '0']);
      break;
    case 'file':
      writeFileSync(path, 'root:x:0:0::/found:/bin/sh\n');
      break;
    case 'directory':
      mkdirSync(path);
      break;
    case 'mode':
      mkdirSync(path, { mode: 0 });
      break;
    default:
      break;
  }
  return `${name}: ${kind}`;
}

function someMounts(random: Random, volume: string): Mount[] {
  return Array.from({ length: random.below(5) }, (): Mount => {
    const name = random.pick([...places, 'mnt/a/b/c', 'var/run/x/y', '../up', 'data/../../x', 'dev/mqueue', 'new/one']);
    const destination = `/${name}`;
    const bind = random.pick(['bind', 'rbind']);
    switch (random.below(4)) {
      case 0:
        return { destination, type: 'tmpfs', source: 'tmpfs',
          options: random.percent(50) ? ['tmpcopyup'] : ['nosuid'] };
      case 1:
        return { destination, type: 'bind', source: join(volume, 'file'),
          options: [bind, random.pick(['ro', 'rw', 'dest-nofollow'])] };
      case 2:
        return { destination: random.pick(['/dev', '/proc', '/sys', destination]),
          type: random.pick(['tmpfs', 'sysfs', 'proc', 'mqueue', 'cgroup']), source: 'x' };
      default:
        return { destination, type: 'bind', source: volume,
          options: [bind, random.pick(['ro', 'rprivate', 'rslave', 'rshared', 'copy-symlink'])] };
    }
  });
}

function configure(config: Config, random: Random, volume: string): void {
  config.root.readonly = random.percent(30);
  const mounts = someMounts(random, volume);
  if (random.percent(50)) config.mounts.push(...mounts);
  else config.mounts.splice(random.below(config.mounts.length), random.below(4), ...mounts);
  const path = (): string => `/${random.pick(places)}`;
  if (random.percent(40)) config.linux.maskedPaths = [path(), path(), '/proc/kcore'];
  if (random.percent(40)) config.linux.readonlyPaths = [path(), path(), '/proc/sys'];
  if (random.percent(40)) config.process.cwd = path();
  if (random.percent(30)) config.process.env = ['PATH=/bin'];
  if (random.percent(30))
    config.linux.devices = [{ path: path(), type: 'c', major: 1, minor: 3 }, { path: '/dev/mine', type: 'c', major: 1,
      minor: 5 }];
  if (random.percent(20)) config.linux.sysctl = { 'net.ipv4.ip_unprivileged_port_start': '80' };
  if (random.percent(30)) config.linux.rootfsPropagation = random.pick(['private', 'rslave', 'unbindable']);
  if (random.percent(30)) {
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  }
  config.process.args = ['sh', '-c',
    'for d in / /mnt /mnt/a /data /tmp /run /dev /etc /sys /proc /var/run /home .; do echo x >$d/written; mkdir $d/made;' +
    ' mkdir $d/more; done 2>/dev/null; [ -p /hold ] && exec sleep 1000; true'];
}

/** Exchanges a directory with a link that leads out, in the root file system or in the volume. */
function race(c: Context, random: Random, root: string): Call[] {
  return Array.from({ length: random.below(3) }, () => {
    const place = join(root, random.pick(['mnt/a', 'data', 'etc', 'dev', 'work', 'a', 'var/run', 'tmp']));
    const link = `${place}.other`;
    try {
      mkdirSync(place, { recursive: true });
      symlinkSync(random.pick(leads), link);
    } catch {
      return undefined; // something else was planted there
    }
    return c.beginProgram([program('exchange'), place, link]);
  }).filter((racer) => racer !== undefined);
}

function healthy(what: string, result: Result, where: string): void {
  assert.ok(!result.timedOut, `${what} hangs; ${where}`);
  assert.ok(result.signal === null && result.code !== null, `${what} crashed; ${where}`);
  assert.doesNotMatch(result.stderr, /E090[1-6]/, `${what}: a fault of veloci itself; ${where}\n${result.stderr}`);
}

async function live(c: Context, random: Random, bundle: Bundle, volume: string, where: string): Promise<void> {
  const id = c.id();
  const limit = { timeLimit: 20_000 };
  const created = await c.create(bundle, { id, ...limit });
  healthy('create', created, where);
  if (created.code !== 0) {
    assert.match(created.stderr, /E\d{4}/, `create tells no error; ${where}`);
    return;
  }
  healthy('start', await c.rt(['start', id], limit), where);
  for (let i = random.below(3); i > 0; i--) {
    const cwd = random.pick(['/', '/mnt', '/mnt/a', '/srv/here', '/data']);
    healthy('exec',
      await c.rt(['exec', '--cwd', cwd, '--user', random.pick(['0', '1000']), id, 'sh', '-c', 'echo x >written'],
        limit), where);
  }
  if (random.percent(40)) {
    const file = join(volume, '../mounts.json');
    writeFileSync(file, JSON.stringify(someMounts(random, volume)));
    healthy('mounts add', await c.rt(['mounts', 'add', id, file], limit), where);
  }
  const deleted = await c.rt(['delete', '--force', id], limit);
  healthy('delete', deleted, where);
  assert.equal(deleted.code, 0, `${where}\n${deleted.stderr}`);
}

fuzz('root file systems and volumes with hostile owners', async (c, random) => {
  makeTarget();
  const volume = join(c.dir(), 'volume');
  mkdirSync(volume);
  writeFileSync(join(volume, 'file'), 'volume');
  const bundle = c.bundle((config) => configure(config, random, volume));
  const planted = Array.from({ length: 1 + random.below(3) }, () => plant(bundle.rootfs, random.pick(places), random));
  for (let i = random.below(3); i > 0; i--) planted.push(plant(volume, random.pick(['a', 'b', 'passwd', 'x']), random));
  if (random.percent(50)) execFileSync('mkfifo', [join(bundle.rootfs, 'hold')]);
  const own = [bundle.dir, dirname(volume), c.root];
  const look = (): Map<string, string> =>
    outside(['/run', '/tmp', '/dev/shm'], (path) =>
      own.includes(path) || path === '/run/mount' || /^\/tmp\/(call|dir|bundle)-/.test(path));
  const racers = [...race(c, random, bundle.rootfs), ...race(c, random, volume)];
  const where = `planted ${planted.filter((text) => text !== '').join(', ')}; ${racers.length} racers; ${
    JSON.stringify(bundle.config)
  }`;
  const before = look();
  try {
    await live(c, random, bundle, volume, where);
    assert.deepEqual(changes(before, look()), [], `something outside has changed; ${where}`);
  } finally {
    for (const { child, done } of racers) {
      child.kill('SIGKILL');
      await done;
    }
    dropBundle(bundle);
    for (const path of [bundle.dir, dirname(volume), target]) rmSync(path, { recursive: true, force: true });
  }
}, { only: 'veloci' });
