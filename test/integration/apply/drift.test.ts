// apply where somebody else has changed something: --repair, update before it, and --watch.
import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test, unified } from '../../support/case.ts';
import { diff } from '../drift/large.ts';
import { fine, pids, pidsOf, run, scene, setPids } from './scene.ts';

test('--repair brings back what was applied', async (c) => {
  const s = scene(c);
  const o = await run(c, s);
  setPids(s, 90);
  writeFileSync(unified ? `/sys/fs/cgroup/${s.id}/pids.max` : `/sys/fs/cgroup/pids/${s.id}/pids.max`, '33');
  execFileSync('nsenter', ['-t', String(o.pid), '-n', '-i', '-u', 'sh', '-c',
    'echo 0 > /proc/sys/net/ipv4/ip_forward; hostname other']);
  execFileSync('nsenter', ['-t', String(o.pid), '-m', '-p', '--', '/bin/sh', '-ec',
    'umount /data; rm /dev/fuse; mount -o remount,bind,ro /work']);
  writeFileSync(`/proc/${o.pid}/oom_score_adj`, '800');
  if (!unified) writeFileSync(`/sys/fs/cgroup/devices/${s.id}/devices.deny`, 'c 10:229 rw');
  const dry = await c.rt(['apply', '--repair', '--dry-run', s.id]);
  assert.equal(dry.code, 2);
  assert.match(dry.stdout, /changed by somebody else/);
  fine(await c.rt(['apply', '--repair', s.id]));
  assert.equal(pidsOf(o), '64');
  assert.equal(o.sysctl('net/ipv4/ip_forward'), '1');
  assert.equal(o.sysctl('kernel/hostname'), 'declared');
  assert.equal(o.proc('oom_score_adj'), '321');
  assert.equal(o.mounts('/data'), 1);
  assert.match(o.mount('/work'), /^rw/);
  assert.equal(o.node('/dev/fuse'), 'c 10:229 640 5:6');
  if (!unified) assert.match(o.cgroup('devices', 'devices.list'), /c 10:229 rw/);
  assert.deepEqual((await diff(c, s.id, '--applied')).differences, []);
  assert.equal(fine(await c.rt(['apply', '--repair', s.id])).stdout, 'nothing to do\n');
  assert.equal((await c.rt(['apply', '--dry-run', s.id])).code, 2);
}, { only: 'veloci' });

test('update is a short form: what it changes is applied', async (c) => {
  const s = scene(c);
  const o = await run(c, s);
  fine(await c.rt(['update', '--pids-limit', '44', s.id]));
  assert.deepEqual((await diff(c, s.id, '--applied')).differences, []);
  const dry = await c.rt(['apply', '--dry-run', '--json', s.id]);
  const { changes } = JSON.parse(dry.stdout) as { changes: { pointer: string; change: string }[] };
  assert.deepEqual(changes.map(({ pointer, change }) => [pointer, change]), [[pids, 'live']]);
  fine(await c.rt(['apply', s.id]));
  assert.equal(pidsOf(o), '64');
}, { only: 'veloci' });

test('--watch applies each change of the file', async (c) => {
  const s = scene(c);
  const o = await run(c, s);
  const watch = c.begin(['apply', '--watch', s.id]);
  const until = async (what: string, is: () => boolean): Promise<void> => {
    for (let i = 0; i < 200 && !is(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(is(), what);
  };
  await new Promise((resolve) => setTimeout(resolve, 500));
  setPids(s, 91);
  await until('written', () => pidsOf(o) === '91');
  s.bundle.write('{');
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(pidsOf(o), '91');
  // As editors do it.
  const path = join(s.bundle.dir, 'config.json');
  (s.config.linux.resources as { pids: { limit: number } }).pids.limit = 92;
  writeFileSync(`${path}.new`, JSON.stringify(s.config, null, 2));
  renameSync(`${path}.new`, path);
  await until('renamed', () => pidsOf(o) === '92');
  watch.child.kill('SIGTERM');
  const result = await watch.done;
  assert.equal(result.code, 0);
  assert.match(result.stderr, /config\.json/);
  assert.ok(existsSync(path));
}, { only: 'veloci' });
