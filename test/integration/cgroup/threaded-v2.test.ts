// Below a threaded cgroup of v2 a container's cgroup is a threaded one, whose processes the kernel lists by threads alone.
import '../../support/host/v2-alone.ts';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';

/** A cgroup that is threaded for the sake of another one below it. */
function makeThreaded(c: Context): string {
  const above = join('/sys/fs/cgroup', `${c.token}-threaded`), beside = join(above, 'beside');
  mkdirSync(beside, { recursive: true });
  writeFileSync(join(beside, 'cgroup.type'), 'threaded');
  c.later(() => [beside, above].forEach((path) => rmdirSync(path)));
  return above;
}
const typeOf = (cgroup: string): string => readFileSync(join(cgroup, 'cgroup.type'), 'utf8').trim();

test('a container below a threaded cgroup', async (c) => {
  const above = makeThreaded(c), own = join(above, 'own');
  const bundle = c.command(['sh', '-c', 'sleep 1000 & sleep 1000 & wait'], (config) => {
    config.linux.cgroupsPath = own.slice('/sys/fs/cgroup'.length);
    // What is left of it does not end with its first process.
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'pid');
  });
  for (const end of ['kill', 'delete']) {
    const { id } = await c.started(bundle);
    assert.equal(typeOf(own), 'threaded');
    assert.equal((await c.rt(['exec', id, 'true'])).code, 0);
    let count = 0;
    for (const until = Date.now() + 10_000; count < 3 && Date.now() < until;)
      count = (JSON.parse((await c.rt(['ps', '--format', 'json', id])).stdout) as number[]).length;
    assert.equal(count, 3, 'the shell and its children');
    assert.equal((await c.rt(['pause', id])).code, 0);
    assert.equal((await c.rt(['resume', id])).code, 0);
    if (end === 'kill') {
      assert.equal((await c.rt(['kill', '--all', id, 'KILL'])).code, 0);
      await c.until(id, 'stopped');
    }
    const deleted = await c.rt(['delete', ...(end === 'kill' ? [] : ['--force']), id]);
    assert.equal(deleted.code, 0, deleted.stderr);
    assert.ok(!existsSync(own));
    assert.equal(typeOf(above), 'domain threaded');
  }
}, { only: 'veloci' });

test('a threaded cgroup that is in use is refused', async (c) => {
  const above = makeThreaded(c), own = join(above, 'own');
  const bundle = c.command(['sleep', '1000'], (config) => {
    config.linux.cgroupsPath = own.slice('/sys/fs/cgroup'.length);
  });
  const { id } = await c.started(bundle);
  const second = await c.create(bundle);
  assert.equal(second.code, 1);
  assert.match(second.stderr, /E0702: /);
  await c.destroy(id);
}, { only: 'veloci' });
