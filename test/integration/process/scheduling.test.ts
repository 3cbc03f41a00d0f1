// Scheduler, I/O priority, CPU affinity of exec, memory policy, personality: as the kernel reports them from inside.
import { existsSync, readFileSync } from 'node:fs';
import { arch } from 'node:os';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import type { Facts } from '../../support/facts.ts';
import { giveRealTime, noRealTime } from '../../support/host/real-time.ts';
import type { Config } from '../../support/spec.ts';

const oldRunc = { peer: 'runc 1.1.5', why: 'it does not know the property yet' };
const oldCrun = { peer: 'crun 1.8.1', why: 'it does not know the property yet' };

const isRealTime = (policy: unknown): boolean => policy === 'SCHED_FIFO' || policy === 'SCHED_RR';

function scheduled(scheduler: Record<string, unknown>): (config: Config) => void {
  return (config) => {
    config.process['scheduler'] = scheduler;
    if (isRealTime(scheduler['policy'])) giveRealTime(config);
  };
}

for (const [policy, number, extra] of [
  ['SCHED_OTHER', 0, { nice: 5 }],
  ['SCHED_OTHER', 0, { nice: -7 }],
  ['SCHED_BATCH', 3, { nice: 3 }],
  ['SCHED_IDLE', 5, {}],
  ['SCHED_FIFO', 1, { priority: 20 }],
  ['SCHED_RR', 2, { priority: 99 }],
] as const) {
  test(`scheduler: ${policy} ${JSON.stringify(extra)}`, async (c) => {
    const { sched } = await c.probe(scheduled({ policy, ...extra }));
    assert.equal(sched.policy, number);
    if ('nice' in extra) assert.equal(sched.nice, extra.nice);
    if ('priority' in extra) assert.equal(sched.priority, extra.priority);
  }, { skip: isRealTime(policy) && noRealTime(), peers: [oldRunc, oldCrun] });
}

test('scheduler: SCHED_DEADLINE with its parameters and flags', async (c) => {
  const { sched } = await c.probe(scheduled({
    policy: 'SCHED_DEADLINE',
    runtime: 1_000_000,
    deadline: 20_000_000,
    period: 100_000_000,
    flags: ['SCHED_FLAG_RESET_ON_FORK', 'SCHED_FLAG_DL_OVERRUN', 'SCHED_FLAG_RECLAIM'],
  }));
  assert.deepEqual(sched, { policy: 6, flags: 7, nice: 0, priority: 0, runtime: 1_000_000, deadline: 20_000_000,
    period: 100_000_000 });
}, { peers: [oldRunc, oldCrun] });

test('scheduler: RESET_ON_FORK is a flag of the process', async (c) => {
  const { sched } = await c.probe(
    scheduled({ policy: 'SCHED_FIFO', priority: 3, flags: ['SCHED_FLAG_RESET_ON_FORK'] }),
  );
  assert.equal(sched.flags & 1, 1);
}, { skip: noRealTime(), peers: [oldRunc, oldCrun] });

test("scheduler and ioPriority need the caller's rights, also in a user namespace", async (c) => {
  const facts = await c.probe((config) => {
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
    giveRealTime(config);
    config.process['scheduler'] = { policy: 'SCHED_RR', priority: 4 };
    config.process['ioPriority'] = { class: 'IOPRIO_CLASS_RT', priority: 1 };
  });
  assert.equal(facts.sched.policy, 2);
  assert.equal(facts.sched.priority, 4);
  assert.deepEqual(facts.ioprio, [1, 1]);
}, {
  skip: noRealTime(),
  peers: [oldRunc, { peer: 'crun 1.8.1', why: 'it sets them inside of the user namespace, where the kernel refuses' }],
});

for (const [scheduler, text] of [
  [{ policy: 'SCHED_DEADLINE', runtime: 100, deadline: 2000 }, /runtime.*1024/],
  [{ policy: 'SCHED_DEADLINE', runtime: 3000, deadline: 2000 }, /deadline.*runtime/],
  [{ policy: 'SCHED_DEADLINE', runtime: 2000, deadline: 3000, period: 2500 }, /period.*deadline/],
  [{ policy: 'SCHED_FIFO' }, /priority.*1 to 99/],
  [{ policy: 'SCHED_FIFO', priority: 100 }, /priority.*1 to 99/],
  [{ policy: 'SCHED_OTHER', nice: 20 }, /nice.*-20 to 19/],
  [{ policy: 'SCHED_OTHER', priority: 3 }, /priority/],
  [{ policy: 'SCHED_RR', priority: 1, runtime: 5 }, /runtime/],
  [{ policy: 'SCHED_ISO' }, /SCHED_ISO/],
] as const) {
  test(`scheduler: ${JSON.stringify(scheduler)} is refused in words`, async (c) => {
    const result = await c.run(c.command(['/probe'], scheduled(scheduler)));
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, text);
  }, { only: 'veloci' });
}

for (const [name, number] of [['IOPRIO_CLASS_RT', 1], ['IOPRIO_CLASS_BE', 2], ['IOPRIO_CLASS_IDLE', 3]] as const) {
  test(`ioPriority: ${name}`, async (c) => {
    const { ioprio } = await c.probe((config) => {
      config.process['ioPriority'] = { class: name, priority: 6 };
    });
    assert.deepEqual(ioprio, [number, 6]);
  }, { peers: [oldRunc, oldCrun] });
}

async function exec(c: Context, id: string, process: Record<string, unknown>): Promise<Facts> {
  const result = await c.rt(['exec', '--process', '/dev/stdin', id], {
    input: JSON.stringify({ args: ['/probe'], cwd: '/', user: { uid: 0, gid: 0 }, ...process }),
  });
  assert.equal(result.code, 0, result.stderr);
  return JSON.parse(result.stdout) as Facts;
}

