// The option table of the runtime specification (config.md, "Linux mount options") and those of crun, one by one.
import { chownSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import { needs, noMappedTmpfs, noRecursive } from '../../support/host/kernel.ts';
import type { Context } from '../../support/context.ts';
import type { Facts } from '../../support/facts.ts';
import type { Config, Mount } from '../../support/spec.ts';

type Peers = { peers: { peer: string; why: string }[] };
const runc = (why: string): Peers => ({ peers: [{ peer: 'runc 1.1.5', why }] });
const crun = (why: string): Peers => ({ peers: [{ peer: 'crun 1.8.1', why }] });
const both = (why: string): Peers => ({ peers: [...runc(why).peers, ...crun(why).peers] });

const add = (...mounts: Mount[]) => (config: Config): void => {
  config.mounts.push(...mounts);
};
const withUser = (config: Config): void => {
  config.linux.namespaces.push({ type: 'user' });
  config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  config.linux.gidMappings = [{ containerID: 0, hostID: 200000, size: 65536 }];
};

/** Options of the mount and of its file system, of every mount at or below a point. */
function seen(facts: Facts, point: string): { point: string; mount: string[]; fs: string[] }[] {
  return facts.mounts.map((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const fields = before.split(' ');
    return { point: fields[4] ?? '', mount: (fields[5] ?? '').split(','), fs: (after.split(' ')[2] ?? '').split(',') };
  }).filter(({ point: mounted }) => mounted === point || mounted.startsWith(`${point}/`));
}

const tmpfs = (...options: string[]): Mount => ({ destination: '/mnt', type: 'tmpfs', source: 'tmpfs', options });

for (const [options, there, gone] of [
  [['sync'], ['sync'], []],
  [['sync', 'async'], [], ['sync']],
  [['dirsync'], ['dirsync'], []],
  [['lazytime'], ['lazytime'], []],
  [['lazytime', 'nolazytime'], [], ['lazytime']],
] as const) {
  test(`${options.join(', ')}: flags of the file system`, async (c) => {
    const [mount] = seen(await c.probe(add(tmpfs(...options))), '/mnt');
    for (const flag of there) assert.ok(mount?.fs.includes(flag), mount?.fs.join());
    for (const flag of gone) assert.ok(!mount?.fs.includes(flag), mount?.fs.join());
  }, options.length > 1 && options[1] === 'async' ? crun('adds the flags up') : {});
}

for (const [options, expected] of [
  [['noatime'], 'noatime'],
  [['noatime', 'atime'], 'relatime'],
  [['strictatime'], ''],
  [['strictatime', 'nostrictatime'], 'relatime'],
  [['relatime'], 'relatime'],
  [['norelatime'], 'relatime'],
] as const) {
  test(`${options.join(', ')}: the access time mode`, async (c) => {
    const [mount] = seen(await c.probe(add(tmpfs(...options))), '/mnt');
    assert.equal(mount?.mount.filter((option) => option.endsWith('atime')).join(), expected);
  }, options.length > 1 ? crun('adds the flags up') : {});
}

test('options without an effect that can be seen are accepted', async (c) => {
  for (const option of ['defaults', 'silent', 'loud', 'mand', 'nomand', 'iversion', 'noiversion', 'diratime']) {
    assert.equal(seen(await c.probe(add(tmpfs(option))), '/mnt').length, 1, option);
  }
}, both('does not know silent and loud'));

test('nosymfollow: the kernel follows no link on the mount', async (c) => {
  const script = 'ln -s /etc/passwd /mnt/link; cat /mnt/link 2>&1 | head -1';
  assert.match(await c.sh(script, add(tmpfs('nosymfollow'))), /Symbolic link loop|Too many levels/i);
  assert.doesNotMatch(await c.sh(script, add(tmpfs('nosymfollow', 'symfollow'))), /loop|Too many levels/i);
}, crun('does not know nosymfollow'));

/** A folder with a tmpfs of its own below it, which has these options. */
function nested(c: Context, options: string): string {
  const dir = c.dir();
  mkdirSync(join(dir, 'sub'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', join(dir, 'sub')]);
  c.later(() => {
    execFileSync('umount', ['-l', join(dir, 'sub')]);
  });
  return dir;
}

test('bind behind rbind takes nothing away', async (c) => {
  for (const options of [['rbind', 'bind'], ['bind', 'rbind']]) {
    const points = seen(await c.probe(add({ destination: '/mnt', source: nested(c, 'rw'), options })), '/mnt').map((
      { point },
    ) => point);
    assert.deepEqual(points, ['/mnt', '/mnt/sub']);
  }
});

test('sysfs of the host, where the container has no network of its own, is bound by its options as a whole',
  async (c) => {
    const facts = await c.probe((config) => {
      withUser(config);
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'network');
      config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/sys/'));
    });
    const mounts = seen(facts, '/sys');
    assert.ok(mounts.length > 1, 'nothing is mounted below /sys here');
    for (const { point, mount } of mounts)
      for (const flag of ['ro', 'nosuid', 'nodev', 'noexec'])
        assert.ok(mount.includes(flag), `${point} is not ${flag}`);
  }, { skip: noRecursive, ...both('the mounts below it keep their own options') });

for (const [option, flag] of [
  ['rro', 'ro'],
  ['rnosuid', 'nosuid'],
  ['rnodev', 'nodev'],
  ['rnoexec', 'noexec'],
  ['rnoatime', 'noatime'],
  ['rnodiratime', 'nodiratime'],
  ['rnosymfollow', 'nosymfollow'],
] as const) {
  test(`${option}: every mount of the tree`, async (c) => {
    const facts = await c.probe(add({ destination: '/mnt', source: nested(c, 'rw'), options: ['rbind', option] }));
    const mounts = seen(facts, '/mnt');
    assert.equal(mounts.length, 2);
    for (const { point, mount } of mounts) assert.ok(mount.includes(flag), `${point}: ${mount.join()}`);
  }, { skip: noRecursive, ...(/noatime|nodiratime|nosymfollow/.test(option) ? crun('does not set it') : {}) });
}

for (const [option, flag] of [
  ['rrw', 'ro'],
  ['rsuid', 'nosuid'],
  ['rdev', 'nodev'],
  ['rexec', 'noexec'],
  ['ratime', 'noatime'],
  ['rdiratime', 'nodiratime'],
  ['rsymfollow', 'nosymfollow'],
] as const) {
  test(`${option}: taken back on every mount of the tree`, async (c) => {
    const source = nested(c, 'noatime,nodiratime,nosuid,nodev,noexec,nosymfollow,ro');
    const [, below] = seen(await c.probe(add({ destination: '/mnt', source, options: ['rbind'] })), '/mnt');
    assert.ok(below?.mount.includes(flag), `there is no ${flag} to take back`);
    const mounts = seen(await c.probe(add({ destination: '/mnt', source, options: ['rbind', option] })), '/mnt');
    assert.equal(mounts.length, 2);
    for (const { point, mount } of mounts) assert.ok(!mount.includes(flag), `${point}: ${mount.join()}`);
  }, { skip: noRecursive, ...(option === 'ratime'
    ? both('does not clear it')
    : /rdiratime|rsymfollow/.test(option)
    ? crun('does not clear it')
    : {}) });
}

test('rrelatime, rnorelatime, rstrictatime, rnostrictatime: access time of every mount', async (c) => {
  for (const [option, before, expected] of [['rrelatime', 'noatime', 'relatime'], ['rnorelatime', 'relatime',
    'relatime'], ['rstrictatime', 'noatime', ''], ['rnostrictatime', 'strictatime', 'relatime']] as const)
  {
    const source = nested(c, before);
    const mounts = seen(await c.probe(add({ destination: '/mnt', source, options: ['rbind', option] })), '/mnt');
    assert.equal(mounts.length, 2);
    for (const { mount } of mounts) {
      assert.equal(mount.filter((name) => name.endsWith('atime') && name !== 'nodiratime').join(), expected, option);
    }
  }
}, { skip: noRecursive, ...both('does not set them') });

test('remount changes the mount, and with options of the file system that', async (c) => {
  const out = await c.sh("df -k /mnt | tail -1 | awk '{print $2}'; touch /mnt/x 2>&1; true",
    add(tmpfs('size=1m'), { destination: '/mnt', type: 'tmpfs', source: 'tmpfs',
      options: ['remount', 'size=2m', 'ro'] }));
  assert.match(out, /^2048\n.*Read-only file system/);
});

test('remount, bind, ro: a mount becomes read-only without naming its source again', async (c) => {
  const out = await c.sh('touch /mnt/x 2>&1; true',
    add(tmpfs(), { destination: '/mnt', options: ['remount', 'bind', 'ro'] }));
  assert.match(out, /Read-only file system/);
}, both('wants a source'));

test('options of a file system in one text, as mount(8) takes them', async (c) => {
  const out = await c.sh("df -k /mnt | tail -1 | awk '{print $2}'; stat -c %a /mnt",
    add(tmpfs('nosuid', 'size=1m,mode=1750')));
  assert.equal(out, '1024\n1750\n');
}, runc('gives it the mode of the mount point'));

test('a refused option is named, with its place', async (c) => {
  const result = await c.run(
    c.command(['true'],
      add({ destination: '/mnt', type: 'overlay', source: 'none', options: ['nosuid', 'strange=1'] })),
  );
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /strange/);
}, { skip: needs('words about an option that overlay refuses', '6.5'), ...crun('does not name the option') });

/** A folder with a file that belongs to 1000:1001. */
function owned(c: Context): string {
  const dir = c.dir();
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', dir]);
  c.later(() => {
    execFileSync('umount', ['-l', dir]);
  }); // and what is mounted below
  writeFileSync(join(dir, 'file'), '');
  chownSync(join(dir, 'file'), 1000, 1001);
  mkdirSync(join(dir, 'sub'));
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(dir, 'sub')]);
  writeFileSync(join(dir, 'sub', 'file'), '');
  chownSync(join(dir, 'sub', 'file'), 1000, 1001);
  return dir;
}

