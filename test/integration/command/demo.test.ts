// The demo from a copy of the checkout, as README tells people to run it: by root and by a user without rights.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync,
  unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { repository, runtimePath } from '../../support/paths.ts';
import { call, type Result } from '../../support/runtime.ts';

const user = 1234;
/** What a build leaves in a checkout, and what is linked in place of copied. */
const excluded = new Set(['.git', 'build', 'dist', 'node_modules', '.tap']);

/** A copy of the checkout that belongs to `uid`, and a home folder. */
function checkout(c: Context, uid: number): { clone: string; home: string } {
  const dir = c.dir();
  const [clone, home] = [join(dir, 'veloci'), join(dir, 'home')];
  mkdirSync(clone);
  mkdirSync(home);
  for (const name of readdirSync(repository)) {
    if (!excluded.has(name)) execFileSync('cp', ['-r', join(repository, name), clone]);
  }
  symlinkSync(realpathSync(join(repository, 'node_modules')), join(clone, 'node_modules'));
  execFileSync('chown', ['-R', '-h', `${uid}:${uid}`, dir]);
  chmodSync(dir, 0o755);
  return { clone, home };
}

function demo({ clone, home }: ReturnType<typeof checkout>, prefix: string[]): Promise<Result> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, TMPDIR: home };
  return call([process.execPath, 'scripts/run.mjs', 'demo', '--runtime', runtimePath()], { cwd: clone, env, prefix,
    timeLimit: 60_000 });
}

function claims(result: Result): void {
  assert.equal(result.code, 0, `${result.stdout}${result.stderr}`);
  for (const claim of ['process 1', 'nothing but the loopback interface', 'the file is gone', 'list is empty',
    'Everything is removed again'])
  {
    assert.ok(result.stdout.includes(claim), `${claim}: ${result.stdout}`);
  }
}

test('the demo runs to its end as root', async (c) => {
  claims(await demo(checkout(c, 0), []));
}, { only: 'veloci' });

test('the demo runs to its end as a user without rights', async (c) => {
  claims(await demo(checkout(c, user), ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--']));
}, { only: 'veloci' });

test('what spec --rootless writes runs for a user without rights, with a network of its own', async (c) => {
  const bundle = c.bundle();
  const root = c.dir();
  for (const path of [bundle.dir, bundle.rootfs, root]) chownSync(path, user, user);
  const prefix = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--'];
  unlinkSync(join(bundle.dir, 'config.json'));
  const written = await c.rt(['spec', '--rootless', '--bundle', bundle.dir], { prefix });
  assert.equal(written.code, 0, written.stderr);
  const config = JSON.parse(readFileSync(join(bundle.dir, 'config.json'), 'utf8'));
  config.process.terminal = false;
  config.process.args = ['sh', '-c', 'ls /sys/class/net; id -u'];
  bundle.write(JSON.stringify(config));
  const result = await c.run(bundle, { prefix, global: ['--root', root], raw: true });
  assert.equal(result.code, 0, result.stderr);
  assert.equal(result.stdout, 'lo\n0\n');
}, { only: 'veloci' });
