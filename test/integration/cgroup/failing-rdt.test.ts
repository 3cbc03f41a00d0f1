// Failures of linux.intelRdt on a stand-in for resctrl: each gives its code, and nothing is left.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Failing, failing, type Scene } from '../../support/failing.ts';
import { program } from '../../support/helpers.ts';
import { makeGroup, makeResctrl, resctrl } from '../../support/host/resctrl.ts';

makeResctrl();
const prefix = [program('resctrl')];
const options = () => ({ prefix });
const rdt = (intelRdt: object, group?: string): NonNullable<Failing['change']> => (config, { c }) => {
  config.linux['intelRdt'] = intelRdt;
  if (group === undefined) return;
  makeGroup('class', group);
  c.later(() => rmSync(join(resctrl, 'class'), { recursive: true }));
};
/** No further groups can be made here. */
const full = (...path: string[]): NonNullable<Failing['change']> => (_, { c }) => {
  const file = join(resctrl, ...path, 'full');
  writeFileSync(file, '');
  c.later(() => rmSync(file, { force: true }));
};
/** A container in a class, and then this command; delete finds it stopped. */
const inClass = (...args: string[]) => async (scene: Scene): Promise<string[]> => {
  const { c, bundle, id } = scene;
  const create = await c.rt(['create', '--bundle', bundle.dir, id], { prefix });
  assert.equal(create.code, 0, create.stderr);
  c.later(() => rmSync(join(resctrl, id), { recursive: true, force: true }));
  if (args[0] === 'delete') {
    process.kill((await c.state(id))['pid'] as number, 'SIGKILL');
    await c.until(id, 'stopped');
  }
  return args.map((arg) => (arg === 'ID' ? id : arg));
};
const pointer = '/linux/intelRdt';
const line = 'L3:0=f';

failing([
  { name: 'there are no more classes', code: 'E0820', why: 'ENOSPC, step create', pointer, options,
    change: (config, scene) => {
      rdt({ l3CacheSchema: line })(config, scene);
      full()(config, scene);
    } },
  { name: 'there is no such class', code: 'E0822', why: 'ENOENT, step group', pointer, options,
    change: rdt({ closID: 'nope' }) },
  { name: 'the class has other schemata', code: 'E0823', why: 'EEXIST, step compare', pointer, options, hint: /L3:0=f/,
    change: rdt({ closID: 'class', l3CacheSchema: line }, 'L3:0=3\n') },
  { name: 'there are no more monitoring groups', code: 'E0824', why: 'ENOSPC, step monitor', pointer, options,
    change: (config, scene) => {
      rdt({ closID: 'class', enableMonitoring: true }, '')(config, scene);
      full('class', 'mon_groups')(config, scene);
    } },
  { name: 'new schemata are refused', code: 'E0826', why: 'EINVAL, step schemata', options,
    change: rdt({ l3CacheSchema: line }), inject: 'write:error=EINVAL:when=1',
    on: ({ id }) => [join(resctrl, id, 'schemata')], call: inClass('update', '--l3-cache-schema', 'L3:0=3', 'ID') },
  { name: 'resctrl is gone', code: 'E0821', why: 'ENODEV, step mount', change: rdt({ l3CacheSchema: line }),
    call: inClass('update', '--l3-cache-schema', 'L3:0=3', 'ID') },
  { name: 'the class stays', code: 'E0825', why: 'EBUSY, step rmdir', pointer, options,
    inject: 'unlinkat:error=EBUSY:when=1', on: ({ id }) => [id], change: (config, scene) => {
      rdt({ l3CacheSchema: line })(config, scene);
      config.linux.cgroupsPath = `/${scene.id}-cg`;
    }, call: inClass('delete', 'ID') },
]);
