// Memory that runs out in a container of systemd's, which removes the cgroup at once: a start, run, exec, wait and events
// say what happened all the same.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { runtimePath, timeScale } from '../../support/paths.ts';
import { bundle, folder, reason, runtime, setUp, start, test, unified } from '../../support/host/systemd.ts';
import type { Config } from '../../support/spec.ts';

const limited = (limit: number, ...args: string[]) => (config: Config): void => {
  config.process.args = args;
  config.linux.resources = { memory: { limit, ...(limit > 1 << 20 ? { swap: limit } : {}) } };
};

const limit = 16 << 20;
/** Takes memory without end once it is told to. */
const hungry = 'until [ -e /dev/shm/go ]; do sleep 0.1; done; exec tail /dev/zero';

/** Starts a call of the runtime; resolves to what it has printed. */
function begin(id: string, verb: string): { child: ChildProcess; done: Promise<string> } {
  const file = join(folder, `${verb}-${id}`);
  const out = openSync(file, 'w');
  const child = spawn(runtimePath(), ['--root', join(folder, 'state'), verb, id], { stdio: ['ignore', out, out] });
  closeSync(out);
  const limits = AbortSignal.timeout(30_000 * timeScale);
  const done = new Promise<string>((resolve, reject) => {
    limits.addEventListener('abort', () => {
      child.kill('SIGKILL');
      reject(new Error(`${verb} does not end: ${readFileSync(file, 'utf8')}`));
    });
    child.on('exit', () => resolve(readFileSync(file, 'utf8')));
  });
  return { child, done };
}

if (reason !== undefined || !unified) {
  t.pass('ends under systemd', { skip: reason ?? 'the counters of cgroup v1 go with the cgroup' });
} else {
  t.setTimeout(2000_000);
  setUp();

  for (const small of [100_000, 150_000, 180_000, 200_000, 230_000]) {
    test(`a start that has ${small} bytes of memory`, (id) => {
      for (const verb of ['run', 'create']) {
        const { code, stderr } = runtime('root', ['--systemd-cgroup', verb, '--bundle',
          bundle('root', limited(small, 'true')), id]);
        // It may be just enough for what this call does.
        if (code !== 0) {
          assert.match(stderr, /E0(628|643): .*\(\/linux\/resources\/memory\/limit\)/);
          continue;
        }
        if (verb === 'create') {
          const started = runtime('root', ['start', id]);
          if (started.code !== 0) assert.match(started.stderr, /E0628: .*\(\/linux\/resources\/memory\/limit\)/);
          assert.equal(runtime('root', ['delete', '--force', id]).code, 0);
        }
      }
    });
  }

  test('run: the program runs out of memory', (id) => {
    for (const script of ['exec tail /dev/zero', 'tail /dev/zero; exit $?']) {
      const { code, stderr } = runtime('root', ['--systemd-cgroup', 'run', '--bundle',
        bundle('root', limited(limit, 'sh', '-c', script)), id]);
      assert.equal(code, 137, stderr);
      assert.match(stderr, /E0643: .*\(\/linux\/resources\/memory\/limit\): it reached the limit of 16777216 bytes/);
    }
  });

  test('exec', (id) => {
    const started = start('root', id, limited(limit, '/probe', 'pause'));
    assert.equal(started.code, 0, started.stderr);
    const further = runtime('root', ['exec', id, 'sh', '-c', 'exec tail /dev/zero']);
    assert.equal(further.code, 137, further.stderr);
    assert.match(further.stderr, /E0643: /);
    assert.equal(runtime('root', ['delete', '--force', id]).code, 0);
  });

  test('wait and events', async (id) => {
    const started = start('root', id, limited(limit, 'sh', '-c', hungry));
    assert.equal(started.code, 0, started.stderr);
    const waiting = begin(id, 'wait'), watching = begin(id, 'events');
    await new Promise((resolve) => setTimeout(resolve, 1000 * timeScale));
    const go = runtime('root', ['exec', id, 'touch', '/dev/shm/go']);
    assert.equal(go.code, 0, go.stderr);
    const [status, events] = await Promise.all([waiting.done, watching.done]);
    assert.match(events, /"type":"oom"/);
    assert.match(events, /"type":"exit".*"reason":"oom".*\/linux\/resources\/memory\/limit/);
    assert.match(status, /137|unknown/);
    const { stdout } = runtime('root', ['state', id]);
    assert.equal((JSON.parse(stdout) as { reason?: string }).reason, 'oom', stdout);
    assert.equal(runtime('root', ['delete', id]).code, 0);
  });

  test('nothing is said of a container that somebody kills', async (id) => {
    const started = start('root', id, limited(limit, 'sh', '-c', hungry));
    assert.equal(started.code, 0, started.stderr);
    const watching = begin(id, 'events');
    await new Promise((resolve) => setTimeout(resolve, 1000 * timeScale));
    assert.equal(runtime('root', ['kill', id, 'KILL']).code, 0);
    assert.doesNotMatch(await watching.done, /oom/);
    assert.equal(runtime('root', ['delete', id]).code, 0);
  });
}
