// Faults of the host: system calls that a kernel, or the filter of an outer container, refuses. Each gives its code, says
// what to do, and leaves nothing behind.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import { program } from '../../support/helpers.ts';
import { runtimePath } from '../../support/paths.ts';
import { call } from '../../support/runtime.ts';
import type { Config } from '../../support/spec.ts';

const EPERM = 1;
const EIO = 5;
const EAGAIN = 11;
const EACCES = 13;
const EBUSY = 16;
const EINVAL = 22;
const ENOSPC = 28;
const ENOSYS = 38;
const EOPNOTSUPP = 95;

/** Asks for as much as one program can have. */
function full(config: Config): void {
  const { process, linux } = config;
  Object.assign(process, {
    scheduler: { policy: 'SCHED_BATCH', nice: 1 },
    ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 3 },
    oomScoreAdj: 5,
    execCPUAffinity: { initial: '0' },
  });
  Object.assign(linux, {
    personality: { domain: 'LINUX' },
    memoryPolicy: { mode: 'MPOL_DEFAULT' },
    sysctl: { 'net.core.somaxconn': '5' },
    seccomp: { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['swapon'], action: 'SCMP_ACT_ERRNO' }] },
  });
  config['domainname'] = 'x';
}

const bind = (...options: string[]) => (config: Config): void => {
  config.mounts.push({ destination: '/mnt', type: 'bind', source: '/etc', options: ['bind', ...options] });
};
const users = (config: Config): void => {
  config.linux.namespaces.push({ type: 'user' });
  config.linux.uidMappings = config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
};

interface Fault {
  faults: string[];
  code: string;
  hint?: RegExp;
  change?: (config: Config) => void;
  start?: true;
  flags?: string[];
}

const faults: Fault[] = [
  // A kernel that is too old, or gVisor, or a filter that does not know newer calls.
  ...['fsopen', 'fsmount'].map((name): Fault => ({ faults: [`${name}=${ENOSYS}`], code: 'E0718',
    hint: /5\.10.*seccomp profile/ })
  ),
  { faults: [`fsconfig=${ENOSYS}`], code: 'E0720', hint: /5\.10/ },
  ...['open_tree', 'move_mount', 'mount'].map((name): Fault => ({ faults: [`${name}=${ENOSYS}`], code: 'E0715',
    hint: /5\.10/ })
  ),
  { faults: [`openat2=${ENOSYS}`], code: 'E0701', hint: /5\.10/ },
  { faults: [`pivot_root=${ENOSYS}`], code: 'E0717', hint: /5\.10/ },
  { faults: [`unshare=${ENOSYS}`], code: 'E0739', hint: /5\.10/ },
  { faults: [`sched_setattr=${ENOSYS}`], code: 'E0832', hint: /5\.10/ },
  { faults: [`ioprio_set=${ENOSYS}`], code: 'E0837' },
  { faults: [`set_mempolicy=${ENOSYS}`], code: 'E0841', hint: /CONFIG_NUMA/ },
  { faults: [`memfd_create=${ENOSYS}`], code: 'E0906', hint: /doctor/ },
  { faults: [`pidfd_open=${ENOSYS}`], code: 'E0761', hint: /5\.10/, start: true },
  // What is not allowed, or goes wrong.
  { faults: [`pivot_root=${EINVAL}`], code: 'E0717', hint: /--no-pivot/ },
  { faults: [`unshare=${EPERM}`], code: 'E0740', hint: /"type": "user"/ },
  { faults: [`unshare=${ENOSPC}`], code: 'E0741', hint: /max_\*_namespaces/ },
  { faults: [`clone3=${EPERM}`, `clone=${EPERM}`], code: 'E0906' },
  { faults: [`clone3=${EAGAIN}`], code: 'E0970', hint: /pids\.max/ },
  { faults: [`clone3=${ENOSPC}`], code: 'E0741', hint: /max_\*_namespaces/ },
  { faults: [`clone3=${EOPNOTSUPP}`], code: 'E0972', hint: /cgroup\.subtree_control/ },
  { faults: [`clone3=${EINVAL}`], code: 'E0742' },
  { faults: [`mount=${EPERM}`], code: 'E0715' },
  { faults: [`sethostname=${EPERM}`], code: 'E0783' },
  { faults: [`setsid=${EPERM}`], code: 'E0780' },
  { faults: [`keyctl=${EPERM}`], code: 'E0781', hint: /--no-new-keyring/ },
  { faults: [`socket=${EPERM}`], code: 'E0782', hint: /CAP_NET_ADMIN/ },
  { faults: [`prlimit64.1=11=${EINVAL}`], code: 'E0786', change: (config) => {
    config.process.rlimits = [{ type: 'RLIMIT_SIGPENDING', soft: 5, hard: 5 }];
  } },
  { faults: [`prctl.0=24=${EPERM}`], code: 'E0794', hint: /CAP_SETPCAP/ },
  { faults: [`setresuid=${EPERM}`], code: 'E0795', hint: /CAP_SETUID/ },
  { faults: [`setresuid=${EINVAL}`], code: 'E0796', hint: /uidMappings/ },
  { faults: [`capset=${EPERM}`], code: 'E0797', hint: /bounding/ },
  { faults: [`sched_setattr=${EPERM}`], code: 'E0833', hint: /CAP_SYS_NICE/ },
  { faults: [`sched_setattr=${EBUSY}`], code: 'E0834' },
  { faults: [`sched_setattr=${EINVAL}`], code: 'E0835' },
  { faults: [`sched_setattr=${EOPNOTSUPP}`], code: 'E0836' },
  { faults: [`ioprio_set=${EPERM}`], code: 'E0838' },
  { faults: [`personality=${EINVAL}`], code: 'E0842' },
  { faults: [`mkdirat=${ENOSPC}`], code: 'E0622', hint: /full or read-only/ },
  { faults: [`renameat=${ENOSPC}`], code: 'E0622', hint: /full or read-only/ },
  { faults: [`symlinkat=${EIO}`], code: 'E0728' },
  { faults: [`move_mount=${EIO}`], code: 'E0715' },
  { faults: [`socketpair=${EIO}`], code: 'E0906' },
  { faults: [`mount_setattr.2=0x9000=${EINVAL}`], code: 'E0800', hint: /remove "rnoexec"/,
    change: bind('ro', 'rnoexec') },
  { faults: [`mount_setattr=${EPERM}`], code: 'E0726' },
  { faults: [`fchdir=${EACCES}`], code: 'E0715' },
  { faults: [`chroot=${EPERM}`], code: 'E0717', flags: ['--no-pivot'] },
  { faults: [`setgroups=${EPERM}`], code: 'E0795' },
  { faults: [`setresgid=${EPERM}`], code: 'E0746', change: users },
  { faults: [`sendmsg=${EIO}`], code: 'E0906' },
];

