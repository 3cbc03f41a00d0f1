// Each rule of the audit: a change of a hardened configuration that it finds, with the pointer, and nothing in that configuration.
import { test } from 'tap';
import { attributesOf } from '../../../src/audit/attributes.ts';
import type { Attributes } from '../../../src/audit/attributes.ts';
import { passes } from '../../../src/audit/seccomp-profile.ts';
import { chapters, rules } from '../../../src/audit/table.ts';
import { reaches, risks, type Finding, type Risk } from '../../../src/audit/types.ts';
import { dockerProfile } from '../../../src/generated/docker-profile.ts';
import { capabilityNames } from '../../../src/spec/capabilities.ts';
import type { Spec } from '../../../src/spec/types.ts';
import { allSets, bind, find, hardened, host, none, open, pass, plus, read, type Change } from './config.ts';

const short = ({ rule, at, risk }: Finding): string => `${risk} ${rule} ${at.pointer}`;

void test('nothing in a hardened bundle', (t) => {
  t.same(find(hardened()), []);
  t.end();
});

/** What is changed, and all that is found then. */
type Case = readonly [change: Change, ...found: string[]];

const everything = capabilityNames();
const openFound = 'low no-user-namespace /linux/namespaces';
const own = '/linux/seccomp/syscalls/4/names/0';

