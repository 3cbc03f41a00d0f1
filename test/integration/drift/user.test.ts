// A container of a user without rights, whose cgroups could not be made: that is no difference.
import { chmodSync, chownSync } from 'node:fs';
import { assert, test } from '../../support/case.ts';

const nobody = 65534;

test('a container of a user is what its configuration says', async (c) => {
  const prefix = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--'];
  const bundle = c.command(['sleep', '1000'], (config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'cgroup');
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = [{ containerID: 0, hostID: nobody, size: 1 }];
    config.linux.gidMappings = config.linux.uidMappings;
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/sys'));
    // The group of terminals is none of the user's: devpts is mounted without it.
    assert.ok(config.mounts.some(({ type, options }) => type === 'devpts' && options?.includes('gid=5')));
    delete config.linux.resources;
  });
  chmodSync(bundle.dir, 0o755);
  const root = c.dir();
  chownSync(root, nobody, nobody);
  const rt = (...args: string[]) => c.rt(['--root', root, ...args], { prefix });
  const id = c.id();
  const started = await rt('run', '--detach', '--bundle', bundle.dir, id);
  assert.equal(started.code, 0, started.stderr);
  const diff = await rt('diff', '--unobserved', id);
  assert.equal(diff.code, 0, diff.stdout + diff.stderr);
  assert.match(diff.stdout, /its creator may have had no right to/);
  assert.equal((await rt('delete', '--force', id)).code, 0);
}, { only: 'veloci', drift: 'its state root is another one' });
