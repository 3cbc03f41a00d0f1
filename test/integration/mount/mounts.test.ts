// Mounts and the root: options, binds, order, targets that are missing, propagation, thin layers.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import { noRecursive } from '../../support/host/kernel.ts';
import type { Context } from '../../support/context.ts';
import type { Facts } from '../../support/facts.ts';
import type { Config, Mount } from '../../support/spec.ts';

interface Seen {
  point: string;
  options: string[];
  tags: string[];
  type: string;
  superOptions: string[];
}

/** The last mount at a mount point, from the mountinfo that the payload saw. */
function seen(facts: Facts, point: string): Seen {
  const found = facts.mounts.map((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const fields = before.split(' ');
    const [type = '', , superOptions = ''] = after.split(' ');
    return { point: fields[4] ?? '', options: (fields[5] ?? '').split(','), tags: fields.slice(6), type,
      superOptions: superOptions.split(',') };
  }).filter((mount) => mount.point === point);
  const last = found.at(-1);
  assert.ok(last, `nothing is mounted at ${point}`);
  return last;
}

const add = (...mounts: Mount[]) => (config: Config): void => {
  config.mounts.push(...mounts);
};

const tmpfs = (options: string[]): Mount => ({ destination: '/mnt', type: 'tmpfs', source: 'tmpfs', options });

test('the root is read-only when the config says so, and writable when not', async (c) => {
  assert.match(await c.sh('touch /x 2>&1 || true'), /Read-only file system/);
  assert.equal(await c.sh('touch /x && ls /x', (config) => {
    config.root.readonly = false;
  }), '/x\n');
});

test('what one container writes on its thin layer is not in a fresh one', async (c) => {
  const writable = (config: Config): void => {
    config.root.readonly = false;
  };
  await c.sh('touch /touched', writable);
  assert.equal(await c.sh('ls /touched 2>/dev/null; echo none', writable), 'none\n');
});

for (const how of ['overlay', 'bind', 'copy'] as const) {
  test(`a root that is a ${how} works`, async (c) => {
    assert.equal(await c.sh('echo $$; ls -d /bin', () => {}, { rootfs: how }), '1\n/bin\n');
  });
}

test('root.path may be absolute', async (c) => {
  const bundle = c.command(['/probe', 'exit', '3']);
  bundle.config.root.path = bundle.rootfs;
  assert.equal((await c.run(bundle)).code, 3);
});

test('the old root cannot be seen from the container', async (c) => {
  const facts = await c.probe();
  assert.equal(facts.mounts.filter((line) => / \/(work|tmp|host|root)\b/.test(line.split(' - ')[0] ?? '')).length, 0);
});

for (const [option, flag, negated] of [
  ['ro', 'ro', 'rw'],
  ['nosuid', 'nosuid', 'suid'],
  ['nodev', 'nodev', 'dev'],
  ['noexec', 'noexec', 'exec'],
  ['noatime', 'noatime', undefined],
  ['nodiratime', 'nodiratime', undefined],
] as const) {
  test(`option ${option} of a tmpfs`, async (c) => {
    assert.ok(seen(await c.probe(add(tmpfs([option]))), '/mnt').options.includes(flag));
  });

  if (negated) {
    test(`option ${negated} after ${option}: the last one counts`, async (c) => {
      assert.ok(!seen(await c.probe(add(tmpfs([option, negated]))), '/mnt').options.includes(flag));
    }, { peers: [{ peer: 'crun 1.8.1', why: 'adds the flags up' }] });
  }

  test(`option ${option} of a bind mount`, async (c) => {
    const source = c.dir();
    const facts = await c.probe(add({ destination: '/mnt', source, options: ['bind', option] }));
    assert.ok(seen(facts, '/mnt').options.includes(flag));
  });
}

test('options after bind without a type "bind" and with type "bind" alone mean the same', async (c) => {
  const source = c.dir();
  writeFileSync(join(source, 'file'), 'hello');
  for (const mount of [{ options: ['rbind', 'rprivate'] }, { type: 'bind', options: ['rbind'] }, { type: 'none',
    options: ['bind'] }])
  {
    assert.equal(await c.sh('cat /mnt/file', add({ destination: '/mnt', source, ...mount })), 'hello');
  }
});

test('size and mode of a tmpfs', async (c) => {
  const out = await c.sh("stat -c %a /mnt; df -k /mnt | tail -1 | awk '{print $2}'",
    add(tmpfs(['size=1m', 'mode=1750'])));
  assert.equal(out, '1750\n1024\n');
}, { peers: [{ peer: 'runc 1.1.5', why: 'gives a tmpfs the mode of the folder that it hides' }] });

test('a file is bound onto a file, and onto nothing', async (c) => {
  const source = join(c.dir(), 'source');
  writeFileSync(source, 'bound');
  const mount = (destination: string): Mount => ({ destination, type: 'bind', source, options: ['bind'] });
  const out = await c.sh('cat /etc/passwd /new/dir/file', add(mount('/etc/passwd'), mount('/new/dir/file')));
  assert.equal(out, 'boundbound');
});

