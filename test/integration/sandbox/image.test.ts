// Sandboxes of images: their layers are the files, their configuration says the environment.
import { chmodSync, chownSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { tar, writeLayout, type Entry, type ImageParts, type Layer } from '../../support/image.ts';
import { sandboxed, user, type Holder } from './scene.ts';

const file = (name: string, data: string | Buffer = '', mode = 0o644): Entry => ({ name, data, mode });
const folder = (name: string): Entry => ({ name, type: '5' });
const layer = (...entries: Entry[]): Layer => ({ archive: tar(entries) });

function busybox(): Layer {
  const applets = ['sh', 'cat', 'ls', 'echo', 'rm', 'mkdir'].map((name) => ({ name: `bin/${name}`, type: '2',
    link: 'busybox' })
  );
  return layer(folder('bin'), file('bin/busybox', readFileSync('/bin/busybox'), 0o755), ...applets, folder('etc'),
    file('etc/gone', 'x'), folder('data'), file('data/old', 'old'), file('data/kept', 'kept'));
}

/** An image, and a place for its layers that the holder may write to. */
function imageOf(
  c: Context,
  holder: Holder,
  layers: readonly Layer[],
  parts: ImageParts,
): { image: string; cache: string } {
  const place = c.dir();
  chmodSync(place, 0o755);
  const cache = join(place, 'cache');
  mkdirSync(cache, { mode: 0o700 });
  if (holder === 'user') chownSync(cache, user, user);
  return { image: writeLayout(join(place, 'image'), layers, parts), cache };
}

sandboxed('an image in place of a root: layers, environment, working directory', async (scene, c) => {
  const empty = layer();
  const upper = layer(file('etc/.wh.gone'), folder('data'), file('data/.wh..wh..opq'), file('data/new', 'new'),
    folder('srv'), folder('srv/app'), file('srv/app/main', 'from the image'));
  const { image, cache } = imageOf(c, scene.holder, [empty, busybox(), empty, upper], { reference: 'v1',
    config: { Env: ['A=image', 'B=image', 'PATH=/bin', 'NAMELESS'], WorkingDir: 'srv//app/', User: 'nobody-knows' } });
  const options = { image, imageOptions: { reference: 'v1', cache }, env: { B: 'sandbox' } };
  const script =
    'pwd; echo $A $B $C $PATH $HOME; ls /etc /data; cat main in; echo 1 > out; echo x > /etc/gone; echo x > /data/old';
  const result = await scene.sh(script, { files: { in: ' and mine' }, env: { C: 'run' } }, options);
  assert.equal(result.stderr, '');
  assert.equal(result.stdout,
    '/srv/app\nimage sandbox run /bin /srv/app\n/data:\nnew\n\n/etc:\nfrom the image and mine');
  assert.deepEqual({ ...result.files }, { out: '1\n' });
  // What layers above have removed was not there.
  assert.deepEqual(result.changed.map(({ path, change }) => `${change} ${path}`).sort(), ['added /data/old',
    'added /etc/gone', 'added /srv/app/out']);
  const elsewhere = await scene.sh('pwd; cat /srv/app/main', {}, { ...options, work: '/home/me' });
  assert.equal(elsewhere.stdout, '/home/me\nfrom the image');
  assert.deepEqual(elsewhere.changed, []);
  assert.match((await scene.ask(['true'], {}, { ...options, imageOptions: { reference: 'v2', cache } })).code ?? '',
    /^E10/);
});

sandboxed('an image whose working directory is the root or leads out of it; one that is damaged; neither or both',
  async (scene, c) => {
    for (const cwd of ['/', '', '/../..', '/a/../..']) {
      const { image, cache } = imageOf(c, scene.holder, [busybox()], {
        config: { Env: ['PATH=/bin'], WorkingDir: cwd },
      });
      assert.equal((await scene.sh('pwd', {}, { image, imageOptions: { cache } })).stdout, '/work\n', cwd);
    }
    const nameless = imageOf(c, scene.holder, [busybox()], { config: { Env: ['=x'] } });
    const refused = await scene.ask(['true'], {}, { image: nameless.image, imageOptions: { cache: nameless.cache } });
    assert.match(refused.error ?? '', /is no variable/);
    const damaged = imageOf(c, scene.holder, [{ ...busybox(), diffId: '0'.repeat(64) }], {});
    const failed = await scene.ask(['true'], {}, { image: damaged.image, imageOptions: { cache: damaged.cache } });
    assert.match(failed.code ?? '', /^E10/);
    const both = await scene.ask(['true'], {}, { image: damaged.image, rootfs: scene.rootfs });
    assert.match(both.error ?? '', /a rootfs or an image/);
  });
