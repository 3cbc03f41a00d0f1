// Flags of checkpoint and restore that are handed to CRIU, one by one.
import { readFileSync, existsSync, cpSync, mkdirSync, readdirSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { criuPath, noCriu, withoutSequences } from '../../support/host/criu.ts';
import { timeScale } from '../../support/paths.ts';
import type { Result } from '../../support/runtime.ts';

const options = { skip: noCriu };
const env = criuPath;

interface Counter {
  id: string;
  dir: string;
  volume: string;
  images: string;
  count: () => number;
}

/** A started shell that runs `first` and then counts into a file of its volume. */
async function counter(c: Context, first = ':'): Promise<Counter> {
  const volume = c.dir();
  const script =
    `${first}; i=0; while :; do i=$((i+1)); echo $i > /volume/new; mv /volume/new /volume/count; sleep 0.05; done`;
  const { dir } = c.command(['sh', '-c', script], (config) => {
    withoutSequences(config);
    config.mounts.push({ destination: '/volume', type: 'bind', source: volume, options: ['rbind', 'rw'] });
  });
  const id = c.id();
  await ok(c.rt(['create', '--bundle', dir, id]));
  await ok(c.rt(['start', id]));
  const found = { id, dir, volume, images: join(c.dir(), 'images'),
    count: () => Number(readFileSync(join(volume, 'count'), 'utf8')) };
  await beyond(found, 3);
  return found;
}

async function ok(result: Promise<Result>): Promise<Result> {
  const ended = await result;
  assert.equal(ended.code, 0, ended.stderr);
  return ended;
}

/** Waits until it has counted further. */
async function beyond({ count }: Counter, least: number): Promise<void> {
  for (const end = Date.now() + 10_000 * timeScale;;) {
    try {
      if (count() > least) return;
    } catch { /* not there yet */ }
    assert.ok(Date.now() < end, `the count does not go beyond ${least}`);
    await sleep(50);
  }
}

/**
 * CRIU mounts the hierarchies that nobody has mounted, more than once; while the kernel is still giving up the first mount,
 * the second one fails with EBUSY, and so does the checkpoint.
 */
async function checkpoint(c: Context, ...args: string[]): Promise<Result> {
  for (let tries = 0;; tries++) {
    const result = await c.rt(['checkpoint', ...args], { env });
    if (tries === 20 || !/file system: Device or resource busy/.test(result.stderr)) return result;
    await sleep(100);
  }
}

/** Checkpoint and restore with flags; the counter must go on. */
async function there(c: Context, found: Counter, save: string[], load: string[]): Promise<void> {
  await ok(checkpoint(c, ...save, '--image-path', found.images, found.id));
  const saved = found.count();
  await ok(
    c.rt(['restore', '--detach', ...load, '--bundle', found.dir, '--image-path', found.images, found.id], { env }),
  );
  await beyond(found, saved + 2);
  assert.ok(found.count() < saved + 200, 'it did not begin anew');
}

test('--file-locks: a lock is held again', async (c) => {
  const found = await counter(c,
    '/probe lock /volume/lock & until grep -q FLOCK /proc/$!/fdinfo/* 2>/dev/null; do :; done');
  const free = (): boolean => spawnSync('flock', ['--nonblock', join(found.volume, 'lock'), 'true']).status === 0;
  assert.ok(!free());
  const refused = await checkpoint(c, '--image-path', found.images, found.id);
  assert.match(refused.stderr, /E0881: .*lock/i);
  assert.equal((await c.state(found.id))['status'], 'running');
  await there(c, found, ['--file-locks'], ['--file-locks']);
  assert.ok(!free(), 'the restored process has no lock');
}, options);

test('--link-remap: a file that has lost the name it was opened by', async (c) => {
  const found = await counter(c,
    'exec 8> /volume/first; ln /volume/first /volume/second; rm /volume/first; echo kept >&8');
  const refused = await checkpoint(c, '--image-path', found.images, found.id);
  assert.match(refused.stderr, /E0881: .*link-remap/i);
  await there(c, found, ['--link-remap'], ['--link-remap']);
  assert.equal(readFileSync(join(found.volume, 'second'), 'utf8'), 'kept\n');
}, options);

test('--tcp-close: a connection is broken at the restore, the rest goes on', async (c) => {
  const found = await counter(c,
    '(sleep 1000 | nc -l -p 4000 > /volume/got; echo > /volume/closed) & until grep -q :0FA0 /proc/net/tcp*; do :; done; '
      + '(sleep 1000 | nc 127.0.0.1 4000) & until grep -q ":0FA0 .* 01 " /proc/net/tcp*; do :; done');
  await there(c, found, ['--tcp-established'], ['--tcp-close']);
}, options);

for (const mode of ['soft', 'full', 'ignore']) {
  test(`--manage-cgroups-mode ${mode}`, async (c) => {
    const found = await counter(c);
    await there(c, found, ['--manage-cgroups-mode', mode], ['--manage-cgroups-mode', mode]);
    const { pid } = await c.state(found.id);
    assert.match(readFileSync(`/proc/${String(pid)}/cgroup`, 'utf8'),
      new RegExp(`pids:.*${found.id}|0::/.*${found.id}`));
  }, { ...options, ...(mode === 'ignore' ? { drift: 'CRIU makes no cgroup namespace there' } : {}) });
}

test('--manage-cgroups-mode strict: CRIU refuses cgroups that exist, and a runtime makes them', async (c) => {
  const found = await counter(c);
  await ok(c.rt(['checkpoint', '--manage-cgroups-mode', 'strict', '--image-path', found.images, found.id], { env }));
  const refused = await c.rt(['restore', '--detach', '--manage-cgroups-mode', 'strict', '--bundle', found.dir,
    '--image-path', found.images, found.id], { env });
  assert.match(refused.stderr, /E0882: .*existing cgroups/);
  await c.nothingLeft();
}, options);

test('--empty-ns network: the network namespace is left to somebody else', async (c) => {
  const found = await counter(c);
  await there(c, found, ['--empty-ns', 'network'], ['--empty-ns', 'network']);
}, { ...options, drift: 'its loopback device is down' });

test('--auto-dedup: pages of a pre-dump that are saved again are punched out', async (c) => {
  const found = await counter(c);
  const dir = c.dir();
  const first = await c.rt(['checkpoint', '--pre-dump', '--image-path', join(dir, 'first'), found.id], { env });
  // CONFIG_MEM_SOFT_DIRTY
  if (/Tracking memory is not available/.test(first.stderr)) return;
  assert.equal(first.code, 0, first.stderr);
  found.images = join(dir, 'second');
  await there(c, found, ['--auto-dedup', '--parent-path', '../first'], []);
}, options);

test('--page-server: the pages go to another CRIU', async (c) => {
  const found = await counter(c);
  const pages = join(c.dir(), 'pages');
  mkdirSync(pages);
  const port = String(20000 + process.pid % 20000);
  const server = c.beginProgram(['criu', 'page-server', '--images-dir', pages, '--address', '127.0.0.1', '--port',
    port], { env });
  await sleep(1000 * timeScale);
  await ok(c.rt(['checkpoint', '--page-server', `127.0.0.1:${port}`, '--image-path', found.images, found.id], { env }));
  await server.done;
  assert.ok(readdirSync(pages).some((name) => name.startsWith('pages-')), 'the server has them');
  assert.ok(!existsSync(join(found.images, 'pages-1.img')), 'the dump has not');
  cpSync(pages, found.images, { recursive: true });
  const saved = found.count();
  await ok(c.rt(['restore', '--detach', '--bundle', found.dir, '--image-path', found.images, found.id], { env }));
  await beyond(found, saved + 2);
}, options);