const owners = 'stat -c %u:%g /mnt/file /mnt/sub/file 2>&1';
const maps = {
  uidMappings: [{ containerID: 1000, hostID: 5, size: 10 }],
  gidMappings: [{ containerID: 1000, hostID: 70, size: 10 }],
};

test('idmap: the mappings of the mount, on the top mount alone', async (c) => {
  const mount = { destination: '/mnt', source: owned(c), options: ['rbind', 'idmap'], ...maps };
  assert.equal(await c.sh(owners, add(mount)), '5:71\n1000:1001\n');
}, { skip: noMappedTmpfs, ...both('is from before mappings of mounts') });

test('ridmap: the mappings of the mount, on the whole tree', async (c) => {
  const mount = { destination: '/mnt', source: owned(c), options: ['rbind', 'ridmap'], ...maps };
  assert.equal(await c.sh(owners, add(mount)), '5:71\n5:71\n');
}, { skip: noMappedTmpfs, ...both('is from before mappings of mounts') });

test("idmap without mappings: those of the container's user namespace", async (c) => {
  const mount = { destination: '/mnt', source: owned(c), options: ['rbind', 'ridmap'] };
  assert.equal(await c.sh(owners, (config) => {
    withUser(config);
    add(mount)(config);
  }), '1000:1001\n1000:1001\n');
  mount.options = ['rbind'];
  assert.equal(await c.sh(owners, (config) => {
    withUser(config);
    add(mount)(config);
  }), '65534:65534\n65534:65534\n');
}, { skip: noMappedTmpfs, ...both('has no ridmap') });

