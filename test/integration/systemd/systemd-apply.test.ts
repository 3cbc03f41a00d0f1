// apply where systemd is the manager of cgroups, as root and as a user: the kernel and the unit both have the new values, also after a
// reload; a refused value leaves both as they were; what systemd has dropped is brought back.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bundle, call, callAsUser, hierarchy, pathOf, pidOf, readBack, reason, runtime, setUp, show, test, unified,
  unitOf, type As } from '../../support/host/systemd.ts';
import type { Config } from '../../support/spec.ts';

const memoryFile = unified ? 'memory.max' : 'memory.limit_in_bytes';

function suite(as: As): void {
  const begin = (id: string): { dir: string; change: (change: (config: Config) => void) => void } => {
    const dir = bundle(as, (config) => {
      config.hostname = 'first';
      config.process.oomScoreAdj = 300;
      config.linux.resources = { memory: { limit: 64 << 20 }, pids: { limit: 77 },
        cpu: { quota: 50000, period: 100000 } };
    });
    const started = runtime(as, ['--systemd-cgroup', 'run', '--detach', '--bundle', dir, id]);
    assert.equal(started.code, 0, started.stderr);
    return { dir, change: (change) => {
      const file = join(dir, 'config.json');
      const config = JSON.parse(readFileSync(file, 'utf8')) as Config;
      change(config);
      writeFileSync(file, JSON.stringify(config));
    } };
  };
  const reload = (): void => {
    if (as === 'root') call('systemctl', ['daemon-reload']);
    else callAsUser(['systemctl', '--user', 'daemon-reload']);
  };
  const same = (id: string, ...flags: string[]): void => {
    const { code, stdout, stderr } = runtime(as, ['diff', ...flags, id]);
    assert.equal(code, 0, stdout + stderr);
  };
  const hostname = (id: string): string =>
    call('nsenter', ['-t', String(pidOf(as, id)), '-u', 'hostname']).stdout.trim();

  test(`${as}: apply changes kernel and unit, and a second one has nothing to do`, (id) => {
    const { change } = begin(id);
    same(id);
    change((config) => {
      const { memory, pids, cpu } = config.linux.resources as Record<string, Record<string, number>>;
      memory!['limit'] = 48 << 20;
      pids!['limit'] = 55;
      cpu!['quota'] = 30000;
      config.hostname = 'second';
    });
    const dry = runtime(as, ['apply', '--dry-run', id]);
    assert.equal(dry.code, 2, dry.stdout + dry.stderr);
    const applied = runtime(as, ['apply', id]);
    assert.equal(applied.code, 0, applied.stdout + applied.stderr);
    const files = { [memoryFile]: String(48 << 20), 'pids.max': '55' };
    assert.deepEqual(readBack(as, id, files), files);
    assert.equal(show(as, unitOf(id), 'TasksMax'), '55');
    assert.equal(show(as, unitOf(id), unified ? 'MemoryMax' : 'MemoryLimit'), String(48 << 20));
    assert.equal(hostname(id), 'second');
    reload();
    same(id);
    assert.equal(runtime(as, ['apply', id]).stdout, 'nothing to do\n');
    assert.equal(runtime(as, ['delete', '--force', id]).code, 0);
  });

  test(`${as}: a refused value leaves kernel and unit as they were`, (id) => {
    const { change } = begin(id);
    change((config) => {
      const resources = config.linux.resources as Record<string, Record<string, unknown>>;
      resources['pids']!['limit'] = 44;
      if (unified) resources['unified'] = { 'cpu.weight': '99999' };
      else resources['cpu']!['cpus'] = '4000';
      config.hostname = 'refused';
      config.process.oomScoreAdj = 400;
    });
    const applied = runtime(as, ['apply', id]);
    assert.equal(applied.code, 1, applied.stdout);
    assert.match(applied.stderr, /config\.json:\d+:\d+ \(\/linux\/resources/);
    const files = { [memoryFile]: String(64 << 20), 'pids.max': '77' };
    assert.deepEqual(readBack(as, id, files), files);
    assert.equal(show(as, unitOf(id), 'TasksMax'), '77');
    assert.equal(hostname(id), 'first');
    same(id, '--applied');
    reload();
    same(id, '--applied');
    assert.equal(runtime(as, ['delete', '--force', id]).code, 0);
  });

  test(`${as}: a failure inside the container leaves kernel and unit as they were`, (id) => {
    const { change } = begin(id);
    change((config) => {
      (config.linux.resources as Record<string, Record<string, unknown>>)['pids']!['limit'] = 44;
      config.hostname = 'refused';
      config.mounts!.push({ destination: '/late', type: 'tmpfs', source: 'tmpfs', options: ['size=many'] });
    });
    const applied = runtime(as, ['apply', id]);
    assert.equal(applied.code, 1, applied.stdout);
    assert.match(applied.stderr, /config\.json:\d+:\d+ \(\/mounts/);
    assert.deepEqual(readBack(as, id, { 'pids.max': '' }), { 'pids.max': '77' });
    assert.equal(show(as, unitOf(id), 'TasksMax'), '77');
    assert.equal(hostname(id), 'first');
    same(id, '--applied');
    assert.equal(runtime(as, ['delete', '--force', id]).code, 0);
  });

  test(`${as}: --repair brings back what somebody has changed`, (id) => {
    begin(id);
    const file = join(hierarchy('pids'), pathOf(as, id), 'pids.max');
    writeFileSync(file, '11');
    assert.equal(runtime(as, ['diff', id]).code, 2);
    const repaired = runtime(as, ['apply', '--repair', id]);
    assert.equal(repaired.code, 0, repaired.stdout + repaired.stderr);
    assert.equal(readFileSync(file, 'utf8').trim(), '77');
    same(id);
    assert.equal(runtime(as, ['delete', '--force', id]).code, 0);
  });
}

if (reason !== undefined) t.pass(`not run: ${reason}`, { skip: reason });
else {
  t.setTimeout(2000_000);
  setUp();
  suite('root');
  if (unified) suite('user');
}
