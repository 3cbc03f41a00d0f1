// Processes that do not end or thaw: on cgroup v1 alone, where no cgroup.kill of v2 reaches what a signal does not.
import '../../support/host/v1-alone.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test, unified } from '../../support/case.ts';
import { injecting } from '../../support/failing.ts';
import { timeScale } from '../../support/paths.ts';

// Both wait for 10 s, and so at the same time.
test('processes that do not end or thaw in time: E0631, E0851', async (c) => {
  const top = '/sys/fs/cgroup/freezer';
  const [hanging, frozen] = [await c.started(c.command(['/probe', 'pause'])), { id: c.id() }];
  const above = `${c.token}-above`;
  const bundle = c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${above}/${frozen.id}`;
  });
  await c.started(bundle, { id: frozen.id });
  const set = (state: string): void => writeFileSync(join(top, above, 'freezer.state'), state);
  set('FROZEN');
  const results = await Promise.all([
    c.rt(['delete', '--force', hanging.id], { prefix: injecting(['pidfd_send_signal:error=EPERM']),
      timeLimit: 60_000 }),
    c.rt(['resume', frozen.id]),
  ]);
  set('THAWED');
  for (const [index, message] of [/E0631: processes of container .* still alive 10 s after SIGKILL/,
    /E0851: .*\(ETIMEDOUT, step wait\)/].entries())
  {
    assert.equal(results[index]!.code, 1);
    assert.match(results[index]!.stderr, message);
    // All waiting of a command is within one limit.
    const { ms } = results[index]!;
    assert.ok(ms > 9_900 && ms < 13_000 * timeScale, `${ms} ms`);
  }
  assert.equal((await c.state(frozen.id))['status'], 'running');
}, { only: 'veloci', skip: unified ? 'the freezer of cgroup v1' : false });