// One line a case. dprint-ignore
const cases: Case[] = [
  [plus(open, (c) => { c.process.user = { uid: 0, gid: 0 }; }), openFound, 'medium root-user /process/user/uid'],
  [open, openFound],
  [(c) => { c.linux.uidMappings[0].hostID = 0; }, 'high maps-host-root /linux/uidMappings/0', 'medium maps-host-accounts /linux/uidMappings/0'],
  [(c) => { c.linux.gidMappings[0].hostID = 1000; }, 'medium maps-host-accounts /linux/gidMappings/0'],
  [(c) => { c.linux.gidMappings = [{ containerID: 0, hostID: 1000, size: 1 }]; }, 'low maps-one-account /linux/gidMappings/0'],
  [plus(open, (c) => { c.process.user.additionalGids = [5, 6]; }), openFound, 'medium host-group /process/user/additionalGids/1'],
  [(c) => { c.process.noNewPrivileges = false; }, 'low new-privileges /process/noNewPrivileges'],
  [(c) => { delete c.process.noNewPrivileges; }, 'low new-privileges /process'],
  [(c) => { allSets(c, 'CAP_SYS_ADMIN'); }, 'medium cap-sys-admin /process/capabilities/effective/0'],
  [(c) => { allSets(c, 'CAP_CHOWN', 'CAP_SYS_MODULE', 'CAP_KILL'); }],
  [(c) => { allSets(c, ...everything); }, 'medium capabilities-all /process/capabilities/bounding', 'medium cap-sys-admin /process/capabilities/effective/21',
    'low cap-net-admin /process/capabilities/effective/12', 'low cap-net-raw /process/capabilities/effective/13', 'low cap-sys-ptrace /process/capabilities/effective/19', 'low cap-checkpoint-restore /process/capabilities/effective/40'],
  [(c) => { c.process.capabilities = { ambient: ['CAP_KILL'], inheritable: ['CAP_KILL'] }; }, 'low capabilities-ambient /process/capabilities/ambient'],
  [(c) => { c.process.capabilities = { inheritable: ['CAP_KILL'] }; }, 'low capabilities-inheritable /process/capabilities/inheritable'],
  [plus((c) => { allSets(c, ...everything); c.linux.resources.devices[0].allow = true; delete c.linux.seccomp; }), 'high privileged /process/capabilities',
    'medium capabilities-all /process/capabilities/bounding', 'medium cap-sys-admin /process/capabilities/effective/21', 'medium device-all /linux/resources/devices/0', 'medium seccomp-none /linux',
    'low cap-net-admin /process/capabilities/effective/12', 'low cap-net-raw /process/capabilities/effective/13', 'low cap-sys-ptrace /process/capabilities/effective/19', 'low cap-checkpoint-restore /process/capabilities/effective/40',
    'info device-no-deny /linux/resources/devices/0'],
  [(c) => { none(c, 'pid'); }, 'medium host-pid /linux/namespaces'],
  [(c) => { c.linux.namespaces[0].path = '/proc/1/ns/pid'; }, 'medium host-pid /linux/namespaces/0/path'],
  [(c) => { none(c, 'network'); }, 'medium host-network /linux/namespaces'],
  [(c) => { none(c, 'ipc'); }, 'low host-ipc /linux/namespaces'],
  [plus(open, (c) => { none(c, 'uts'); }), openFound, 'low host-uts /linux/namespaces'],
  [(c) => { none(c, 'uts'); }],
  [(c) => { none(c, 'mount'); }, 'critical host-mount /linux/namespaces'],
  [(c) => { none(c, 'cgroup'); }, 'low host-cgroup /linux/namespaces'],
  [(c) => { c.linux.namespaces[6].path = '/proc/self/ns/user'; }, 'medium host-user /linux/namespaces/6/path', openFound, 'medium root-user /process/user/uid'],
  [(c) => { c.linux.namespaces[2].path = '/proc/4711/ns/ipc'; }, 'low joins-namespace /linux/namespaces/2/path'],
  [(c) => { c.linux.namespaces[1].path = '/run/netns/box'; }],
  [(c) => { c.root.path = '/'; }, 'critical root-of-host /root/path'],
  [(c) => { c.root.path = '../..'; }, 'critical root-of-host /root/path'],
  [(c) => { c.root.readonly = false; }, 'low root-writable /root/readonly'],
  [(c) => { delete c.root.readonly; }, 'low root-writable /root'],
  [(c) => { bind(c, '/var/run/docker.sock', '/docker.sock', 'ro'); }, 'high engine-socket /mounts/6/source'],
  [(c) => { bind(c, '/run/containerd', '/c', 'ro'); }, 'high engine-socket /mounts/6/source'],
  [(c) => { bind(c, '/etc', '/host', 'ro'); }, 'medium host-path /mounts/6/source'],
  [plus(open, (c) => { bind(c, '/', '/host', 'ro'); }), openFound, 'critical host-path /mounts/6/source'],
  [plus(open, (c) => { bind(c, '/var/lib', '/x', 'ro'); }), openFound, 'high host-path /mounts/6/source'],
  [(c) => { bind(c, '/etc/localtime', '/etc/localtime', 'ro'); }],
  [(c) => { bind(c, '/srv/data', '/data', 'ro'); }],
  [(c) => { bind(c, '/srv/data', '/data'); }, 'low writable-bind /mounts/6/source'],
  [(c) => { bind(c, 'data', '/data', 'rw'); }, 'low writable-bind /mounts/6/source'],
  [(c) => { bind(c, '/srv/data', '/data', 'ro', 'rshared'); }, 'medium shared-propagation /mounts/6/options'],
  [(c) => { bind(c, '/srv/data', '/data', 'ro', 'shared', 'rslave'); }],
  [(c) => { c.linux.rootfsPropagation = 'rshared'; }, 'medium shared-propagation /linux/rootfsPropagation'],
  [(c) => { c.mounts.push({ destination: '/data', type: 'bind', source: '/srv/d', options: ['bind', 'nodev'] }); }, 'low writable-bind /mounts/6/source', 'low mount-suid /mounts/6/options'],
  [plus(open, (c) => { c.mounts[4].options = ['nosuid']; }), openFound, 'low mount-dev /mounts/4/options'],
  [(c) => { c.mounts.push({ destination: '/proc/self', type: 'tmpfs', options: ['nosuid', 'nodev'] }); }, 'medium mount-in-procfs /mounts/6/destination'],
  [(c) => { bind(c, '/var/lib/lxcfs/proc/meminfo', '/proc/meminfo', 'ro'); }],
  [(c) => { c.mounts.push({ destination: '/p', type: 'proc', source: 'proc' }); }, 'low second-procfs /mounts/6/destination'],
  [(c) => { c.linux.maskedPaths.splice(2, 1); }, 'low procfs-unmasked /linux/maskedPaths'],
  [(c) => { delete c.linux.maskedPaths; }, 'low procfs-unmasked /linux'],
  [(c) => { c.linux.readonlyPaths.pop(); }, 'low procfs-writable /linux/readonlyPaths'],
  [(c) => { c.mounts.shift(); delete c.linux.readonlyPaths; }],
  [(c) => { c.mounts[5].options.pop(); }, 'low sysfs-writable /mounts/5/options'],
  [(c) => { c.mounts.push({ destination: '/sys/fs/cgroup', type: 'cgroup' }); }, 'low cgroup-writable /mounts/6'],
  [(c) => { none(c, 'cgroup'); c.mounts.push({ destination: '/sys/fs/cgroup', type: 'cgroup2', options: ['rw'] }); }, 'medium cgroup-of-host-writable /mounts/6/options', 'low host-cgroup /linux/namespaces'],
  [(c) => { c.mounts.push({ destination: '/sys/fs/cgroup', type: 'cgroup', options: ['ro'] }); }],
  [(c) => { c.mounts.push({ destination: '/sys/kernel/debug', type: 'debugfs' }); }, 'medium mount-in-procfs /mounts/6/destination', 'low kernel-file-system /mounts/6/type'],
  [(c) => { c.process.cwd = '/proc/self/fd/7'; }, 'high working-directory /process/cwd'],
  [(c) => { c.linux.devices = [{ path: '/dev/disk', type: 'b', major: 8, minor: 0 }]; }, 'high device-block /linux/devices/0'],
  [plus(open, (c) => { c.linux.devices = [{ path: '/dev/disk', type: 'b', major: 8, minor: 0 }]; }), openFound],
  [plus(open, (c) => { c.linux.resources.devices.push({ allow: true, type: 'b', major: 8, access: 'r' }); }), openFound, 'critical device-block /linux/resources/devices/1'],
  [(c) => { bind(c, '/dev/nvme0n1', '/dev/x'); }, 'high device-block /mounts/6/source'],
  [(c) => { bind(c, '/dev/null', '/dev/null'); }],
  [(c) => { c.linux.devices = [{ path: '/dev/mem', type: 'c', major: 1, minor: 1 }]; }, 'high device-memory /linux/devices/0'],
  [(c) => { c.linux.devices = [{ path: '/dev/uinput', type: 'c', major: 10, minor: 223 }]; }, 'medium device-host /linux/devices/0'],
  [(c) => { c.linux.devices = [{ path: '/dev/fuse', type: 'c', major: 10, minor: 229 }]; }, 'low device-kernel /linux/devices/0'],
  [(c) => { c.linux.devices = [{ path: '/dev/x', type: 'c', major: 240, minor: 1 }]; }, 'info device-other /linux/devices/0'],
  [(c) => { c.linux.devices = [{ path: '/dev/n', type: 'c', major: 1, minor: 3 }, { path: '/f', type: 'p' }]; }],
  [(c) => { c.linux.resources.devices.push({ allow: true, type: 'b', access: 'rw' }); }, 'medium device-all /linux/resources/devices/1'],
  [(c) => { c.linux.resources.devices.push({ allow: true, access: 'rwm' }, { allow: false }); }],
  [(c) => { c.linux.resources.devices.push({ allow: true, type: 'b', access: 'm' }, { allow: true, type: 'c', major: 136, access: 'rwm' }); }],
  [(c) => { c.linux.resources.devices = [{ allow: true, type: 'c', major: 1, minor: 3, access: 'r' }]; }, 'info device-no-deny /linux/resources/devices/0'],
  [(c) => { bind(c, '/dev/tty1', '/dev/console'); }, 'medium host-terminal /mounts/6/source'],
  [(c) => { delete c.linux.seccomp; }, 'medium seccomp-none /linux'],
  [(c) => { delete c.linux.seccomp; c.annotations = { 'run.oci.seccomp_bpf_data': 'AAAA' }; }, 'info seccomp-program /annotations/run.oci.seccomp_bpf_data'],
  [(c) => { c.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['bpf'], action: 'SCMP_ACT_ERRNO' }] }; }, 'medium seccomp-default-allow /linux/seccomp/defaultAction',
    ...['bpf', 'handles', 'io-uring', 'modules', 'namespaces', 'ports'].map((name) => `medium seccomp-${name} /linux/seccomp/defaultAction`),
    ...['keyring', 'mount', 'userfaultfd', 'vsock'].map((name) => `low seccomp-${name} /linux/seccomp/defaultAction`)],
  [(c) => { pass(c, 'mount'); }, `low seccomp-mount ${own}`],
  [(c) => { pass(c, 'getpid', 'unshare'); }, 'medium seccomp-namespaces /linux/seccomp/syscalls/4/names/1'],
  [(c) => { c.linux.seccomp.syscalls.push({ names: ['unshare'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 0x7e020000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }] }); }],
  [(c) => { pass(c, 'clone'); }, `medium seccomp-namespaces ${own}`],
  [(c) => { pass(c, 'perf_event_open'); }, `medium seccomp-bpf ${own}`],
  [(c) => { pass(c, 'keyctl'); }, `low seccomp-keyring ${own}`],
  [(c) => { pass(c, 'userfaultfd'); }, `low seccomp-userfaultfd ${own}`],
  [(c) => { pass(c, 'io_uring_setup'); }, `medium seccomp-io-uring ${own}`],
  [(c) => { pass(c, 'finit_module'); }, `medium seccomp-modules ${own}`],
  [(c) => { pass(c, 'open_by_handle_at'); }, `medium seccomp-handles ${own}`],
  [(c) => { pass(c, 'iopl'); }, `medium seccomp-ports ${own}`],
  [(c) => { pass(c, 'socket'); }, `low seccomp-vsock ${own}`],
  [(c) => { c.linux.seccomp.architectures.push('SCMP_ARCH_X86'); pass(c, 'socketcall'); }, 'low seccomp-multiplexer /linux/seccomp/architectures/1'],
  [(c) => { c.linux.sysctl = { 'vm.overcommit_memory': '1' }; }, 'high sysctl-host /linux/sysctl/vm.overcommit_memory'],
  [(c) => { c.linux.sysctl = { 'net.ipv4.ip_forward': '1', 'kernel/shmmax': '1' }; }],
  [(c) => { none(c, 'network'); c.linux.sysctl = { 'net.ipv4.ip_forward': '1' }; }, 'high sysctl-host /linux/sysctl/net.ipv4.ip_forward', 'medium host-network /linux/namespaces'],
  [(c) => { delete c.linux.resources.memory; }, 'medium memory-unlimited /linux/resources'],
  [(c) => { c.linux.resources.memory.limit = -1; }, 'medium memory-unlimited /linux/resources/memory'],
  [(c) => { delete c.linux.resources.memory.swap; }, 'low swap-unlimited /linux/resources/memory'],
  [(c) => { c.linux.resources.pids.limit = -1; }, 'medium pids-unlimited /linux/resources/pids'],
  [(c) => { delete c.linux.resources.cpu; }, 'low cpu-unlimited /linux/resources'],
  [(c) => { c.linux.resources = { unified: { 'memory.max': '1', 'memory.swap.max': '0', 'pids.max': '4', 'cpu.max': '1000 1000' } }; }],
  [(c) => { delete c.linux.resources; }, 'medium memory-unlimited /linux', 'medium pids-unlimited /linux', 'low cpu-unlimited /linux'],
  [(c) => { c.process.rlimits.pop(); }, 'info rlimits-unset /process/rlimits'],
  [(c) => { c.process.oomScoreAdj = -1; }, 'low oom-protected /process/oomScoreAdj'],
  [(c) => { c.linux.resources.memory.disableOOMKiller = true; }, 'low oom-disabled /linux/resources/memory/disableOOMKiller'],
  [(c) => { c.process.scheduler = { policy: 'SCHED_FIFO', priority: 1 }; }, 'low real-time /process/scheduler/policy'],
  [(c) => { c.process.scheduler = { policy: 'SCHED_BATCH', nice: 1 }; }],
  [(c) => { c.linux.cgroupsPath = '/'; }, 'medium cgroup-root /linux/cgroupsPath'],
  [(c) => { c.hooks = { poststop: [{ path: '/bin/true' }] }; }, 'info hook-host /hooks/poststop/0/path'],
  [(c) => { c.hooks = { startContainer: [{ path: '/bin/true' }] }; }],
  [(c) => { c.annotations = { 'org.criu.config': '/etc/criu.conf' }; }, 'high criu-configuration /annotations/org.criu.config'],
  [(c) => { c.process.env.push('DB_PASSWORD=x'); }, 'medium secret-in-environment /process/env/1'],
  [(c) => { c.process.env.push('A=AKIAABCDEFGHIJKLMNOP'); }, 'medium secret-in-environment /process/env/1'],
  [(c) => { c.process.env.push('DB_PASSWORD=', 'DB_PASSWORD_FILE=/run/p', 'COMPASS=n', 'TOKENIZER=1'); }],
  [(c) => { c.linux.netDevices = { eth1: {} }; }, 'info network-device /linux/netDevices/eth1'],
];

