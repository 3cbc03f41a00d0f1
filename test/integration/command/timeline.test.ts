// timeline: what a start has spent its time on, as text, picture, and traces for other programs.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';

interface Event {
  ph: string;
  name: string;
  tid: number;
  ts: number;
  dur: number;
  args?: { line?: string; pointer?: string };
}

/** The events of a container's timeline. */
async function eventsOf(c: Context, id: string): Promise<Event[]> {
  const { code, stdout, stderr } = await c.rt(['timeline', '--chrome', id]);
  assert.equal(code, 0, stderr);
  return (JSON.parse(stdout) as { traceEvents: Event[] }).traceEvents.filter(({ ph }) => ph === 'X');
}

const commandLane = 1, hostLane = 2;

test('timeline: the operations of create and start, each with its line', async (c) => {
  const bundle = c.command(['sleep', '100']);
  const began = process.hrtime.bigint();
  const { id } = await c.create(bundle);
  const created = Number(process.hrtime.bigint() - began) / 1000;
  const before = await c.rt(['timeline', id]);
  assert.match(before.stdout, /^create: [\d.]+ ms$/m);
  assert.doesNotMatch(before.stdout, /^start:/m, 'it has not been started');
  const pause = 300;
  await sleep(pause);
  const start = await c.rt(['start', id]);
  assert.equal(start.code, 0, start.stderr);
  const text = await c.rt(['timeline', id]);
  assert.match(text.stdout, /^start: [\d.]+ ms$/m);
  assert.match(text.stdout, / host +plan +read, validate and compile config\.json$/m);
  const mount = bundle.config.mounts!.findIndex(({ destination }) => destination === '/proc');
  const lines = readFileSync(join(bundle.dir, 'config.json'), 'utf8').split('\n');
  assert.ok(lines.some((line) => line.includes('"/proc"')));
  assert.match(text.stdout, / init +mount\.fs +\/proc type=proc .* config\.json:\d+$/m);
  assert.match(text.stdout, /^In all [\d.]+ ms: .*engine [\d.]+ ms \(\d+ %\)/m);
  assert.match(text.stdout, /^Slowest:\n( {2}[\d.]+ ms {2}\S+ .*\n){3}$/m);

  const events = await eventsOf(c, id);
  const proc = events.find(({ name, args }) => name === 'mount.fs' && args?.pointer === `/mounts/${mount}`);
  assert.match(proc?.args?.line ?? '', /^config\.json:\d+$/);
  const [create, started] = events.filter(({ tid }) => tid === commandLane);
  assert.ok(create!.dur > 0 && create!.dur <= created, 'not longer than whoever called it has waited');
  assert.ok(started!.ts - create!.ts - create!.dur >= pause * 1000, "the time between the commands is nobody's");
  for (const command of [create!, started!]) {
    const own = events.filter(({ tid, ts }) => tid === hostLane && ts >= command.ts && ts < command.ts + command.dur);
    const sum = own.reduce((whole, { dur }) => whole + dur, 0);
    assert.ok(sum <= command.dur * 1.001, `${sum} of ${command.dur} µs`);
  }
  await c.destroy(id);
});

test('timeline: run --timeline writes text, a picture or trace events', async (c) => {
  const bundle = c.command(['true']);
  for (const [name, form] of [['a.txt', /^create: [\d.]+ ms\n/], ['a.svg', /^<svg /], ['a.json',
    /^\{"displayTimeUnit"/]] as const)
  {
    const file = join(c.dir(), name);
    const result = await c.run(bundle, { flags: ['--timeline', file] });
    assert.equal(result.code, 0, result.stderr);
    assert.match(readFileSync(file, 'utf8'), form);
  }
  const missing = await c.run(bundle, { flags: ['--timeline', '/nowhere/a.txt'] });
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /E0125/);
});

test('timeline: the sum of the shares is the time of run', async (c) => {
  const file = join(c.dir(), 'a.txt');
  const bundle = c.command(['true'], (config) => {
    config.hooks = { createRuntime: [{ path: '/bin/sleep', args: ['sleep', '0.3'] }] };
  });
  const result = await c.run(bundle, { flags: ['--timeline', file] });
  assert.equal(result.code, 0, result.stderr);
  const text = readFileSync(file, 'utf8');
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1]);
  const all = number(/^In all ([\d.]+) ms/m);
  const shares = [...text.matchAll(/ ([\d.]+) ms \(\d+ %\)/g)].reduce((sum, one) => sum + Number(one[1]), 0);
  assert.ok(shares <= all * 1.001 && shares >= all * 0.95,
    `${shares} of ${all}: what is below one percent is not named`);
  assert.ok(number(/hooks ([\d.]+) ms/) >= 300, 'the hook is told by its share');
  assert.match(text, /^Slowest:\n {2}3\d\d\.\d+ ms {2}hook\.run .* config\.json:\d+$/m);
});

test('timeline: after an update the lines are still right, or there is none', async (c) => {
  const bundle = c.command(['sleep', '100']);
  const { id } = await c.started(bundle);
  const update = await c.rt(['update', '--pids-limit', '77', id]);
  assert.equal(update.code, 0, update.stderr);
  for (const { name, args } of await eventsOf(c, id)) {
    if (name !== 'cgroup.write' || args === undefined) continue;
    assert.doesNotMatch(JSON.stringify(args), /pids\.max/, 'the start has not written that');
  }
  await c.destroy(id);
});

test('timeline: a process that others can see is in it, too', async (c) => {
  const { id: first, pid } = await c.started(c.command(['sleep', '100']));
  const joining = c.command(['sleep', '100'], (config) => {
    const pids = config.linux.namespaces!.find(({ type }) => type === 'pid')!;
    pids.path = `/proc/${pid}/ns/pid`;
  });
  const { id } = await c.started(joining);
  let names: string[] = [];
  // The relay brings the stamps over when the program runs.
  for (let i = 0; i < 50 && !names.includes('root.pivot'); i++, await sleep(20))
    names = (await eventsOf(c, id)).map(({ name }) => name);
  assert.ok(names.includes('root.pivot') && names.includes('process.spawn'), names.join(' '));
  await c.destroy(id);
  await c.destroy(first);
});

test('timeline: errors', async (c) => {
  const missing = await c.rt(['timeline', c.id()]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /does not exist/);
  const { id } = await c.started(c.command(['sleep', '100']));
  writeFileSync(join(c.root, id, 'request.json'), '');
  const damaged = await c.rt(['timeline', id]);
  assert.equal(damaged.code, 1);
  assert.match(damaged.stderr, /E0632/);
  await c.destroy(id);
});
