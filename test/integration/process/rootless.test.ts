// A user without rights: id maps by newuidmap and newgidmap (shadow), which give the ranges of /etc/subuid and subgid.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import type { Result } from '../../support/runtime.ts';

const nobody = 65534;
const files = ['/etc/subuid', '/etc/subgid'];
const lacking = ['/usr/bin/newuidmap', '/usr/bin/newgidmap', ...files].find((path) => !existsSync(path));
const skip = lacking === undefined ? false : `this host has no ${lacking}`;

/** Runs as nobody, who may have ids 300000 to 365535, a container with these further ids. */
async function runAs(c: Context, host: number, script: string): Promise<Result> {
  for (const file of files) {
    const own = join(c.dir(), 'ranges');
    writeFileSync(own, 'nobody:300000:65536\n', { mode: 0o644 });
    execFileSync('mount', ['--bind', own, file]);
    c.later(() => {
      execFileSync('umount', ['-l', file]);
    });
  }
  const bundle = c.command(['sh', '-c', script], (config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'cgroup');
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = [{ containerID: 0, hostID: nobody, size: 1 }, { containerID: 1, hostID: host,
      size: 1000 }];
    config.linux.gidMappings = config.linux.uidMappings;
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/sys'));
    delete config.linux.resources;
    const chown = ['CAP_CHOWN'];
    config.process.capabilities = { bounding: chown, permitted: chown, effective: chown };
  });
  chmodSync(bundle.dir, 0o755);
  const root = c.dir();
  chmodSync(root, 0o700);
  chownSync(root, nobody, nobody);
  const prefix = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--'];
  return c.run(bundle, { prefix, global: ['--root', root, '--cgroup-manager', 'disabled'] });
}

test('newuidmap and newgidmap give the ids of /etc/subuid and /etc/subgid', async (c) => {
  const result = await runAs(c, 300000,
    'cat /proc/self/uid_map /proc/self/gid_map; touch /dev/x; chown 5:6 /dev/x; stat -c %u:%g /dev/x');
  assert.equal(result.code, 0, result.stderr);
  const lines = result.stdout.trim().split('\n').map((line) => line.trim().replace(/ +/g, ' '));
  assert.deepEqual(lines, [`0 ${nobody} 1`, '1 300000 1000', `0 ${nobody} 1`, '1 300000 1000', '5:6']);
}, { skip, only: 'veloci' });

test('ids that /etc/subuid does not give are an error that says so', async (c) => {
  const result = await runAs(c, 500000, 'true');
  assert.equal(result.code, 1);
  assert.match(result.stderr, /E0745: .*subuid/);
}, { skip, only: 'veloci' });
