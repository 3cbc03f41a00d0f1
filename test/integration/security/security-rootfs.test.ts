// A hostile root file system: links, FIFOs and devices at every path that a runtime touches. Nothing outside
// the root may be read or changed, and nothing may hang. (Observations P01, P05, P13, P14, P22 and the
// shapes of published vulnerabilities.)
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assert, type PeerMark, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import type { Bundle } from '../../support/bundle.ts';
import type { Config } from '../../support/spec.ts';

const C = (why: string): PeerMark => ({ peer: 'crun 1.8.1', why });
const R = (why: string): PeerMark => ({ peer: 'runc 1.1.5', why });

/** Replaces a path of the rootfs by a link to `target`. */
function link(bundle: Bundle, path: string, target: string): void {
  const link = join(bundle.rootfs, path);
  rmSync(link, { recursive: true, force: true });
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(target, link);
}

const writable = (config: Config): void => {
  config.root.readonly = false;
};

/** Runs it; whether it starts or not, the folder `outside` must stay as it was. */
async function outsideStays(c: Context, bundle: Bundle, outside: string): Promise<void> {
  const before = execFileSync('find', [outside, '-printf', '%p %y %s %m %n %T@\n']).toString();
  const result = await c.run(bundle, { timeLimit: 5000 });
  assert.equal(result.timedOut, false, 'it hangs');
  assert.equal(execFileSync('find', [outside, '-printf', '%p %y %s %m %n %T@\n']).toString(), before,
    'something outside has changed');
}

for (const [path, change] of [
  ['dev', (config: Config) => {
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
  }],
  ['dev/pts', (config: Config) => {
    config.mounts = config.mounts.filter(({ destination }) => destination !== '/dev');
  }],
  ['dev/ptmx', (config: Config) => {
    config.mounts = config.mounts.filter(({ destination }) => destination !== '/dev');
  }],
  ['dev/null', (config: Config) => {
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
  }],
  ['dev/console', (config: Config) => {
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
  }],
  ['dev/fd', (config: Config) => {
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
  }],
  ['etc/hostname', () => {}],
  ['etc/mtab', () => {}],
  ['run/.containerenv', () => {}],
  ['.config.json', () => {}],
  ['exec.fifo', () => {}],
  ['tmp', () => {}],
  ['run', () => {}],
  ['var', () => {}],
] as const) {
  test(`/${path} of the rootfs links out of it`, async (c) => {
    const outside = c.dir();
    writeFileSync(join(outside, 'null'), 'content');
    writeFileSync(join(outside, 'ptmx'), 'content');
    for (const target of [outside, join(outside, 'new'), join(outside, 'null')]) {
      const bundle = c.command(['/probe', 'exit', '0'], (config) => {
        writable(config);
        change(config);
      });
      link(bundle, path, target);
      await outsideStays(c, bundle, outside);
    }
  }, { leaks: 'ignore',
    peers: path === 'dev' ? [C('follows the link: devices are made outside'), R('follows the link')] : [] });
}

for (const path of ['proc', 'sys']) {
  for (const [what, plant] of [
    ['a link', (bundle: Bundle) => link(bundle, path, '/mnt')],
    ['a link out of the root', (bundle: Bundle) => link(bundle, path, '/tmp')],
    ['a file', (bundle: Bundle) => {
      rmSync(join(bundle.rootfs, path), { recursive: true });
      writeFileSync(join(bundle.rootfs, path), '');
    }],
  ] as const) {
    test(`/${path} of the rootfs is ${what}: refused`, async (c) => {
      const bundle = c.command(['/probe', 'exit', '0']);
      plant(bundle);
      const result = await c.run(bundle);
      assert.equal(result.code, 1, `code ${result.code}`);
      await c.nothingLeft();
    }, { leaks: 'ignore' });
  }
}

test('P01: nothing is mounted below /proc but what is allowed', async (c) => {
  const fake = c.dir();
  mkdirSync(join(fake, 'attr'));
  writeFileSync(join(fake, 'attr/exec'), 'fake');
  for (const mount of [
    { destination: '/proc/self/attr', type: 'bind', source: join(fake, 'attr'), options: ['bind'] },
    { destination: '/proc/sys/kernel', type: 'bind', source: fake, options: ['bind'] },
    { destination: '/proc', type: 'tmpfs', source: 'tmpfs' },
    { destination: '/proc/1', type: 'tmpfs', source: 'tmpfs' },
  ]) {
    const result = await c.run(c.command(['sh', '-c', 'stat -f -c %T /proc; cat /proc/self/attr/exec'], (config) => {
      config.mounts.push(mount);
    }));
    if (result.code === 0) assert.doesNotMatch(result.stdout, /fake|tmpfs/, mount.destination);
    else await c.nothingLeft();
  }
}, { peers: [C('mounts a tmpfs over /proc')] });