void test('each danger is found where it stands, and nothing else', (t) => {
  for (const [change, ...wanted] of cases) {
    const config = hardened();
    change(config);
    t.same(find(config).map(short).sort(), [...wanted].sort(), change.toString());
  }
  t.end();
});

void test('each capability that leads out', (t) => {
  for (const name of Object.keys(rules).filter((rule) => rule.startsWith('cap-'))) {
    const config = hardened();
    open(config);
    config.process.capabilities.permitted = [name.toUpperCase().replaceAll('-', '_')];
    t.same(find(config).map(({ rule, at }) => [rule, at.pointer]).filter(([rule]) => rule !== 'no-user-namespace'), [
      [name, '/process/capabilities/permitted/0'],
    ]);
  }
  t.end();
});

void test('a capability is worse in a namespace of the host', (t) => {
  const risk = (change: Change): (Risk | undefined)[] => {
    const config = hardened();
    plus(open, change)(config);
    return find(config).filter(({ rule }) => rule.startsWith('cap-')).map((finding) => finding.risk);
  };
  t.same(risk((c) => {
    allSets(c, 'CAP_SYS_PTRACE');
  }), ['high']);
  t.same(risk((c) => {
    allSets(c, 'CAP_SYS_PTRACE');
    none(c, 'pid');
  }), ['critical']);
  t.same(risk((c) => {
    allSets(c, 'CAP_NET_ADMIN');
  }), ['medium']);
  t.same(risk((c) => {
    allSets(c, 'CAP_NET_ADMIN');
    none(c, 'network');
  }), ['high']);
  t.same(risk((c) => {
    c.process.capabilities.bounding = ['CAP_SYS_ADMIN'];
  }), [], 'an ordinary user without new privileges');
  t.end();
});

