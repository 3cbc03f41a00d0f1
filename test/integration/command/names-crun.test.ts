// Started under the name of crun: what its users rely on.
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test, unified } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { runtimePath } from '../../support/paths.ts';
import { type Result, begin } from '../../support/runtime.ts';

const only = { only: 'veloci' } as const;

/** Calls the runtime under the name of crun. */
function asCrun(c: Context, args: string[]): Promise<Result> {
  const path = join(c.dir(), 'crun');
  symlinkSync(runtimePath(), path);
  return begin([path, '--root', c.root, ...args]).done;
}

test('as crun: a new user namespace without maps is that of the caller', async (c) => {
  const bundle = c.command(['/bin/sh', '-c',
    'read inside outside count < /proc/self/uid_map; echo $inside $outside $count'], (config) => {
    config.linux.namespaces.push({ type: 'user' });
  });
  const refused = await c.rt(['validate', '--bundle', bundle.dir]);
  assert.match(refused.stdout, /E0427/);
  const result = await asCrun(c, ['run', '--bundle', bundle.dir, c.id()]);
  assert.equal(result.code, 0, result.stderr);
  assert.equal(result.stdout, '0 0 1\n');
}, only);

test('as crun: the state directory has the file status while the container is there', async (c) => {
  const id = c.id();
  const { dir, rootfs } = c.command(['/probe', 'pause'], (config) => {
    config.linux.cgroupsPath = `/${id}`;
  });
  const created = await asCrun(c, ['run', '--detach', '--bundle', dir, id]);
  assert.equal(created.code, 0, created.stderr);
  const status = JSON.parse(readFileSync(join(c.root, id, 'status'), 'utf8')) as Record<string, unknown>;
  const state = await c.state(id);
  assert.deepEqual([status['pid'], status['bundle'], status['rootfs']], [state['pid'], dir, rootfs]);
  assert.equal((JSON.parse(status['external_descriptors'] as string) as string[]).length, 3);
  const deleted = await asCrun(c, ['delete', '--force', id]);
  assert.equal(deleted.code, 0, deleted.stderr);
  assert.equal(existsSync(join(c.root, id)), false);
}, only);

test('as crun: help begins with its usage line, and --version tells features', async (c) => {
  assert.match((await asCrun(c, ['exec', '--help'])).stdout, /^Usage: crun \[OPTION\.\.\.\] exec CONTAINER cmd\n/);
  assert.match((await asCrun(c, ['--version'])).stdout, /^\+SYSTEMD .*\+CRIU$/m);
  assert.doesNotMatch((await c.rt(['exec', '--help'])).stdout, /Usage: crun/);
}, only);

test('as crun: an unknown capability is an error', async (c) => {
  const bundle = c.command(['/probe', 'exit', '0'], (config) => {
    config.process.capabilities = { bounding: ['CAP_NOTHING'] };
  });
  const result = await asCrun(c, ['run', '--bundle', bundle.dir, c.id()]);
  assert.equal(result.code, 1);
  assert.match(result.stderr, /unknown capability "CAP_NOTHING"/);
}, only);

test('as crun: an exec that was done under another name before is another plan', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const path = join(c.dir(), 'crun');
  symlinkSync(runtimePath(), path);
  // Its standard output is a pipe, whose group is given away under that name alone.
  const ownerAs = async (program: string): Promise<string> => {
    const call = `"$0" --root "$1" exec --user 5:6 "$2" stat -L -c '%u %g' /proc/self/fd/1 | cat`;
    const { stdout, stderr } = await begin(['sh', '-c', call, program, c.root, id]).done;
    assert.equal(stderr, '');
    return stdout.trim();
  };
  assert.deepEqual([await ownerAs(runtimePath()), await ownerAs(path), await ownerAs(runtimePath())], ['5 0', '5 6',
    '5 0']);
}, only);

test('as crun: exec --cgroup without a controller is in that cgroup where it is, else in that of the container',
  async (c) => {
    const id = c.id();
    const { dir } = c.command(['/probe', 'pause'], (config) => {
      config.linux.cgroupsPath = `/${id}`;
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'cgroup');
    });
    const created = await asCrun(c, ['run', '--detach', '--bundle', dir, id]);
    assert.equal(created.code, 0, created.stderr);
    mkdirSync(`/sys/fs/cgroup/pids/${id}/foo`);
    const run = await asCrun(c, ['exec', '--cgroup', 'foo', id, 'cat', '/proc/self/cgroup']);
    assert.match(run.stdout, new RegExp(`:pids:/${id}/foo$`, 'm'), run.stderr);
    assert.match(run.stdout, new RegExp(`:memory:/${id}$`, 'm'));
  }, { ...only, skip: unified ? 'cgroup v1 alone has hierarchies' : false });
