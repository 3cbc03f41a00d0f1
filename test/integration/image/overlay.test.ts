// Bundles whose layers stay in the cache: what their container sees is what a copy has, for root and for a user, and where
// overlay cannot be had the bundle is a copy.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { type Entry, type Layer, tar, writeLayout } from '../../support/image.ts';
import { runtimePath } from '../../support/paths.ts';
import { call } from '../../support/runtime.ts';
import type { Config } from '../../support/spec.ts';

const [major = 0, minor = 0] = release().split('.').map(Number);
const hasUserOverlays = major > 5 || (major === 5 && minor >= 11);
const only = { only: 'veloci' } as const;
const file = (name: string, data = '', more: Partial<Entry> = {}): Entry => ({ name, data, ...more });
const folder = (name: string, mode = 0o755, more: Partial<Entry> = {}): Entry => ({ name, type: '5', mode,
  mtime: 1_000_000_000, ...more });
const layer = (...entries: Entry[]): Layer => ({ archive: tar(entries) });
const busybox = (): Layer =>
  layer(folder('bin'), { name: 'bin/busybox', data: readFileSync('/bin/busybox'), mode: 0o755 }, { name: 'bin/sh',
    type: '2', link: 'busybox' }, folder('proc'), folder('sys'), folder('dev'));

/** Layers that hide, replace and leave out what is below in every way. */
const layers = (): Layer[] => [
  layer(folder('./', 0o751), folder('tmp', 0o1777, { mtime: 70 }), file('tmp/old'), folder('o', 0o711), file('o/old'),
    folder('o/sub'), file('o/sub/old'), file('gone'), folder('deep', 0o700, { uid: 7, gid: 8 }),
    folder('deep/er', 0o2750, { pax: { 'SCHILY.xattr.user.note': 'n' } }), file('deep/er/old'), folder('again', 0o700),
    file('again/old')),
  layer(file('.wh.gone'), file('o/.wh..wh..opq'), file('o/new'), file('tmp/new'), file('deep/er/new'),
    file('.wh.again'), file('again/new')),
  layer(file('tmp/newer'), file('deep/er/newer'), file('other/x'), file('o/sub/x')),
];

const tree = (root: string): string[] =>
  execFileSync('find', [root, '-printf', '%P %y %m %U:%G %T@ %l\n'], { encoding: 'utf8' }).split('\n').slice(0, -1)
    // Directories that no layer has an entry for have the time at which they were made.
    .map((line) => (/^(other|o\/sub|again) d /.test(line) ? line.replace(/ \d+\.\d+ $/, ' ') : line)).sort();

interface Unpacked {
  readonly bundle: string;
  readonly config: Config;
}

async function unpack(c: Context, image: string, ...flags: string[]): Promise<Unpacked> {
  const bundle = join(c.dir(), 'bundle');
  const { code, stderr, stdout } = await c.rt(['unpack', ...flags, image, bundle]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout + stderr, '');
  return { bundle, config: JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as Config };
}

const cacheOf = (c: Context): string => join(c.dir(), 'cache');
const joins = ({ config }: Unpacked): boolean => config.mounts?.[0]?.destination === '/';

test('an overlay of the cache shows what a copy has', async (c) => {
  const image = writeLayout(join(c.dir(), 'image'), layers()), cache = cacheOf(c);
  const joined = await unpack(c, image, '--cache', cache), copied = await unpack(c, image, '--copy');
  assert.deepEqual(readdirSync(joined.bundle).sort(), ['config.json', 'overlay', 'rootfs']);
  assert.deepEqual(readdirSync(join(joined.bundle, 'rootfs')), []);
  assert.deepEqual(readdirSync(copied.bundle).sort(), ['config.json', 'rootfs']);
  assert.ok(joins(joined) && !joins(copied));
  const [root] = joined.config.mounts!, target = c.dir();
  assert.equal(root!.type, 'overlay');
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', root!.options!.join(','), target]);
  c.later(() => execFileSync('umount', [target]));
  assert.deepEqual(tree(target), tree(join(copied.bundle, 'rootfs')));
  const note = execFileSync('getfattr', ['-n', 'user.note', '--only-values', join(target, 'deep/er')], {
    encoding: 'utf8',
  });
  assert.equal(note, 'n');
});

test('a container writes to its bundle alone, and finds it again', async (c) => {
  const image = writeLayout(join(c.dir(), 'image'), [busybox(), layer(file('greeting', 'hello')), busybox()], {
    config: { Cmd: ['/bin/sh', '-c', 'cat /greeting; echo more >> /greeting; echo x > /new; busybox id -u'] },
  });
  const cache = cacheOf(c), { bundle, config } = await unpack(c, image, '--cache', cache);
  assert.equal(config.mounts![0]!.options![0]!.split(':').length, 2, 'a layer that is there twice is taken once');
  const before = tree(cache);
  for (const greeting of ['hello', 'hellomore\n']) {
    const { code, stdout, stderr } = await c.rt(['run', '-b', bundle, c.id()]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `${greeting}0\n`);
  }
  assert.equal(readFileSync(join(bundle, 'overlay/upper/greeting'), 'utf8'), 'hellomore\nmore\n');
  assert.deepEqual(tree(cache), before);
  const other = await unpack(c, image, '--cache', cache);
  assert.equal((await c.rt(['run', '-b', other.bundle, c.id()])).stdout, 'hello0\n');
}, only);

