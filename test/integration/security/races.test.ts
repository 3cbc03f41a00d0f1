// Paths of a root file system that somebody exchanges while a container is created: a directory or file of his own against a
// link. What is done by such a path is done in the root, to what was looked at, or not at all.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle } from '../../support/bundle.ts';
import { assert, test } from '../../support/case.ts';
import { receiveConsole } from '../../support/console.ts';
import type { Context } from '../../support/context.ts';
import { program } from '../../support/helpers.ts';
import type { Config, Mount } from '../../support/spec.ts';

/** Rounds of a race: until both sides of it were seen often enough, or it was tried long enough. */
function goesOn(started: number, refused: number, seldom: boolean): boolean {
  const enough = 4, many = 20, longest = 100;
  if (Math.min(started, refused) >= enough) return false;
  return started + refused < (started > 0 || seldom ? many : longest);
}

interface Race {
  what: string;
  /** makes what is exchanged, and returns the two paths; `outside` is a folder of the host */
  plant: (root: string, outside: string) => [string, string];
  change: (config: Config, outside: string) => void;
  /** it hardly ever starts: what is looked at is what is refused, and that it leaves */
  seldom?: true;
  /** what the program prints when nothing was redirected; without it whatever is inside */
  prints?: RegExp;
}

const withoutDev = (config: Config): void => {
  config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
};

const bind = (source: string, destination: string): Mount => ({ destination, type: 'bind', source, options: ['bind'] });

/** `/vol/a`, a directory with `f` and `sys`, and `/vol/b`, a link. */
const directoryOrLink = (target: string | ((outside: string) => string)) => (root: string, outside: string) => {
  const [a, b] = [join(root, 'vol/a'), join(root, 'vol/b')];
  for (const name of ['sys', 'proc']) mkdirSync(join(a, name), { recursive: true });
  writeFileSync(join(a, 'f'), 'own\n');
  symlinkSync(typeof target === 'string' ? target : target(outside), b);
  return [a, b] as [string, string];
};

/** A path of the root and a link beside it. */
const itselfOrLink =
  (path: string, target: string | ((outside: string) => string), fill?: (path: string) => void) =>
  (root: string, outside: string) => {
    const [a, b] = [join(root, path), join(root, `${path}-link`)];
    fill?.(a);
    symlinkSync(typeof target === 'string' ? target : target(outside), b);
    return [a, b] as [string, string];
  };

