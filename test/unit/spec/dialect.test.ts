// What changes when the command is started as crun: the words and habits that its users rely on.
import { test } from 'tap';
import type { HostFacts, Peer } from '../../../src/generated/protocol.ts';
import { plainHost } from '../../support/code/plain-host.ts';
import { habitsOf } from '../../../src/compat/habits.ts';
import { dialectOf } from '../../../src/spec/dialect.ts';
import { readConfig } from '../../../src/spec/read.ts';
import type { Reading } from '../../../src/spec/read.ts';
import type { Spec } from '../../../src/spec/types.ts';
import type { Plan } from '../../../src/generated/plan.ts';
import { compile } from '../../../src/plan/compile.ts';
import { defaultConfig } from '../../support/spec.ts';
import { noteFound } from '../../support/codes.ts';
import { context, facts, find } from '../plan/support.ts';
import { textOf, validConfig, type Config } from './config.ts';

interface Name {
  readonly peer?: Peer;
}

function readAs({ peer, ...changes }: Name & Partial<HostFacts>, change: (config: Config) => void): Reading<Spec> {
  const config = validConfig();
  change(config);
  const reading = readConfig(new TextEncoder().encode(textOf(config)), plainHost(), 'config.json',
    dialectOf(habitsOf(peer), facts(changes)));
  noteFound(reading.diagnostics);
  return reading;
}

const crun = { peer: 'crun' } as const;

void test('a user namespace without maps is an error, but crun maps the caller', (t) => {
  const bare = (config: Config): void => {
    delete config.linux.uidMappings;
    delete config.linux.gidMappings;
    config.process.user = { uid: 0, gid: 0 };
  };
  t.same(readAs({}, bare).diagnostics.map(({ code }) => code), ['E0427', 'E0427']);
  t.same(readAs({ peer: 'runc' }, bare).diagnostics.map(({ code }) => code), ['E0427', 'E0427']);
  const root = readAs(crun, bare);
  t.same(root.diagnostics, []);
  t.same(root.value?.linux?.uidMappings, [{ containerID: 0, hostID: 0, size: 1 }]);
  t.end();
});

void test('crun puts subordinate ids around the id of the process', (t) => {
  const user = { ...crun, euid: 1000, egid: 1001, rootless: true,
    subids: { uid: [[100000, 65536]], gid: [[200000, 10]] } } as const;
  const { value, diagnostics: found } = readAs(user, (config) => {
    config.linux.uidMappings = [];
    delete config.linux.gidMappings;
    config.process.user = { uid: 7, gid: 20 };
  });
  t.same(value?.linux?.uidMappings, [
    { containerID: 0, hostID: 100000, size: 7 },
    { containerID: 7, hostID: 1000, size: 1 },
    { containerID: 8, hostID: 100007, size: 65529 },
  ]);
  t.same(found, []);
  // Fewer ids than the process needs before its own: the kernel takes the gap.
  t.same(value?.linux?.gidMappings, [{ containerID: 0, hostID: 200000, size: 10 }, { containerID: 20, hostID: 1001,
    size: 1 }]);
  t.end();
});

void test('maps that are given stay, and so does a joined namespace', (t) => {
  const map = [{ containerID: 0, hostID: 5, size: 9 }];
  const given = readAs(crun, (config) => {
    Object.assign(config.linux, { uidMappings: map, gidMappings: map });
    config.process.user = { uid: 0, gid: 0 };
  });
  t.same(given.value?.linux?.gidMappings, map);
  const joined = readAs(crun, (config) => {
    for (const namespace of config.linux.namespaces) if (namespace.type === 'user') namespace.path = '/proc/5/ns/user';
    delete config.linux.uidMappings;
    delete config.linux.gidMappings;
  });
  t.equal(joined.value?.linux?.uidMappings, undefined);
  t.end();
});

