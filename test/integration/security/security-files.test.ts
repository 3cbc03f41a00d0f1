// Files and directories of an image or a volume that are not what they seem, and owners that exchange them.
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import { program } from '../../support/helpers.ts';

test('/etc/passwd of the rootfs is a link to a file of procfs: run and exec do not read it', async (c) => {
  const bundle = c.command(['sh', '-c', 'echo $HOME; exec sleep 1000'], (config) => {
    config.process.env = ['PATH=/bin'];
    // What is there looks like an entry: its home would be found.
    config.domainname = 'x:x:0:0:x:/found:';
  });
  execFileSync('ln', ['-sf', '/proc/sys/kernel/domainname', join(bundle.rootfs, 'etc/passwd')]);
  const created = await c.started(bundle);
  const exec = await c.rt(['exec', created.id, 'sh', '-c', 'cat /etc/passwd; echo $HOME']);
  assert.equal(exec.stdout, 'x:x:0:0:x:/found:\n/\n', exec.stderr);
  await c.rt(['kill', created.id, 'KILL']);
  assert.equal(created.output(), '/\n');
});

test('tmpcopyup: an owner who exchanges files and directories gets none of root with what is his', async (c) => {
  const volume = c.dir();
  chownSync(volume, 1000, 1000);
  // `mine` and `roots` change places: a directory in one, a file in the other pair.
  for (const name of ['file', 'directory']) mkdirSync(join(volume, name));
  writeFileSync(join(volume, 'file/a'), 'roots');
  writeFileSync(join(volume, 'file/b'), 'mine');
  mkdirSync(join(volume, 'directory/a'));
  mkdirSync(join(volume, 'directory/b'));
  writeFileSync(join(volume, 'directory/b/mine'), '');
  for (const path of ['file/a', 'directory/a']) execFileSync('chmod', ['4755', join(volume, path)]);
  for (const path of ['file/b', 'directory/b']) execFileSync('chown', ['-R', '1000:1000', join(volume, path)]);
  const racers = ['file', 'directory'].map((name) =>
    c.beginProgram([program('exchange'), join(volume, name, 'a'), join(volume, name, 'b')])
  );
  c.later(() => racers.forEach(({ child }) => child.kill('SIGKILL')));
  // Many copies in each container, since each is one chance.
  const copies = Array.from({ length: 40 }, (_, index) => `/mnt/${index}`);
  const script = 'cd /mnt; for d in *; do for n in a b; do echo "$(stat -c "%u %a" $d/file/$n) $(cat $d/file/$n)";' +
    ' echo "$(stat -c "%u %a" $d/directory/$n) $(ls $d/directory/$n)"; done; done';
  const seen = new Set<string>();
  for (let i = 0; i < 5; i++) {
    const result = await c.run(c.command(['sh', '-c', script], (config) => {
      config.mounts.push({ destination: '/mnt', type: 'tmpfs', source: 'tmpfs' });
      for (const destination of copies) {
        config.mounts.push(
          { destination, type: 'bind', source: volume, options: ['bind', 'rprivate'] },
          { destination, type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup'] },
        );
      }
    }));
    // A kind of file that has changed between two looks ends a start: that is no harm.
    if (result.code === 0) result.stdout.trimEnd().split('\n').forEach((line) => seen.add(line.trimEnd()));
  }
  assert.deepEqual([...seen].sort(), ['0 4755', '0 4755 roots', '1000 644 mine', '1000 755 mine']);
}, { peers: [{ peer: 'runc 1.1.5', why: 'has the race' }, { peer: 'crun 1.8.1', why: 'has the race' }] });

test('a root file system that is a link is refused, also when the owner of the bundle exchanges it', async (c) => {
  const other = c.command(['cat', '/which'], () => {}, { rootfs: 'copy' });
  writeFileSync(join(other.rootfs, 'which'), 'other');
  const bundle = c.command(['cat', '/which'], () => {}, { rootfs: 'copy' });
  writeFileSync(join(bundle.rootfs, 'which'), 'own');
  symlinkSync(other.rootfs, join(bundle.dir, 'link'));
  const linked = c.command(['true'], (config) => {
    config.root.path = join(bundle.dir, 'link');
  });
  const refused = await c.run(linked);
  assert.match(refused.stderr, /E0954/);
  assert.notEqual(refused.code, 0);
  const racer = c.beginProgram([program('exchange'), bundle.rootfs, join(bundle.dir, 'link')]);
  c.later(() => racer.child.kill('SIGKILL'));
  const seen = new Set<string>();
  for (let i = 0; i < 40; i++) {
    const result = await c.run(bundle);
    seen.add(result.code === 0 ? result.stdout : 'refused');
  }
  assert.deepEqual([...seen].sort(), ['own', 'refused']);
}, { only: 'veloci' });

test('a read-only path that is the root makes the root read-only', async (c) => {
  const script = 'touch /x /etc/x 2>&1; touch /dev/shm/x && pwd';
  const result = await c.run(c.command(['sh', '-c', script], (config) => {
    config.root.readonly = false;
    config.process.cwd = '/made/for/it';
    config.linux.readonlyPaths = ['/proc/sys', '/'];
  }));
  assert.match(result.stdout, /\/x: Read-only file system\n.*\/etc\/x: Read-only file system\n\/made\/for\/it\n$/);
});

test('an empty mount option says nothing, as in mount(2)', async (c) => {
  assert.equal(await c.sh('stat -f -c %T /mnt', (config) => {
    config.mounts.push({ destination: '/mnt', type: 'tmpfs', source: 'tmpfs', options: ['', 'nosuid'] });
  }), 'tmpfs\n');
});

test('a pid file or a saved plan never takes the place of a device, a FIFO or a socket, by no name', async (c) => {
  const bundle = c.command(['/probe', 'pause']);
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const dir = c.dir(), place = (name: string): string => join(dir, name);
  execFileSync('mknod', ['-m', '666', place('device'), 'c', '1', '3']);
  execFileSync('mkfifo', [place('fifo')]);
  const server = createServer().listen(place('socket'));
  c.later(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  symlinkSync('device', place('link'));
  symlinkSync('/proc/self/fd/1', place('stdout'));
  const seen = (): string => execFileSync('find', [dir, '-printf', '%p %y %l %i\n']).toString();
  const before = seen();
  for (const name of ['device', 'fifo', 'socket', 'link', 'stdout']) {
    const calls = [
      ['create', '--bundle', bundle.dir, '--pid-file', place(name), c.id()],
      ['run', '--detach', '--bundle', bundle.dir, '--pid-file', place(name), c.id()],
      ['exec', '--detach', '--pid-file', place(name), id, '/probe', 'exit', '0'],
      ['plan', '--bundle', bundle.dir, '-o', place(name)],
    ];
    for (const call of calls) {
      const result = await c.rt(call);
      assert.equal(result.code === 0, false, `${call[0]} ${name}`);
      assert.match(result.stderr, /EEXIST/, `${call[0]} ${name}: ${result.stderr}`);
    }
    assert.equal(seen(), before, name);
  }
}, { only: 'veloci' });
