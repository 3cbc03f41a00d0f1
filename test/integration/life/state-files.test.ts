// A file of the state directory that is something else: a directory, a FIFO, a socket, a device, a symbolic link that leads out.
// No command waits for it, follows it or crashes by it, and delete --force ends and removes the container.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { processes } from '../../support/leak.ts';
import { timeScale } from '../../support/paths.ts';

const names = ['record', 'plan', 'request.json', 'config.json', 'state.json', 'exec.fifo'];
const verbs = [['list'], ['state', 'ID'], ['ps', 'ID'], ['exec', 'ID', 'true'], ['kill', 'ID', '0'], ['pause', 'ID'], [
  'resume',
  'ID',
], ['update', '--pids-limit', '50', 'ID'], ['start', 'ID'], ['delete', 'ID']];

const secret = 'a file of the host';

/** Puts something else in the place of a file. */
const kinds: Readonly<Record<string, (c: Context, path: string) => Promise<void> | void>> = {
  'an empty file': (_c, path) => writeFileSync(path, ''),
  'a directory': (_c, path) => void mkdirSync(path),
  'a FIFO': (_c, path) => void execFileSync('mkfifo', [path]),
  'a socket': (c, path) =>
    new Promise((resolve) => {
      const server = createServer();
      c.later(() => server.close());
      server.listen(path, resolve);
    }),
  'a device': (_c, path) => void execFileSync('mknod', [path, 'c', '1', '5']),
  'a symbolic link': (c, path) => {
    const target = join(c.dir(), 'target');
    writeFileSync(target, secret);
    symlinkSync(target, path);
    c.later(() => assert.equal(readFileSync(target, 'utf8'), secret, 'what a link leads to is left alone'));
  },
};

for (const [kind, place] of Object.entries(kinds)) {
  for (const waits of [false, true]) {
    test(`each file is ${kind}, in a container that ${waits ? 'waits for its start' : 'runs'}`, async (c) => {
      for (const name of names) {
        const bundle = c.command(['/probe', 'pause']);
        const { id, pid } = waits ? await c.create(bundle) : await c.started(bundle);
        const path = join(c.root, id, name);
        rmSync(path, { force: true });
        await place(c, path);
        for (const verb of verbs) {
          const words = verb.map((word) => (word === 'ID' ? id : word));
          const result = await c.rt(words, { timeLimit: 20_000 });
          const what = `${name}, ${words.join(' ')}: ${result.code} ${result.signal} ${result.stderr}`;
          assert.equal(result.timedOut, false, `it waits: ${what}`);
          assert.equal(result.signal, null, what);
          assert.doesNotMatch(result.stderr, /E090[1-5]|please report/, what);
          if (result.code !== 0) assert.match(result.stderr, /E0\d{3}/, what);
        }
        const begun = performance.now();
        const deleted = await c.rt(['delete', '--force', id]);
        assert.equal(deleted.code, 0, `${name}: ${deleted.stderr}`);
        assert.ok(performance.now() - begun < 10_000 * timeScale, `${name}: delete --force takes too long`);
        assert.ok(processes().get(pid)?.endsWith('(Z)') !== false, `${name}: its process lives`);
        assert.ok(!existsSync(join(c.root, id)), `${name}: its directory is left`);
      }
      assert.ok(statSync(c.root).isDirectory());
    }, { only: 'veloci' });
  }
}
