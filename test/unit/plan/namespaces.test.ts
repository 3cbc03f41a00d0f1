import t from 'tap';
import type { Spec } from '../../../src/generated/config.ts';
import { NamespaceFlag, SignalReachFlag } from '../../../src/generated/plan.ts';
import type { Plan } from '../../../src/generated/plan.ts';
import { compileExec } from '../../../src/plan/compile-exec.ts';
import { addUser, cgroups, context, defaultConfig, find, names, planOf } from './support.ts';
import { type Config, dockerConfig } from '../../support/spec.ts';

const { mount, pid, network, ipc, uts, user, cgroup, time } = NamespaceFlag;

const joining = (...types: string[]) => (config: Config): void => {
  config.linux.namespaces = types.map((type) => ({ type, path: `/proc/9/ns/${type}` }));
};

t.test('new namespaces', async (t) => {
  const plan = planOf((config) => {
    config.linux.namespaces.push({ type: 'time' });
  });
  const [clone] = find(plan.programs.stager, 'process.clone');
  t.equal(clone!.types, mount | pid | network | ipc | uts, 'in one clone');
  t.same(find(plan.programs.stager, 'namespace.unshare').map(({ types }) => types), [time], 'time for the next child');
  t.same(find(plan.programs.init, 'namespace.unshare').map(({ types }) => types), [cgroup],
    'cgroup when init is in its cgroup');
  const order = names(plan.programs.init);
  t.equal(order[0], 'cgroup.join', 'after the clone: what its namespaces need is not memory of the container');
  t.equal(order.indexOf('namespace.unshare'), order.lastIndexOf('cgroup.join') + 1);
  t.ok(names(plan.programs.init).includes('net.up'));
  const host = planOf((config) => {
    config.linux.namespaces = [{ type: 'mount' }];
  });
  t.equal(find(host.programs.stager, 'process.clone')[0]!.types, mount);
  t.notOk(names(host.programs.init).includes('net.up'), "the host's loopback is not touched");
});

t.test('joined namespaces', async (t) => {
  const order = (plan: ReturnType<typeof planOf>): number[] =>
    find(plan.programs.stager, 'namespace.join').map(({ type }) => type);
  const all = joining('mount', 'user', 'network', 'ipc', 'uts');
  t.same(order(planOf(all)), [ipc, uts, network, user, mount], 'with rights the user namespace comes after the others');
  t.same(order(planOf(all, { capabilities: [0, 0], rootless: true, euid: 1000, cgroup: cgroups.v2 })), [user, ipc, uts,
    network, mount], 'without, its rights are needed for the others');
  const plan = planOf(all);
  t.equal(find(plan.programs.stager, 'process.clone')[0]!.types, 0);
  const stager = names(plan.programs.stager);
  t.ok(stager.lastIndexOf('cgroup.join') < stager.indexOf('namespace.join'),
    "cgroups are joined with the host's rights and paths");
  t.match(plan.programs.stager!.find(({ op }) => op === 'alt'), { try: { op: 'ids.root', setgroups: true },
    onErrno: [1], else: { setgroups: false } });
  const reach = ({ programs }: Plan): number => find(programs.kill, 'process.signal')[0]!.reach;
  t.ok(reach(plan) & SignalReachFlag.kill, "SIGKILL reaches the cgroup when the pid namespace is another's");
  t.equal(reach(planOf(() => {})), SignalReachFlag.all | SignalReachFlag.orphans);
  t.ok(names(plan.programs.delete).includes('cgroup.kill'));
  t.notOk(names(planOf(() => {}).programs.delete).includes('cgroup.kill'), 'its own ends with init');
});

t.test("another container's pid namespace is entered by the last process alone", async (t) => {
  const shared = (...types: string[]) => (config: Config): void => {
    joining('pid', 'ipc')(config);
    for (const type of types) config.linux.namespaces.push({ type });
    config.linux.resources = { pids: { limit: 1 } };
    config.hooks = { createContainer: [{ path: '/hook' }], createRuntime: [{ path: '/hook' }] };
  };
  const plan = planOf(shared('mount', 'network', 'cgroup'));
  t.notOk(names(plan.programs.stager).some((op) => op.startsWith('namespace.')), 'the stager makes init outside of it');
  t.equal(find(plan.programs.stager, 'process.clone')[0]!.types, 0);
  t.same(find(plan.programs.init, 'namespace.join').map(({ type, slot }) => [type, slot]), [[ipc, undefined], [pid,
    8]]);
  t.same(find(plan.programs.init, 'namespace.unshare').map(({ types }) => types), [mount | network, cgroup]);
  t.same(find(plan.programs.init, 'namespace.enter'), [{ op: 'namespace.enter', from: '/linux/namespaces/0', slot: 8,
    types: pid }]);
  t.equal(find(plan.programs.init, 'mount.fs').find(({ type }) => type === 'proc')!.pids, 8);
  const init = names(plan.programs.init);
  const inOrder = (list: string[], ...ops: string[]): void => {
    const places = ops.map((op) => list.lastIndexOf(op));
    t.same(places, places.slice().sort((a, b) => a - b), ops.join());
    t.notOk(places.includes(-1));
  };
  inOrder(init, 'hook.run', 'root.pivot', 'namespace.enter', 'caps.set', 'program.find', 'process.enter', 'start.wait',
    'program.run');
  const host = plan.programs.create!;
  const limit = host.findIndex((op) => op.op === 'cgroup.write' && op.file === 'pids.max');
  const awaited = host.map(({ op }) => op).lastIndexOf('process.await');
  t.ok(limit > awaited, 'the limit is for the process that stays');
  t.ok(host.findIndex(({ op }) => op === 'state.write') > awaited, 'and so is the pid');
  const mapped = names(planOf((config) => {
    shared('mount')(config);
    addUser(config);
  }).programs.init);
  inOrder(mapped, 'namespace.join', 'namespace.enter', 'sync.await', 'process.enter');
  t.ok(mapped.indexOf('namespace.enter') < mapped.indexOf('ids.root'),
    'from a new user namespace it could not be joined');
});

