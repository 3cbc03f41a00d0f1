// Failures around the processes of a container and what passes between them: each gives its code, and nothing is left.
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, symlinkSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { create, type Failing, failing, injecting, onContainer, run, type Scene } from '../../support/failing.ts';

type Change = NonNullable<Failing['change']>;
const all = (...changes: Change[]): Change => (config, scene) => changes.forEach((change) => change(config, scene));
const users: Change = (config) => {
  config.linux.namespaces.push({ type: 'user' });
  config.linux.uidMappings = config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
};
const joins = (type: string, path: string): Change => (config) => {
  config.linux.namespaces = [...config.linux.namespaces.filter((entry) => entry.type !== type), { type, path }];
};
const user = (uid: number): Change => (config) => {
  config.process.user = { uid, gid: uid };
};
const cwd = (path: string): Change => (config) => {
  config.process.cwd = path;
};
const args = (...words: string[]): Change => (config) => {
  config.process.args = words;
};
const filter: Change = (config) => {
  config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['swapoff'], action: 'SCMP_ACT_ERRNO' }] };
};
/** A filter whose listener goes to a socket of ours. */
const notifies: Change = (config, scene) => {
  config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', listenerPath: socketOf(scene),
    syscalls: [{ names: ['swapoff'], action: 'SCMP_ACT_NOTIFY' }] };
};
const socketOf = ({ bundle }: Scene): string => join(bundle.dir, 'socket');

/** Listens at the scene's socket while the case runs. */
function listening({ c, bundle }: Scene, use: (socket: Socket) => void): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    use(socket);
  });
  c.later(() => server.close());
  return new Promise((resolve) => {
    server.listen(join(bundle.dir, 'socket'), resolve);
  });
}
const heard = (then: (scene: Scene) => string[]) => async (scene: Scene): Promise<string[]> => {
  await listening(scene, (socket) => {
    scene.c.later(() => socket.destroy());
  });
  return then(scene);
};

/** The file of a process for exec. */
function processFile({ c }: Scene, more: object): string {
  const path = join(c.dir(), 'process.json');
  writeFileSync(path,
    JSON.stringify({ args: ['/probe', 'exit', '0'], cwd: '/', user: { uid: 0, gid: 0 }, ...more }, null, 1));
  return path;
}

/** A pipe for stdin. */
function pipe({ c }: Scene): number {
  const path = join(c.dir(), 'pipe');
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, 'r+');
  c.later(() => closeSync(fd));
  return fd;
}

/** Shows a host with AppArmor, which does not know the profile. */
const armed = ['unshare', '--mount', 'sh', '-ec',
  'mount -t tmpfs none /sys/module; mkdir -p /sys/module/apparmor/parameters; echo Y > /sys/module/apparmor/parameters/enabled; exec "$@"',
  'sh'];

/** Which prctl(2) of init sets noNewPrivileges, when it has no capabilities: after one for each, and four others. */
const lastPrctl = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8')) + 1 + 1 + 4 + 1;

