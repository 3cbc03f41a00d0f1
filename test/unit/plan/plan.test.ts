import t, { type Test } from 'tap';
import type { Spec } from '../../../src/generated/config.ts';
import { encodePlan } from '../../../src/generated/encode.ts';
import type { Operation, Plan } from '../../../src/generated/plan.ts';
import { compileExec } from '../../../src/plan/compile-exec.ts';
import { compile } from '../../../src/plan/compile.ts';
import { explainPlan } from '../../../src/plan/explain.ts';
import { processOfFile, processOfFlags } from '../../../src/plan/exec-process.ts';
import { decodePlan, plainPlan } from '../../support/code/wire.ts';
import { addUser, cgroups, context, defaultConfig, dockerConfig, expected, find, host, names, planOf,
  podmanConfig } from './support.ts';

function spec(config: object): Spec {
  return config as unknown as Spec;
}

const user = (): ReturnType<typeof defaultConfig> => {
  const config = defaultConfig();
  addUser(config);
  config.mounts.push({ destination: '/data', type: 'bind', source: 'data', options: ['rbind', 'ro'] });
  return config;
};

const cases: Readonly<Record<string, () => Plan>> = {
  'default-hybrid': () => compile(spec(defaultConfig()), context()),
  'default-v1': () => compile(spec(defaultConfig()), context({ cgroup: cgroups.v1 })),
  'default-v2': () => compile(spec(defaultConfig()), context({ cgroup: cgroups.v2 })),
  'docker-hybrid': () => compile(spec(dockerConfig()), context()),
  'podman-hybrid': () => compile(spec(podmanConfig()), context({}, { pidFile: '/run/box/pid' })),
  'userns-hybrid': () => compile(spec(user()), context()),
  'userns-v2': () => compile(spec(user()), context({ cgroup: cgroups.v2 })),
  'rootless-v2': () =>
    compile(spec(user()), context({
      cgroup: cgroups.v2,
      euid: 1000,
      egid: 1000,
      user: 'anna',
      rootless: true,
      capabilities: [0, 0],
    })),
  'exec-hybrid': () =>
    compileExec(spec(dockerConfig()), processOfFlags(spec(dockerConfig()), { args: ['ls'], terminal: true }), [],
      'lenient', context()),
};

for (const [name, make] of Object.entries(cases)) {
  t.test(`plan of ${name}`, async (t) => {
    const plan = make();
    const text = explainPlan(plan, (pointer) => pointer);
    t.equal(text, expected(name, text), 'as it was (UPDATE=1 accepts what is new)');
    t.same(decodePlan(encodePlan(plan, host().writer())), plainPlan(plan), 'encodes to what it is');
    t.equal(encodePlan(make(), host().writer()).join(), encodePlan(plan, host().writer()).join(),
      'is the same each time');
    checkOrder(t, plan);
  });
}

/** What must hold in every plan, whatever the configuration. */
function checkOrder(t: Test, plan: Plan): void {
  const init = names(plan.programs.init);
  const before = (a: string, b: string): void => {
    const [x, y] = [init.indexOf(a), init.indexOf(b)];
    if (x >= 0 && y >= 0) t.ok(x < y, `${a} comes before ${b}`);
  };
  t.equal(init.at(-1), 'program.run', 'init ends with the program');
  t.equal(names(plan.programs.stager).at(-1), 'process.clone', 'the stager ends with the clone');
  for (const op of ['root.open', 'mount.fs', 'mount.bind', 'device.node', 'console.open']) before(op, 'root.pivot');
  for (const op of ['hostname.set', 'sysctl.write', 'path.mask', 'path.readonly']) before('root.pivot', op);
  for (const op of ['path.mask', 'path.readonly', 'path.directory', 'mount.attr', 'sysctl.write', 'fd.receive'])
    before(op, 'cwd.enter');
  before('cwd.enter', 'caps.bound');
  before('caps.bound', 'ids.set');
  before('ids.set', 'caps.set');
  before('caps.set', 'privileges.none');
  before('privileges.none', 'program.find');
  const load = init.indexOf('seccomp.load');
  if (load >= 0 && init.includes('privileges.none'))
    t.equal(load, init.length - 2, 'with no_new_privs the filter is last');
  if (load >= 0 && !init.includes('privileges.none'))
    t.ok(
      init.indexOf('ids.set') < load && load < init.indexOf('caps.set'),
      'without, it comes behind the ids, which it may deny, and before the capabilities go',
    );
  const last = Math.max(init.lastIndexOf('fd.receive'), init.lastIndexOf('mount.bind'), init.lastIndexOf('mount.fs'));
  t.ok(last < init.indexOf('cwd.enter'), 'nothing is mounted or received after the working directory is entered');
  t.same(sent(plan.programs.create ?? plan.programs.exec), [...received(plan.programs.stager),
    ...received(plan.programs.init)], 'init receives in the order in which the host sends');
}