test('diff of such a container finds nothing; validate and the plan know its root', async (c) => {
  const image = writeLayout(join(c.dir(), 'image'), [busybox()], {
    config: { Cmd: ['/bin/sh', '-c', 'busybox sleep 60'] },
  });
  const { bundle } = await unpack(c, image, '--cache', cacheOf(c)), id = c.id();
  const valid = await c.rt(['validate', '-b', bundle]);
  assert.equal(valid.code, 0, valid.stdout + valid.stderr);
  assert.match((await c.rt(['plan', '-b', bundle])).stdout, /layer\.mount|overlay/);
  assert.equal((await c.rt(['create', '-b', bundle, id])).code, 0);
  assert.equal((await c.rt(['start', id])).code, 0);
  const { stdout, stderr, code } = await c.rt(['diff', id]);
  assert.equal(code, 0, stdout + stderr);
  const { stderr: refused } = await c.rt(['mounts', 'remove', id, '/']);
  assert.match(refused, /E0\d{3}/);
}, only);

test('runc runs such a bundle', async (c) => {
  const image = writeLayout(join(c.dir(), 'image'), [busybox(), layer(file('greeting', 'hello'))], {
    config: { Cmd: ['/bin/busybox', 'cat', '/greeting'] },
  });
  const { bundle, config } = await unpack(c, image, '--cache', cacheOf(c));
  writeFileSync(join(bundle, 'config.json'), JSON.stringify({ ...config, ociVersion: '1.0.2' }));
  const { stdout, stderr } = await call(['/usr/sbin/runc', '--root', c.dir(), 'run', '-b', bundle, c.id()]);
  assert.equal(stdout, 'hello', stderr);
}, { ...only, skip: existsSync('/usr/sbin/runc') ? false : 'there is no runc' });

test('a user has an overlay of his own layers', async (c) => {
  const image = writeLayout(join(c.dir(), 'image'), [busybox(), layer(folder('o'), file('o/old'), file('gone')),
    layer(file('.wh.gone'), file('o/.wh..wh..opq'), file('o/new'))], {
    config: { Cmd: ['/bin/sh', '-c', 'echo /o/* /gon*; > /w'] },
  });
  const home = c.dir(), cache = join(home, 'cache'), bundle = join(home, 'bundle');
  chownSync(home, 65534, 65534);
  for (const path of [join(image, '..'), image]) chmodSync(path, 0o755);
  const user = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
  const { code, stderr } = await call([...user, runtimePath(), 'unpack', '--cache', cache, image, bundle]);
  assert.equal(code, 0, stderr);
  const config = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as Config;
  assert.ok(config.mounts![0]!.options!.includes('userxattr'));
  const state = join(home, 'state');
  mkdirSync(state, { mode: 0o700 });
  chownSync(state, 65534, 65534);
  const run = await call([...user, runtimePath(), '--root', state, 'run', '-b', bundle, c.id()]);
  assert.equal(run.stdout, '/o/new /gon*\n', run.stderr);
  assert.ok(existsSync(join(bundle, 'overlay/upper/w')));
}, { ...only, skip: hasUserOverlays ? false : 'overlays of users take Linux 5.11' });

test('where overlay cannot be had the bundle is a copy', async (c) => {
  const image = writeLayout(join(c.dir(), 'image'), layers());
  assert.ok(
    !joins(await unpack(c, image, '--cache', cacheOf(c), '--uid-map', '0:100000:1000', '--gid-map', '0:100000:1000')),
  );
  const odd = join(c.dir(), 'a:b');
  mkdirSync(odd);
  const { code, stderr } = await c.rt(['unpack', '--cache', cacheOf(c), image, join(odd, 'bundle')]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(readdirSync(join(odd, 'bundle')).sort(), ['config.json', 'rootfs']);
  // A writable layer cannot lie on another overlay.
  const below = c.dir(), above = c.dir();
  mkdirSync(join(above, 'upper'));
  mkdirSync(join(above, 'work'));
  const target = c.dir();
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o',
    `lowerdir=${below},upperdir=${above}/upper,workdir=${above}/work`, target]);
  c.later(() => execFileSync('umount', ['-l', target]));
  const stacked = await c.rt(['unpack', '--cache', cacheOf(c), image, join(target, 'bundle')]);
  assert.equal(stacked.code, 0, stacked.stderr);
  assert.ok(existsSync(join(target, 'bundle/rootfs/tmp/newer')));
}, only);

test('a path through a link of a lower layer is refused, and nothing of the bundle is left', async (c) => {
  const image = writeLayout(join(c.dir(), 'image'), [layer({ name: 'lib', type: '2', link: 'usr/lib' }),
    layer(file('lib/x', 'y'))]);
  const place = c.dir();
  const { code, stderr } = await c.rt(['unpack', '--cache', cacheOf(c), image, join(place, 'bundle')]);
  assert.equal(code, 1);
  assert.match(stderr, /E1020: layer .* puts "lib" through something that is no directory below/);
  assert.deepEqual(readdirSync(place), []);
}, only);

test('a user of an opaque folder is not looked up in what it hides', async (c) => {
  const image = writeLayout(join(c.dir(), 'image'), [layer(folder('etc'), file('etc/passwd', 'app:x:5:6::/:\n')),
    layer(file('etc/.wh..wh..opq'), file('etc/x'))], { config: { User: 'app' } });
  for (const flags of [['--cache', cacheOf(c)], ['--copy']]) {
    const { code, stderr } = await c.rt(['unpack', ...flags, image, join(c.dir(), 'bundle')]);
    assert.equal(code, 1);
    assert.match(stderr, /E1014: .*passwd has no "app"/);
  }
}, only);
