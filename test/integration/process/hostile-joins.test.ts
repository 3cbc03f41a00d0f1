// A container that stops or kills whatever joins it, or ends meanwhile: the command ends in time, says what happened, and
// leaves nothing. The container's processes see the joining one by its pid, which is higher than any of theirs.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import type { Context, Created } from '../../support/context.ts';
import type { Result } from '../../support/runtime.ts';
import type { Config } from '../../support/spec.ts';

/** Sends a signal to every process of the container that is new, from several loops at once. */
const hunter = (signal: string): string[] => ['sh', '-c', `
  for n in 1 2 3; do (
    while :; do for p in /proc/[0-9]*; do p=\${p#/proc/}; [ "$p" -gt 8 ] && kill -${signal} "$p" 2>/dev/null; done; done
  ) & done; echo hunting; wait`];

const root = (config: Config): void => {
  config.process.noNewPrivileges = false;
  config.process.rlimits = [];
};

const hunted = async (c: Context, signal: string): Promise<Created> => c.started(c.command(hunter(signal), root));

const document = (c: Context): string => {
  const path = join(c.dir(), 'mounts.json');
  writeFileSync(path, JSON.stringify([{ destination: '/tmp', type: 'tmpfs', source: 'tmpfs' }]));
  return path;
};

/** Ends the whole container, which may be what holds the command up. */
const kill = (c: Context, { id }: Created): Promise<Result> => c.rt(['delete', '--force', id]);

for (
  const [verb, args, exit] of [
    ['exec', (_: Context, id: string) => ['exec', id, '/probe', 'exit', '7'], 255],
    ['mounts add', (c: Context, id: string) => ['mounts', 'add', id, document(c)], 1],
  ] as const
) {
  test(`${verb} of what the container kills says so`, async (c) => {
    const target = await hunted(c, 'KILL');
    const outcomes = new Set<string>();
    const fine = verb === 'exec' ? [7, 137] : [0];
    for (let i = 0; i < 30 && outcomes.size < 1; i++) {
      const result = await c.rt(args(c, target.id));
      assert.equal(result.timedOut, false, 'it hangs');
      // Killed behind its execve, or not caught at all.
      if (fine.includes(result.code!)) continue;
      assert.equal(result.code, exit, result.stderr);
      assert.match(result.stderr, /E0963: the process that joins the container was killed by signal 9/);
      outcomes.add(result.stderr);
    }
    await kill(c, target);
  }, { only: 'veloci' });

  test(`${verb} of what the container stops ends, and says so`, async (c) => {
    const target = await hunted(c, 'STOP');
    const log = join(c.dir(), 'log');
    const calls = Array.from({ length: 6 }, () => c.rt(['--log', log, ...args(c, target.id)], { timeLimit: 30_000 }));
    // A program that is stopped behind its execve is not ours to end.
    const begun = Date.now();
    const ended = await Promise.race([Promise.all(calls), sleep(25_000)]);
    if (ended === undefined) await kill(c, target);
    for (const { code, stderr } of await Promise.all(calls)) {
      if (stderr.includes('E0964')) assert.match(stderr, /E0964: the process that joins the container was stopped/);
      else assert.ok(code !== exit || /E0655|not running/.test(stderr), stderr);
    }
    assert.ok(Date.now() - begun < 60_000);
    await kill(c, target);
  }, { only: 'veloci' });
}

test('exec into a container that ends meanwhile says that it has ended', async (c) => {
  const seen: string[] = [];
  for (let i = 0; i < 12; i++) {
    const target = await c.started(c.command(['/probe', 'pause']));
    const calls = Array.from({ length: 4 }, (_, n) => c.rt(['exec', target.id, '/probe', 'exit', String(n)]));
    await sleep(i);
    process.kill(target.pid, 'SIGKILL');
    for (const [n, { code, stderr, timedOut }] of (await Promise.all(calls)).entries()) {
      assert.equal(timedOut, false, 'it hangs');
      if (code === n || code === 137) continue;
      assert.equal(code, 255, stderr);
      assert.match(stderr, /E0655|E0612|E0769|not running|is stopped/);
      seen.push(stderr);
    }
    await kill(c, target);
  }
}, { only: 'veloci' });

/** Asks for the state again and again, in several processes at once, until `done` is settled. */
const asking = async (c: Context, id: string, done: Promise<unknown>): Promise<string[]> => {
  let over = false;
  const end = (): void => void (over = true);
  done.then(end, end);
  const texts: string[] = [];
  await Promise.all(['state', 'state', 'ps', 'list'].map(async (verb) => {
    while (!over) texts.push((await c.rt(verb === 'list' ? ['list'] : [verb, id])).stderr);
  }));
  return texts;
};

test('a container that is just being created or deleted is not damaged, and nobody who asks stops it', async (c) => {
  const bundle = c.command(['/probe', 'pause']);
  for (let i = 0; i < 20; i++) {
    const id = c.id();
    const created = c.create(bundle, { id });
    for (const text of await asking(c, id, created)) assert.doesNotMatch(text, /damaged/);
    assert.equal((await created).code, 0, (await created).stderr);
    const deleted = c.rt(['delete', '--force', id]);
    for (const text of await asking(c, id, deleted)) assert.doesNotMatch(text, /damaged/);
    assert.equal((await deleted).code, 0, (await deleted).stderr);
  }
}, { only: 'veloci' });

test('delete waits for a process that has been killed', async (c) => {
  for (let i = 0; i < 20; i++) {
    const { id } = await c.started(c.command(['/probe', 'child', '20']));
    assert.equal((await c.rt(['kill', id, 'KILL'])).code, 0);
    const deleted = await c.rt(['delete', id]);
    assert.equal(deleted.code, 0, deleted.stderr);
  }
}, { peers: [{ peer: 'crun 1.8.1', why: 'does not wait' }, { peer: 'runc 1.1.5', why: 'does not wait' }] });

test('delete of a container that runs is refused in a moment', async (c) => {
  const { id } = await c.started(c.command(['/probe', 'pause']));
  const refused = await c.rt(['delete', id]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /not stopped|running/);
  assert.ok(refused.ms < 2000, `${refused.ms} ms`);
});