test('missing targets are made, in the order of the mounts', async (c) => {
  const source = c.dir();
  const out = await c.sh('touch /a/b/c/d/x; ls -d /a/b/c/d/x; mount | grep " /a" | wc -l', add(
    { destination: '/a', type: 'tmpfs', source: 'tmpfs' },
    { destination: '/a/b/c', type: 'bind', source, options: ['bind'] },
    { destination: '/a/b/c/d', type: 'tmpfs', source: 'tmpfs' },
  ));
  assert.equal(out, '/a/b/c/d/x\n3\n');
});

test('a later mount hides an earlier one', async (c) => {
  const source = c.dir();
  writeFileSync(join(source, 'file'), '');
  const out = await c.sh('ls /mnt', add(
    { destination: '/mnt', type: 'bind', source, options: ['bind'] },
    tmpfs([]),
  ));
  assert.equal(out, '');
});

/** A source folder with a tmpfs below it, on which a file lies. */
function nested(c: Context): string {
  const source = c.dir();
  mkdirSync(join(source, 'below'));
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(source, 'below')]);
  c.later(() => execFileSync('umount', [join(source, 'below')]));
  writeFileSync(join(source, 'below/file'), '');
  return source;
}

test('rbind takes the mounts below along, bind does not', async (c) => {
  const source = nested(c);
  const mount = (option: string): Mount => ({ destination: '/mnt', type: 'bind', source, options: [option] });
  assert.equal(await c.sh('ls /mnt/below', add(mount('rbind'))), 'file\n');
  assert.equal(await c.sh('ls /mnt/below', add(mount('bind'))), '');
});

test('ro of an rbind is for its top alone, rro for all below', async (c) => {
  const source = nested(c);
  const mount = (option: string): Mount => ({ destination: '/mnt', type: 'bind', source, options: ['rbind', option] });
  const script = 'touch /mnt/x 2>/dev/null && echo top; touch /mnt/below/x 2>/dev/null && echo below; true';
  assert.equal(await c.sh(script, add(mount('ro'))), 'below\n');
  assert.equal(await c.sh(script, add(mount('rro'))), '');
}, { skip: noRecursive });

test('a bind with ro keeps the locked flags of its source', async (c) => {
  const source = c.dir();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'nosuid,nodev,noexec', 'tmpfs', source]);
  c.later(() => execFileSync('umount', [source]));
  const { options } = seen(await c.probe(add({ destination: '/mnt', source, options: ['bind', 'ro'] })), '/mnt');
  for (const flag of ['ro', 'nosuid', 'nodev', 'noexec']) assert.ok(options.includes(flag), flag);
}, {
  peers: [{ peer: 'crun 1.8.1', why: 'its remount drops them' }, { peer: 'runc 1.1.5', why: 'its remount drops them' }],
});

for (const [propagation, tag] of [['rprivate', undefined], ['rslave', 'master:'], ['rshared', 'shared:']] as const) {
  test(`a bind with ${propagation} from a shared source`, async (c) => {
    const source = c.dir();
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', source]);
    execFileSync('mount', ['--make-rshared', source]);
    c.later(() => execFileSync('umount', [source]));
    const { tags } = seen(await c.probe(add({ destination: '/mnt', source, options: ['bind', propagation] })), '/mnt');
    if (tag) assert.ok(tags.some((text) => text.startsWith(tag)), tags.join(' '));
    else assert.deepEqual(tags, []);
  }, { peers: tag ? [{ peer: 'crun 1.8.1', why: 'makes the mounts of the host private before it binds' }] : [] });
}

for (const propagation of ['private', 'slave', 'shared', 'unbindable', 'rprivate', 'rslave']) {
  test(`rootfsPropagation ${propagation}`, async (c) => {
    const bundle = c.command(['/probe'], (config) => {
      config.linux.rootfsPropagation = propagation;
    });
    execFileSync('mount', ['--make-shared', bundle.rootfs]); // one that is private has nothing to be a slave of
    const { code, stdout, stderr } = await c.run(bundle);
    assert.equal(code, 0, stderr);
    const tags = seen(JSON.parse(stdout) as Facts, '/').tags.map((tag) => tag.replace(/:.*/, ''));
    if (propagation.endsWith('slave')) assert.deepEqual(tags, ['master']);
    else if (propagation === 'shared') assert.ok(tags.includes('shared'), tags.join());
    else assert.deepEqual(tags, propagation === 'unbindable' ? ['unbindable'] : []);
  }, { peers: ['slave', 'shared', 'unbindable'].includes(propagation)
    ? [{ peer: 'runc 1.1.5', why: 'the root of the container stays private' }]
    : [] });
}