const processors = readFileSync('/proc/cpuinfo', 'utf8').split('\n').filter((line) => /^processor\s/.test(line)).length;

test('execCPUAffinity: final is what the further process gets, initial alone stays', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause'], (config) => {
    config.process['execCPUAffinity'] = { initial: '0', final: `${processors - 1}` };
  }));
  assert.deepEqual((await exec(c, id, {})).cpus, [processors - 1]);
  assert.deepEqual((await exec(c, id, { execCPUAffinity: { final: `0-${processors - 1}, 2000` } })).cpus.length,
    processors);
  assert.deepEqual((await exec(c, id, { execCPUAffinity: { initial: '0' } })).cpus, [0]);
}, { peers: [oldRunc, oldCrun] });

test("execCPUAffinity: the container's own process is not bound by it", async (c) => {
  const { cpus } = await c.probe((config) => {
    config.process['execCPUAffinity'] = { initial: '0', final: '0' };
  });
  assert.equal(cpus.length, processors);
});

test('execCPUAffinity: what is no list, or names no processor, is refused in words', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  for (const [final, text] of [['5-3', /list/], ['60000', /processors/]] as const) {
    const result = await c.rt(['exec', '--process', '/dev/stdin', id], {
      input: JSON.stringify({ args: ['/probe'], cwd: '/', execCPUAffinity: { final } }),
    });
    assert.equal(result.code, 255);
    assert.match(result.stderr, text);
  }
}, { only: 'veloci' });

test("exec: scheduler and I/O priority are the process file's, else the container's", async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause'], (config) => {
    giveRealTime(config);
    config.process['scheduler'] = { policy: 'SCHED_BATCH', nice: 4 };
    config.process['ioPriority'] = { class: 'IOPRIO_CLASS_BE', priority: 2 };
  }));
  const own = await exec(c, id, {});
  assert.deepEqual([own.sched.policy, own.sched.nice, ...own.ioprio], [3, 4, 2, 2]);
  const other = await exec(c, id, { scheduler: { policy: 'SCHED_FIFO', priority: 9 },
    ioPriority: { class: 'IOPRIO_CLASS_IDLE' } });
  assert.deepEqual([other.sched.policy, other.sched.priority, ...other.ioprio], [1, 9, 3, 0]);
}, { skip: noRealTime(), peers: [oldRunc, oldCrun] });

const numa = existsSync('/sys/devices/system/node/node0') ? false : 'this kernel has no NUMA nodes';

for (const [policy, expected] of [
  [{ mode: 'MPOL_BIND', nodes: '0' }, [2, 1]],
  [{ mode: 'MPOL_INTERLEAVE', nodes: '0', flags: ['MPOL_F_STATIC_NODES'] }, [3 | 0x8000, 1]],
  [{ mode: 'MPOL_PREFERRED', nodes: '0' }, [1, 1]],
  [{ mode: 'MPOL_PREFERRED_MANY', nodes: '0', flags: ['MPOL_F_RELATIVE_NODES'] }, [5 | 0x4000, 1]],
  [{ mode: 'MPOL_BIND', nodes: '0', flags: ['MPOL_F_NUMA_BALANCING'] }, [2 | 0x2000, 1]],
  [{ mode: 'MPOL_WEIGHTED_INTERLEAVE', nodes: '0' }, [6, 1]],
  [{ mode: 'MPOL_LOCAL' }, [4, 0]],
  [{ mode: 'MPOL_DEFAULT' }, [0, 0]],
] as const) {
  test(`memoryPolicy: ${JSON.stringify(policy)}`, async (c) => {
    const { mempolicy } = await c.probe((config) => {
      config.linux['memoryPolicy'] = policy;
    });
    assert.deepEqual(mempolicy, expected);
  }, { skip: numa, peers: [oldRunc, oldCrun] });
}

test('memoryPolicy: modes without their nodes, with too many, or on nodes that do not exist', async (c) => {
  for (const [policy, text] of [
    [{ mode: 'MPOL_BIND' }, /needs at least one node/],
    [{ mode: 'MPOL_LOCAL', nodes: '0' }, /takes no nodes/],
    [{ mode: 'MPOL_BIND', nodes: '1-' }, /list/],
    [{ mode: 'MPOL_BIND', nodes: '999' }, /memory polic/],
  ] as const) {
    const result = await c.run(c.command(['/probe'], (config) => {
      config.linux['memoryPolicy'] = policy;
    }));
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, text);
  }
}, { only: 'veloci' });

test('personality: LINUX32 says that the machine is a 32-bit one', async (c) => {
  const facts = await c.probe((config) => {
    config.linux['personality'] = { domain: 'LINUX32' };
  });
  assert.equal(facts.personality & 0xff, 8);
  if (arch() === 'x64')
    assert.equal((await c.sh('uname -m', (config) => {
      config.linux['personality'] = { domain: 'LINUX32' };
    })).trim(), 'i686');
  assert.equal((await c.probe((config) => {
    config.linux['personality'] = { domain: 'LINUX' };
  })).personality & 0xff, 0);
}, { peers: [{ peer: 'runc 1.1.5', why: 'it does not know the property yet' }] });

test('personality: a flag is refused, since none is defined', async (c) => {
  const result = await c.run(c.command(['/probe'], (config) => {
    config.linux['personality'] = { domain: 'LINUX', flags: ['X'] };
  }));
  assert.notEqual(result.code, 0);
}, { peers: [{ peer: 'crun 1.8.1', why: 'it ignores it' }, oldRunc] });