void test('a security module of the host that is not used', (t) => {
  const lsm = (apparmor: boolean, selinux: boolean, change: Change = () => {}): readonly string[] => {
    const config = hardened();
    change(config);
    return find(config, { ...host, facts: { arch: 'x86_64', lsm: { apparmor, selinux } } }).map(short);
  };
  t.same(lsm(true, false), ['low lsm-none /process']);
  t.same(lsm(true, false, (c) => {
    c.process.apparmorProfile = 'unconfined';
  }), ['low lsm-none /process/apparmorProfile']);
  t.same(lsm(true, false, (c) => {
    c.process.apparmorProfile = 'docker-default';
  }), []);
  t.same(lsm(false, true, (c) => {
    c.process.selinuxLabel = 'u:r:spc_t:s0';
  }), ['low lsm-none /process/selinuxLabel']);
  t.same(lsm(false, true, (c) => {
    c.process.selinuxLabel = 'u:r:container_t:s0';
  }), []);
  t.end();
});

void test('every rule has a case, and words', (t) => {
  const elsewhere = ['hook-writable', 'bundle-writable', 'lsm-none', 'maps-shared', 'mount-through-link',
    'privileged-files'];
  const shown = new Set([...cases.flatMap(([, ...found]) => found.map((line) => line.split(' ')[1]!)), ...elsewhere]);
  t.same(Object.keys(rules).filter((name) => !shown.has(name) && !name.startsWith('cap-')), []);
  t.equal(Object.values(chapters).flatMap(Object.keys).length, Object.keys(rules).length, 'no id is there twice');
  for (const [name, { message, why, remedy, references }] of Object.entries(rules)) {
    t.match(name, /^[a-z]+(-[a-z]+)*$/);
    for (const text of [message, remedy]) t.match(text, /^[^A-Z.].*[^.]$/u, `${name}: ${text}`);
    t.ok(why !== '' && references.length > 0, name);
  }
  t.end();
});

