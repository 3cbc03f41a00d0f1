// config-linux.md, "Cgroup ownership" and what else needs a host with cgroup v2 alone.
import '../../test/support/host/v2-alone.ts';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../test/support/case.ts';
import type { Context } from '../../test/support/context.ts';
import type { Config } from '../../test/support/spec.ts';
import { refused, put } from '../support/refused.ts';

const base = 100000;
const listed = '/sys/kernel/cgroup/delegate';
const fallback = ['cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads'];
const noPrograms = { peer: 'crun 1.8.1', why: 'wants CAP_SYS_RESOURCE for its device program' };
const peers = [noPrograms, { peer: 'runc 1.1.5', why: 'hands nothing over in a user namespace' }];

/** Owner of the container's cgroup, as ".", and of each of its files, by the name of the file. */
async function owners(c: Context, change: (config: Config) => void): Promise<Record<string, number>> {
  const { id, pid, code, stderr } = await c.create(c.command(['/probe', 'pause'], change));
  assert.equal(code, 0, stderr);
  const line = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n').find((text) => text.startsWith('0::')) ?? '';
  assert.ok(line.includes(id), line);
  const folder = join('/sys/fs/cgroup', id);
  return Object.fromEntries(['.', ...readdirSync(folder)].map((name) => [name, statSync(join(folder, name)).uid]));
}

/** A user namespace, a cgroup namespace, and a cgroup mount with these options. */
function delegated(options: string[] = ['nosuid', 'noexec', 'nodev', 'relatime']): (config: Config) => void {
  return (config) => {
    config.linux.namespaces.push({ type: 'user' });
    if (!config.linux.namespaces.some(({ type }) => type === 'cgroup'))
      config.linux.namespaces.push({ type: 'cgroup' });
    config.linux.uidMappings = [{ containerID: 0, hostID: base, size: 65536 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: base, size: 65536 }];
    config.mounts = config.mounts.filter(({ destination }) => destination !== '/sys/fs/cgroup');
    config.mounts.push({ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options });
  };
}

function changed(of: Record<string, number>): string[] {
  return Object.keys(of).filter((name) => of[name] !== 0).sort();
}

test(
  "a writable cgroup mount: the directory and the files of the kernel's list belong to the user of the process, no others",
  async (c) => {
    const names = existsSync(listed) ? readFileSync(listed, 'utf8').trim().split('\n') : fallback;
    for (const uid of [0, 7]) {
      const found = await owners(c, (config) => {
        delegated()(config);
        config.process.user.uid = uid;
      });
      assert.deepEqual(changed(found), ['.', ...names].filter((name) => name in found).sort());
      for (const name of changed(found)) assert.equal(found[name], base + uid, name);
    }
  },
  { peers },
);

test('the container can make cgroups of its own then', async (c) => {
  assert.equal(
    await c.sh('mkdir /sys/fs/cgroup/own && echo $$ >/sys/fs/cgroup/own/cgroup.procs && grep ^0: /proc/self/cgroup',
      delegated()),
    '0::/own\n',
  );
}, { peers });

test("without the kernel's list three files are handed over", async (c) => {
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/sys/kernel/cgroup']);
  c.later(() => {
    execFileSync('umount', ['-l', '/sys/kernel/cgroup']);
  });
  const found = await owners(c, (config) => {
    delegated()(config);
    // A user namespace may not mount a sysfs that shows more than the host's.
    for (const mount of config.mounts)
      if (mount.destination === '/sys') Object.assign(mount, { type: 'tmpfs', source: 'tmpfs', options: [] });
  });
  assert.deepEqual(changed(found), ['.', ...fallback]);
}, { peers, skip: existsSync('/sys/kernel/cgroup') ? false : 'there is no folder to hide here' });

for (const [name, change] of [
  ['the cgroup mount is read-only', delegated(['nosuid', 'ro'])],
  ['there is no cgroup mount', (config: Config) => {
    delegated()(config);
    config.mounts.pop();
  }],
  ['there is no cgroup namespace of its own', (config: Config) => {
    delegated()(config);
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'cgroup');
  }],
] as const) {
  test(`the owner stays when ${name}`, async (c) => {
    assert.deepEqual(changed(await owners(c, change)), []);
  }, { peers: [noPrograms] });
}

test('unified keys are written, known to the runtime or not', async (c) => {
  const unified = { 'cgroup.max.depth': '3', 'cgroup.max.descendants': '17' };
  const { id } = await c.started(c.command(['/probe', 'pause'], (config) => {
    config.linux.resources = { unified };
  }));
  for (const [file, value] of Object.entries(unified))
    assert.equal(readFileSync(join('/sys/fs/cgroup', id, file), 'utf8').trim(), value);
});

/** Files of a controller each, with a value that is not the kernel's own. */
const limits: readonly (readonly [controller: string, file: string, value: string])[] = [
  ['memory', 'memory.high', '50331648'],
  ['pids', 'pids.max', '55'],
  ['cpu', 'cpu.weight', '77'],
  ['hugetlb', 'hugetlb.2MB.max', '4194304'],
];
const available = readFileSync('/sys/fs/cgroup/cgroup.controllers', 'utf8').trim().split(' ');
const own = limits.filter(([name]) => available.includes(name));

test('the controllers of unified keys are switched on, in a cgroup that is new as in those above it', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${c.token}-new/above/container`;
    config.linux.resources = { unified: Object.fromEntries(own.map(([, file, value]) => [file, value])) };
  }));
  const folder = `/sys/fs/cgroup/${c.token}-new/above/container`;
  const enabled = readFileSync(join(folder, 'cgroup.controllers'), 'utf8').trim().split(' ');
  for (const [controller, file, value] of own) {
    assert.ok(enabled.includes(controller), enabled.join());
    assert.equal(readFileSync(join(folder, file), 'utf8').trim(), value, file);
  }
  await c.destroy(id);
}, { skip: own.length > 0 ? false : 'no controller is left for cgroup v2 here',
  peers: [noPrograms, { peer: 'runc 1.1.5', why: 'leaves the parents' }] });

refused('a unified key of a controller that does not exist', 'linux/resources/unified/nosuch.max',
  (config) => put(config, 'linux/resources/unified', { 'nosuch.max': '1' }));

for (const [property, value] of [
  ['memory/swappiness', 10],
  ['memory/disableOOMKiller', true],
  ['cpu/realtimeRuntime', 10000],
  ['cpu/realtimePeriod', 500000],
  ['blockIO/leafWeight', 300],
  ['network/classID', 1],
  ['network/priorities', [{ name: 'lo', priority: 1 }]],
] as const) {
  refused(`${property.replace('/', '.')}, which cgroup v2 cannot do`, `linux/resources/${property}`, (config) =>
    put(config, `linux/resources/${property}`, value));
}
