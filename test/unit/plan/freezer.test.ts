// By which cgroup a container is frozen: one answer for every operation and for the record.
import t from 'tap';
import type { Spec } from '../../../src/generated/config.ts';
import type { Freezer, FreezerVersion } from '../../../src/generated/plan.ts';
import type { CgroupFacts } from '../../../src/generated/protocol.ts';
import { compileExec } from '../../../src/plan/compile-exec.ts';
import { cgroups, context, defaultConfig, find, planOf } from './support.ts';

t.test('one cgroup freezes a container, for every command', (t) => {
  const v1Only = (...controllers: string[]): CgroupFacts => ({ mode: 'v1', v2: null,
    v1: ['devices', ...controllers].map((own) => ({ controllers: own, mount: `/hierarchies/${own}`, path: '/' })) });
  const freezersOf = (cgroup: CgroupFacts): unknown[] => {
    const { programs } = planOf((config) => {
      config.linux.namespaces = [{ type: 'mount' }];
    }, { cgroup });
    return [
      find(programs.create, 'state.record')[0]!.freezer,
      find(programs.kill, 'process.signal')[0]!.freezer,
      find(programs.delete, 'process.end')[0]!.freezer,
      find(programs.delete, 'cgroup.kill')[0]!.freezer,
      ...[programs.pause, programs.resume].map((program) => {
        const [freeze] = find(program, 'cgroup.freeze');
        return freeze === undefined ? undefined : { dir: freeze.dir, version: freeze.version };
      }),
    ];
  };
  const all = (mount: string, path: string, version: FreezerVersion): Freezer[] =>
    Array<Freezer>(6).fill({ dir: { mount, path }, version });
  t.same(freezersOf(cgroups.hybrid), all('/sys/fs/cgroup/freezer', 'box', 'v1'));
  t.same(freezersOf(cgroups.v2), all('/sys/fs/cgroup', 'user.slice/box', 'v2'));
  t.same(freezersOf(v1Only('memory', 'cpu,freezer')), all('/hierarchies/cpu,freezer', 'box', 'v1'), 'not by the name');
  t.same(freezersOf(v1Only('memory', 'name=freezers')), Array(6).fill(undefined), 'a name that only begins so');
  t.same(freezersOf({ ...v1Only('memory'), mode: 'hybrid', v2: { mount: '/unified', path: '/', controllers: [] } }),
    all('/unified', 'box', 'v2'), 'v2 beside a v1 without freezer');
  const follow = find(
    compileExec(defaultConfig() as unknown as Spec, { cwd: '/', args: ['a'] }, [], 'lenient', context()).programs
      .stager,
    'cgroup.follow',
  )[0]!;
  t.same(follow.mounts.map(({ mount, freezer }) => [mount.split('/').at(-1), freezer]).filter(([, freezer]) => freezer),
    [['freezer', 'v1'], ['unified', 'v2']], 'exec keeps out of what is frozen in either');
  t.end();
});
