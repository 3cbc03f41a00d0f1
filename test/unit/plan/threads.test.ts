// cgroup v2: which controllers cgroups beside processes of the one above may have.
import t from 'tap';
import { cgroups, find, planOf } from './support.ts';

t.test('what processes above may keep, threaded cgroups have unless a limit needs another controller', async (t) => {
  const threads = (resources: Record<string, unknown>, options = ['ro']): readonly string[] => {
    const plan = planOf((config) => {
      config.linux.resources = resources;
      config.mounts.push({ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options });
    }, { cgroup: cgroups.v2 });
    return find(plan.programs.create, 'cgroup.create').flatMap((operation) => operation.threads);
  };
  t.same(threads({ pids: { limit: 5 } }), ['cpuset', 'cpu', 'pids']);
  t.same(threads({ cpu: { shares: 100 } }), ['cpuset', 'cpu', 'pids']);
  t.same(threads({ pids: { limit: 5 }, memory: { limit: 1 << 20 } }), []);
  t.same(threads({ devices: [{ allow: false }] }), ['cpuset', 'cpu', 'pids'], 'a later update may set a limit');
  t.same(threads({ devices: [{ allow: false }] }, []), [], 'it may make cgroups below, of any kind');
  t.same(threads({ pids: { limit: 5 } }, []), ['cpuset', 'cpu', 'pids']);
});
