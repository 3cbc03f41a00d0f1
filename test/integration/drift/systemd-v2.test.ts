// diff of a container whose cgroup systemd has made, on a stand-in for it: systemd may attach a device program of its own.
import '../../support/host/v2-alone.ts';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { assert, test } from '../../support/case.ts';
import { listen } from '../../support/host/bus.ts';
import { systemdIsHere } from '../../support/host/bus-here.ts';
import { program } from '../../support/helpers.ts';
import { diff } from './large.ts';

const rules = '/linux/resources/devices';

test('a program of systemd beside the own is no difference, but the lack of the own is', async (c) => {
  mkdirSync('/run/systemd');
  const server = await listen('/run/systemd/private', { StartTransientUnit: { job: 'done' },
    StopUnit: { job: 'done' } });
  c.later(() => {
    server.close();
    rmSync('/run/systemd', { recursive: true });
  });
  const id = c.id();
  const slice = `/sys/fs/cgroup/${c.token}.slice`;
  const scope = `${slice}/veloci-${id}.scope`;
  mkdirSync(scope, { recursive: true });
  c.later(() =>
    execFileSync('find', [slice, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';'], { stdio: 'ignore' })
  );
  const bundle = c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `${c.token}.slice:veloci:${id}`;
  });
  await c.started(bundle, { id, global: ['--systemd-cgroup'] });
  assert.deepEqual((await diff(c, id)).differences, []);
  execFileSync(program('rules'), ['attach', scope]);
  const both = await diff(c, id);
  assert.deepEqual(both.differences, []);
  assert.deepEqual(
    both.unobserved.filter(({ pointer }) => pointer === rules).map(({ reason }) =>
      reason.replace(/[0-9a-f]{16}/, 'TAG')
    ),
    ['beside it there is program TAG, which may be that of systemd'],
  );
  execFileSync(program('rules'), ['detach', scope]);
  assert.deepEqual((await diff(c, id)).differences.map(({ pointer, running }) => [pointer, running]), [[rules,
    'no program']]);
}, { only: 'veloci', skip: systemdIsHere, drift: 'its program was detached' });
