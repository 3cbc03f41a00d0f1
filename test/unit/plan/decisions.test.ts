// What native code once decided by itself is a field of the plan.
import t from 'tap';
import type { Spec } from '../../../src/generated/config.ts';
import type { HostFacts } from '../../../src/generated/protocol.ts';
import { compileExec } from '../../../src/plan/compile-exec.ts';
import { addUser, cgroups, context, defaultConfig, find, planOf } from './support.ts';

const every = 0x70 | 1 | 2 | 4 | 8 | 16 | 32 | 128 | 2097152;

t.test('attributes that the kernel has locked stay where a user namespace does not own the mount, and nowhere else', (t) => {
  const lockedOf = (user: boolean, changes: Partial<HostFacts> = {}): (number | undefined)[] => {
    const { init } = planOf((config) => {
      if (user) addUser(config);
      config.mounts = [
        { destination: '/a', source: '/src', options: ['bind', 'rw'] },
        { destination: '/a', type: 'none', options: ['remount', 'bind', 'rw'] },
      ];
    }, changes).programs;
    return [find(init, 'mount.bind'), find(init, 'mount.attr')].map((found) =>
      found.find(({ target }) => target === '/a')?.locked
    );
  };
  t.same(lockedOf(false), [0, 0]);
  t.same(lockedOf(true), [every, every]);
  t.same(lockedOf(false, { userNamespace: true }), [every, every], 'of the caller');
  t.end();
});

t.test('a tmpfs takes the mode of what it covers, unless it has one', (t) => {
  const takes = (type: string, ...options: string[]): boolean =>
    find(planOf((config) => {
      config.mounts = [{ destination: '/a', type, source: type, options }];
    }).programs.init, 'mount.fs').find(({ target }) => target === '/a')!.coveredMode;
  t.ok(takes('tmpfs', 'size=1k'));
  t.notOk(takes('tmpfs', 'mode=755'));
  t.notOk(takes('ramfs'));
  t.end();
});

t.test('a chroot hides what is mounted of the host, unless that would go from the host, too', (t) => {
  const pivot = (noPivot: boolean, propagation?: string): unknown =>
    find(planOf((config) => {
      if (propagation !== undefined) config.linux['rootfsPropagation'] = propagation;
    }, {}, { noPivot }).programs.init, 'root.pivot')[0];
  t.match(pivot(false), { chroot: false, private: false, hide: false });
  t.match(pivot(false, 'shared'), { chroot: false, private: false, hide: false });
  t.match(pivot(true), { chroot: true, private: false, hide: true });
  t.match(pivot(true, 'slave'), { chroot: true, private: false, hide: true });
  t.match(pivot(true, 'shared'), { chroot: true, private: true, hide: false });
  t.end();
});

t.test('exec stays outside of the cgroup that a user may not join, when no limit is asked for', (t) => {
  const stayOn = (changes: Partial<HostFacts>, asked: readonly string[] = [], move: 'strict' | 'lenient' = 'lenient') =>
    find(compileExec(defaultConfig() as unknown as Spec, { cwd: '/', args: ['a'] }, asked, move, context(changes))
      .programs.stager, 'process.clone')[0]!.stayOn;
  const user = { rootless: true, euid: 1000, cgroup: cgroups.v2 };
  t.same(stayOn(user), [13, 1]);
  t.same(stayOn(user, [], 'strict'), []);
  t.same(stayOn(user, ['sub']), []);
  t.same(stayOn({ rootless: true, cgroup: cgroups.v2 }), [13, 1], 'root of a user namespace');
  t.same(stayOn({}), []);
  t.end();
});
