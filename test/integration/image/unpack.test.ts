// Images that mean well: every form of archive, what layers do to each other, and the bundle that comes of it.
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { dockerArchive, type Entry, type ImageParts, type Layer, tar, writeLayout } from '../../support/image.ts';
import type { Config } from '../../support/spec.ts';

const file = (name: string, data = '', more: Partial<Entry> = {}): Entry => ({ name, data, ...more });
const folder = (name: string, mode = 0o755, mtime = 1_000_000_000): Entry => ({ name, type: '5', mode, mtime });
const layer = (...entries: Entry[]): Layer => ({ archive: tar(entries) });

async function bundleOf(
  c: Context,
  image: string,
  ...flags: string[]
): Promise<{ root: string; config: Config; bundle: string }> {
  const bundle = join(c.dir(), 'bundle');
  const { code, stderr, stdout } = await c.rt(['unpack', '--copy', ...flags, image, bundle]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout + stderr, '');
  assert.deepEqual(readdirSync(bundle).sort(), ['config.json', 'rootfs']);
  assert.equal(statSync(bundle).mode & 0o7777, 0o700);
  return { bundle, root: join(bundle, 'rootfs'),
    config: JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as Config };
}

const layout = (c: Context, layers: readonly Layer[], parts?: ImageParts): string =>
  writeLayout(join(c.dir(), 'image'), layers, parts);

/** What `find` says of each path: kind and mode, owner, time, target. */
function treeOf(root: string): string[] {
  return execFileSync('find', [root, '-mindepth', '1', '-printf', '%P %y %m %U:%G %T@ %l\n'], { encoding: 'utf8' })
    .split('\n').slice(0, -1).sort();
}

test('a layer: files, links, owners, modes, times, attributes', async (c) => {
  const image = layout(c, [layer(
    folder('./', 0o750, 5),
    folder('bin', 0o755, 10),
    file('bin/su', 'program', { mode: 0o4755, mtime: 20,
      pax: { 'SCHILY.xattr.user.note': Buffer.from('a\0b'), mtime: '20.5' } }),
    { name: 'bin/hard', type: '1', link: 'bin/su' },
    { name: 'sh', type: '2', link: '/bin/su', mtime: 30 },
    { name: 'dangling', type: '2', link: '../../../etc/passwd' },
    folder('tmp', 0o1777, 40),
    folder('closed', 0o000, 50),
    file('closed/in', 'x', { uid: 1000, gid: 2000 }),
    { name: 'pipe', type: '6', mode: 0o620 },
    { name: 'dev/null', type: '3', device: [1, 3], mode: 0o666 },
    file('long', 'x', { pax: { path: `${'d'.repeat(200)}/${'f'.repeat(200)}` } }),
    file('big', 'x', { pax: { uid: '4000000000', gid: '4000000001' } }),
  )]);
  const { root } = await bundleOf(c, image);
  const tree = treeOf(root);
  for (const line of ['bin d 755 0:0 10.0000000000 ', 'bin/su f 4755 0:0 20.5000000000 ',
    'sh l 777 0:0 30.0000000000 /bin/su', 'tmp d 1777 0:0 40.0000000000 ', 'closed d 0 0:0 50.0000000000 ',
    'closed/in f 644 1000:2000 1000000000.0000000000 ', 'pipe p 620 0:0 1000000000.0000000000 ',
    'dev/null c 666 0:0 1000000000.0000000000 ', 'big f 644 4000000000:4000000001 1000000000.0000000000 '])
    assert.ok(tree.includes(line), `${line} in ${tree.join('\n')}`);
  assert.equal(readlinkSync(join(root, 'dangling')), '../../../etc/passwd');
  assert.equal(lstatSync(join(root, 'bin/su')).ino, lstatSync(join(root, 'bin/hard')).ino);
  assert.ok(tree.some((line) => line.startsWith(`${'d'.repeat(200)}/${'f'.repeat(200)} f`)));
  assert.equal(lstatSync(root).mode & 0o7777, 0o750);
  const note = execFileSync('python3', ['-c',
    'import os,sys;sys.stdout.write(repr(os.getxattr(sys.argv[1],"user.note")))', join(root, 'bin/su')], {
    encoding: 'utf8',
  });
  assert.equal(note, "b'a\\x00b'");
});