const races: Race[] = [
  { what: 'the target of a tmpfs, and a link to /proc', plant: directoryOrLink('/proc'),
    change: (config) => config.mounts.push({ destination: '/vol/a/sys', type: 'tmpfs', source: 'tmpfs' }) },
  { what: 'the target of a bind mount, and a link to /proc', plant: directoryOrLink('/proc'),
    change: (config, outside) => config.mounts.push(bind(outside, '/vol/a/sys')) },
  { what: 'the target of a bind mount, and a link to the host', plant: directoryOrLink((outside) => outside),
    change: (config, outside) => config.mounts.push(bind(outside, '/vol/a/new/er')) },
  { what: 'the target of tmpcopyup, and a link to the host', plant: directoryOrLink((outside) => outside),
    change: (config) =>
      config.mounts.push({ destination: '/vol/a', type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup'] }) },
  { what: '/proc, and a link', plant: itselfOrLink('proc', '/vol', (path) => mkdirSync(join(path, '../vol'))),
    change: () => {}, seldom: true },
  { what: '/sys, and a link', plant: itselfOrLink('sys', '/mnt'), change: () => {}, seldom: true },
  { what: '/dev, and a link to the host', plant: itselfOrLink('dev', (outside) => outside), change: withoutDev },
  { what: '/dev/null, and a link to a secret: the source of masks',
    plant: itselfOrLink('dev/null', '/vol-secret', (path) => {
      execFileSync('mknod', ['-m', '666', path, 'c', '1', '3']);
      writeFileSync(join(path, '../../vol-secret'), 'secret');
    }), change: (config) => {
      withoutDev(config);
      config.linux.maskedPaths = ['/etc/passwd'];
      config.process.args = ['sh', '-c', 'cat /etc/passwd; echo x >>/etc/passwd; cat /vol-secret /proc/self/mountinfo'];
    }, prints: /^(?!.*secret.*secret)[^]*secret/ },
  { what: 'a masked directory, and a link', plant: directoryOrLink('/vol/c'),
    change: (config) => config.linux.maskedPaths = ['/vol/a'] },
  { what: 'a read-only path, and a link to /proc/sys', plant: directoryOrLink('/proc/sys'),
    change: (config) => config.linux.readonlyPaths = ['/vol/a', '/proc/sys'] },
  { what: 'the folder of a device, and a link to the host', plant: directoryOrLink((outside) => outside),
    change: (config) => config.linux.devices = [{ path: '/vol/a/new/null', type: 'c', major: 1, minor: 3 }] },
  ...['/proc/self/fd/3', '/proc/self/fd/7', '/proc/1/cwd', '/proc/self/root/..'].map((link): Race => ({
    what: `the working directory, and a link to ${link}`,
    plant: directoryOrLink(link),
    change: (config) => {
      config.process.cwd = '/vol/a';
      config.process.args = ['sh', '-c', 'pwd; cat /proc/self/mountinfo; ls -a . ..'];
    },
    prints: /^\/(vol\/[ab])?\n(?![^]*config\.json)/,
  })),
  { what: 'the parent of a working directory that is made, and a link to the host',
    plant: directoryOrLink((outside) => outside), change: (config) => config.process.cwd = '/vol/a/new' },
  { what: 'a sysctl behind a mount that is exchanged', plant: directoryOrLink('/proc'), change: (config) => {
    config.mounts.push({ destination: '/vol/a/sys', type: 'tmpfs', source: 'tmpfs' });
    config.linux.sysctl = { 'net.ipv4.ip_unprivileged_port_start': '77' };
    config.process.args = ['cat', '/proc/sys/net/ipv4/ip_unprivileged_port_start', '/proc/self/mountinfo'];
  }, prints: /^77\n/ },
  { what: 'the program, and a FIFO', plant: (root) => {
    const [a, b] = [join(root, 'bin/racing'), join(root, 'bin/fifo')];
    copyFileSync(join(root, 'probe'), a);
    execFileSync('mkfifo', ['-m', '755', b]);
    return [a, b];
  }, change: (config) => config.process.args = ['/bin/racing', 'exit', '0'], prints: /^$/ },
  { what: '/etc/passwd, and a FIFO', plant: (root) => {
    execFileSync('mkfifo', [join(root, 'etc/fifo')]);
    return [join(root, 'etc/passwd'), join(root, 'etc/fifo')];
  }, change: (config) => config.process.env = ['PATH=/bin'] },
];

/** Mounts of the container at or below /proc that its configuration does not put there. */
function strangeMounts(mountinfo: string): string[] {
  const lines = mountinfo.split('\n').filter((line) => /^\d+ \d+ \d+:\d+ /.test(line));
  assert.ok(lines.length > 3, 'no mount table was printed');
  return lines.filter((line) => {
    const [, , , root, target = ''] = line.split(' ');
    if (!/^\/proc(\/|$)/.test(target)) return false;
    const type = line.split(' - ')[1]?.split(' ')[0];
    if (type === 'proc') return `/proc${root === '/' ? '' : root}` !== target;
    return !/^\/proc\/(acpi|asound|kcore|keys|latency_stats|timer_list|timer_stats|sched_debug|scsi)$/.test(target);
  });
}

/** How many mounts of a process lie at or below a path. */
function mountsOf(pid: number, path: string): number {
  const points = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n').map((line) => line.split(' ')[4] ?? '');
  return points.filter((point) => point === path || point.startsWith(`${path}/`)).length;
}

const outsideNow = (outside: string): string =>
  execFileSync('find', [outside, '-printf', '%p %y %s %m %n %T@\n']).toString() +
  readFileSync('/proc/sys/kernel/core_pattern', 'utf8');

function race(c: Context, bundle: Bundle, plant: Race['plant'], outside: string): void {
  const [a, b] = plant(bundle.rootfs, outside);
  const racer = c.beginProgram([program('exchange'), a, b]);
  c.later(() => racer.child.kill('SIGKILL'));
}

for (const { what, plant, change, seldom = false, prints } of races) {
  test(`exchanged: ${what}`, async (c) => {
    const outside = c.dir();
    writeFileSync(join(outside, 'null'), 'content');
    const bundle = c.command(['cat', '/proc/self/mountinfo'], (config) => {
      config.root.readonly = false;
      change(config, outside);
    }, { rootfs: 'copy' });
    race(c, bundle, plant, outside);
    const before = outsideNow(outside);
    let started = 0, refused = 0;
    while (goesOn(started, refused, seldom)) {
      const result = await c.run(bundle, { timeLimit: 5000 });
      assert.equal(result.timedOut, false, 'it hangs');
      if (result.code !== 0) refused++;
      if (result.code !== 0) continue;
      started++;
      if (prints) assert.match(result.stdout, prints);
      if (prints === undefined || result.stdout.includes(' / ')) assert.deepEqual(strangeMounts(result.stdout), []);
    }
    assert.ok(seldom || started > 0, 'none has started: nothing was tried');
    assert.equal(outsideNow(outside), before, 'something outside has changed');
  }, { leaks: 'ignore', only: 'veloci', drift: 'its mounts are where the race had them' });
}

test('exchanged: /dev/console, and a link to core_pattern', async (c) => {
  const bundle = c.command(['cat', '/proc/self/mountinfo'], (config) => {
    config.root.readonly = false;
    config.process.terminal = true;
    config.mounts = config.mounts.filter(({ destination }) => destination !== '/dev');
  }, { rootfs: 'copy' });
  const before = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
  race(c, bundle, itselfOrLink('dev/console', '/proc/sys/kernel/core_pattern', (path) => writeFileSync(path, '')), '');
  for (let i = 0; i < 15; i++) {
    const { path, talk } = await receiveConsole(c.dir());
    const created = await c.create(bundle, { flags: ['--console-socket', path], timeLimit: 5000 });
    assert.equal(created.timedOut, false);
    if (created.code === 0) {
      assert.deepEqual(strangeMounts(readFileSync(`/proc/${created.pid}/mountinfo`, 'utf8')), []);
      await c.destroy(created.id);
    }
    talk.kill();
  }
  assert.equal(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'), before);
}, { leaks: 'ignore', only: 'veloci' });

for (const target of ['/proc', '/proc/self', '/']) {
  test(`exchanged: the target of mounts add in a running container, and a link to ${target}`, async (c) => {
    const outside = c.dir();
    const bundle = c.command(['/probe', 'pause'], () => {}, { rootfs: 'copy' });
    race(c, bundle, directoryOrLink(target), outside);
    const { id, pid } = await c.started(bundle);
    const file = join(c.dir(), 'mounts.json');
    const destination = target === '/' ? '/vol/a/proc' : '/vol/a/sys';
    writeFileSync(file, JSON.stringify([{ destination, type: 'bind', source: outside, options: ['bind'] }]));
    const before = mountsOf(pid, '/proc');
    for (let i = 0; i < 15; i++) {
      const result = await c.rt(['mounts', 'add', id, file], { timeLimit: 5000 });
      assert.equal(result.timedOut, false);
      assert.deepEqual(strangeMounts(readFileSync(`/proc/${pid}/mountinfo`, 'utf8')), []);
      await c.rt(['mounts', 'remove', id, file], { timeLimit: 5000 });
      assert.equal(mountsOf(pid, '/proc'), before, 'what the configuration mounts has changed');
    }
    assert.deepEqual(readdirSync(outside), []);
  }, { leaks: 'ignore', only: 'veloci', drift: 'its mounts are where the race had them' });
}

test('exchanged: the target of a mount that apply makes writable, and a link to /proc', async (c) => {
  const outside = c.dir();
  const bundle = c.command(['/probe', 'pause'], (config) => {
    config.root.readonly = false;
    config.mounts.push({ ...bind(outside, '/vol/a/sys'), options: ['bind', 'ro'] });
  }, { rootfs: 'copy' });
  const [a, b] = directoryOrLink('/proc')(bundle.rootfs, outside);
  const { id, pid } = await c.started(bundle);
  const racer = c.beginProgram([program('exchange'), a, b]);
  c.later(() => racer.child.kill('SIGKILL'));
  const file = join(bundle.dir, 'config.json');
  const declared = readFileSync(file, 'utf8');
  const procSys = (): string | undefined =>
    readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n').map((line) => line.split(' ').slice(4, 6).join(' '))
      .find((line) => line.startsWith('/proc/sys '));
  assert.equal(procSys(), '/proc/sys ro,relatime');
  for (let i = 0; i < 24; i++) {
    writeFileSync(file, i % 2 ? declared : declared.replace(/"bind",\s*"ro"/, '"bind", "rw"'));
    const result = await c.rt(['apply', id], { timeLimit: 5000 });
    assert.equal(result.timedOut, false);
    assert.equal(procSys(), '/proc/sys ro,relatime', result.stdout);
  }
}, { leaks: 'ignore', only: 'veloci', drift: 'its mounts are where the race had them' });