test('a mount in the container does not reach the host', async (c) => {
  const before = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length;
  const bundle = c.command(['sh', '-c', 'mount -t tmpfs x /mnt && sleep 1000'], (config) => {
    for (const set of ['bounding', 'effective', 'permitted'] as const) {
      config.process.capabilities?.[set]?.push('CAP_SYS_ADMIN');
    }
  });
  const after = (): number => readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length;
  const { id, pid } = await c.started(bundle);
  for (let i = 0; i < 500 && !readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(' /mnt '); i++) await sleep(20);
  assert.match(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'), / \/mnt /);
  assert.equal(after() - before, 1, 'only the overlay of the bundle was mounted');
  await c.destroy(id);
});

test('/proc, /sys, /dev/shm and /dev/mqueue are what they should be', async (c) => {
  const facts = await c.probe();
  for (const [point, type] of [['/proc', 'proc'], ['/sys', 'sysfs'], ['/dev', 'tmpfs'], ['/dev/pts', 'devpts'], [
    '/dev/shm',
    'tmpfs',
  ], ['/dev/mqueue', 'mqueue']] as const) {
    const found = facts.mounts.map((line) => line.split(' ')).filter((fields) => fields[4] === point);
    assert.ok(found.length > 0 && facts.mounts.some((line) =>
      line.split(' ')[4] === point &&
      line.includes(` - ${type} `)
    ), point);
  }
  assert.ok(seen(facts, '/sys').options.includes('ro'));
});

test('the cgroup mount shows the cgroup of the container, read-only', async (c) => {
  const out = await c.sh('ls -d /sys/fs/cgroup/pids /sys/fs/cgroup/cgroup.procs 2>/dev/null;' +
    'for d in pids .; do mkdir /sys/fs/cgroup/$d/x 2>&1; done; true');
  assert.match(out, /^\/sys\/fs\/cgroup\/(pids|cgroup\.procs)\n/);
  assert.match(out, /Read-only/);
});

test('tmpcopyup fills a tmpfs with what it hides', async (c) => {
  const out = await c.sh('cat /etc/group | head -1; touch /etc/x && ls /etc/x; stat -f -c %T /etc',
    add({ destination: '/etc', type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup'] }));
  assert.equal(out, 'root:x:0:\n/etc/x\ntmpfs\n');
});

test('tmpcopyup into too little room says so, with the options that give more: E0983', async (c) => {
  const bundle = c.command(['true'],
    add({ destination: '/etc', type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup', 'nr_inodes=2'] }));
  const { code, stderr } = await c.run(bundle);
  assert.equal(code, 1);
  assert.match(stderr, /E0983: .*"\/etc".* at config\.json:\d+:\d+ \(\/mounts\/\d+.*ENOSPC, step copy.*nr_inodes/);
}, { only: 'veloci' });

test('tmpcopyup ends at a depth of 64 directories, and says that this is a limit of veloci: E0978', async (c) => {
  const bundle = c.command(['true'],
    add({ destination: '/deep', type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup'] }));
  const below = (depth: number): string => join(bundle.rootfs, 'deep', ...Array.from({ length: depth }, () => 'd'));
  mkdirSync(below(64), { recursive: true });
  assert.equal((await c.run(bundle)).code, 0);
  mkdirSync(below(65));
  const { code, stderr } = await c.run(bundle);
  assert.equal(code, 1);
  assert.match(stderr,
    /E0978: .*tmpcopyup copies directories to a depth of 64.* at config\.json:\d+:\d+ \(\/mounts\/\d+\/destination\)/);
  // No errno of the kernel's stands for it.
  assert.doesNotMatch(stderr, /\bE[A-Z]{3,}\b/);
  await c.nothingLeft();
}, { peers: [{ peer: 'crun 1.8.1', why: 'has no such limit' }, { peer: 'runc 1.1.5', why: 'has no such limit' }] });

test('".." in a destination stays in the root, and a link as target is followed inside the root', async (c) => {
  const bundle = c.command(['sh', '-c', 'ls /data/marker /etc/marker 2>/dev/null; true'], add(
    { destination: '/mnt/../../../../data', type: 'bind', source: c.dir(), options: ['bind'] },
    { destination: '/link', type: 'bind', source: c.dir(), options: ['bind'] },
  ));
  const sources = bundle.config.mounts.slice(-2).map(({ source }) => source as string);
  sources.forEach((source) => writeFileSync(join(source, 'marker'), ''));
  execFileSync('ln', ['-s', '/../../../etc', join(bundle.rootfs, 'link')]);
  const result = await c.run(bundle);
  assert.equal(result.stdout, '/data/marker\n/etc/marker\n', result.stderr);
  assert.ok(!existsSync('/etc/marker'));
});

test('a source may be relative to the bundle', async (c) => {
  const bundle = c.command(['cat', '/mnt/file'], add(
    { destination: '/mnt', type: 'bind', source: 'volume', options: ['rbind'] },
  ));
  mkdirSync(join(bundle.dir, 'volume'));
  writeFileSync(join(bundle.dir, 'volume/file'), 'relative');
  assert.equal((await c.run(bundle)).stdout, 'relative');
});

test('a bind of a folder that others cannot read works for a mapped root when the caller can', async (c) => {
  const source = join(c.dir(), 'closed/open');
  mkdirSync(source, { recursive: true });
  chmodSync(join(source, '..'), 0o700);
  chmodSync(source, 0o755);
  const out = await c.sh('ls -d /mnt', (config) => {
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
    config.mounts.push({ destination: '/mnt', type: 'bind', source, options: ['rbind'] });
  });
  assert.equal(out, '/mnt\n');
});