failing([
  { name: 'a user namespace that is our own', code: 'E0735', why: 'EINVAL, step setns',
    pointer: '/linux/namespaces/6/path', change: joins('user', '/proc/self/ns/user') },
  { name: 'a namespace that may not be opened', code: 'E0812', why: 'EACCES, step open',
    pointer: '/linux/namespaces/5/path', inject: 'openat:error=EACCES', on: () => ['/proc/1/ns/net'],
    change: joins('network', '/proc/1/ns/net') },
  { name: 'exec may not enter', code: 'E0738', why: 'EPERM, step setns', pointer: '/linux/namespaces', exit: 255,
    inject: 'setns:error=EPERM', call: onContainer('running', 'exec', 'ID', 'true') },
  { name: 'namespaces may not be made', code: 'E0740', why: 'EPERM, step clone', pointer: '/linux/namespaces',
    refuse: ['clone3=1', 'clone.0=0x6c029000=1'] },
  { name: 'id maps cannot be written', code: 'E0744', why: 'EIO, step uidMap', pointer: '/linux/uidMappings',
    inject: 'openat2:error=EIO', on: () => ['uid_map'], change: users },
  { name: 'a map of groups with too much text', code: 'E0811', why: 'EINVAL, step gidMap',
    pointer: '/linux/uidMappings', change: all(users, (config) => {
      config.linux.gidMappings = Array.from({ length: 340 },
        (_, i) => ({ containerID: i, hostID: 1_000_000_000 + 2 * i, size: 1 }));
    }) },
  { name: 'init is killed', code: 'E0748', why: 'EPIPE, step receive', hint: /init was killed by signal 9/,
    inject: 'pivot_root:signal=KILL' },
  { name: 'the stager is killed', code: 'E0760', why: 'EPIPE, step receive', pointer: '/process',
    hint: /stager was killed by signal 9/, inject: 'clone3:signal=KILL' },
  { name: 'the stager is killed below a limit of memory', code: 'E0760', why: 'EPIPE, step receive',
    pointer: '/linux/resources/memory/limit', hint: /memory may have run out, raise linux\.resources\.memory\.limit/,
    inject: 'clone3:signal=KILL', skip: existsSync('/sys/fs/cgroup/memory') ? false : 'no memory controller of v1 here',
    change: (config) => {
      config.linux.resources = { memory: { limit: 1 << 30 } };
    } },
  { name: 'a descriptor cannot be handed over', code: 'E0749', why: 'EMFILE, step send', pointer: '/linux/cgroupsPath',
    inject: 'sendmsg:error=EMFILE:when=4' },
  { name: 'a descriptor cannot be received', code: 'E0750', why: 'EMFILE, step receive', pointer: '/linux/cgroupsPath',
    inject: 'recvmsg:error=EMFILE:when=3' },
  { name: 'the process that joins is stopped', code: 'E0964', why: '', exit: 255, inject: 'setns:signal=STOP:when=1',
    call: onContainer('running', 'exec', 'ID', 'true') },
  { name: 'the stager does not hear of its maps', code: 'E0748', why: 'EIO, step send', pointer: '/linux/namespaces/6',
    inject: 'sendmsg:error=EIO:when=4', change: users },
  { name: 'no room for the configuration', code: 'E0622', why: 'ENOSPC, step request', inject: 'openat:error=ENOSPC',
    on: () => ['request.json'] },
  { name: 'the stager does not get its plan', code: 'E0759', why: 'ENOBUFS, step send', pointer: '/process',
    inject: 'sendmsg:error=ENOBUFS:when=2' },
  { name: 'init is gone for exec', code: 'E0769', why: 'ESRCH, step identity', exit: 255,
    inject: 'pidfd_open:error=ESRCH:when=1', call: onContainer('running', 'exec', 'ID', 'true') },
  { name: 'a signal may not be sent', code: 'E0770', why: 'EPERM, step send', inject: 'pidfd_send_signal:error=EPERM',
    call: onContainer('running', 'kill', 'ID', 'TERM') },
  { name: 'no memory for the filter', code: 'E0778', why: 'EMFILE, step create', pointer: '/linux/seccomp',
    inject: 'memfd_create:error=EMFILE:when=2', change: filter, call: ({ c, bundle, id }) => {
      const root = c.dir();
      writeFileSync(join(root, '.cache'), ''); // no cache either
      return ['--root', root, 'create', '--bundle', bundle.dir, id];
    } },
  { name: 'no memory for the state of a listener', code: 'E0843', why: 'EMFILE, step memory',
    pointer: '/linux/seccomp/listenerPath', inject: 'memfd_create:error=EMFILE:when=2', change: notifies,
    call: heard(create()) },
  { name: 'no thread for a listener', code: 'E0845', why: 'EAGAIN, step helper', pointer: '/linux/seccomp',
    refuse: ['clone.0=0x50f00=11'], change: notifies, call: heard(run()) },
  { name: 'a program that does not wait for its listener', code: 'E0846', why: 'EPIPE, step send',
    pointer: '/linux/seccomp', // The filter comes after the hook, which sees the end of the connection.
    change: all(notifies, (config, { bundle }) => {
      config.hooks = {
        createContainer: [{ path: '/bin/sh',
          args: ['sh', '-c', `until [ -e ${bundle.dir}/closed ]; do sleep 0.02; done`], timeout: 10 }],
      };
    }), call: async (scene) => {
      await listening(scene, (socket) => {
        socket.on('close', () => writeFileSync(join(scene.bundle.dir, 'closed'), ''));
        socket.destroy();
      });
      return create()(scene);
    } },
  { name: 'nobody takes the pidfd', code: 'E0126', why: 'ENOENT, step connect',
    pointer: '/annotations/run.oci.pidfd_receiver', change: (config) => {
      config.annotations = { 'run.oci.pidfd_receiver': '/nope' };
    } },
  { name: 'processors that do not exist', code: 'E0839', why: 'EINVAL, step affinity',
    pointer: '/execCPUAffinity/initial', exit: 255, call: async (
      scene,
    ) => [...await onContainer('running', 'exec')(scene), '--process',
      processFile(scene, { execCPUAffinity: { initial: '900' } }), scene.id] },
  { name: 'an oomScoreAdj that may not be lowered', code: 'E0788', why: 'EACCES, step write',
    pointer: '/process/oomScoreAdj', change: (config) => {
      config.process.oomScoreAdj = -900;
    }, options: () => ({ prefix: ['setpriv', '--bounding-set=-sys_resource', '--inh-caps=-sys_resource'] }) },
  { name: 'a profile that nobody knows', code: 'E0714', why: 'EINVAL, step write', pointer: '/process/apparmorProfile',
    change: (config) => {
      config.process.apparmorProfile = 'nope';
    }, options: () => ({ prefix: armed }) },
  { name: 'a working directory that is missing', code: 'E0910', why: 'ENOENT, step open', exit: 255,
    call: onContainer('running', 'exec', '--cwd', '/nope', 'ID', 'true') },
  { name: 'a working directory that is a file', code: 'E0961', why: 'ENOTDIR, step open', exit: 255,
    call: onContainer('running', 'exec', '--cwd', '/etc/passwd', 'ID', 'true') },
  { name: 'a working directory that is a link to itself', code: 'E0790', why: 'ELOOP, step open', exit: 255,
    rootfs: 'overlay', call: (scene) => {
      symlinkSync('loop', join(scene.bundle.rootfs, 'loop'));
      return onContainer('running', 'exec', '--cwd', '/loop', 'ID', 'true')(scene);
    } },
  { name: 'a working directory outside of the container', code: 'E0791', why: 'ENOENT, step proof',
    pointer: '/process/cwd', change: cwd('/etc'), inject: 'getcwd:error=ENOENT' },
  { name: 'a working directory of somebody outside', code: 'E0792', why: 'EACCES, step chdir', pointer: '/process/cwd',
    rootfs: 'overlay', change: all(users, user(1000), cwd('/private'), (_, { bundle }) => {
      mkdirSync(join(bundle.rootfs, 'private'), { mode: 0o700 });
    }) },
  { name: 'stdio that cannot be given away', code: 'E0793', why: 'EIO, step fchown', pointer: '/process/user/uid',
    inject: 'fchown:error=EIO', change: user(1000), options: (scene) => ({ fds: { 0: pipe(scene) } }) },
  { name: 'noNewPrivileges is refused', code: 'E0798', why: 'EINVAL, step prctl', pointer: '/process/noNewPrivileges',
    inject: `prctl:error=EINVAL:when=${lastPrctl}`, change: (config) => {
      config.process.capabilities = {};
    } },
  { name: 'the filter is refused', code: 'E0799', why: 'EINVAL, step seccomp', pointer: '/linux/seccomp',
    refuse: ['seccomp.1=4=22'], change: filter, call: run() },
  { name: 'no memory for the environment', code: 'E0789', why: 'ENOMEM, step memory', pointer: '/process/env',
    change: (config) => {
      config.process.rlimits = [{ type: 'RLIMIT_AS', soft: 4096, hard: 4096 }];
    } },
  { name: 'init cannot read its start', code: 'E0752', why: 'EIO, step read', call: async (scene) => {
    const { c, bundle, id } = scene;
    const fifo = join(c.root, id, 'exec.fifo');
    c.begin(['create', '--bundle', bundle.dir, id], {
      prefix: injecting(['read:error=EIO:delay_enter=3000000'], [fifo]),
    });
    while (!(await c.rt(['state', id])).stdout.includes('"created"')) await sleep(20);
    return ['start', id];
  } },
  { name: 'a program of an unknown format', code: 'E0767', why: 'ENOEXEC, step format', pointer: '/process/args/0',
    rootfs: 'overlay', call: run(), change: all(args('/garbage'), (_, { bundle }) => {
      writeFileSync(join(bundle.rootfs, 'garbage'), Buffer.from([0, 1, 2, 3, 255, 254]), { mode: 0o755 });
    }) },
  { name: 'a preserved descriptor that cannot be placed', code: 'E0753', why: 'EBADF, step close',
    pointer: '/process/args/0', refuse: ['dup2.0=6=9'], call: run('--preserve-fds', '1'),
    options: (scene) => ({ fds: { 3: pipe(scene) } }) },
  { name: 'nobody can be left to wait for the start', code: 'E0979', why: 'EMFILE, step fork', pointer: '/process',
    inject: 'pipe2:error=EMFILE:when=2+', change: joins('pid', '/proc/self/ns/pid') },
  { name: 'a hook without a pipe', code: 'E0772', why: 'EMFILE, step pipe', pointer: '/hooks/createRuntime/0',
    inject: 'pipe2:error=EMFILE', change: (config) => {
      config.hooks = { createRuntime: [{ path: '/bin/true' }] };
    } },
]);
