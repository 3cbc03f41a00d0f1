// State directories that builds of every form have left (test/fixtures/state): this version lists, states, signals, pauses
// and deletes them. Their processes are stand-ins, which the records are told.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Runtime } from '../../../src/index.ts';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { isAlive } from '../../support/host/alive.ts';
import { repository } from '../../support/paths.ts';

/** Names of the fixtures, and the form of their records. */
const forms = { 'form1-first': 1, 'form1-last': 1, 'form2-first': 2 };
const id = 'kept';

/** The cgroups of a record: mount points and paths (native/record/record.h). */
function cgroupsOf(record: Buffer): string[] {
  const texts = record.subarray(848, 848 + record.readUInt32LE(844)).toString().split('\0');
  let path = '';
  return Array.from({ length: record.readUInt32LE(840) }, (_, i) => {
    path = texts[2 * i + 1] === '/' ? path : texts[2 * i + 1]!;
    return join(texts[2 * i]!, path);
  });
}

/** FNV-1a of the boot id, as records name the boot. */
function bootMark(): bigint {
  const text = readFileSync('/proc/sys/kernel/random/boot_id').subarray(0, 36);
  return text.reduce((mark, byte) => BigInt.asUintN(64, (mark ^ BigInt(byte)) * 0x100000001b3n), 0xcbf29ce484222325n);
}

/** Unpacks a directory and puts a process in the place of its init, in the cgroups that this host has, too. */
function unpack(c: Context, name: string): { pid: number; cgroups: string[] } {
  const folder = join(c.root, id);
  mkdirSync(folder, { mode: 0o700 });
  execFileSync('tar', ['-xzf', join(repository, 'test/fixtures/state', `${name}.tgz`), '-C', folder]);
  const { child } = c.beginProgram(['sleep', '1000']);
  const pid = child.pid!;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const record = readFileSync(join(folder, 'record'));
  const cgroups: string[] = [];
  for (const [place, path] of cgroupsOf(record).entries()) {
    if (!existsSync(join(path, '../cgroup.procs'))) continue;
    mkdirSync(path);
    cgroups.push(path);
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (existsSync(join(path, file))) writeFileSync(join(path, file), readFileSync(join(path, '..', file)));
    }
    writeFileSync(join(path, 'cgroup.procs'), String(pid));
    const { ino } = JSON.parse(execFileSync('stat', ['-c', '{"ino":%i}', path], { encoding: 'utf8' })) as {
      ino: number;
    };
    if (record.readUInt32LE(8) >= 2) record.writeBigUInt64LE(BigInt(ino), 4104 + 8 * place);
  }
  record.writeInt32LE(pid, 16);
  record.writeBigUInt64LE(BigInt(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!), 24);
  record.writeBigUInt64LE(bootMark(), 40);
  writeFileSync(join(folder, 'record'), record);
  c.later(() => cgroups.filter((path) => existsSync(path)).forEach((path) => rmdirSync(path)));
  return { pid, cgroups };
}

for (const [name, form] of Object.entries(forms)) {
  test(`a state directory of ${name}`, async (c) => {
    const { pid, cgroups } = unpack(c, name);
    assert.equal(readFileSync(join(c.root, id, 'record')).readUInt32LE(8), form);
    const state = JSON.parse((await c.rt(['state', id])).stdout) as Record<string, unknown>;
    assert.deepEqual([state['status'], state['pid'], state['bundle']], ['running', pid, '/tmp/bundle']);
    const library = new Runtime({ root: c.root });
    assert.deepEqual(library.state(id), state);
    assert.deepEqual(JSON.parse((await c.rt(['list', '--format', 'json'])).stdout), library.list());
    assert.equal(library.list().length, 1);
    assert.deepEqual(JSON.parse((await c.rt(['ps', '--format', 'json', id])).stdout), [pid]);
    if (cgroups.some((path) => existsSync(join(path, 'freezer.state')) || existsSync(join(path, 'cgroup.freeze')))) {
      const paused = await c.rt(['pause', id]);
      assert.equal(paused.code, 0, paused.stderr);
      assert.equal(library.state(id)?.status, 'paused');
      assert.equal((await c.rt(['resume', id])).code, 0);
    }
    assert.equal((await c.rt(['delete', id])).code, 1, 'it runs');
    const waiter = c.begin(['wait', id]);
    assert.equal((await c.rt(['kill', id, 'KILL'])).code, 0);
    for (let i = 0; i < 1000 && isAlive(pid); i++) await sleep(10);
    assert.match((await waiter.done).stdout, /^(137|unknown)\n$/);
    assert.equal(library.state(id)?.status, 'stopped');
    const deleted = await c.rt(['delete', id]);
    assert.equal(deleted.code, 0, deleted.stderr);
    assert.ok(!existsSync(join(c.root, id)), 'its directory is gone');
    assert.deepEqual(cgroups.filter((path) => existsSync(path)), [], 'its cgroups are gone');
  }, { only: 'veloci' });

  test(`delete --force of a state directory of ${name}`, async (c) => {
    const { pid, cgroups } = unpack(c, name);
    const deleted = await c.rt(['delete', '--force', id]);
    assert.equal(deleted.code, 0, deleted.stderr);
    for (let i = 0; i < 1000 && isAlive(pid); i++) await sleep(10);
    assert.ok(!isAlive(pid), 'its process has ended');
    assert.deepEqual(cgroups.filter((path) => existsSync(path)), [], 'its cgroups are gone');
  }, { only: 'veloci' });
}
