// timeline of execs; TRACEPARENT from the caller to hooks and to the trace.
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';

const only = { only: 'veloci' } as const;

/** The rows of `timeline --execs`, without the head. */
async function execsOf(c: Context, id: string): Promise<string[][]> {
  const { code, stdout, stderr } = await c.rt(['timeline', '--execs', id]);
  assert.equal(code, 0, stderr);
  return stdout.trim().split('\n').slice(1).map((line) => line.trim().split(/ {2,}/));
}

test('timeline: the last execs, each with its operations, whose sum is the wall time', async (c) => {
  const { id } = await c.started(c.command(['sleep', '100']));
  assert.deepEqual(await execsOf(c, id), []);
  const began = Date.now();
  const first = await c.rt(['exec', id, 'true']);
  assert.equal(first.code, 0, first.stderr);
  const took = Date.now() - began;
  const again = await c.rt(['exec', id, 'true']);
  assert.equal(again.code, 0, again.stderr);
  await c.rt(['exec', id, 'sh', '-c', 'exit 3']);
  const rows = await execsOf(c, id);
  assert.deepEqual(rows.map(([number, , , program]) => [number, program]), [['1', 'sh'], ['2', 'true'], ['3', 'true']]);
  for (const [, begun, duration] of rows) {
    assert.ok(Date.parse(begun!) >= began - 1 && Date.parse(begun!) <= Date.now(), begun);
    assert.ok(Number(duration) > 0);
  }
  assert.ok(Number(rows[2]![2]) <= took + 1, 'not longer than whoever called it has waited');
  for (const back of ['1', '2', '3']) {
    const { code, stdout, stderr } = await c.rt(['timeline', '--exec', back, id]);
    assert.equal(code, 0, stderr);
    const all = Number(/^exec: ([\d.]+) ms$/m.exec(stdout)?.[1]);
    assert.match(stdout, / host +plan +find the plan that is kept, or compile one$/m);
    assert.match(stdout, / init +process\.env/m);
    assert.match(stdout, / init +program\.run$/m);
    assert.match(stdout, / init +caps\.set +config\.json:\d+/m, 'what the configuration causes has its line');
    assert.equal(Number(/^In all ([\d.]+) ms/m.exec(stdout)?.[1]), all);
    assert.ok(Math.abs(all - Number(rows[Number(back) - 1]![2])) <= all * 0.05, stdout);
    // The shares are of the wall time; what is below one percent has no words.
    const shares = [...stdout.matchAll(/ ([\d.]+) ms \(\d+ %\)/g)].reduce((sum, one) => sum + Number(one[1]), 0);
    assert.ok(shares <= all * 1.001 && shares >= all * 0.95, `${shares} of ${all}\n${stdout}`);
  }
  const chrome = JSON.parse((await c.rt(['timeline', '--exec', '1', '--chrome', id])).stdout) as {
    traceEvents: unknown[];
  };
  assert.ok(chrome.traceEvents.length > 10);
  assert.match((await c.rt(['timeline', '--exec', '1', '--svg', id])).stdout, /^<svg [^]*exec in /);
  assert.match((await c.rt(['timeline', id])).stdout, /^create: /, 'the start is still there');
  await c.destroy(id);
}, only);

test('timeline: an exec of a process file has the lines of that file, in each of the sixteen that are kept',
  async (c) => {
    const { id } = await c.started(c.command(['sleep', '100']));
    const dir = c.dir(), kept = 16;
    for (let i = 1; i <= kept + 1; i++) {
      const file = join(dir, `process-${i}.json`);
      const lines = Array.from({ length: i }, (_, line) => `"N${line}=x"`).join(',\n');
      writeFileSync(file,
        `{"cwd": "/",\n"env": [${lines}],\n"args": ["sh", "-c", "exit 0"],\n"user": {"uid": 0, "gid": 0}}\n`);
      const { code, stderr } = await c.rt(['exec', '--process', file, id]);
      assert.equal(code, 0, stderr);
    }
    for (let back = 1; back <= kept; back++) {
      const number = kept + 2 - back, name = `process-${number}\\.json`;
      const { code, stdout, stderr } = await c.rt(['timeline', '--exec', String(back), id]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(` init +program\\.run +\\S*/${name}:${number + 2}$`, 'm'), stdout);
      assert.match(stdout, new RegExp(` init +process\\.env +\\S*/${name}:2$`, 'm'));
      assert.match(stdout, / init +caps\.set +config\.json:\d+/m,
        'what the file leaves open is that of the configuration');
      const all = Number(/^exec: ([\d.]+) ms$/m.exec(stdout)?.[1]);
      const shares = [...stdout.matchAll(/ ([\d.]+) ms \(\d+ %\)/g)].reduce((sum, one) => sum + Number(one[1]), 0);
      assert.ok(shares <= all * 1.001 && shares >= all * 0.95, `${shares} of ${all}\n${stdout}`);
    }
    await c.destroy(id);
  }, only);