t.test('a new user namespace', async (t) => {
  const mixed = (config: Config): void => {
    addUser(config);
    config.linux.namespaces.push({ type: 'network', path: '/n' });
    config.linux.namespaces = config.linux.namespaces.filter(({ type, path }) =>
      type !== 'network' || path !== undefined
    );
  };
  const plan = planOf(mixed, { cgroup: cgroups.v2 });
  t.same(names(plan.programs.stager).filter((op) => !op.startsWith('rlimit')), [
    'cgroup.join',
    'cpu.affinity',
    'namespace.join',
    'namespace.unshare',
    'sync.signal',
    'sync.await',
    'ids.root',
    'process.clone',
  ], "what is the host's comes before it");
  t.ok(names(plan.programs.stager).includes('rlimit.set'), "limits are raised with the host's rights");
  t.notOk(names(plan.programs.init).includes('rlimit.set'));
  t.equal(find(plan.programs.stager, 'process.clone')[0]!.types & user, 0);
  t.equal(find(plan.programs.stager, 'process.clone')[0]!.cgroup, undefined,
    'no clone into the cgroup: the cloner is another user');
  t.match(find(plan.programs.create, 'process.ids')[0], {
    uidMap: '0 100000 65536\n',
    gidMap: '0 100000 65536\n',
    denySetgroups: false,
    helpers: false,
    from: '/linux/uidMappings',
  });
  const plain = planOf(() => {}, { cgroup: cgroups.v2 });
  t.ok(find(plain.programs.stager, 'process.clone')[0]!.cgroup !== undefined,
    'without one init is cloned into its cgroup');
});

t.test('a cgroup namespace of others is joined after the cgroup', async (t) => {
  const plan = planOf((config) => {
    config.linux.namespaces = [{ type: 'mount' }, { type: 'cgroup', path: '/proc/7/ns/cgroup' }];
  }, { cgroup: cgroups.v2 });
  const stager = names(plan.programs.stager);
  t.ok(stager.indexOf('cgroup.join') < stager.indexOf('namespace.join') && stager.includes('cgroup.join'));
  t.equal(find(plan.programs.stager, 'process.clone')[0]!.cgroup, undefined,
    'no clone from inside into a cgroup outside');
});

t.test('id maps without rights', async (t) => {
  const caller = { euid: 1000, egid: 1000, rootless: true, capabilities: [0, 0] as const, cgroup: cgroups.v2 };
  const many = planOf(addUser, caller);
  t.match(find(many.programs.create, 'process.ids')[0], { helpers: true, denySetgroups: false },
    "newuidmap for more than one's own");
  const own = planOf((config) => {
    addUser(config);
    config.linux.uidMappings = [{ containerID: 0, hostID: 1000, size: 1 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 1000, size: 1 }];
  }, caller);
  t.match(find(own.programs.create, 'process.ids')[0], { helpers: false, denySetgroups: true });
  t.match(find(own.programs.stager, 'ids.root')[0], { setgroups: false });
  t.match(find(own.programs.init, 'ids.set')[0], { setgroups: false });
  t.match(own.programs.create!.find(({ op }) => op === 'alt'), { try: { op: 'cgroup.create' }, onErrno: [1, 13, 30] },
    'cgroups are optional');
  const limited = planOf((config) => {
    addUser(config);
    config.linux.resources = { pids: { limit: 5 } };
  }, caller);
  t.equal(limited.programs.create!.find(({ op }) => op === 'alt'), undefined, 'but not when a limit is asked for');
});

t.test('exec enters what differs from the host', async (t) => {
  const config = defaultConfig();
  config.linux.namespaces = [{ type: 'mount' }, { type: 'pid' }, { type: 'network', path: '/n' }];
  const plan = compileExec(config as unknown as Spec, { args: ['sh'], cwd: '/' }, [], 'lenient', context());
  t.equal(find(plan.programs.init, 'namespace.enter')[0]!.types, mount | pid | network);
  t.equal(find(plan.programs.stager, 'process.clone')[0]!.types, 0);
  t.notOk(names(plan.programs.init).includes('ids.root'), 'no user namespace, no change of user');
  addUser(config);
  const mapped = compileExec(config as unknown as Spec, { args: ['sh'], cwd: '/' }, [], 'lenient', context());
  t.ok(names(mapped.programs.init).includes('ids.root'));
});

