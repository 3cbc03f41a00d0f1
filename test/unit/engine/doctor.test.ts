import t from 'tap';
import type { HostFacts, Probes } from '../../../src/generated/protocol.ts';
import { judge } from '../../../src/engine/doctor/judge.ts';
import { judgeSandbox } from '../../../src/engine/doctor/sandbox.ts';
import type { Finding } from '../../../src/engine/doctor/report.ts';
import { cgroups, facts } from '../plan/support.ts';

const good: Probes = {
  systemCalls: { openat2: 0, clone3: 22, pidfd_open: 0, close_range: 22, open_tree: 9, fsopen: 14, mount_setattr: 9,
    faccessat2: 0 },
  cloneIntoCgroup: 0,
  userNamespace: 0,
  rightsInUserNamespace: 0,
  idmappedMounts: 0,
  deviceProgram: 0,
  namespaces: ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'],
  texts: { seccompActions: 'kill_process kill_thread trap errno user_notif trace log allow',
    maxUserNamespaces: '1000' },
  programs: {
    newuidmap: { path: '/usr/bin/newuidmap', privileged: true },
    newgidmap: { path: '/usr/bin/newgidmap', privileged: true },
    criu: { path: '/usr/sbin/criu', privileged: false },
    ps: { path: '/usr/bin/ps', privileged: false },
  },
  systemd: { running: true, systemBus: true, userBus: true },
};
const v2 = { ...cgroups.v2, v2: { ...cgroups.v2.v2!, writable: true, available: cgroups.v2.v2!.controllers } };
const root: Partial<HostFacts> = { cgroup: v2, lsm: { apparmor: true, selinux: false } };
const user: Partial<HostFacts> = { ...root, rootless: true, euid: 1000, user: 'ann',
  subids: { uid: [[100000, 65536]], gid: [[100000, 65536]] } };

const bad = (changes: Partial<HostFacts>, probes: Partial<Probes> = {}): Finding[] =>
  judge(facts(changes), { ...good, ...probes }).filter(({ status }) => status !== 'ok');

t.test('nothing is wrong with a good host', async (t) => {
  t.same(bad(root), []);
  t.same(bad(user), []);
});

t.test('every finding that is not ok says what to do', async (t) => {
  const worst = bad({ ...user, cgroup: { mode: 'none', v1: [], v2: null }, lsm: { apparmor: false, selinux: false },
    subids: { uid: [], gid: [] } }, {
    systemCalls: { openat2: 38, clone3: 38, close_range: 38 },
    cloneIntoCgroup: 22,
    userNamespace: 1,
    idmappedMounts: 1,
    namespaces: ['mnt'],
    texts: { memfdNoexec: '2', maxPidNamespaces: '0' },
    programs: {},
    systemd: { running: true, systemBus: false, userBus: false },
  });
  t.ok(worst.length > 15);
  for (const { remedy, message } of worst) t.ok((remedy ?? '').length > 5, message);
});

t.test('without /proc nothing is said of what it would tell', async (t) => {
  const found = bad(root, { namespaces: [], texts: {} });
  t.match(found.map(({ message }) => message), [/^\/proc is not mounted/]);
});

t.test('a user without a name gets a line for the file: usermod knows names alone', async (t) => {
  const found = bad({ ...user, user: '#1234', subids: { uid: [], gid: [] } });
  t.match(found.map(({ remedy }) => remedy), [/"1234:100000:65536"/, /"1234:100000:65536"/]);
});

