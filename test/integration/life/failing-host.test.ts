// Failures of network devices, of the planner, of the state directory and of what is left: each gives its code.
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import { runtimePath } from '../../support/paths.ts';
import { type Failing, failing, onContainer, type Scene } from '../../support/failing.ts';
import type { Mount } from '../../support/spec.ts';

type Change = NonNullable<Failing['change']>;
const ip = (...args: string[]): string =>
  execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** A device with an address; after the case it must be on the host as before. */
const device = (name: string, to: object = {}): Change => (config, { c }) => {
  ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `p${name}`);
  ip('address', 'add', '10.11.12.13/24', 'dev', name);
  ip('link', 'set', name, 'up');
  c.later(() => {
    assert.match(ip('address', 'show', name), /<[A-Z,_-]*\bUP\b[^]*10\.11\.12\.13\/24/);
    ip('link', 'delete', name);
  });
  config.linux.netDevices = { [name]: to };
};

/** A state root of its own, in a tmpfs; what is in it can be deleted after the case. */
function ownRoot({ c, id }: Scene): string {
  const root = c.dir();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=700', 'tmpfs', root]);
  c.later(() => {
    execFileSync('mount', ['-o', 'remount,rw', root]);
    execFileSync(runtimePath(), ['--root', root, 'delete', id]);
    execFileSync('umount', [root]);
  });
  return root;
}

failing([
  { name: 'the routing socket fails', code: 'E0813', why: 'EIO, step find', pointer: '/linux/netDevices/vfail0',
    inject: 'sendto:error=EIO', change: device('vfail0') },
  { name: 'devices may not be moved', code: 'E0816', why: 'EPERM, step move', pointer: '/linux/netDevices/vfail1',
    inject: 'sendto:error=EPERM:when=4', change: device('vfail1') },
  { name: 'the loopback device', code: 'E0817', why: 'EINVAL, step move', pointer: '/linux/netDevices/lo',
    change: (config) => {
      config.linux.netDevices = { lo: { name: 'other' } };
    } },
  { name: 'an address is refused', code: 'E0818', why: 'EIO, step address', pointer: '/linux/netDevices/vfail2',
    inject: 'sendto:error=EIO:when=5', change: device('vfail2') },

  { name: 'the planner crashes', code: 'E0902', why: '', inject: 'seccomp:signal=SEGV' },
  { name: 'the planner takes too much time', code: 'E0903', why: '', inject: 'seccomp:signal=XCPU' },
  // F_GET_SEALS
  { name: 'init does not run from a sealed file', code: 'E0901', why: '', refuse: ['fcntl.1=1034=22'] },
  { name: 'config.json cannot be read', code: 'E0204', why: 'EIO', call: ({ bundle, id }) => {
    rmSync(join(bundle.dir, 'config.json'));
    symlinkSync('/proc/self/mem', join(bundle.dir, 'config.json'));
    return ['create', '--bundle', bundle.dir, id];
  } },
  { name: 'more cgroups than a record holds', code: 'E0978', why: '', pointer: '/linux/cgroupsPath',
    change: (config, { id }) => {
      config.linux.cgroupsPath = `/${id}${`/${'a'.repeat(250)}`.repeat(14)}`;
    } },
  { name: 'the state root has become read-only', code: 'E0622', why: 'EROFS', call: async (scene) => {
    const root = ownRoot(scene);
    const { c, bundle, id } = scene;
    const detached = await c.rt(['--root', root, 'run', '--detach', '--bundle', bundle.dir, id]);
    assert.equal(detached.code, 0, detached.stderr);
    const { pid } = JSON.parse((await c.rt(['--root', root, 'state', id])).stdout) as { pid: number };
    process.kill(pid, 'SIGKILL');
    execFileSync('sh', ['-c', `while [ -d /proc/${pid} ]; do sleep 0.02; done`]);
    execFileSync('mount', ['-o', 'remount,ro', root]);
    return ['--root', root, 'delete', id];
  } },
  { name: 'a file of the state directory cannot be removed', code: 'E0757', why: 'EROFS, step unlink',
    inject: 'unlinkat:error=EROFS', on: () => ['state.json'], call: onContainer('stopped', 'delete', 'ID') },
  { name: 'whether init has ended cannot be seen', code: 'E0771', why: 'EMFILE, step open',
    inject: 'pidfd_open:error=EMFILE', call: onContainer('stopped', 'delete', 'ID') },
  { name: 'the processes of a stopped container cannot be listed', code: 'E0636', why: 'EIO', inject: 'read:error=EIO',
    on: ({ id }) => readdirSync('/sys/fs/cgroup').map((name) => `/sys/fs/cgroup/${name}/${id}/cgroup.procs`),
    call: onContainer('stopped', 'ps', 'ID') },
  { name: 'a flag of checkpoint with a wrong value', code: 'E0139', why: '',
    call: onContainer('running', 'checkpoint', '--empty-ns', 'pid', 'ID') },
  { name: 'checkpoint of an id-mapped mount', code: 'E0401', why: '', pointer: '/mounts/7', change: (config) => {
    const map = [{ containerID: 0, hostID: 0, size: 1 }];
    config.mounts.push(
      { destination: '/mnt', type: 'bind', source: '/etc', options: ['bind', 'idmap'], uidMappings: map,
        gidMappings: map } as Mount,
    );
  }, call: onContainer('running', 'checkpoint', 'ID') },
  { name: 'a profile with more rules than the kernel takes', code: 'E0508', why: '', pointer: '/linux/seccomp',
    change: (config) => {
      config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: Array.from({ length: 3000 }, (_, i) => ({
        names: ['personality'],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: i % 100,
        args: [{ index: 0, value: i, op: 'SCMP_CMP_EQ' }],
      })) };
    } },
]);

test('a system call that nobody knows is warned of: E0521', async (c) => {
  const bundle = c.command(['/probe', 'exit', '0'], (config) => {
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['swapof'], action: 'SCMP_ACT_ERRNO' }] };
  });
  const { code, stderr } = await c.run(bundle, { global: ['--debug'] });
  assert.equal(code, 0);
  assert.match(stderr, /warning: E0521: .*"swapof"/);
}, { only: 'veloci' });