t.test('what the container can see of an exec is born with all that the program will be', async (t) => {
  const order = (seccomp: object | undefined, noNewPrivileges: boolean): string[] => {
    const config = defaultConfig();
    Object.assign(config.linux, { seccomp });
    const plan = compileExec(config as unknown as Spec, { args: ['sh'], cwd: '/', noNewPrivileges }, [], 'lenient',
      context());
    return plan.programs.init!.flatMap((op) => {
      if (op.op === 'seccomp.load' && op.pass) return ['seccomp.load, pass'];
      return ['process.enter', 'seccomp.load', 'caps.set', 'program.run'].includes(op.op) ? [op.op] : [];
    });
  };
  const profile = (...syscalls: object[]): object => ({ defaultAction: 'SCMP_ACT_ERRNO', syscalls });
  const calls = 'sendmsg recvmsg futex exit_group setsid ioctl getpid close madvise read execve'.split(' ');
  const allowed = { names: calls, action: 'SCMP_ACT_ALLOW' };
  const masked = (valueTwo: number): object => ({
    names: ['clone'],
    action: 'SCMP_ACT_ALLOW',
    args: [{ index: 0, value: 0x7e020000, valueTwo, op: 'SCMP_CMP_MASKED_EQ' }],
  });
  const last = ['caps.set', 'process.enter', 'program.run'];
  t.same(order(undefined, true), last);
  for (const filter of [{ defaultAction: 'SCMP_ACT_ALLOW' },
    profile(allowed, { names: ['clone'], action: 'SCMP_ACT_LOG' }), profile(allowed, masked(0)),
    dockerConfig().linux.seccomp as object])
  {
    t.same(order(filter, true), ['caps.set', 'seccomp.load', ...last.slice(1)]);
    t.same(order(filter, false), ['seccomp.load', ...last], 'loading takes a capability');
  }
  const notify = { names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' };
  for (const filter of [profile(allowed), profile(allowed, masked(0x1000)), profile(masked(0)), {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['setsid'], action: 'SCMP_ACT_ERRNO' }],
  }, { defaultAction: 'SCMP_ACT_ALLOW', listenerPath: '/l', syscalls: [notify] }]) {
    t.same(order(filter, true), ['caps.set', 'seccomp.load, pass', ...last.slice(1)], 'what the filter forbids passes');
    t.same(order(filter, false), ['seccomp.load, pass', ...last]);
  }
});

t.test('capabilities', async (t) => {
  const sets = (list: string[], changes: object): unknown => {
    const plan = planOf((config) => {
      config.process.capabilities = { bounding: list, permitted: list, effective: list, inheritable: list,
        ambient: list };
    }, changes);
    const { bounding } = find(plan.programs.init, 'caps.bound')[0]!;
    const { effective, permitted, inheritable, ambient } = find(plan.programs.init, 'caps.set')[0]!;
    return [bounding, permitted, effective, inheritable, ambient];
  };
  const both = ['CAP_CHOWN', 'CAP_CHECKPOINT_RESTORE', 'CAP_NOPE'];
  const bits = 1 + 2 ** 40;
  t.same(sets(both, {}), [bits, bits, bits, bits, bits]);
  t.same(sets(both, { lastCap: 39 }), [1, 1, 1, 1, 1], 'none that the kernel does not know');
  t.same(sets(['CAP_CHOWN', 'CAP_SETFCAP'], { capabilities: [-2147483648, 0] }), new Array(5).fill(2147483648),
    'none that the caller does not have');
  const ambient = planOf((config) => {
    config.process.capabilities = {
      bounding: ['CAP_KILL'],
      permitted: ['CAP_KILL', 'CAP_CHOWN'],
      effective: ['CAP_KILL', 'CAP_FOWNER'],
      inheritable: ['CAP_KILL', 'CAP_CHOWN'],
      ambient: ['CAP_KILL', 'CAP_CHOWN'],
    };
  });
  t.match(find(ambient.programs.init, 'caps.set')[0], { permitted: 33, effective: 32, inheritable: 32, ambient: 32 },
    'only what the kernel takes');
});

t.test('environment and descriptors', async (t) => {
  const plan = planOf((config) => {
    config.process.env = ['A=1', 'PATH=/a', 'A=2', 'B', 'PATH=/b'];
  }, { listenFds: 2 }, { preserveFds: 1 });
  t.match(find(plan.programs.init, 'process.env')[0], { env: ['A=2', 'PATH=/b', 'B', 'LISTEN_FDS=2'], home: true });
  t.match(find(plan.programs.init, 'program.find')[0], { path: '/b' });
  t.match(find(plan.programs.init, 'program.run')[0], { preserve: 3, listenPid: true });
  const home = planOf((config) => {
    config.process.env = ['HOME=/root'];
  });
  t.match(find(home.programs.init, 'process.env')[0], { home: false });
  t.match(find(home.programs.init, 'program.find')[0], { path: '/bin:/usr/bin' });
});
