// What a runtime leaves open, behind or undone when its host is short of something, or when it dies at a bad moment.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, type PeerMark, test } from '../../support/case.ts';
import { descriptorsOf } from '../../support/leak.ts';
import { timeScale, which } from '../../support/paths.ts';
import { dockerConfig } from '../../support/spec.ts';

const C = (why: string): PeerMark => ({ peer: 'crun 1.8.1', why });
const R = (why: string): PeerMark => ({ peer: 'runc 1.1.5', why });
const noStrace = which('strace') ? false : 'strace is not installed';

test('a full state root: a clear error or a container, never a crash', async (c) => {
  const disk = join(c.dir(), 'disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=96k,mode=700', 'tmpfs', disk]);
  c.later(() => execFileSync('umount', ['-l', disk]));
  const root = join(disk, 'root');
  let failed = 0;
  for (let used = 96; used >= 0; used -= 4) {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const fill = join(disk, 'fill');
    try {
      writeFileSync(fill, Buffer.alloc(used * 1024));
    } catch {
      // full to the brim, as it should be
    }
    const id = c.id();
    const created = await c.create(c.command(['/probe', 'pause']), { id, global: ['--root', root] });
    assert.ok(created.code === 0 || created.code === 1,
      `${used} KiB used: exit code ${created.code}, ${created.stderr}`);
    if (created.code === 1) {
      failed++;
      assert.match(created.stderr, /no space left/i);
      assert.deepEqual(readdirSync(root).filter((name) => name === id), [], `${used} KiB used`);
    }
    const deleted = await c.rt(['--root', root, 'delete', '--force', id]);
    assert.equal(deleted.code, 0, deleted.stderr);
    execFileSync('rm', [fill]);
  }
  assert.ok(failed > 2, 'it was never full');
}, { peers: [C('its own messages'), R('its own messages')] });

test('init that waits for start holds its stdio and exec.fifo, nothing else', async (c) => {
  const created = await c.create(c.command(['/probe', 'pause'], (config) => {
    config.process.oomScoreAdj = 100;
    config.linux.sysctl = { 'net.ipv4.ip_forward': '1' };
    config.linux.maskedPaths = ['/proc/kcore', '/proc/acpi'];
  }));
  assert.equal(created.code, 0, created.stderr);
  let held = descriptorsOf(created.pid);
  // It closes its socket just after it has told that it is there.
  for (let i = 0; i < 100 && held.length > 4; i++) {
    await sleep(10);
    held = descriptorsOf(created.pid);
  }
  assert.equal(held.filter((target) => target.endsWith('/exec.fifo')).length, 1);
  assert.equal(held.length, 4, held.join('\n'));
}, { peers: [C('holds the state directory'), R('holds its pipes')] });

test('SIGKILL while the maps of an id-mapped mount are made leaves nobody who holds the lock', async (c) => {
  const source = c.dir();
  const { dir } = c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${c.token}-idmap`;
    const map = [{ containerID: 0, hostID: 1000, size: 10 }];
    config.mounts.push(
      Object.assign({ destination: '/mapped', source, type: 'bind', options: ['bind'] }, { uidMappings: map,
        gidMappings: map }),
    );
  });
  const id = c.id();
  // The first signal that create sends ends the process that the user namespace was made with.
  await c.rt(['create', '--bundle', dir, id], {
    prefix: ['strace', '-qq', '-o', '/dev/null', '-e', 'inject=pidfd_send_signal:signal=KILL:when=1'],
  });
  assert.ok(existsSync(join(c.root, id)), 'it was not struck');
  await c.destroy(id);
  await c.nothingLeft();
}, { skip: noStrace, never: [C('other calls'), R('other calls')] });

test('two that store the same seccomp filter at once do not share a half-written file', async (c) => {
  const bundle = (): string =>
    c.command(['true'], (config) => {
      config.linux.seccomp = dockerConfig().linux.seccomp;
      config.linux.cgroupsPath = `/${c.id()}`;
    }).dir;
  const root = join(c.dir(), 'root');
  // Both wait between the writing and the rename.
  const prefix = ['strace', '-qq', '-o', '/dev/null', '-e', 'inject=renameat:delay_enter=1500000'];
  const runs = [c.id(), c.id()].map((id) => c.begin(['--root', root, 'run', '--bundle', bundle(), id], { prefix }));
  const cache = join(root, '.cache/seccomp');
  let most = 0;
  const end = Date.now() + 10_000 * timeScale;
  while (most < 2 && Date.now() < end) {
    const there = existsSync(cache) ? readdirSync(cache).filter((name) => name.endsWith('.tmp')).length : 0;
    most = Math.max(most, there);
    if (runs.every(({ child }) => child.exitCode !== null)) break;
    await sleep(5);
  }
  for (const { done } of runs) assert.equal((await done).code, 0);
  assert.equal(most, 2, 'one has removed what the other was writing');
}, { skip: noStrace, never: [C('other calls'), R('other calls')] });

test('a cgroup that somebody has made and not filled is no obstacle', async (c) => {
  const id = c.id();
  const mount = ['/sys/fs/cgroup/cpuset', '/sys/fs/cgroup'].find((path) =>
    existsSync(join(path, 'cgroup.procs'))
  ) as string;
  mkdirSync(join(mount, id));
  const created = await c.create(c.command(['/probe', 'pause']), { id });
  assert.equal(created.code, 0, created.stderr);
}, { leaks: 'ignore' });

test('run fails clearly and leaves nothing where a filter refuses pidfd_open', async (c) => {
  const result = await c.run(c.command(['true']), {
    prefix: ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'inject=pidfd_open:error=ENOSYS'],
  });
  assert.equal(result.code, 1);
  assert.match(result.stderr, /ENOSYS/);
  await c.nothingLeft();
}, { skip: noStrace, never: [C('other calls'), R('other calls')] });

const unifiedMount = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((path) =>
  existsSync(join(path, 'cgroup.controllers'))
);

// Linux 6.14 and later kill who is cloned into such a cgroup from another one.
test('a cgroup that cgroup.kill has emptied before takes a container, and an exec', async (c) => {
  const id = c.id();
  const dir = join(unifiedMount!, id);
  mkdirSync(dir);
  writeFileSync(join(dir, 'cgroup.kill'), '1');
  c.later(() => rmdirSync(dir));
  for (let times = 0; times < 2; times++) {
    await c.started(c.command(['/probe', 'pause']), { id });
    const executed = await c.rt(['exec', id, '/probe', 'exit', '7']);
    assert.equal(executed.code, 7, executed.stderr);
    await c.destroy(id);
  }
}, { skip: unifiedMount === undefined ? 'no cgroup v2' : false, only: 'veloci' });