for (const [name, changes, probes, status, message] of [
  ['an old kernel', root, { systemCalls: { ...good.systemCalls, openat2: 38 } }, 'problem', /no openat2\(2\)/],
  ['no mount_setattr', root, { systemCalls: { ...good.systemCalls, mount_setattr: 38 } }, 'warning', /mount_setattr/],
  ['memfds that cannot be executed', root, { texts: { ...good.texts, memfdNoexec: '2' } }, 'problem', /memfd_noexec/],
  ['root without a capability', { ...root, capabilities: [-1 & ~(1 << 24), 0x1ff] }, {}, 'warning',
    /without CAP_SYS_RESOURCE$/],
  ['root without the capability', { ...root, capabilities: [0, 0] }, {}, 'problem', /CAP_SYS_ADMIN/],
  ['user namespaces closed, for a user', user, { userNamespace: 1,
    texts: { ...good.texts, unprivilegedUserNamespaces: '0' } }, 'problem', /cannot be made \(EPERM\)/],
  ['user namespaces closed, for root', root, { userNamespace: 28 }, 'warning', /cannot be made \(ENOSPC\)/],
  ['AppArmor restricts a user', user, { rightsInUserNamespace: 1 }, 'problem', /AppArmor restricts/],
  ['AppArmor restricts users, for root', root, { texts: { ...good.texts, appArmorRestrictsUserNamespaces: '1' } },
    'warning', /ordinary users/],
  ['no cgroups', { ...root, cgroup: { mode: 'none', v1: [], v2: null } }, {}, 'problem', /no cgroup file system/],
  ['a controller is missing', { ...root,
    cgroup: { ...v2,
      v2: { ...v2.v2, controllers: ['cpu', 'cpuset', 'memory', 'pids'],
        available: ['cpu', 'cpuset', 'memory', 'pids'] } } }, {}, 'warning', /no controller io/],
  ['a controller is not delegated', { ...user, cgroup: { ...v2, v2: { ...v2.v2, available: ['memory', 'pids'] } } }, {},
    'warning', /^\/sys\/fs\/cgroup\/user.slice\/session\/cgroup\.controllers lacks cpu, cpuset, io$/],
  ['no delegation', { ...user, cgroup: { ...v2, v2: { ...v2.v2, writable: false } } }, {}, 'warning',
    /no cgroup can be made below/],
  ['cgroup v1 for a user', { ...user,
    cgroup: { ...cgroups.v1, v1: cgroups.v1.v1.map((own) => ({ ...own, writable: false })) } }, {}, 'warning',
    /no cgroup can be made in cpu,cpuacct/],
  ['no device programs', root, { deviceProgram: 1 }, 'problem', /devices of a cgroup/],
  ['no libseccomp', { ...root, seccomp: { version: '' } }, {}, 'problem', /libseccomp/],
  ['an action is missing', root, { texts: { seccompActions: 'kill_process trap errno log allow' } }, 'warning',
    /user_notif$/],
  ['no newuidmap', user, { programs: { ...good.programs, newuidmap: undefined } }, 'warning', /newuidmap is missing/],
  ['newgidmap without privilege', user, {
    programs: { ...good.programs, newgidmap: { path: '/bin/newgidmap', privileged: false } },
  }, 'warning', /no privilege/],
  ['no subordinate ids', { ...user, subids: { uid: [], gid: [[1, 1]] } }, {}, 'warning',
    /\/etc\/subuid has no ids for ann/],
  ['no criu', root, { programs: { ps: good.programs.ps } }, 'warning', /criu is missing/],
  ['no bus', root, { systemd: { running: true, systemBus: false, userBus: false } }, 'warning', /bus of systemd/],
  ['no user bus', user, { systemd: { running: true, systemBus: true, userBus: false } }, 'warning',
    /bus of your systemd/],
] as const) {
  t.test(name, async (t) => {
    const found = bad(changes as unknown as Partial<HostFacts>, probes as unknown as Partial<Probes>);
    t.ok(found.some((finding) => finding.status === status && message.test(finding.message)), JSON.stringify(found));
  });
}

t.test('sandboxes: what forbids them, for root and for a user, with what to do', async (t) => {
  const found = (changes: Partial<HostFacts>, probes: Partial<Probes> = {}): string[] =>
    judgeSandbox(facts(changes), { ...good, ...probes }).map(({ status, message, remedy = '' }) => {
      t.ok(status === 'ok' || remedy.length > 5, message);
      return `${status} ${message}`;
    });
  t.match(found(root), [/^ok nothing/]);
  t.match(found(user), [/^ok nothing/]);
  const texts = { ...good.texts, maxUserNamespaces: '0', unprivilegedUserNamespaces: '0',
    appArmorRestrictsUserNamespaces: '1' };
  t.match(found(user, { texts, userNamespace: 28 }), [/^problem .*turned off/, /^problem .*root alone/,
    /^problem AppArmor/]);
  t.match(found(root, { texts, userNamespace: 28 }), [/^problem .*turned off/]);
  t.match(found(user, { userNamespace: 1 }), [/^problem .*EPERM/]);
  t.match(found({ ...user, kernel: '5.10.0' }), [/^problem .*5\.10.*overlay/]);
  const closed = { ...v2, v2: { ...v2.v2, writable: false } };
  const noBus = { systemd: { running: true, systemBus: true, userBus: false } };
  t.match(found({ ...user, cgroup: closed }, noBus), [/^warning no cgroup is delegated/]);
  t.match(found({ ...root, cgroup: closed }), [/^problem no cgroup can be made/]);
});
