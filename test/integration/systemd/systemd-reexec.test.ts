// create, update and delete while systemd starts anew again and again (systemctl daemon-reexec): they wait for it, and leave
// nothing behind.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { timeScale } from '../../support/paths.ts';
import { call, hierarchy, pathOf, reason, runtime, setUp, start, test } from '../../support/host/systemd.ts';

const rounds = timeScale > 1 ? 3 : 8;

if (reason !== undefined) {
  t.pass('a systemd that starts anew', { skip: reason });
} else {
  t.setTimeout(2000_000);
  setUp();

  for (const pause of ['', 'sleep 0.2']) {
    test(`daemon-reexec in a loop, ${pause || 'without a pause'}`, (id) => {
      const loop = spawn('sh', ['-c', `while :; do systemctl daemon-reexec; ${pause || ':'}; done`], { stdio: 'ignore',
        detached: true });
      try {
        for (let round = 0; round < rounds; round++) {
          const begun = performance.now();
          const started = start('root', id, (config) => {
            config.linux.resources = { ...config.linux.resources, pids: { limit: 40 } };
          });
          assert.equal(started.code, 0, started.stderr);
          const updated = runtime('root', ['update', '--pids-limit', '30', id]);
          assert.equal(updated.code, 0, updated.stderr);
          assert.equal(readFileSync(join(hierarchy('pids'), pathOf('root', id), 'pids.max'), 'utf8'), '30\n');
          const deleted = runtime('root', ['delete', '--force', id]);
          assert.equal(deleted.code, 0, deleted.stderr);
          assert.ok(performance.now() - begun < 15_000 * timeScale, 'it takes too long');
        }
      } finally {
        process.kill(-loop.pid!, 'SIGKILL');
        // It answers again.
        call('systemctl', ['is-system-running', '--wait']);
      }
    });
  }
}
