// diff looks at a container that keeps whoever looks waiting: it ends nevertheless, and says what it could not see.
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import { program } from '../../support/helpers.ts';
import { timeScale } from '../../support/paths.ts';

const device = (path: string, major: number, minor: number) => ({ path, type: 'c', major, minor, fileMode: 0o666 });
const skip = existsSync('/dev/fuse') ? undefined : 'the kernel has no FUSE';

test('diff: a file system of the container that never answers', async (c) => {
  const bundle = c.command(['/stuck', '/shelf'], (config) => {
    config.linux.devices = [device('/dev/fuse', 10, 229), device('/shelf/null', 1, 3)];
    config.linux.resources = { ...config.linux.resources, devices: [{ allow: true, access: 'rwm' }] };
    for (const set of ['bounding', 'effective', 'permitted'] as const)
      config.process.capabilities![set] = ['CAP_SYS_ADMIN', 'CAP_KILL'];
    config.root = { ...config.root!, readonly: false };
  });
  copyFileSync(program('stuck'), join(bundle.rootfs, 'stuck'));
  const id = c.id();
  const running = c.begin(['run', '--bundle', bundle.dir, id]);
  const limit = Date.now() + 10_000 * timeScale;
  for (let ready = false; !ready; await sleep(50)) {
    const mounts = await c.rt(['exec', id, 'cat', '/proc/self/mounts']);
    ready = mounts.stdout.includes('fuse');
    assert.ok(Date.now() < limit, mounts.stderr);
  }
  await sleep(300);
  const begun = Date.now();
  const answer = await c.rt(['diff', '--json', id]);
  const took = Date.now() - begun;
  assert.ok(took < 12_000 * timeScale, `${took} ms`);
  assert.ok(answer.code === 0 || answer.code === 2, answer.stderr);
  assert.match(answer.stdout, /shelf/, 'it says that it did not see the device');
  const ended = await c.rt(['delete', '--force', id]);
  assert.equal(ended.code, 0, ended.stderr);
  await running.done;
}, skip === undefined ? {} : { skip });