test('layers over each other: whiteouts, opaque directories, other kinds, what a layer has no entry for', async (c) => {
  const lower = layer(folder('a', 0o700, 7), file('a/gone', '1'), file('a/kept', '2'), folder('o', 0o711),
    file('o/old', '3'), folder('o/sub'), file('o/sub/old', '4'), folder('d'), file('d/x', '5'), file('f', '6'),
    file('l', '7'), folder('implied', 0o1770, 70), file('implied/old', '8'), folder('again'), file('again/old', '9'));
  const upper = layer(file('a/.wh.gone'), file('o/new', 'n'), file('o/.wh..wh..opq'), file('d', 'a file now'),
    folder('f'), file('f/in', 'a directory now'), { name: 'l', type: '2', link: 'a/kept' }, file('implied/new', 'i'),
    file('.wh.missing'), folder('again', 0o711), file('again/new'), file('.wh.again'));
  for (const [form, image] of [
    ['layout', layout(c, [lower, upper])],
    ['docker', join(c.dir(), 'docker.tar')],
  ] as const) {
    if (form === 'docker') writeFileSync(image, dockerArchive([lower.archive, upper.archive]));
    const { root } = await bundleOf(c, image);
    assert.deepEqual(treeOf(root).map((line) => line.split(' ').slice(0, 3).join(' ')), [
      'a d 700',
      'a/kept f 644',
      'again d 711',
      'again/new f 644',
      'd f 644',
      'f d 755',
      'f/in f 644',
      'implied d 1770',
      'implied/new f 644',
      'implied/old f 644',
      'l l 777',
      'o d 711',
      'o/new f 644',
    ], form);
    assert.equal(lstatSync(join(root, 'implied')).mtimeMs, 70_000);
    assert.equal(lstatSync(join(root, 'a')).mtimeMs, 7000);
  }
});

