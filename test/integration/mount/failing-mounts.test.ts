// Failures around the root file system, its mounts and devices: each gives its code, and nothing is left.
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, type Failing, failing, onContainer, run, type Scene } from '../../support/failing.ts';
import type { CallOptions } from '../../support/runtime.ts';
import type { Mount } from '../../support/spec.ts';

type Change = NonNullable<Failing['change']>;
const mount = (destination: string, type: string, source: string, ...options: string[]): Change => (config) => {
  config.mounts.push({ destination, type, source, options });
};
const all = (...changes: Change[]): Change => (config, scene) => changes.forEach((change) => change(config, scene));
const users: Change = (config) => {
  config.linux.namespaces.push({ type: 'user' });
  config.linux.uidMappings = config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
};
/** A bind mount whose ids are mapped. */
const mapped = (source: string): Change => (config) => {
  const map = [{ containerID: 0, hostID: 1000, size: 1 }];
  config.mounts.push(
    { destination: '/mnt', type: 'bind', source, options: ['bind', 'idmap'], uidMappings: map,
      gidMappings: map } as Mount,
  );
};
/** A link that leads to itself, in a root file system that can be written. */
const loop = { rootfs: 'overlay' } as const;
const withTarget = (change: Change): Change =>
  all((_, { bundle }) => symlinkSync('loop', join(bundle.rootfs, 'loop')), change);

/** A file that asks for a mount. */
function mountFile({ c }: Scene): string {
  const path = join(c.dir(), 'mounts.json');
  writeFileSync(path, JSON.stringify([{ destination: '/tmp', type: 'tmpfs', source: 'tmpfs' }]));
  return path;
}

const notified = (): CallOptions => ({ env: { NOTIFY_SOCKET: '/run/notify', PATH: process.env['PATH']! } });

