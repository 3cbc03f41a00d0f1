// apply of Intel RDT: where there is none, and on a stand-in for resctrl.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import { program } from '../../support/helpers.ts';
import { makeResctrl, resctrl } from '../../support/host/resctrl.ts';
import { fine, outside, pidsOf, scene, setPids, state } from './scene.ts';

makeResctrl();

test('without RDT it is refused clearly, and nothing is changed', async (c) => {
  const s = scene(c);
  fine(await c.rt(['run', '--detach', '--bundle', s.bundle.dir, s.id]));
  s.config.linux['intelRdt'] = { l3CacheSchema: 'L3:0=0f' };
  setPids(s, 90);
  for (const flags of [[], ['--restart']]) {
    const { code, stderr } = await c.rt(['apply', ...flags, s.id]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /config\.json:\d+:\d+ \(\/linux\/intelRdt/);
    const diff = await c.rt(['diff', '--applied', s.id]);
    assert.equal(diff.code, 0, `${stderr}${diff.stdout}${diff.stderr}`);
    assert.equal((await state(c, s.id)).status, 'running', 'it is started again as it was');
  }
}, { only: 'veloci' });

test('a class of its own is changed in place; a refused mask undoes the others', async (c) => {
  const prefix = [program('resctrl')];
  const s = scene(c, (config) => {
    config.linux['intelRdt'] = { l3CacheSchema: 'L3:0=0f;1=ff', memBwSchema: 'MB:0=50' };
  });
  fine(await c.rt(['run', '--detach', '--bundle', s.bundle.dir, s.id], { prefix }));
  c.later(() => rmSync(join(resctrl, s.id), { recursive: true, force: true }));
  const schemata = (): string => readFileSync(join(resctrl, s.id, 'schemata'), 'utf8');
  s.config.linux['intelRdt'] = { l3CacheSchema: 'L3:0=0f;1=0f', memBwSchema: 'MB:0=70' };
  setPids(s, 90);
  fine(await c.rt(['apply', s.id], { prefix }));
  assert.match(schemata(), /L3:0=0*f;1=0*f\n[^]*MB:0= *70|MB:0= *70[^]*L3:0=0*f;1=0*f/);
  assert.equal(fine(await c.rt(['apply', s.id], { prefix })).stdout, 'nothing to do\n');

  // A group of resctrl refuses masks that the processor cannot have; this one refuses all.
  const file = join(resctrl, s.id, 'schemata'), before = schemata();
  execFileSync('mount', ['--bind', file, file]);
  execFileSync('mount', ['-o', 'remount,bind,ro', file]);
  s.config.linux['intelRdt'] = { l3CacheSchema: 'L3:0=ff;1=0f', memBwSchema: 'MB:0=70' };
  setPids(s, 91);
  const refused = await c.rt(['apply', s.id], { prefix });
  execFileSync('umount', [file]);
  assert.equal(refused.code, 1, refused.stderr);
  assert.match(refused.stderr, /config\.json:\d+:\d+ \(\/linux\/intelRdt/);
  assert.equal(schemata(), before);
  assert.equal(pidsOf(await outside(c, s.id)), '90');
  assert.equal((await c.rt(['diff', '--applied', s.id], { prefix })).code, 0, 'the applied configuration stays');
}, { only: 'veloci', drift: 'resctrl is a stand-in' });