void test('what an annotation accepts stays in the list', (t) => {
  const config = hardened();
  config.root.readonly = false;
  config.annotations = { 'org.veloci.audit.ignore.root-writable': 'a build', 'org.veloci.audit.ignore.host-pid': ' ' };
  none(config, 'pid');
  t.same(find(config).map(({ rule, accepted }) => [rule, accepted]), [['host-pid', undefined], ['root-writable',
    'a build']]);
  t.end();
});

void test('the worst comes first', (t) => {
  const found = find(read('audit/docker.json')).map(({ risk }) => risks.indexOf(risk));
  t.ok(found.length > 5);
  t.same(found, [...found].sort((a, b) => a - b));
  t.ok(reaches('critical', 'high') && reaches('high', 'high') && !reaches('medium', 'high'));
  t.end();
});

void test('configurations of engines: what they leave open, and no more', (t) => {
  const profile = JSON.parse(dockerProfile) as unknown;
  const common = ['info rlimits-unset', 'low cpu-unlimited', 'low host-cgroup', 'low no-user-namespace',
    'low root-writable', 'low seccomp-multiplexer', 'medium memory-unlimited', 'medium new-privileges',
    'medium root-user'];
  const found = (name: string): string[] => {
    const config = read(`audit/${name}.json`);
    config.linux.seccomp = profile;
    return find(config).map(({ risk, rule }) => `${risk} ${rule}`).sort();
  };
  t.same(found('podman'), common);
  t.same(found('docker'),
    [...common, 'info hook-host', 'low cap-mknod', 'low cap-net-raw', 'medium pids-unlimited'].sort());
  t.end();
});