test('idmap without mappings: those of a user namespace that is joined', async (c) => {
  const first = await c.started(c.command(['/probe', 'pause'], withUser));
  const mount = { destination: '/mnt', source: owned(c), options: ['bind', 'idmap'] };
  const out = await c.sh('stat -c %u:%g /mnt/file', (config) => {
    config.linux.namespaces.push({ type: 'user', path: `/proc/${first.pid}/ns/user` });
    add(mount)(config);
  });
  assert.equal(out, '1000:1001\n');
  await c.destroy(first.id);
}, { skip: noMappedTmpfs, ...runc('is from before this') });

test("idmap= with mappings in its text, also relative to the container's", async (c) => {
  const source = owned(c);
  const plain = { destination: '/mnt', source, options: ['bind', 'idmap=uids=1000-7-1;gids=1001-8-1'] };
  assert.equal(await c.sh('stat -c %u:%g /mnt/file', add(plain)), '7:8\n');
  const relative = { destination: '/mnt', source, options: ['bind', 'idmap=uids=@1000-7-1;gids=@1001-8-1'] };
  assert.equal(await c.sh('stat -c %u:%g /mnt/file', (config) => {
    withUser(config);
    add(relative)(config);
  }), '7:8\n');
}, { skip: noMappedTmpfs, ...runc('an option of crun') });

/** The number 7 in the file system is the root of the container, whose ids on the host begin at `first`. */
const seven = (first: number): object => {
  const map = [{ containerID: 7, hostID: first, size: 1 }];
  return { uidMappings: map, gidMappings: map.map((entry) => ({ ...entry, hostID: first * 2 })) };
};
const mappedTmpfs = (first: number, ...options: string[]): Mount => ({
  ...tmpfs('uid=7', 'gid=7', 'mode=700', ...options),
  ...seven(first),
});

for (const [name, change, first] of [['', (): void => {}, 0], [' in a user namespace', withUser, 100000]] as const) {
  test(`idmap of a new file system${name}: its ids are mapped`, async (c) => {
    const script = 'stat -c %u:%g /mnt; touch /mnt/x && stat -c %u:%g /mnt/x';
    assert.equal(await c.sh(script, (config) => {
      change(config);
      add(mappedTmpfs(first, 'idmap'))(config);
    }), '0:0\n0:0\n');
  }, { skip: noMappedTmpfs, ...both('maps bind mounts alone') });
}