test('without a bundle the layers are directories for overlay, made once', async (c) => {
  const image = layout(c, [layer(folder('o'), file('o/old'), file('gone'), folder('again'), file('again/old')),
    layer(file('.wh.gone'), file('o/.wh..wh..opq'),
      file('o/new', '', { pax: { 'SCHILY.xattr.trusted.overlay.redirect': '/etc' } }), folder('again'),
      file('again/new'), file('.wh.again'))]);
  const cache = join(c.dir(), 'cache');
  const runs = await Promise.all([1, 2, 3, 4].map(() => c.rt(['unpack', '--cache', cache, image])));
  for (const { code, stderr } of runs) assert.equal(code, 0, stderr);
  const { layers } = JSON.parse(runs[0]!.stdout) as { layers: string[] };
  assert.equal(statSync(join(cache, 'root')).mode & 0o7777, 0o700);
  assert.ok(lstatSync(join(layers[1]!, 'gone')).isCharacterDevice());
  assert.equal(lstatSync(join(layers[1]!, 'gone')).rdev, 0);
  const target = c.dir();
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=${[...layers].reverse().join(':')}`, target]);
  c.later(() => execFileSync('umount', [target]));
  assert.deepEqual(treeOf(target).map((line) => line.split(' ')[0]), ['again', 'again/new', 'o', 'o/new']);
  const before = lstatSync(layers[0]!).ino;
  assert.equal((await c.rt(['unpack', '--cache', cache, image])).code, 0);
  assert.equal(lstatSync(layers[0]!).ino, before);
});

test('gzip in several members, zstd, padding', async (c) => {
  const { archive } = layer(file('a', 'x'.repeat(300_000)));
  const blobs: Buffer[] = [
    gzipSync(archive),
    Buffer.concat([gzipSync(archive.subarray(0, 1000)), gzipSync(archive.subarray(1000))]),
    Buffer.concat([gzipSync(archive), Buffer.alloc(700)]),
    execFileSync('zstd', ['-q', '-c'], { input: archive }),
    // A frame that is to be skipped, as others keep their notes in.
    Buffer.concat([execFileSync('zstd', ['-q', '-c'], { input: archive }), Buffer.from('502a4d18020000006869', 'hex')]),
  ];
  for (const blob of blobs) {
    const { root } = await bundleOf(c, layout(c, [{ archive, blob }]));
    assert.equal(readFileSync(join(root, 'a'), 'utf8'), 'x'.repeat(300_000));
  }
});

test('the configuration becomes config.json', async (c) => {
  const accounts = layer(folder('etc'), file('etc/passwd', 'root:x:0:0::/:/bin/sh\napp:x:12:34::/:/bin/sh\n'),
    file('etc/group', 'root:x:0:\nextra:x:56:other,app\nstaff:x:34:\n'));
  const image = layout(c, [accounts], { reference: 'v1',
    config: { User: 'app', Env: ['A=b'], Entrypoint: ['/bin/run'], Cmd: ['it'], WorkingDir: '/srv',
      Volumes: { '/data': {} }, ExposedPorts: { '80/tcp': {}, '443/tcp': {} }, StopSignal: 'SIGQUIT',
      Labels: { 'org.example.x': 'y', 'org.opencontainers.image.os': 'label' } },
    image: { author: 'somebody', created: '2026-01-01T00:00:00Z' } });
  const { config, bundle } = await bundleOf(c, `${image}:v1`);
  assert.deepEqual(config.process.args, ['/bin/run', 'it']);
  assert.deepEqual(config.process.user, { uid: 12, gid: 34, additionalGids: [56] });
  assert.ok(config.process.env?.includes('A=b') && config.process.env.some((entry) => entry.startsWith('PATH=')));
  assert.equal(config.process.cwd, '/srv');
  assert.deepEqual(config.annotations, { 'org.opencontainers.image.os': 'label',
    'org.opencontainers.image.architecture': 'amd64', 'org.opencontainers.image.author': 'somebody',
    'org.opencontainers.image.created': '2026-01-01T00:00:00Z', 'org.opencontainers.image.stopSignal': 'SIGQUIT',
    'org.opencontainers.image.exposedPorts': '443/tcp,80/tcp', 'org.example.x': 'y' });
  assert.deepEqual(config.mounts?.at(-1), { destination: '/data', type: 'tmpfs', source: 'tmpfs',
    options: ['nosuid', 'nodev', 'tmpcopyup'] });
  const { code, stdout, stderr } = await c.rt(['validate', '--no-files', '-b', bundle]);
  assert.equal(code, 0, stdout + stderr);
});

test('owners are mapped for a user namespace, and a bundle of it says so', async (c) => {
  const image = layout(c, [layer(file('a', 'x', { uid: 5, gid: 6 }))]);
  const { root, config } = await bundleOf(c, image, '--uid-map', '0:100000:1000', '--gid-map', '0:200000:1000');
  assert.deepEqual([lstatSync(join(root, 'a')).uid, lstatSync(join(root, 'a')).gid], [100_005, 200_006]);
  assert.deepEqual(config.linux?.uidMappings, [{ containerID: 0, hostID: 100_000, size: 1000 }]);
  assert.ok(config.linux?.namespaces?.some(({ type }) => type === 'user'));
});

test('a bundle that cannot be made leaves nothing', async (c) => {
  const through = layout(c, [layer({ name: 'lib', type: '2', link: 'usr/lib' }), layer(file('lib/x', 'y'))]);
  const place = c.dir(), bundle = join(place, 'bundle');
  const failed = await c.rt(['unpack', '--copy', through, bundle]);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /E1020: layer .* puts "lib" through something that is no directory below/);
  assert.deepEqual(readdirSync(place), []);
  mkdirSync(bundle);
  writeFileSync(join(bundle, 'mine'), '');
  const taken = await c.rt(['unpack', '--copy', through, bundle]);
  assert.match(taken.stderr, /E1017: cannot make the bundle .* \(directory not empty, ENOTEMPTY\)|E1017: .*ENOTEMPTY/);
  assert.deepEqual(readdirSync(bundle), ['mine']);
});

test('a container of an image runs', async (c) => {
  const busybox = readFileSync('/bin/busybox');
  const image = layout(c, [
    layer(folder('bin'), { name: 'bin/busybox', data: busybox, mode: 0o755 }, { name: 'bin/sh', type: '2',
      link: 'busybox' }),
  ], { config: { Cmd: ['/bin/sh', '-c', 'echo from $0; id -u'], WorkingDir: '/' } });
  const { bundle } = await bundleOf(c, image);
  const { code, stdout, stderr } = await c.rt(['run', '-b', bundle, c.id()]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'from /bin/sh\n0\n');
});

test('--user in place of the User of the image: names that it has, and ids', async (c) => {
  const image = layout(c, [
    layer(folder('etc'), file('etc/passwd', 'web:x:33:44::/:\n'), file('etc/group', 'log:x:55:web\n')),
  ], {
    config: { User: 'nobody-knows' },
  });
  const userOf = async (...flags: string[]): Promise<unknown> =>
    (await bundleOf(c, image, ...flags)).config.process.user;
  assert.deepEqual(await userOf('--user', 'web'), { uid: 33, gid: 44, additionalGids: [55] });
  assert.deepEqual(await userOf('-u', '7:log'), { uid: 7, gid: 55 });
  assert.deepEqual(await userOf('--user', '0'), { uid: 0, gid: 0 });
  const { code, stderr } = await c.rt(['unpack', '--user', 'other', image, join(c.dir(), 'bundle')]);
  assert.equal(code, 1);
  assert.match(stderr, /E1014.*"other".*--user/);
});
