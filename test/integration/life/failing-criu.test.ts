// Failures around CRIU, most with a stand-in that says what it is told: each gives its code, and nothing is left.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, closeSync, mkdirSync, openSync, readFileSync, symlinkSync,
  writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import { type Failing, failing, onContainer, type Scene } from '../../support/failing.ts';
import { program } from '../../support/helpers.ts';

type Change = NonNullable<Failing['change']>;

/** A message of CRIU's protocol (rpc.proto): numbers and inner messages by the number of their field. */
function message(fields: readonly (readonly [field: number, value: number | number[]])[]): number[] {
  const varint = (value: number): number[] => (value < 128 ? [value] : [value & 127 | 128, ...varint(value >>> 7)]);
  return fields.flatMap(([field, value]) => (typeof value === 'number'
    ? [...varint(field << 3), ...varint(value)]
    : [...varint(field << 3 | 2), ...varint(value.length), ...value])
  );
}
const version = (major: number, minor: number): number[] =>
  message([[1, 10], [2, 1], [10, message([[1, major], [2, minor]])]]);
const restored = (pid: number): number[] => message([[1, 2], [2, 1], [4, message([[1, pid]])]]);

/** A program that takes a question for each of these answers. */
function criu({ c }: Scene, ...answers: number[][]): string {
  const path = join(c.dir(), 'criu');
  const lines = answers.flatMap((
    bytes,
  ) => ['dd bs=65536 count=1 <&3 >/dev/null 2>&1',
    `printf '${bytes.map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')}' >&3`]
  );
  writeFileSync(path, ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 });
  return path;
}
const recent = version(4, 0);

/** One that has begun a dump with a helper, and then says what nobody understands. */
function babbling(scene: Scene): string[] {
  const path = criu(scene, recent, [0xff]);
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, `${text.replace('#!/bin/sh\n', '#!/bin/sh\nsleep 1000 >/dev/null 2>&1 &\n')}sleep 1000\n`);
  return ['--criu', path];
}

/** checkpoint of a running container with these flags. */
const checkpoint = (...flags: ((scene: Scene) => string[])[]) => async (scene: Scene): Promise<string[]> => [
  ...await onContainer('running', 'checkpoint')(scene),
  ...flags.flatMap((flag) => flag(scene)),
  scene.id,
];
/** restore from an empty folder with these flags. */
const restore =
  (...flags: ((scene: Scene) => string[])[]) => (scene: Scene): string[] => ['restore', '--bundle', scene.bundle.dir,
    '--image-path', scene.c.dir(), ...flags.flatMap((flag) => flag(scene)), scene.id];

const by = (...answers: number[][]) => (scene: Scene): string[] => ['--criu', criu(scene, ...answers)];
const images = (scene: Scene): string[] => ['--image-path', join(scene.c.dir(), 'images')];
/** A folder without room for a file. */
const fullFolder = ({ c }: Scene): string[] => {
  const dir = c.dir();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'nr_inodes=1,mode=700', 'tmpfs', dir]);
  c.later(() => execFileSync('umount', [dir]));
  return ['--image-path', dir];
};
const volume: Change = (config) => {
  config.mounts.push({ destination: '/volume', type: 'bind', source: '/etc', options: ['bind'] });
};

failing([
  { name: 'a CRIU that cannot be executed', code: 'E0879', why: 'ENOENT, step spawn',
    call: checkpoint(images, ({ c }) => {
      const path = join(c.dir(), 'criu');
      writeFileSync(path, '#!/nothing\n', { mode: 0o755 });
      return ['--criu', path];
    }) },
  { name: 'a CRIU that is too old', code: 'E0873', why: 'EOPNOTSUPP, step old',
    call: checkpoint(images, by(version(3, 10))) },
  { name: 'a CRIU that would not save no_new_privs', code: 'E0873', why: 'EOPNOTSUPP, step old',
    call: checkpoint(images, by(version(3, 18))) },
  { name: 'a CRIU that would not restore no_new_privs', code: 'E0873', why: 'EOPNOTSUPP, step old',
    call: restore(by(version(3, 18))) },
  { name: 'a CRIU at work with a helper that talks nonsense', code: 'E0880', why: '',
    call: checkpoint(images, babbling) },
  { name: 'no folder for the images', code: 'E0874', why: 'ENOENT, step images',
    call: checkpoint(() => ['--image-path', '/proc/images'], by(recent)) },
  { name: 'no folder for the log', code: 'E0875', why: 'ENOENT, step work',
    call: checkpoint(images, () => ['--work-path', '/proc/work'], by(recent)) },
  { name: 'no earlier images', code: 'E0876', why: 'ENOENT, step parent',
    call: checkpoint(images, () => ['--parent-path', '../nope'], by(recent)) },
  { name: 'no room beside the images', code: 'E0878', why: 'ENOSPC, step descriptors',
    call: checkpoint(fullFolder, by(recent)) },
  { name: 'a CRIU that hangs up', code: 'E0880', why: '', call: checkpoint(images, by(recent, [])) },
  { name: 'a mount point that cannot be made', code: 'E0884', why: 'EROFS, step target', change: volume,
    call: restore(by(recent)) },
  { name: 'a namespace that is gone', code: 'E0877', why: 'ENOENT, step namespace', call: restore(by(recent)),
    change: (config) => {
      config.linux.namespaces = [...config.linux.namespaces.filter(({ type }) => type !== 'network'), { type: 'network',
        path: '/run/gone' }];
    } },
  { name: 'what was restored has ended', code: 'E0883', why: '', call: restore(by(recent, restored(999_999))) },
]);