test('idmap of a new file system has its other options, too', async (c) => {
  const out = await c.sh('touch /etc/x 2>&1; stat -c %u:%g /etc/passwd; grep " /etc " /proc/self/mountinfo',
    (config) => {
      const zero = [{ containerID: 0, hostID: 1000, size: 1 }];
      add({ destination: '/etc', type: 'tmpfs', source: 'tmpfs',
        options: ['ro', 'nosuid', 'noexec', 'tmpcopyup', 'ridmap'], ...{ uidMappings: zero, gidMappings: zero } })(
          config,
        );
    });
  assert.match(out, /Read-only file system\n1000:1000\n.* \/etc ro,nosuid,noexec,[a-z]*,?idmapped /);
}, { skip: noMappedTmpfs, ...both('maps bind mounts alone') });

test('idmap of a file system that cannot says which, and nothing stays', async (c) => {
  const result = await c.run(
    c.command(['true'],
      add({ destination: '/mnt', type: 'mqueue', source: 'mqueue', options: ['idmap'], ...seven(0) })),
  );
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /E0805: .*mqueue/);
}, { only: 'veloci', skip: noRecursive });

for (const [name, change, first] of [['', (): void => {}, 0], [' in a user namespace', withUser, 100000]] as const) {
  test(`idmap of a source on a mount that the container has got before${name}`, async (c) => {
    const dir = c.dir();
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', dir]);
    c.later(() => {
      execFileSync('umount', [dir]);
    });
    mkdirSync(join(dir, 'deep'));
    writeFileSync(join(dir, 'deep', 'file'), '');
    chownSync(join(dir, 'deep', 'file'), 7, 7);
    const bundle = c.command(['stat', '-c', '%u:%g', '/tmp/file'], change);
    add({ destination: '/mnt', source: dir, type: 'bind', options: ['rbind'] }, { destination: '/tmp',
      source: join(bundle.rootfs, 'mnt/deep'), options: ['rbind', 'idmap'], ...seven(first) })(bundle.config);
    bundle.write(JSON.stringify(bundle.config));
    const result = await c.run(bundle);
    assert.equal(result.stdout, '0:0\n', result.stderr);
  }, { skip: noMappedTmpfs, ...both('is from before this') });
}

test('idmap without any mappings is an error', async (c) => {
  const result = await c.run(
    c.command(['true'], add({ destination: '/mnt', source: c.dir(), options: ['bind', 'idmap'] })),
  );
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /idmap|mapping/);
}, both('starts without a mapping'));

test('src-nofollow alone: a link is mounted as a link', async (c) => {
  const dir = c.dir();
  symlinkSync('/no/such', join(dir, 'link'));
  assert.equal(await c.sh('readlink /mnt/new', (config) => {
    add(tmpfs(), { destination: '/mnt/new', source: join(dir, 'link'), type: 'bind',
      options: ['bind', 'src-nofollow'] })(config);
  }), '/no/such\n');
}, both('an option of newer versions of crun'));

test('src-nofollow, dest-nofollow: the links themselves', async (c) => {
  const dir = c.dir();
  writeFileSync(join(dir, 'file'), 'behind');
  symlinkSync('/etc/hostname', join(dir, 'link'));
  const out = await c.sh('readlink /mnt/there; readlink /mnt/link; cat /mnt/target', (config) => {
    config.root.readonly = false;
    add(tmpfs())(config);
    // The link at /mnt/link leads to /mnt/target, which stays as it is.
    add({ destination: '/mnt/target', source: join(dir, 'file'), type: 'bind', options: ['bind'] }, {
      destination: '/mnt/there',
      source: join(dir, 'link'),
      type: 'bind',
      options: ['bind', 'copy-symlink'],
    }, { destination: '/mnt/there', source: join(dir, 'link'), type: 'bind', options: ['bind', 'copy-symlink'] }, {
      destination: '/mnt/link',
      source: '/dev/null',
      type: 'bind',
      options: ['bind'],
    }, { destination: '/mnt/link', source: join(dir, 'link'), type: 'bind',
      options: ['bind', 'src-nofollow', 'dest-nofollow'] })(config);
  });
  assert.equal(out, '/etc/hostname\n/etc/hostname\nbehind');
  assert.ok(lstatSync(join(dir, 'link')).isSymbolicLink());
  assert.equal(readFileSync(join(dir, 'file'), 'utf8'), 'behind');
}, both('an option of newer versions of crun'));

test('relative destinations begin at the root', async (c) => {
  assert.equal(await c.sh('ls -d /mnt/rel', add({ ...tmpfs(), destination: 'mnt/rel' })), '/mnt/rel\n');
});

test('.. behind a directory that is not there yet', async (c) => {
  assert.equal(
    await c.sh('ls -d /mnt/two && grep -c " /mnt/two " /proc/self/mountinfo',
      add({ ...tmpfs(), destination: '/mnt/one/../two' })),
    '/mnt/two\n1\n',
  );
});