function message(operation: Operation, send: boolean): string | undefined {
  if (operation.op === (send ? 'fd.send' : 'fd.receive')) return `fd ${operation.slot}`;
  return operation.op === (send ? 'sync.signal' : 'sync.await') ? operation.point : undefined;
}

function sent(list: readonly Operation[] | undefined): string[] {
  return (list ?? []).flatMap((operation) => message(operation, true) ?? []);
}

function received(list: readonly Operation[] | undefined): string[] {
  return (list ?? []).flatMap((operation) => message(operation, false) ?? []);
}

t.test('hooks are at their points', async (t) => {
  const plan = planOf((config) => {
    const hook = [{ path: '/bin/hook' }];
    config.hooks = {
      prestart: hook,
      createRuntime: hook,
      createContainer: hook,
      startContainer: hook,
      poststart: hook,
      poststop: hook,
    };
  });
  const kinds = (list: readonly Operation[] | undefined): string[] => find(list, 'hook.run').map(({ kind }) => kind);
  t.same(kinds(plan.programs.create), ['prestart', 'createRuntime']);
  t.same(kinds(plan.programs.init), ['createContainer', 'startContainer']);
  t.same(kinds(plan.programs.start), ['poststart']);
  t.same(kinds(plan.programs.delete), ['poststop']);
  const init = names(plan.programs.init);
  t.ok(
    init.indexOf('sync.signal') < init.indexOf('sync.await') && init.indexOf('sync.await') < init.indexOf('hook.run'),
  );
  t.ok(init.indexOf('hook.run') < init.indexOf('root.pivot'), 'createContainer runs before the pivot');
  t.ok(init.lastIndexOf('hook.run') > init.indexOf('start.wait'), 'startContainer waits for start');
  t.equal(names(plan.programs.start)[0], 'process.start', 'poststart comes after the start');
  t.ok(find(plan.programs.delete, 'hook.run')[0]!.warn, 'a failing poststop is a warning');
  checkOrder(t, plan);
});

t.test('seccomp is looked up in the cache', async (t) => {
  const fresh = compile(spec(dockerConfig()), context());
  const [open] = find(fresh.programs.create, 'filter.open');
  t.ok(open!.program !== undefined, 'compiled when it is new');
  const name = `${open!.hash}-${'0'.repeat(64)}`;
  const known = compile(spec(dockerConfig()), context({ seccompCache: [name] }));
  t.same(find(known.programs.create, 'filter.open')[0], { op: 'filter.open', from: '/linux/seccomp', slot: open!.slot,
    hash: name });
  const other = compile(spec(dockerConfig()), context({ arch: 'aarch64', seccompCache: [name] }));
  t.ok(find(other.programs.create, 'filter.open')[0]!.program !== undefined, 'another architecture has another filter');
});

t.test('exec keeps the confinement of the container', async (t) => {
  const own = spec(dockerConfig());
  own.process!.noNewPrivileges = true;
  own.process!.rlimits = [{ type: 'RLIMIT_CORE', soft: 0, hard: 0 }];
  const plain = processOfFile(own, { args: ['sh'], cwd: '/' });
  t.match(plain, { noNewPrivileges: true, capabilities: own.process!.capabilities, rlimits: own.process!.rlimits });
  t.equal(processOfFile(own, { args: ['sh'], cwd: '/', noNewPrivileges: false }).noNewPrivileges, false,
    'unless it says so');
  const more = processOfFlags(own, { args: ['sh'], capabilities: ['CAP_SYS_ADMIN'], user: { uid: 5 },
    additionalGids: [7], env: ['A=1'] });
  t.ok(more.capabilities!.effective!.includes('CAP_SYS_ADMIN'));
  t.notOk(more.capabilities!.inheritable?.includes('CAP_SYS_ADMIN'), '--cap is never inheritable');
  t.notOk(more.capabilities!.ambient?.includes('CAP_SYS_ADMIN'), 'nor ambient');
  t.match(more, { user: { uid: 5, gid: 0, additionalGids: [7] } });
  t.equal(more.env!.at(-1), 'A=1');
  t.notOk(own.process!.env!.includes('A=1'), 'the configuration is as before');
});