void test('the profile of spec --from docker-default: sockets of all families but AF_VSOCK', (t) => {
  const profile = JSON.parse(dockerProfile) as NonNullable<NonNullable<Spec['linux']>['seccomp']>;
  for (const family of [1n, 2n, 10n, 16n]) t.ok(passes(profile, 'socket', { 0: family }), String(family));
  t.notOk(passes(profile, 'socket', { 0: 40n }));
  // Only with capabilities that Docker does not give, or not at all.
  for (const call of ['reboot', 'keyctl', 'add_key', 'pivot_root', 'mount', 'mbind', 'get_mempolicy', 'set_mempolicy',
    'pidfd_getfd', 'kcmp', 'open_by_handle_at', 'bpf', 'userfaultfd', 'io_uring_setup', 'clone3'])
    t.notOk(passes(profile, call), call);
  for (const call of ['ptrace', 'process_vm_readv', 'chroot', 'name_to_handle_at']) t.ok(passes(profile, call), call);
  for (const call of ['futex_waitv', 'io_pgetevents', 'vmsplice', 'getpid']) t.ok(passes(profile, call), call);
  t.end();
});

void test('options of a mount mean what they mean for the plan', (t) => {
  const of = (...options: string[]): Attributes => attributesOf({ destination: '/x', options });
  t.same(of('bind', 'ro', 'defaults'), { bind: true, readonly: true, nosuid: false, nodev: false, shared: false },
    'defaults take nothing back');
  t.same(of('rro', 'nosuid', 'suid', 'rnodev', 'rshared'), { bind: false, readonly: true, nosuid: false, nodev: true,
    shared: true });
  t.equal(of('rshared', 'rslave').shared, false);
  t.end();
});
