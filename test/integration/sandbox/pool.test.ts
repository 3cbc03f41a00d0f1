// Containers that wait for their program, the check of a host, and what the audit says of a sandbox.
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Runtime, Sandbox, VelociError, type SandboxCheck, type SandboxOptions } from '../../../src/index.ts';
import { hostFacts } from '../../../src/host/node.ts';
import { checkHost } from '../../../src/sandbox/check.ts';
import { sandboxConfig } from '../../../src/sandbox/config.ts';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { busyboxRootfs } from '../../support/helpers.ts';
import { runtimePath } from '../../support/paths.ts';
import { user } from './scene.ts';

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
  const values: Readonly<Record<string, string>> = { '/proc/sys/user/max_user_namespaces': '0',
    '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1' };
  const asked = async (rootless: boolean, known: typeof values): Promise<string[]> => {
    const refused = (): Promise<never> =>
      Promise.reject(new VelociError('refused', { code: 'E0001', hint: 'allow it' }));
    const { works, obstacles } = await checkHost(refused, { ...hostFacts(), rootless }, (path) => known[path]);
    assert.equal(works, false);
    return obstacles.map(({ severity, remedy }) => `${severity} ${remedy.split(' ')[0]}`);
  };
  assert.deepEqual(await asked(true, values), ['fatal run', 'fatal give']);
  assert.deepEqual(await asked(false, values), ['fatal run']);
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

test('doctor --sandbox says what check does, to root and to a user', async (c) => {
  const place = c.dir();
  chmodSync(place, 0o755);
  const state = join(place, 'state');
  mkdirSync(state, { mode: 0o700 });
  chownSync(state, user, user);
  const program = `const { Sandbox } = await import(process.argv[1]);
    console.log(JSON.stringify(await Sandbox.check({ root: process.argv[2], command: process.argv[3] })))`;
  const asUser = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--'];
  const index = new URL('../../../src/index.js', import.meta.url).href;
  for (const [prefix, root] of [[['env'], c.root], [asUser, state]] as const) {
    const output = (args: readonly string[]): string =>
      spawnSync(prefix[0]!, [...prefix.slice(1), ...args], { encoding: 'utf8' }).stdout;
    const check = JSON.parse(
      output([process.execPath, '--input-type=module', '-e', program, index, root, runtimePath()]),
    ) as SandboxCheck;
    const { ok, findings } = JSON.parse(output([runtimePath(), '--root', root, 'doctor', '--sandbox', '--json'])) as {
      ok: boolean;
      findings: { area: string; status: string; message: string; remedy?: string }[];
    };
    assert.equal(ok, check.works);
    assert.deepEqual(
      findings.filter(({ status }) => status !== 'ok').map(({ message, remedy }) => ({ message, remedy })),
      check.obstacles.map(({ message, remedy }) => ({ message, remedy })),
    );
    assert.equal(findings.length, Math.max(1, check.obstacles.length));
  }
}, only);
