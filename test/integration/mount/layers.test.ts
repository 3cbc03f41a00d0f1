// A root of layers: annotations org.veloci.layer.*.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import type { Result } from '../../support/runtime.ts';
import type { Config } from '../../support/spec.ts';

const only = { only: 'veloci' } as const;

/** Runs a script over the shared rootfs and what the annotations say. */
async function layered(
  c: Context,
  script: string,
  annotations: Record<string, string>,
  change: (config: Config) => void = () => {},
): Promise<Result> {
  const bundle = c.command(['sh', '-c', script], (config) => {
    config.root = { path: 'rootfs' };
    config.annotations = { 'org.veloci.layer.size': '1000000', ...annotations };
    change(config);
  });
  return c.run(bundle);
}

test('layers over the rootfs, the highest first; what is written stays in memory', async (c) => {
  const [low, high] = [c.dir(), c.dir()];
  for (const [dir, text] of [[low, 'low'], [high, 'high']] as const) {
    mkdirSync(join(dir, 'data'));
    writeFileSync(join(dir, 'data', text), text);
    writeFileSync(join(dir, 'data/both'), text);
  }
  const result = await layered(c,
    'cat /data/both /data/low /data/high; echo new > /data/both; cat /data/both; touch /x; id -u; stat -c %u:%a /mine /a/b; ' +
      'cat /proc/self/mountinfo | head -1; stat -c %i / /..', { 'org.veloci.layer.lower': `${low}:${high}`,
    'org.veloci.layer.folders': '/mine:/a/b' });
  assert.equal(result.code, 0, result.stderr);
  const [texts, uid, mine, inner, root, one, two] = result.stdout.split('\n');
  assert.deepEqual([texts, uid, mine, inner], ['highlowhighnew', '0', '0:755', '0:755']);
  assert.match(root!, / \/ \/ rw,nosuid,nodev,\S* - overlay /);
  assert.equal(one, two);
  assert.equal(readFileSync(join(high, 'data/both'), 'utf8'), 'high');
  assert.deepEqual(readdirSync(low), ['data']);
}, only);

test('a full layer is an error of the program, one without room for its folders of create: E0991', async (c) => {
  const full = await layered(c, 'cat /dev/zero > /x', {});
  assert.match(full.stderr, /No space left/);
  const none = await layered(c, 'true', { 'org.veloci.layer.inodes': '2', 'org.veloci.layer.folders': '/a/b/c/d' });
  assert.match(none.stderr, /E0991/);
}, only);

test('layers that are none: E0978, E0992, E0993, E0520', async (c) => {
  const missing = await layered(c, 'true', { 'org.veloci.layer.lower': '/no-such' });
  assert.match(missing.stderr, /E0992.*\/no-such/);
  const dir = c.dir();
  const twice = await layered(c, 'true', { 'org.veloci.layer.lower': `${dir}:${dir}` });
  assert.match(twice.stderr, /E0993/);
  const many = await layered(c, 'true', {
    'org.veloci.layer.lower': Array.from({ length: 200 }, () => c.dir()).join(':'),
  });
  assert.match(many.stderr, /E0978.*layers/);
  for (const [name, value] of [['size', '12k'], ['inodes', '0'], ['lower', 'a/b'], ['folders', ':'], ['folders',
    '/a:b']])
    assert.match((await layered(c, 'true', { [`org.veloci.layer.${name}`]: value! })).stderr, /E0520/);
  const shared = await layered(c, 'true', {}, (config) => {
    config.linux.rootfsPropagation = 'shared';
  });
  assert.match(shared.stderr, /E0520/);
}, only);

test('a layer in a user namespace, and read-only', async (c) => {
  const ids = [{ containerID: 0, hostID: 300000, size: 1000 }];
  const result = await layered(c, 'touch /x /mine/x; echo $?; id -u; stat -c %u /bin', {
    'org.veloci.layer.folders': '/mine',
  }, (config) => {
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = ids;
    config.linux.gidMappings = ids;
  });
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, /^[01]\n0\n/);
  const readonly = await layered(c, 'touch /x', {}, (config) => {
    config.root = { path: 'rootfs', readonly: true };
  });
  assert.match(readonly.stderr, /Read-only/);
}, only);