failing([
  { name: 'a file system that user namespaces may not mount', code: 'E0828', why: 'EPERM, step create',
    pointer: '/mounts/0', inject: 'fsconfig:error=EPERM:when=2', change: users },
  { name: 'a mount point below a loop of links', code: 'E0721', why: 'ELOOP, step target',
    pointer: '/mounts/7/destination', ...loop, change: withTarget(mount('/loop/x', 'tmpfs', 'tmpfs')) },
  { name: 'a source that may not be reached', code: 'E0724', why: 'EACCES, step source', pointer: '/mounts/7/source',
    inject: 'open_tree:error=EACCES', on: () => ['/etc'], change: mount('/mnt', 'bind', '/etc', 'bind') },
  { name: 'a bind mount below a loop of links', code: 'E0721', why: 'ELOOP, step target',
    pointer: '/mounts/7/destination', ...loop, change: withTarget(mount('/loop/x', 'bind', '/etc', 'bind')) },
  // Who writes to a volume could have any mount changed so: what binds a folder of the host read-only, too.
  { name: 'a remount through a link to another mount', code: 'E0986', why: 'ELOOP, step target',
    pointer: '/mounts/8/destination', ...loop,
    change: all((_, { bundle }) => symlinkSync('/mnt', join(bundle.rootfs, 'link')),
      mount('/mnt', 'bind', '/etc', 'bind', 'ro'), mount('/link', 'none', 'none', 'bind', 'remount', 'rw')) },
  { name: 'a remount of a file system below a link', code: 'E0986', why: 'ELOOP, step target',
    pointer: '/mounts/7/destination', ...loop,
    change: all((_, { bundle }) => symlinkSync('/dev', join(bundle.rootfs, 'link')),
      mount('/link/shm', 'tmpfs', 'tmpfs', 'remount', 'size=1m')) },
  { name: 'something else is at the place of a copied link', code: 'E0801', why: 'EEXIST, step link',
    pointer: '/mounts/7', change: mount('/etc/passwd', 'bind', '/proc/self', 'bind', 'copy-symlink') },
  { name: 'a remount with an option that the kernel does not take', code: 'E0720', why: 'EINVAL, step option',
    pointer: '/mounts/7/options/1', change: mount('/dev', 'tmpfs', 'tmpfs', 'remount', 'mpol=nope') },
  { name: 'a remount that leaves too little', code: 'E0802', why: 'EINVAL, step reconfigure', pointer: '/mounts/7',
    change: mount('/dev', 'tmpfs', 'tmpfs', 'remount', 'nr_inodes=1') },
  { name: 'a file system that cannot map ids', code: 'E0805', why: 'EINVAL, step attr', pointer: '/mounts/7/options/1',
    change: mapped('/proc/sys') },
  { name: 'ids that may not be mapped', code: 'E0806', why: 'EPERM, step attr', pointer: '/mounts/7/options/1',
    inject: 'mount_setattr:error=EPERM:when=2', change: mapped('/etc') },
  { name: 'the ids of a mount cannot be written', code: 'E0804', why: 'EIO, step maps', pointer: '/mounts/7/options/1',
    inject: 'openat2:error=EIO', on: () => ['uid_map'], change: mapped('/etc') },
  { name: 'a mount that cannot be changed', code: 'E0726', why: 'EIO, step attr', pointer: '/mounts/6/options',
    inject: 'mount_setattr:error=EIO:when=1' },
  { name: 'a device that cannot be made', code: 'E0727', why: 'EIO, step mknod', pointer: '/linux/devices',
    inject: 'mknodat:error=EIO', on: () => ['null'] },
  { name: 'a device for a user namespace that cannot be made', code: 'E0809', why: 'EIO, step mknod',
    pointer: '/linux/devices/0', inject: 'mknodat:error=EIO', on: () => ['.device-0.tmp'],
    change: all(users, (config) => {
      config.linux.devices = [{ path: '/dev/fuse', type: 'c', major: 10, minor: 229 }];
    }) },
  { name: 'the host has another device there', code: 'E0579', why: 'ENXIO, step device', pointer: '/linux/devices/0',
    inject: 'mknodat:error=EPERM', on: () => ['full'], change: (config) => {
      config.linux.devices = [{ path: '/dev/full', type: 'c', major: 1, minor: 99 }];
    } },
  { name: 'no room for the notification socket', code: 'E0622', why: 'ENOSPC, step mkdir',
    inject: 'mkdirat:error=ENOSPC', on: () => ['notify'], options: notified },
  { name: 'the directory of the notification socket cannot be handed over', code: 'E0870', why: 'EMFILE, step clone',
    inject: 'open_tree:error=EMFILE', on: () => ['notify'], options: notified },
  { name: 'a masked path that is a loop of links', code: 'E0729', why: 'ELOOP, step target',
    pointer: '/linux/maskedPaths/0', ...loop, change: withTarget((config) => {
      config.linux.maskedPaths = ['/loop'];
    }) },
  { name: 'a read-only path that is a loop of links', code: 'E0730', why: 'ELOOP, step target',
    pointer: '/linux/readonlyPaths/0', ...loop, change: withTarget((config) => {
      config.linux.readonlyPaths = ['/loop'];
    }) },
  { name: 'a terminal without devpts', code: 'E0731', why: 'ENOENT, step ptmx', pointer: '/process/terminal',
    call: run(), change: (config) => {
      config.process.terminal = true;
      config.mounts = config.mounts.filter(({ type }) => type !== 'devpts');
    } },
  { name: 'a source that is missing on the host', code: 'E0807', why: 'ENOENT, step open', pointer: '/mounts/7/source',
    change: all(users, mount('/mnt', 'bind', '/nope', 'bind')) },
  { name: 'a source that cannot be opened on the host', code: 'E0751', why: 'EIO, step open',
    pointer: '/mounts/7/source', inject: 'open_tree:error=EIO', on: () => ['/etc'],
    change: all(users, mount('/mnt', 'bind', '/etc', 'bind')) },
  { name: 'restrictions of the host that stay', code: 'E0911', why: 'EPERM, step attr', pointer: '/mounts/0/options/1',
    refuse: ['mount_setattr=1', 'open_tree_attr=1'], change: (config) => {
      config.mounts.unshift({ destination: '/mnt', type: 'bind', source: '/etc', options: ['bind', 'exec'] });
    } },
  { name: 'something else on /proc', code: 'E0932', why: 'EPERM, step procfs', pointer: '/mounts/0',
    change: (config) => {
      config.mounts[0] = { destination: '/proc', type: 'bind', source: '/etc', options: ['bind'] };
    } },
  { name: 'under the name of runc, an option that the host does not give', code: 'E0530', why: 'EPERM, step locked',
    pointer: '/mounts/7', options: () => ({ prefix: ['bash', '-c', 'exec -a runc "$0" "$@"'] }),
    change: all(users, mount('/mnt', 'bind', '/etc', 'bind', 'rw')) },
  { name: 'mounts of the host that stay', code: 'E0952', why: 'EIO, step hide', pointer: '/root/path',
    inject: 'umount2:error=EIO', call: create('--no-pivot') },
  { name: 'init is killed while it changes mounts', code: 'E0963', why: '', hint: /CAP_KILL/,
    inject: 'move_mount:signal=KILL',
    call: async (scene) => (await onContainer('running', 'mounts', 'add', 'ID')(scene)).concat(mountFile(scene)) },
]);