/** Ways for others to change what a restore reads, or where a dump writes; each gets the folder of the images. */
const openings: Record<string, (dir: string) => void> = {
  'a folder for all': (dir) => chmodSync(dir, 0o777),
  'a sticky folder for all': (dir) => chmodSync(dir, 0o1777),
  'a folder of a group': (dir) => chmodSync(dir, 0o770),
  'a folder of another user': (dir) => chownSync(dir, 1000, 0),
  'an image of another user': (dir) => chownSync(join(dir, 'core-1.img'), 1000, 1000),
  'an image for all': (dir) => chmodSync(join(dir, 'core-1.img'), 0o666),
  'descriptors of another user': (dir) => {
    writeFileSync(join(dir, 'descriptors.json'), '[]');
    chownSync(join(dir, 'descriptors.json'), 1000, 1000);
  },
  'an image that is a link': (dir) => symlinkSync('/etc/passwd', join(dir, 'pages-1.img')),
  'an image that is a FIFO': (dir) => execFileSync('mkfifo', ['-m', '600', join(dir, 'pages-1.img')]),
  'a log that is a link': (dir) => symlinkSync('/etc/passwd', join(dir, 'restore.log')),
  'earlier images of another user': (dir) => {
    mkdirSync(join(dir, '../earlier'));
    symlinkSync('../earlier', join(dir, 'parent'));
    chownSync(join(dir, '../earlier'), 1000, 0);
  },
  'earlier images without an end': (dir) => symlinkSync('.', join(dir, 'parent')),
};

test('what others may change is neither restored nor written to', async (c) => {
  const bundle = c.command(['/probe', 'pause']);
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const stand = criu({ c, id } as Scene, recent, []);
  for (const [name, open] of Object.entries(openings)) {
    const dir = join(c.dir(), 'images');
    mkdirSync(dir, 0o700);
    writeFileSync(join(dir, 'core-1.img'), '', { mode: 0o600 });
    open(dir);
    const flags = ['--criu', stand, '--image-path', dir];
    const wanted = name.endsWith('an end') ? /E0996.*ELOOP/ : /E0996: .*\/images.*(belongs|writable|no file)/;
    const restored = await c.rt(['restore', '--bundle', bundle.dir, ...flags, c.id()]);
    assert.match(restored.stderr, wanted, `${name}: ${restored.stderr}`);
    const saved = await c.rt(['checkpoint', ...flags, id]);
    assert.match(saved.stderr, wanted, `${name}: ${saved.stderr}`);
  }
  const work = c.dir();
  chmodSync(work, 0o777);
  const logged = await c.rt(['checkpoint', '--criu', stand, '--image-path', join(c.dir(), 'images'), '--work-path',
    work, id]);
  assert.match(logged.stderr, /E0996: .*is writable for all/);
  assert.equal((await c.state(id))['status'], 'running');
}, { only: 'veloci' });

for (const [kernel, prefix] of [['', []], [' before Linux 5.11', [program('fault'), 'close_range.2=4=22',
  '--']]] as const)
{
  test(`CRIU has none of the descriptors of the caller${kernel}`, async (c) => {
    const { id } = await c.started(c.command(['/probe', 'pause']));
    const stand = criu({ c, id } as Scene, recent, []), out = join(c.dir(), 'fds');
    writeFileSync(stand, readFileSync(stand, 'utf8').replace('\n', () => `\nls -l /proc/$$/fd >>${out}\n`));
    const [leaked, held] = [openSync('/etc/passwd', 'r'), openSync('/etc/group', 'r')];
    await c.rt(['checkpoint', '--criu', stand, '--image-path', join(c.dir(), 'images'), id], { prefix: [...prefix],
      fds: { 40: leaked, 70: held } });
    for (const fd of [leaked, held]) closeSync(fd);
    const listed = readFileSync(out, 'utf8');
    assert.match(listed, / 3 -> socket:/);
    assert.doesNotMatch(listed, /\/etc\//);
  }, { only: 'veloci' });
}
