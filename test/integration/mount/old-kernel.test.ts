// Mounts on Linux before 5.12, which has no mount_setattr(2): attributes are set in place, or said to be impossible.
import { execFileSync } from 'node:child_process';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { program } from '../../support/helpers.ts';

const old = [program('fault'), 'mount_setattr=38', 'open_tree_attr=38', '--'];

/** Options of a bind mount with these options, as the container sees them; or the error. */
async function bound(c: Context, users: boolean, ...options: string[]): Promise<string[]> {
  const source = c.dir();
  const bundle = c.command(['cat', '/proc/self/mountinfo'], (config) => {
    config.mounts.push({ destination: '/mnt', type: 'bind', source, options: ['bind', ...options] });
    if (!users) return;
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  });
  const result = await c.run(bundle, { prefix: old });
  if (result.code !== 0) return [result.stderr];
  const line = result.stdout.split('\n').find((text) => text.split(' ')[4] === '/mnt');
  return line?.split(' ')[5]?.split(',') ?? [];
}

for (const option of ['ro', 'nosuid', 'nodev', 'noexec', 'noatime', 'nodiratime', 'nosymfollow']) {
  test(`a bind mount with ${option} without mount_setattr(2)`, async (c) => {
    const seen = await bound(c, false, option);
    assert.ok(seen.includes(option), seen.join());
    // Flags that tmpfs of the host has are locked for a user namespace, which adds to them.
    const mapped = await bound(c, true, option);
    assert.ok(mapped.includes(option), mapped.join());
  }, { only: 'veloci' });
}

for (const [name, mount, flag, faults] of [
  ['with nosymfollow, before Linux 5.14, too', { destination: '/mnt', options: ['nosymfollow'] }, 'nosymfollow', [
    'fsmount.2=0x200000=22',
  ]],
  ['that is filled and read-only', { destination: '/etc', options: ['tmpcopyup', 'ro'] }, 'ro', []],
] as const) {
  test(`a new file system ${name}, without mount_setattr(2)`, async (c) => {
    const bundle = c.command(['cat', '/proc/self/mountinfo', '/etc/passwd'], (config) => {
      config.mounts.push({ ...mount, options: [...mount.options], type: 'tmpfs', source: 'tmpfs' });
    });
    const { code, stdout, stderr } = await c.run(bundle, { prefix: [program('fault'), ...faults, ...old.slice(1)] });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^root:/m);
    const line = stdout.split('\n').find((text) => text.split(' ')[4] === mount.destination);
    assert.ok(line?.split(' ')[5]?.split(',').includes(flag), line);
  }, { only: 'veloci' });
}

test('sysfs of the host in a user namespace without mount_setattr(2): its options are those of the top', async (c) => {
  const bundle = c.command(['cat', '/proc/self/mountinfo'], (config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'network');
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  });
  const { code, stdout, stderr } = await c.run(bundle, { prefix: old });
  assert.equal(code, 0, stderr);
  assert.match(stdout, / \/sys ro,nosuid,nodev,noexec,/);
}, { only: 'veloci' });

test('recursive attributes and mapped ids without mount_setattr(2): the error names the kernel that has it',
  async (c) => {
    for (const options of [['rro'], ['rnosuid']]) assert.match((await bound(c, false, ...options))[0]!, /Linux 5\.12/);
    assert.match((await bound(c, true, 'idmap'))[0]!, /Linux 5\.12/);
  }, { only: 'veloci' });

test('the sandbox of the tests without mount_setattr(2): what could be written is read-only, as it was otherwise',
  async (c) => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'nosuid,noexec', 'none', '/mnt']);
    c.later(() => execFileSync('umount', ['/mnt']));
    const script = `touch /mnt/x 2>/dev/null && exit 3; touch /tmp/x /run/x /dev/shm/x || exit 4
      grep ' /mnt ' /proc/self/mountinfo | cut -d' ' -f6; grep -c ' /sys/fs/cgroup.* ro,' /proc/self/mountinfo; exit 0`;
    const { code, stdout, stderr } = await c.beginProgram([...old, program('sandbox'), 'sh', '-c', script]).done;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ro,nosuid,noexec,relatime\n0\n$/);
  });

// Kernels as old as this, and some newer ones, take an unbindable mount for one even when it is a slave.
test('what lies on an unbindable mount is bound: folders and files, the mount itself, nodes of the state directory',
  async (c) => {
    const dir = c.dir();
    const mounts =
      `mount -t tmpfs none ${dir} && mkdir -p ${dir}/a/b && echo text >${dir}/a/file && echo own >${dir}/own &&
      mount --bind ${dir}/own ${dir}/own && mount --make-unbindable ${dir}/own && mount --make-unbindable ${dir} &&
      mount --make-unbindable /run`;
    execFileSync('sh', ['-ec', mounts]);
    c.later(() => execFileSync('sh', ['-c', `umount ${dir}/own ${dir}; mount --make-private /run`]));
    const sources = ['', 'a', 'a/b', 'a/file', 'own'];
    for (const users of [false, true]) {
      for (const prefix of [[], old]) {
        const bundle = c.command(['sh', '-c', 'cat /mnt/3 /mnt/4; ls /mnt/0 /mnt/1; ls -l /dev/node'], (config) => {
          config.mounts.push({ destination: '/mnt', type: 'tmpfs', source: 'tmpfs' });
          sources.forEach((source, index) => {
            config.mounts.push({ destination: `/mnt/${index}`, type: 'bind', source: `${dir}/${source}`,
              options: ['bind'] });
          });
          config.linux.devices = [{ path: '/dev/node', type: 'c', major: 1, minor: 3, fileMode: 0o666, uid: 0,
            gid: 0 }];
          if (!users) return;
          config.linux.namespaces.push({ type: 'user' });
          config.linux.uidMappings = config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
        });
        const { code, stdout, stderr } = await c.run(bundle, { prefix });
        assert.equal(code, 0, stderr);
        assert.match(stdout, /^text\nown\n\/mnt\/0:\na\nown\n\n\/mnt\/1:\nb\nfile\n[^]*1, +3 /);
      }
    }
  }, { only: 'veloci' });
