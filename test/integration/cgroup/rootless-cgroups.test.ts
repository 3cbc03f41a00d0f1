// A user who may make no cgroup: what asks for no limit works, the rest says what is lacking.
import { chmodSync, chownSync } from 'node:fs';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { runtimePath } from '../../support/paths.ts';
import { call, type Result } from '../../support/runtime.ts';
import type { Bundle } from '../../support/bundle.ts';

const nobody = 65534;

/** What runs as nobody, and a bundle for it. */
function asNobody(
  c: Context,
  resources: Record<string, unknown>,
): { rt: (...args: string[]) => Promise<Result>; bundle: Bundle; root: string; id: string } {
  const bundle = c.command(['/probe', 'pause'], (config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'cgroup' && type !== 'network');
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = [{ containerID: 0, hostID: nobody, size: 1 }];
    config.linux.gidMappings = config.linux.uidMappings;
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/sys'));
    config.linux.resources = resources;
  });
  chmodSync(bundle.dir, 0o755);
  const root = c.dir();
  chmodSync(root, 0o700);
  chownSync(root, nobody, nobody);
  const id = c.id();
  const prefix = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--'];
  const rt = (...args: string[]): Promise<Result> =>
    c.rt(['--root', root, '--cgroup-manager', 'cgroupfs', ...args], { prefix });
  c.later(async () => {
    await rt('delete', '--force', id);
  });
  return { rt, bundle, root, id };
}

test('zeros are no limits: a user without cgroups runs it, and learns what lacks for the rest', async (c) => {
  const { rt, bundle, id } = asNobody(c, { memory: { limit: 0 }, cpu: { shares: 0 }, pids: { limit: 0 },
    devices: [{ allow: false, access: 'rwm' }] });
  const run = await rt('run', '--detach', '--bundle', bundle.dir, id);
  assert.equal(run.code, 0, run.stderr);
  for (const [code, ...args] of [['E0914', 'pause'], ['E0914', 'update', '--memory', '64m'], ['E0636', 'events',
    '--stats']] as const)
  {
    const result = await rt(...args, id);
    assert.equal(result.code, 1, args[0]);
    assert.match(result.stderr, new RegExp(`${code}.*cgroup.*doctor`), args[0]);
  }
  assert.match((await rt('ps', '--format', 'json', id)).stdout, /^\[\d+\]/);
  assert.equal((await rt('kill', id, 'KILL')).code, 0);
}, { only: 'veloci' });

test('a user who may make no cgroup gets no limit, and is told so', async (c) => {
  const { rt, bundle, id } = asNobody(c, { pids: { limit: 5 } });
  const run = await rt('run', '--detach', '--bundle', bundle.dir, id);
  assert.equal(run.code, 1);
  assert.match(run.stderr, /E0866.*delegated/);
}, { only: 'veloci' });

test('exec without a cgroup of its own stays where it is: of a user', async (c) => {
  const { rt, bundle, id } = asNobody(c, {});
  const run = await rt('run', '--detach', '--bundle', bundle.dir, id);
  assert.equal(run.code, 0, run.stderr);
  const exec = await rt('exec', id, 'echo', 'executed');
  assert.equal(exec.stdout, 'executed\n', exec.stderr);
}, { only: 'veloci' });

test('exec without a cgroup of its own stays where it is: of root of a user namespace, as podman calls it',
  async (c) => {
    const { bundle, root, id } = asNobody(c, {});
    bundle.config.linux.uidMappings = [{ containerID: 0, hostID: 0, size: 1 }];
    bundle.config.linux.gidMappings = bundle.config.linux.uidMappings;
    bundle.write();
    const script = '"$@" run --detach --bundle $B $C </dev/null >/dev/null 2>&1; "$@" exec $C echo executed; s=$?; '
      + '"$@" delete --force $C; exit $s';
    const result = await call(['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--', 'unshare',
      '--user', '--map-root-user', 'sh', '-c', script, 'sh', runtimePath(), '--root', root], {
      env: { PATH: process.env['PATH'] ?? '', B: bundle.dir, C: id },
    });
    assert.equal(result.stdout, 'executed\n', result.stderr);
    assert.equal(result.code, 0, result.stderr);
  }, { only: 'veloci' });
