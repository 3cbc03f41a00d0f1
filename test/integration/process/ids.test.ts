// Ids: which are refused, in every command, before any path is built. The sandbox keeps the host safe: every
// file system of it is read-only there.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';

const never = [{ peer: 'crun 1.8.1', why: 'opens ROOT/ID and removes what is below: it would wipe the host' }];

const hostile = ['..', '.', '/', '-x', 'a/b', '../x', 'a/../../b', '', 'x'.repeat(256), 'x y', 'a\nb', 'ü', 'a\u007f',
  '~', '$HOME', '*', 'a:b'];
const verbs: Record<string, (id: string) => string[]> = {
  state: (id) => ['state', '--', id],
  start: (id) => ['start', '--', id],
  kill: (id) => ['kill', '--', id, 'KILL'],
  delete: (id) => ['delete', '--', id],
  'delete --force': (id) => ['delete', '--force', '--', id],
  exec: (id) => ['exec', '--', id, 'true'],
};

for (const [verb, args] of Object.entries(verbs)) {
  test(`${verb} refuses hostile ids and touches nothing`, async (c) => {
    const beside = join(c.root, '../beside');
    mkdirSync(beside, { recursive: true });
    writeFileSync(join(beside, 'file'), '');
    const before = readdirSync('/').length;
    for (const id of hostile) {
      const result = await c.rt(args(id));
      assert.notEqual(result.code, 0, JSON.stringify(id.slice(0, 20)));
      assert.equal(result.stdout, '');
    }
    assert.ok(existsSync(join(beside, 'file')));
    assert.equal(readdirSync('/').length, before);
    (await import('node:fs')).rmSync(beside, { recursive: true });
  }, { never, peers: verb === 'delete --force'
    ? [{ peer: 'runc 1.1.5', why: 'an id that cannot be is one that does not exist, so 0' }]
    : [] });
}

for (const verb of ['create', 'run']) {
  test(`${verb} refuses hostile ids and leaves nothing`, async (c) => {
    const bundle = c.command(['true'], (config) => {
      config.linux.cgroupsPath = `/${c.token}-hostile`;
    });
    for (const id of hostile) {
      const result = await c.rt([verb, '--bundle', bundle.dir, '--', id]);
      assert.notEqual(result.code, 0, JSON.stringify(id.slice(0, 20)));
    }
    assert.deepEqual(readdirSync(c.root).filter((name) => name !== '.cache'), []);
    await c.nothingLeft();
  }, { never, peers: [{ peer: 'runc 1.1.5', why: 'takes an id that begins with "-"' }] });
}

test('every character that is allowed works, up to 255 of them', async (c) => {
  for (const id of [`${c.token}.-_+AZaz09`, c.token.padEnd(255, 'x')]) {
    const bundle = c.command(['/probe', 'exit', '4'], (config) => {
      config.linux.cgroupsPath = `/${c.token}-ids`;
    });
    assert.equal((await c.rt(['run', '--bundle', bundle.dir, id])).code, 4, id);
  }
});

test('a missing id, and one too many, are errors', async (c) => {
  for (const args of [['state'], ['start'], ['delete'], ['state', 'a', 'b'], ['create'], ['kill']]) {
    assert.notEqual((await c.rt(args)).code, 0, args.join(' '));
  }
}, { never });