test('timeline: sixteen execs are kept', async (c) => {
  const { id } = await c.started(c.command(['sleep', '100']));
  const some = 18, kept = 16;
  for (let i = 0; i < some; i++) assert.equal((await c.rt(['exec', id, 'sh', '-c', `exit 0 # ${i}`])).code, 0);
  assert.equal((await execsOf(c, id)).length, kept);
  for (const back of ['0', '17', '1048576']) {
    const { code, stderr } = await c.rt(['timeline', '--exec', back, id]);
    assert.equal(code, 1);
    assert.match(stderr, /E0673: nothing is kept of exec/);
  }
  const file = join(c.root, id, '.execs.tmp');
  const whole = statSync(file).size;
  truncateSync(file, 100);
  assert.equal((await c.rt(['timeline', '--exec', '1', id])).code, 1);
  writeFileSync(file, Buffer.alloc(whole, 0xff));
  assert.equal((await c.rt(['timeline', '--exec', '1', id])).code, 1);
  assert.deepEqual(await execsOf(c, id), []);
  assert.equal((await c.rt(['exec', id, 'true'])).code, 0);
  assert.equal((await execsOf(c, id)).length, 1);
  await c.destroy(id);
}, only);

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const path = '/usr/bin:/bin';

test('TRACEPARENT of the caller reaches hooks that have none, and the trace', async (c) => {
  const folder = c.dir();
  const hook = (name: string, env?: string[]): { path: string; args: string[]; env?: string[] } => ({ path: '/bin/sh',
    args: ['sh', '-c', `echo "$TRACEPARENT" > ${join(folder, name)}`], ...(env === undefined ? {} : { env }) });
  const bundle = c.command(['true'], (config) => {
    config.hooks = { createRuntime: [hook('runtime'), hook('own', ['TRACEPARENT=mine'])], poststart: [hook('started')],
      poststop: [hook('stopped')] };
  });
  const said = (name: string): string => readFileSync(join(folder, name), 'utf8').trim();
  const id = c.id();
  const created = await c.create(bundle, { id, env: { PATH: path, TRACEPARENT: traceparent } });
  assert.equal(created.code, 0, created.stderr);
  assert.deepEqual([said('runtime'), said('own')], [traceparent, 'mine']);
  assert.equal((await c.rt(['start', id])).code, 0);
  assert.equal(said('started'), traceparent, 'that of create: the later plans are made with it');
  const traces = async (environment: Record<string, string>): Promise<string> =>
    (await c.rt(['timeline', '--otlp', id], { env: { PATH: path, ...environment } })).stdout;
  assert.match(await traces({}), /"traceId":"0af7651916cd43dd8448eb211c80319c".*"parentSpanId":"b7ad6b7169203331"/);
  assert.match(await traces({ TRACEPARENT: traceparent.replace('0af7', '1bf8') }),
    /"traceId":"1bf8651916cd43dd8448eb211c80319c"/);
  await c.until(id, 'stopped');
  assert.equal((await c.rt(['delete', id])).code, 0);
  assert.equal(said('stopped'), traceparent);
  for (const bad of ['', 'nonsense', traceparent.toUpperCase(), `${traceparent}0`, traceparent.replace('-', '_')]) {
    const result = await c.run(bundle, { env: { PATH: path, TRACEPARENT: bad } });
    assert.equal(result.code, 0, result.stderr);
    assert.equal(said('runtime'), '', `${bad} is none`);
  }
  assert.equal((await c.run(bundle, { env: { PATH: path } })).code, 0);
  assert.deepEqual([said('runtime'), said('own')], ['', 'mine']);
}, only);

test('TRACEPARENT reaches the hooks of a saved plan, which is the same plan with and without it', async (c) => {
  const dir = c.dir();
  c.later(() => rmSync(join(c.root, '.used-plans'), { recursive: true, force: true }));
  const bundle = c.command(['true'], (config) => {
    config.hooks = { createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', `echo "$TRACEPARENT" >${dir}/seen`] }] };
  });
  const env = { PATH: path, TRACEPARENT: traceparent };
  for (const [saving, running, expected] of [[{ PATH: path }, env, traceparent], [env, { PATH: path }, '']] as const) {
    const saved = join(dir, `plan-${expected.length}`);
    const id = c.id();
    assert.equal((await c.rt(['plan', '-b', bundle.dir, '-o', saved], { env: saving })).code, 0);
    const { code, stderr } = await c.rt(['run', '--plan', saved, id], { env: running });
    assert.equal(code, 0, stderr);
    assert.equal(readFileSync(join(dir, 'seen'), 'utf8').trim(), expected);
  }
}, only);
