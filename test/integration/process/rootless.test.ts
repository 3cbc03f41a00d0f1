// A user without rights: id maps by newuidmap and newgidmap (shadow), which give the ranges of /etc/subuid and subgid.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { timeScale } from '../../support/paths.ts';
import type { Call, Result } from '../../support/runtime.ts';

const nobody = 65534;
const files = ['/etc/subuid', '/etc/subgid'];
const lacking = ['/usr/bin/newuidmap', '/usr/bin/newgidmap', ...files].find((path) => !existsSync(path));
const skip = lacking === undefined ? false : `this host has no ${lacking}`;

/** As nobody, who may have ids 300000 to 365535, a container with these further ids. */
function beginAs(c: Context, host: number, script: string): Call {
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
  const args = ['--root', root, '--cgroup-manager', 'disabled', 'run', '--bundle', bundle.dir, c.id()];
  return c.begin(args, { prefix, timeLimit: 30_000 });
}

const runAs = (c: Context, host: number, script: string): Promise<Result> => beginAs(c, host, script).done;

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

/** A newuidmap that hangs, with the rights of the real one: its arguments are numbers of seconds for sleep(1). */
function hang(c: Context): void {
  const program = join(c.dir(), 'newuidmap'), real = '/usr/bin/newuidmap';
  execFileSync('install', ['-m', '4755', '/bin/sleep', program]);
  execFileSync('mount', ['--bind', program, real]);
  c.later(() => {
    execFileSync('umount', ['-l', real]);
  });
}

test('a newuidmap that hangs is ended after 10 s', async (c) => {
  hang(c);
  const result = await runAs(c, 300000, 'true');
  assert.match(result.stderr, /E0982: newuidmap or newgidmap did not end/);
  assert.equal(result.code, 1);
}, { skip, only: 'veloci' });

test('a signal ends the wait for a newuidmap that hangs', async (c) => {
  hang(c);
  const { child, done } = beginAs(c, 300000, 'true');
  const waits = (): boolean =>
    readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ').some((pid) => {
      try {
        return readFileSync(`/proc/${pid}/comm`, 'utf8') === 'newuidmap\n';
      } catch {
        return false;
      }
    });
  for (const end = Date.now() + 10_000 * timeScale; !waits(); await sleep(20)) assert.ok(Date.now() < end, 'it runs');
  child.kill('SIGTERM');
  const result = await done;
  assert.ok(!result.timedOut && result.ms < 8000 * timeScale, `at once: ${result.ms} ms`);
  assert.match(result.stderr, /E0629: stopped by signal 15/);
}, { skip, only: 'veloci' });