for (const { faults: given, code, hint, change, start, flags = [] } of faults) {
  test(`${given.join(', ')}: ${code}`, async (c) => {
    const bundle = c.command(['/probe', 'exit', '0'], (config) => {
      full(config);
      change?.(config);
    }, { rootfs: 'bind' });
    const id = c.id();
    bundle.config.linux.cgroupsPath = `/${id}`;
    bundle.write();
    const log = join(c.dir(), 'log');
    const command = [runtimePath(), '--root', c.root, '--log', log, '--log-format', 'json'];
    if (start) assert.equal((await call([...command, 'create', '--bundle', bundle.dir, id])).code, 0);
    const verb = start ? ['start'] : ['create', '--bundle', bundle.dir, ...flags];
    const result = await call([program('fault'), ...given, '--', ...command, ...verb, id]);
    assert.equal(result.code, 1, result.stderr);
    const entry = JSON.parse(readFileSync(log, 'utf8').trim()) as { code: string; msg: string; hint?: string };
    assert.equal(entry.code, code, entry.msg);
    assert.ok((entry.hint ?? '') !== '', 'says what to do');
    if (hint) assert.match(entry.hint ?? '', hint);
    if (!start) await c.nothingLeft();
  }, { only: 'veloci' });
}

for (const name of ['mount_setattr', 'clone3', 'faccessat2', 'pidfd_send_signal']) {
  test(`a kernel without ${name} is enough`, async (c) => {
    const bundle = c.command(['/probe', 'exit', '0'], full, { rootfs: 'bind' });
    const id = c.id();
    bundle.config.linux.cgroupsPath = `/${id}`;
    bundle.write();
    const result = await call([program('fault'), `${name}=${ENOSYS}`, '--', runtimePath(), '--root', c.root, 'run',
      '--bundle', bundle.dir, id]);
    assert.equal(result.code, 0, result.stderr);
  }, { only: 'veloci' });
}

test('doctor tells which system calls are missing', async () => {
  const result = await call([program('fault'), `openat2=${ENOSYS}`, `fsopen=${ENOSYS}`, '--', runtimePath(), 'doctor',
    '--json']);
  const { findings } = JSON.parse(result.stdout) as { findings: { status: string; message: string }[] };
  const problems = findings.filter(({ status }) => status === 'problem').map(({ message }) => message);
  for (const name of ['openat2', 'fsopen'])
    assert.ok(problems.some((line) => line.includes(`no ${name}(2)`)), problems.join('\n'));
}, { only: 'veloci' });