void test('crun refuses unknown capabilities', (t) => {
  const capability = (config: Config): void => {
    config.process.capabilities.bounding = ['CAP_CHWON'];
  };
  t.same(readAs({}, capability).diagnostics, []);
  t.match(readAs(crun, capability).diagnostics, [{ code: 'E0494', severity: 'error', hint: /CAP_CHOWN/,
    at: { pointer: '/process/capabilities/bounding/0' } }]);
  t.end();
});

void test('crun has its own words for the times of SCHED_DEADLINE', (t) => {
  const message = (scheduler: object): string | undefined =>
    readAs(crun, (config) => {
      config.process.scheduler = { policy: 'SCHED_DEADLINE', ...scheduler };
    }).diagnostics[0]?.wordings?.['crun'];
  t.equal(message({ deadline: 5000 }), 'sched_setattr: `SCHED_DEADLINE` requires `runtime`');
  t.equal(message({ runtime: 0, deadline: 5000 }), 'sched_setattr: `SCHED_DEADLINE` runtime must be greater than 0');
  t.equal(message({ runtime: 5000, deadline: 4000 }),
    'sched_setattr: `SCHED_DEADLINE` runtime (5000) must be <= deadline (4000)');
  t.equal(message({ runtime: 1023, deadline: 4000 }),
    'sched_setattr: `SCHED_DEADLINE` runtime (1023) must be between 1024 and 9223372036854775808');
  t.end();
});

void test('crun makes a listener whenever somebody waits for one, and owns the group of the streams', (t) => {
  const listening = { seccomp: { defaultAction: 'SCMP_ACT_ALLOW', listenerPath: '/run/agent.sock' } };
  const plan = (name: Name): Plan => {
    const config = defaultConfig();
    Object.assign(config.linux, listening);
    config.process.user = { uid: 3, gid: 4 };
    return compile(config as unknown as Spec, { ...context(), habits: habitsOf(name.peer) });
  };
  t.equal(find(plan({}).programs.create, 'listener.open').length, 0);
  const [open] = find(plan(crun).programs.create, 'listener.open');
  t.match(open?.state[0], /^\{"ociVersion":"0\.2\.0",/);
  t.match(find(plan(crun).programs.init, 'seccomp.load'), [{ flags: 12 }]);
  t.match(find(plan({}).programs.init, 'stdio.own'), [{ uid: 3, gid: undefined }]);
  t.match(find(plan(crun).programs.init, 'stdio.own'), [{ uid: 3, gid: 4 }]);
  t.end();
});

void test('crun runs createContainer hooks in the bundle, and passes over mount labels without SELinux', (t) => {
  const config = defaultConfig();
  config.hooks = { createContainer: [{ path: '/bin/true' }] };
  config.linux['mountLabel'] = 'system_u:object_r:container_file_t:s0';
  const plan = (name: Name): Plan => compile(config as unknown as Spec, { ...context(), habits: habitsOf(name.peer) });
  t.throws(() => plan({}), /SELinux/);
  t.match(find(plan(crun).programs.init, 'hook.run'), [{ cwd: '/bundle' }]);
  delete config.linux['mountLabel'];
  t.match(find(plan({}).programs.init, 'hook.run'), [{ cwd: '/bundle/rootfs' }]);
  t.end();
});

void test('crun has a file that tells its readers where the container is', (t) => {
  const plan = (name: Name): Plan =>
    compile(defaultConfig() as unknown as Spec, { ...context(), habits: habitsOf(name.peer) });
  t.match(find(plan({}).programs.create, 'state.write'), [{ status: undefined }]);
  const [{ status = [] } = {}] = find(plan(crun).programs.create, 'state.write');
  const text = `${status.map((part) => (typeof part === 'string' ? part : part.hole === 'pid' ? '7' : 'x')).join('')}}`;
  t.match(JSON.parse(text), { pid: 7, bundle: '/bundle', rootfs: '/bundle/rootfs', created: 'x', owner: 'root',
    detached: true });
  t.end();
});