test('P01: only a procfs is bound on /proc', async (c) => {
  const fake = c.dir();
  mkdirSync(join(fake, 'self'));
  for (const destination of ['/proc', '/tmp/../proc']) {
    const bundle = c.command(['sh', '-c', 'stat -f -c %T /proc'], (config) => {
      config.mounts.push({ destination, type: 'bind', source: fake, options: ['bind'] });
    });
    const result = await c.run(bundle);
    if (result.code === 0) assert.equal(result.stdout.trim(), 'proc', destination);
    else await c.nothingLeft();
  }
  assert.equal(await c.sh('stat -f -c %T /proc', (config) => {
    config.mounts.push({ destination: '/proc', type: 'bind', source: '/proc', options: ['rbind'] });
  }), 'proc\n');
}, { peers: [C('binds anything on /proc')] });

test('P01: a link of the root file system does not lead below /proc', async (c) => {
  const source = join(c.dir(), 'version');
  writeFileSync(source, 'fake');
  for (const options of [['bind'], ['bind', 'dest-nofollow']]) {
    const bundle = c.command(['cat', '/proc/version'], (config) => {
      config.mounts.push({ destination: '/alias/version', type: 'bind', source, options });
    });
    link(bundle, 'alias', '/proc');
    const result = await c.run(bundle);
    if (result.code === 0) assert.doesNotMatch(result.stdout, /fake/, options.join());
    else await c.nothingLeft();
  }
}, { peers: [C('follows it')] });

test('the allowed files of /proc can be bound', async (c) => {
  const source = join(c.dir(), 'meminfo');
  writeFileSync(source, 'fake meminfo');
  assert.equal(await c.sh('cat /proc/meminfo', (config) => {
    config.mounts.push({ destination: '/proc/meminfo', type: 'bind', source, options: ['bind', 'ro'] });
  }), 'fake meminfo');
});

test('P13: /dev/null of the rootfs that is a link is not the source of masks', async (c) => {
  const outside = c.dir();
  writeFileSync(join(outside, 'secret'), 'secret');
  const bundle = c.command(['sh', '-c', 'cat /etc/passwd; echo x >/etc/passwd; true'], (config) => {
    writable(config);
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
    config.linux.maskedPaths = ['/etc/passwd'];
  });
  link(bundle, 'dev/null', join(outside, 'secret'));
  const result = await c.run(bundle);
  assert.doesNotMatch(result.stdout, /secret|root:x/);
  assert.equal(readFileSync(join(outside, 'secret'), 'utf8'), 'secret');
}, { leaks: 'ignore' });

test('a rootfs full of FIFOs does not hang', async (c) => {
  const bundle = c.command(['/probe', 'exit', '0'], (config) => {
    writable(config);
    config.process.user = { uid: 1000, gid: 1000 };
    config.mounts.push({ destination: '/etc/resolv.conf', type: 'bind', source: '/etc/hostname', options: ['bind'] });
    config.linux.maskedPaths?.push('/etc/fifo');
    config.linux.readonlyPaths?.push('/etc/fifo');
  });
  execFileSync('sh', ['-c',
    `cd ${bundle.rootfs}/etc && rm -f passwd group && mkfifo passwd group shadow fifo resolv.conf`]);
  const result = await c.run(bundle, { timeLimit: 5000 });
  assert.equal(result.timedOut, false, 'it hangs');
}, { peers: [C('hangs on a FIFO as /etc/passwd'), R('hangs on a FIFO as /etc/passwd')], leaks: 'ignore' });

