// linux.intelRdt (config-linux.md, IntelRdt) on a stand-in for resctrl.
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../test/support/case.ts';
import type { Context, Created } from '../../test/support/context.ts';
import { program } from '../../test/support/helpers.ts';
import { makeGroup as group, makeResctrl, resctrl as top } from '../../test/support/host/resctrl.ts';

const prefix = [program('resctrl')];
const l3CacheSchema = 'L3:0=f;1=f';
const memBwSchema = 'MB:0=20;1=70';
const peers = [
  { peer: 'runc 1.1.5', why: 'looks for the features in /proc/cpuinfo, which the stand-in does not imitate' },
  { peer: 'crun 1.8.1', why: 'ignores intelRdt' },
];

const text = (...path: string[]): string => readFileSync(join(top, ...path), 'utf8');

async function created(c: Context, intelRdt: object | undefined, id?: string): Promise<Created> {
  const bundle = c.command(['/probe', 'pause'], (config) => {
    if (intelRdt !== undefined) config.linux['intelRdt'] = intelRdt;
  });
  return c.create(bundle, { prefix, ...(id === undefined ? {} : { id }) });
}

async function createWith(c: Context, intelRdt: object | undefined): Promise<Created> {
  const result = await created(c, intelRdt);
  assert.equal(result.code, 0, result.stderr);
  return result;
}

async function removed(c: Context, id: string): Promise<void> {
  const result = await c.rt(['delete', '--force', id], { prefix });
  assert.equal(result.code, 0, result.stderr);
}

async function fails(c: Context, intelRdt: object): Promise<void> {
  const before = listing();
  const result = await created(c, intelRdt);
  assert.notEqual(result.code, 0);
  assert.notEqual(result.stderr.trim(), '');
  assert.deepEqual(listing(), before);
}

/** Every file below the stand-in, with the time of its last change. */
function listing(): Record<string, number> {
  return Object.fromEntries(
    (readdirSync(top, { recursive: true }) as string[]).sort().map((name) => [name, statSync(join(top, name)).mtimeMs]),
  );
}

makeResctrl();

test('without closID: a class with the id of the container, its lines in order and its process; delete removes it',
  async (c) => {
    const { id, pid } = await createWith(c, { l3CacheSchema, memBwSchema });
    assert.equal(text(id, 'schemata'), `${l3CacheSchema}\n${memBwSchema}\n`);
    assert.equal(text(id, 'tasks').trim(), String(pid));
    await removed(c, id);
    assert.equal(existsSync(join(top, id)), false);
  }, { peers });

for (const [name, lines] of [['l3CacheSchema', { l3CacheSchema }], ['memBwSchema', { memBwSchema }], ['schemata', {
  schemata: ['L2:0=3', 'MB:1=30'],
}]] as const) {
  test(`${name} alone is written`, async (c) => {
    const { id } = await createWith(c, lines);
    assert.equal(text(id, 'schemata'), `${Object.values(lines).flat().join('\n')}\n`);
    await removed(c, id);
  }, { peers });
}

test('closID: a class is made when it is missing, and stays after delete', async (c) => {
  const name = `${c.token}-gold`;
  const { id, pid } = await createWith(c, { closID: name, l3CacheSchema, schemata: ['MB:0=50'] });
  assert.equal(text(name, 'schemata'), `${l3CacheSchema}\nMB:0=50\n`);
  assert.equal(text(name, 'tasks').trim(), String(pid));
  assert.equal(existsSync(join(top, id)), false);
  await removed(c, id);
  assert.ok(existsSync(join(top, name)));
}, { peers });

test('closID: a class that is there is compared with the lines; others are an error', async (c) => {
  const name = `${c.token}-silver`;
  group(name, '    MB:0=20;1=70\n    L3:0=00f;1=00f\n');
  const { id, pid } = await createWith(c, { closID: name, l3CacheSchema, memBwSchema });
  assert.equal(text(name, 'tasks').trim(), String(pid));
  await removed(c, id);
  const other = `${c.token}-bronze`;
  group(other, '    MB:0=20;1=70\n    L3:0=00f;1=00f\n');
  await fails(c, { closID: other, l3CacheSchema: 'L3:0=3;1=f' });
  await fails(c, { closID: other, memBwSchema: 'MB:0=20;1=90' });
}, { peers });

test('closID without lines: the class must be there; nothing is written but the process', async (c) => {
  const name = `${c.token}-made`;
  await fails(c, { closID: name });
  group(name, 'L3:0=1\n');
  const { id, pid } = await createWith(c, { closID: name });
  assert.equal(text(name, 'tasks').trim(), String(pid));
  assert.equal(text(name, 'schemata'), 'L3:0=1\n');
  await removed(c, id);
  assert.ok(existsSync(join(top, name)));
}, { peers });

test('closID "/" is the default class', async (c) => {
  const { id, pid } = await createWith(c, { closID: '/' });
  assert.equal(text('tasks').trim(), String(pid));
  assert.equal(text('schemata'), '');
  await removed(c, id);
}, { peers });

test('enableMonitoring: a monitoring group with the id of the container, in its class; delete removes it',
  async (c) => {
    const name = `${c.token}-watched`;
    group(name);
    const { id, pid } = await createWith(c, { closID: name, enableMonitoring: true });
    assert.equal(text(name, 'mon_groups', id, 'tasks').trim(), String(pid));
    await removed(c, id);
    assert.equal(existsSync(join(top, name, 'mon_groups', id)), false);
    assert.ok(existsSync(join(top, name)));
  }, { peers });

test('a monitoring group that cannot be made is an error', async (c) => {
  const name = `${c.token}-full`;
  writeFileSync(join(group(name), 'mon_groups', 'full'), '');
  const result = await created(c, { closID: name, enableMonitoring: true });
  assert.notEqual(result.code, 0);
  assert.deepEqual(readdirSync(join(top, name, 'mon_groups')), ['full']);
}, { peers });

test('without intelRdt nothing is touched', async (c) => {
  const before = listing();
  const { id } = await createWith(c, undefined);
  await c.rt(['start', id], { prefix });
  await removed(c, id);
  assert.deepEqual(listing(), before);
});

test('update changes the lines of the class', async (c) => {
  const { id } = await createWith(c, { l3CacheSchema, memBwSchema });
  writeFileSync(join(top, id, 'schemata'), '');
  const result = await c.rt(['update', '--l3-cache-schema', 'L3:0=1;1=1', '--mem-bw-schema', 'MB:0=10;1=10', id], {
    prefix,
  });
  assert.equal(result.code, 0, result.stderr);
  assert.equal(text(id, 'schemata'), 'L3:0=1;1=1\nMB:0=10;1=10\n');
  await removed(c, id);
  assert.equal(existsSync(join(top, id)), false);
}, { peers });
