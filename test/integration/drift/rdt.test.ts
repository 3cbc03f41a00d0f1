// diff: the class of service of a container (Intel RDT), on a stand-in for resctrl.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { makeResctrl, resctrl } from '../../support/host/resctrl.ts';
import { program } from '../../support/helpers.ts';

makeResctrl();
const prefix = [program('resctrl')];

async function seen(c: Context, id: string): Promise<string[]> {
  const { stdout } = await c.rt(['diff', '--json', id], { prefix });
  const { differences } = JSON.parse(stdout) as { differences: { pointer: string; running: string }[] };
  return differences.map(({ pointer, running }) => `${pointer}: ${running}`);
}

test('schemata, the class and its tasks', async (c) => {
  const bundle = c.command(['/probe', 'pause'], (config) => {
    config.linux['intelRdt'] = { l3CacheSchema: 'L3:0=0f;1=ff', memBwSchema: 'MB:0=50', enableMonitoring: true };
  });
  const { id } = await c.started(bundle, { prefix });
  const folder = join(resctrl, id);
  c.later(() => rmSync(folder, { recursive: true, force: true }));
  assert.deepEqual(await seen(c, id), []);

  const schemata = join(folder, 'schemata');
  writeFileSync(schemata, '    L3:0=f;1=3\n    MB:0=  50;1= 100\n');
  assert.deepEqual(await seen(c, id), ['/linux/intelRdt: L3:1=3'], 'another mask of one cache');
  writeFileSync(schemata, 'L3:0=f;1=ff\n');
  assert.deepEqual(await seen(c, id), ['/linux/intelRdt: MB:0=none'], 'no limit of the bandwidth');
  writeFileSync(schemata, 'MB:0=50\nL3:0=F;1=0ff\n');
  assert.deepEqual(await seen(c, id), [], 'the same in another form');

  const tasks = join(folder, 'mon_groups', id, 'tasks');
  const before = readFileSync(tasks, 'utf8');
  writeFileSync(tasks, '');
  assert.deepEqual(await seen(c, id), [`/linux/intelRdt/enableMonitoring: not in monitoring group ${id}`]);
  writeFileSync(tasks, before);
  rmSync(folder, { recursive: true });
  assert.deepEqual(await seen(c, id), ['/linux/intelRdt: no such class']);
  const { stdout } = await c.rt(['diff', '--unobserved', id]);
  assert.match(stdout, /\/linux\/intelRdt: not observed: resctrl cannot be read: /, 'without resctrl');
}, { only: 'veloci' });