for (const [what, plant] of [
  ['a device without an end', 'mknod passwd c 1 5'],
  ["a link to the host's procfs", 'ln -s /proc/1/root/etc/passwd passwd'],
  ['a link out of the root', 'ln -s ../../../../../etc/passwd passwd'],
  ['a loop of links', 'ln -s passwd passwd'],
  ['a folder', 'mkdir passwd'],
  ['20 MiB', 'head -c 20971520 /dev/zero | tr "\\0" x >passwd'],
  ['one line of 9 MiB', 'head -c 9437184 /dev/zero | tr "\\0" : >passwd'],
  ['empty', ': >passwd'],
] as const) {
  test(`/etc/passwd of the rootfs is ${what}: run and exec find no home in it`, async (c) => {
    const bundle = c.command(['/probe', 'pause'], (config) => {
      config.process.env = ['PATH=/bin'];
    });
    execFileSync('sh', ['-c', `cd ${bundle.rootfs}/etc && rm -f passwd && ${plant}`]);
    const { id } = await c.started(bundle, { timeLimit: 5000 });
    const exec = await c.rt(['exec', '--user', '1000', id, 'sh', '-c', 'echo $HOME'], { timeLimit: 5000 });
    assert.deepEqual([exec.stdout, exec.timedOut], ['/\n', false], exec.stderr);
  }, {
    peers: /link/.test(what)
      ? []
      : [C('sets no HOME without an entry'), ...(what === 'empty' ? [] : [R('fails, or reads all of it')])],
  });
}

test('a target of a mount that links to the host stays inside', async (c) => {
  const outside = c.dir();
  const bundle = c.command(['/probe', 'exit', '0'], (config) => {
    writable(config);
    for (const destination of ['/escape/file', '/escape2', '/a/b/c']) {
      config.mounts.push({ destination, type: 'tmpfs', source: 'tmpfs' });
    }
  });
  link(bundle, 'escape', outside);
  link(bundle, 'escape2', join(outside, 'made'));
  link(bundle, 'a', '../../../../../..');
  await outsideStays(c, bundle, outside);
}, { leaks: 'ignore' });

for (const cwd of ['/proc/self/fd/3', '/proc/self/fd/7', '/proc/self/fd/8/..', '/link']) {
  test(`cwd ${cwd} does not lead out of the root`, async (c) => {
    const bundle = c.command(['sh', '-c', 'pwd; ls -a . ..; cat ../../../../../../etc/hostname 2>/dev/null'],
      (config) => {
        config.process.cwd = cwd;
      });
    link(bundle, 'link', '/proc/self/fd/3');
    const result = await c.run(bundle, { timeLimit: 5000 });
    assert.equal(result.timedOut, false);
    if (result.code === 0) assert.doesNotMatch(result.stdout, /\bwork\b|layer|config\.json/);
    const running = await c.started(c.command(['/probe', 'pause']));
    const exec = await c.rt(['exec', '--cwd', cwd, running.id, 'sh', '-c', 'pwd; ls -a . ..'], { timeLimit: 5000 });
    if (exec.code === 0) assert.doesNotMatch(exec.stdout, /\bwork\b|layer|config\.json/);
  }, { leaks: 'ignore' });
}

test('P22: the terminal of exec and run is in the devpts of the container', async (c) => {
  const { onTerminal } = await import('../../support/console.ts');
  const { runtimePath } = await import('../../support/paths.ts');
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const before = readdirSync('/dev/pts').length;
  const talk = onTerminal([runtimePath(), '--root', c.root, 'exec', '-t', id, 'sh', '-c',
    'readlink /proc/self/fd/0; ls /dev/pts; sleep 0.2']);
  await talk.expect(/\/dev\/pts\/0/);
  assert.ok(readdirSync('/dev/pts').length <= before + 1, 'the host has one terminal more: that of the caller');
  await talk.exit;
}, { leaks: 'ignore' });

test('P04: a shared volume that changes all the time never redirects a write to procfs', async (c) => {
  const { program } = await import('../../support/helpers.ts');
  const volume = c.dir();
  mkdirSync(join(volume, 'a'));
  symlinkSync('/proc', join(volume, 'b'));
  const racer = c.beginProgram([program('exchange'), join(volume, 'a'), join(volume, 'b')]);
  c.later(() => racer.child.kill('SIGKILL'));
  const before = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
  let started = 0;
  for (let i = 0; i < 60; i++) {
    const result = await c.run(c.command(['cat', '/proc/sys/net/ipv4/ip_unprivileged_port_start'], (config) => {
      config.mounts.push({ destination: '/mnt', type: 'bind', source: volume, options: ['rbind', 'rw'] }, {
        destination: '/mnt/a/sys',
        type: 'tmpfs',
        source: 'tmpfs',
      });
      config.linux.sysctl = { 'net.ipv4.ip_unprivileged_port_start': '77' };
    }));
    if (result.code !== 0) continue;
    started++;
    assert.equal(result.stdout, '77\n');
  }
  assert.equal(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'), before);
  assert.ok(started > 0, 'none has started: nothing was tried');
  assert.ok(!existsSync('/sys/sys'));
}, { leaks: 'ignore' });
