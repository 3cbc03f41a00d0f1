// delete --force of a container whose cgroup is systemd's, with every subset of its state files emptied: processes, cgroup,
// unit and state directory are gone, or the status says that they are not.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { isAlive } from '../../support/host/alive.ts';
import { timeScale } from '../../support/paths.ts';
import { bundle, folder, nothingLeft, reason, runtime, setUp, test, type As } from '../../support/host/systemd.ts';

const files = ['record', 'plan', 'request.json', 'config.json', 'state.json'];
const subsets = Array.from({ length: 2 ** files.length - 1 },
  (_, bits) => files.filter((_name, i) => bits + 1 >> i & 1));

async function end(as: As, id: string, names: readonly string[]): Promise<void> {
  const pidFile = join(folder, 'pid');
  const started = runtime(as, ['--systemd-cgroup', 'run', '--detach', '--pid-file', pidFile, '--bundle',
    bundle(as, (config) => {
      config.process.args = ['sh', '-c', 'sleep 1000 & sleep 1000'];
      // The end of init is not that of the others.
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'pid');
    }), id]);
  assert.equal(started.code, 0, started.stderr);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  const pids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number).concat(pid);
  for (const name of names) truncateSync(join(folder, 'state', id, name), 0);
  const begun = performance.now();
  const deleted = runtime(as, ['delete', '--force', id]);
  assert.equal(deleted.code, 0, `${names.join()}: ${deleted.stderr}`);
  assert.deepEqual(pids.filter(isAlive), [], `${names.join()}: processes`);
  assert.ok(!existsSync(join(folder, 'state', id)), names.join());
  assert.ok(performance.now() - begun < 4000 * timeScale, `${names.join()}: it takes too long`);
  await nothingLeft();
}

if (reason !== undefined) {
  t.pass('damage of the containers of systemd', { skip: reason });
} else {
  t.setTimeout(2000_000);
  setUp();

  for (const [number, names] of subsets.entries())
    test(`${names.join(', ')} emptied`, (id) => end('root', `${id}-${number}`, names));
}
