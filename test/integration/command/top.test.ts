// top: what containers use, as a table and as JSON.
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import { timeScale } from '../../support/paths.ts';

interface Row {
  id: string;
  status: string;
  pid: number;
  cpu: { percent: number | null; total: number | null };
  memory: { usage: number | null; limit: number | null };
  pids: { current: number | null; limit: number | null };
  io: { read: number | null; written: number | null };
  pressure: Record<'cpu' | 'memory' | 'io', number | null>;
}

test('top: without containers there are none', async (c) => {
  const json = await c.rt(['top', '--once', '--json']);
  assert.equal(json.code, 0, json.stderr);
  assert.equal(json.stdout, '[]\n');
  assert.match((await c.rt(['top', '--once'])).stdout, /^ID +STATUS +CPU % .*\n$/);
});

test('top: the busiest comes first, against its limits', async (c) => {
  const busy = await c.started(c.command(['sh', '-c', 'while :; do :; done'], (config) => {
    config.linux.resources = { ...config.linux.resources, memory: { limit: 64 << 20 }, pids: { limit: 17 } };
  }));
  const idle = await c.started(c.command(['sleep', '100']));
  const stopped = await c.create(c.command(['true']));
  await c.rt(['kill', stopped.id, 'KILL']);
  await c.until(stopped.id, 'stopped');
  const result = await c.rt(['top', '--once', '--json']);
  assert.equal(result.code, 0, result.stderr);
  const rows = JSON.parse(result.stdout) as Row[];
  assert.deepEqual(rows.map(({ id }) => id).sort(), [busy.id, idle.id].sort(), 'not the one that has stopped');
  const row = rows.find(({ id }) => id === busy.id)!;
  const other = rows.find(({ id }) => id === idle.id)!;
  assert.equal(row.pid, busy.pid);
  assert.equal(row.status, 'running');
  // A host may lack a controller: then the kernel does not say.
  if (row.cpu.percent !== null) assert.ok(row.cpu.percent > other.cpu.percent!, JSON.stringify(rows));
  if (row.memory.usage !== null) {
    assert.equal(row.memory.limit, 64 << 20);
    assert.equal(other.memory.limit, null);
    assert.ok(row.memory.usage > 0 && row.memory.usage < 64 << 20);
  }
  if (row.pids.current !== null) assert.deepEqual(row.pids, { current: 1, limit: 17 });
  const table = await c.rt(['top', '--once']);
  const lines = table.stdout.split('\n');
  if (row.cpu.percent !== null) assert.ok(lines[1]!.startsWith(busy.id), table.stdout);
  if (row.memory.limit !== null) assert.match(table.stdout, / 64\.0 MiB /);
  await c.destroy(busy.id);
  await c.destroy(idle.id);
});

test('top: it goes on until a signal ends it', async (c) => {
  const { id } = await c.started(c.command(['sleep', '100']));
  const top = c.begin(['top', '--json', '--interval', '50ms']);
  await sleep(1500 * timeScale);
  top.child.kill('SIGTERM');
  const { code, stdout } = await top.done;
  assert.equal(code, 0);
  const lines = stdout.trimEnd().split('\n');
  assert.ok(lines.length >= 3, `${lines.length} tables`);
  for (const line of lines.slice(0, 3)) assert.equal((JSON.parse(line) as Row[])[0]!.id, id);
  const wrong = await c.rt(['top', '--interval', 'soon']);
  assert.match(wrong.stderr, /E0131/);
  await c.destroy(id);
});
