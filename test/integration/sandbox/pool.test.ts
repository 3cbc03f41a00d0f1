// Containers that wait for their program, the check of a host, and what the audit says of a sandbox.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Runtime, Sandbox, VelociError, type SandboxOptions } from '../../../src/index.ts';
import { hostFacts } from '../../../src/host/node.ts';
import { checkHost } from '../../../src/sandbox/check.ts';
import { sandboxConfig } from '../../../src/sandbox/config.ts';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { busyboxRootfs } from '../../support/helpers.ts';
import { runtimePath } from '../../support/paths.ts';

const only = { only: 'veloci' } as const;

const optionsOf = (c: Context): SandboxOptions => ({ rootfs: busyboxRootfs(), root: c.root, command: runtimePath(),
  name: c.id() });

test('pool: every run has a container of its own; dead ones are not lent; nothing is left', async (c) => {
  const options = optionsOf(c);
  const box = await Sandbox.open(options);
  const pool = await box.pool({ size: 3, args: ['sh', '-c', 'cat in; echo $A; ls; touch left'], env: { A: 'b' } });
  const runtime = new Runtime({ root: c.root, command: runtimePath() });
  const waiting = (): string[] => runtime.list().filter(({ status }) => status === 'created').map(({ id }) => id);
  const before = waiting();
  assert.equal(before.length, 3);
  const one = await pool.run({ files: { in: 'first\n' } });
  assert.equal(String(one.stdout), 'first\nb\nin\n');
  await runtime.get(waiting()[0]!).kill('KILL');
  const results = await Promise.all([1, 2, 3, 4, 5, 6].map((i) => pool.run({ files: { in: `${i}\n` } })));
  assert.deepEqual(results.map(({ stdout, reason }) => `${reason} ${String(stdout)}`),
    [1, 2, 3, 4, 5, 6].map((i) => `exited ${i}\nb\nin\n`));
  await assert.rejects(box.pool({ size: 2, args: ['no-such'] }), { code: 'E0732' });
  await box.close();
  assert.deepEqual(runtime.list(), []);
  await assert.rejects(pool.run(), /closed/);
  await assert.rejects(box.run(['true']), /closed/);
}, only);

test('close ends what runs, and waits for it', async (c) => {
  const box = await Sandbox.open(optionsOf(c));
  const running = box.run(['sleep', '1000'], { timeout: '1h' });
  await new Promise((resolve) => setTimeout(resolve, 300));
  await box.close();
  assert.equal((await running).reason, 'aborted');
}, only);

test('check says what a host lacks, with a remedy', async (c) => {
  const found = await Sandbox.check({ root: c.root, command: runtimePath() });
  assert.deepEqual([found.works, found.obstacles, found.limits?.memory.by], [true, [], 'cgroup']);
  const broken = await Sandbox.check({ root: c.root, command: '/no/veloci' }).catch((error: unknown) => error);
  assert.ok(broken instanceof Error);
  const values: Readonly<Record<string, number>> = { '/proc/sys/user/max_user_namespaces': 0,
    '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': 1 };
  const asked = async (rootless: boolean, known: typeof values): Promise<string[]> => {
    const refused = (): Promise<never> =>
      Promise.reject(new VelociError('refused', { code: 'E0001', hint: 'allow it' }));
    const { works, obstacles } = await checkHost(refused, { ...hostFacts(), rootless }, (path) => known[path]);
    assert.equal(works, false);
    return obstacles.map(({ severity, remedy }) => `${severity} ${remedy.split(' ')[0]}`);
  };
  assert.deepEqual(await asked(true, values), ['fatal sysctl', 'fatal give']);
  assert.deepEqual(await asked(false, values), ['fatal sysctl']);
  assert.deepEqual(await asked(true, {}), ['fatal allow']);
}, only);

test('audit finds nothing in the configuration of a sandbox', async (c) => {
  const dir = c.dir();
  mkdirSync(join(dir, 'rootfs'));
  const ids = { uid: 0x7000_0000, gid: 0x7000_0000, count: 65536 };
  const config = sandboxConfig({ rootfs: join(dir, 'rootfs'), layers: [], means: 'cgroup', ids, facts: hostFacts(),
    work: '/work', kills: false, sizes: { memory: 1 << 26, cpus: 1, processes: 10, disk: 1 << 20, inodes: 100 } }, {
    args: ['sh'],
    env: ['PATH=/bin'],
    cwd: '/work',
  });
  writeFileSync(join(dir, 'config.json'), JSON.stringify(config));
  const result = await c.rt(['audit', '--bundle', dir, '--json']);
  const { counts, accepted } = JSON.parse(result.stdout) as { counts: object; accepted: number };
  assert.deepEqual([...Object.values(counts), accepted], [0, 0, 0, 0, 0, 1], 'one that the cgroup makes up for');
  await assert.rejects(Sandbox.open({ ...optionsOf(c), rootfs: '/' }), /root of the host/);
}, only);
