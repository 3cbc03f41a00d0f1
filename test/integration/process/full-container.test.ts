// A container that has as many processes as it may have can be looked into.
import { existsSync, readFileSync } from 'node:fs';
import { assert, test, unified } from '../../support/case.ts';
import type { Config } from '../../support/spec.ts';

const missing = unified
  ? !readFileSync('/sys/fs/cgroup/cgroup.controllers', 'utf8').includes('pids')
  : !existsSync('/sys/fs/cgroup/pids/tasks');

const full = (limit: number) => (config: Config): void => {
  config.linux.resources = { ...config.linux.resources, pids: { limit } };
};

for (const [what, change] of [['', () => {}], [' with a user namespace', (config: Config): void => {
  config.linux.namespaces.push({ type: 'user' });
  config.linux.uidMappings = config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
}]] as const) {
  test(`exec into a full container${what}`, async (c) => {
    const { id } = await c.started(c.command(['/probe', 'child', '2'], (config) => {
      full(3)(config);
      change(config);
    }));
    for (let i = 0; i < 5; i++) {
      const result = await c.rt(['exec', id, '/probe', 'exit', '7']);
      assert.equal(result.code, 7, result.stderr);
    }
    const inside = await c.rt(['exec', id, 'cat', '/proc/self/cgroup']);
    assert.equal(inside.code, 0, inside.stderr);
    assert.doesNotMatch(inside.stdout, /\.\./, 'in the cgroups of the container');
  }, { skip: missing ? 'there is no controller of processes' : false });
}
