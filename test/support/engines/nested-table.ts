// The cases of containers in containers: depth, namespaces, privileges.
import { existsSync, readFileSync } from 'node:fs';
import { assert, test, unified } from '../case.ts';
import { type Nesting, runNested } from './nested.ts';

/** Declares them for the cgroups that this process sees. */
export function nestedTable(): void {
  const pids = unified
    ? / pids/.test(readFileSync('/sys/fs/cgroup/cgroup.controllers', 'utf8'))
    : existsSync('/sys/fs/cgroup/pids/tasks');
  const limits = ['LIMITS=yes', ...(pids ? ['PIDS=yes'] : [])];

  const works = (name: string, nesting: Nesting, env: readonly string[]): void => {
    const cgroups = nesting.cgroupNamespace ? 'with' : 'without';
    test(`${name}, depth ${nesting.depth}, ${cgroups} cgroup namespaces`, async (c) => {
      const result = await runNested(c, nesting, env);
      assert.equal(result.stdout, 'done\n', result.stderr);
      assert.equal(result.code, 0, result.stderr);
    }, { only: 'veloci' });
  };
  for (const depth of [1, 2, 3]) {
    for (const cgroupNamespace of [true, false]) {
      works('privileged', { depth, cgroupNamespace }, limits);
      works('in a user namespace', { depth, cgroupNamespace, userNamespace: true }, []);
    }
  }

  test('without privileges: refused in words', async (c) => {
    const result = await runNested(c, { depth: 1, cgroupNamespace: true, privileged: false }, []);
    assert.match(result.stdout, /^depth 1: run: error: E0588: .*CAP_SYS_ADMIN/);
    assert.equal(result.code, 1);
  }, { only: 'veloci' });
}
