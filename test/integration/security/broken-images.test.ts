// Images of a checkpoint that were damaged afterwards: a restore says so, soon, and nothing of it is left. VELOCI_TEST_IMAGES: how
// many damages of each kind every image gets.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync,
  writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { Random } from '../../support/fuzz/random.ts';
import { criuPath as env, noCriu, withoutSequences } from '../../support/host/criu.ts';
import { timeScale } from '../../support/paths.ts';

/** Rounds of each damage that has a place; without a wish one of every third image. */
const wanted = Number(process.env['VELOCI_TEST_IMAGES'] ?? 0);
const rounds = Math.max(1, wanted);
const random = new Random(Number(process.env['VELOCI_FUZZ_SEED'] || 1));
const timeLimit = 60_000;

/** What is done to an image, and how often. */
interface Damage {
  times: number;
  to: (file: string) => void;
}

function changed(file: string, count: number, change: (byte: number) => number): void {
  const bytes = readFileSync(file);
  for (let i = 0; i < count; i++) {
    const place = random.below(bytes.length);
    bytes[place] = change(bytes[place]!);
  }
  writeFileSync(file, bytes);
}

const damages: Readonly<Record<string, Damage>> = {
  'cut short': { times: rounds, to: (file) => truncateSync(file, random.below(statSync(file).size)) },
  'a changed bit': { times: rounds, to: (file) => changed(file, 1, (byte) => byte ^ 1 << random.below(8)) },
  'eight changed bytes': { times: rounds, to: (file) => changed(file, 8, () => random.below(256)) },
  'empty': { times: 1, to: (file) => truncateSync(file) },
  'missing': { times: 1, to: (file) => rmSync(file) },
  'a link': { times: 1, to: (file) => replaced(file, (path) => symlinkSync('/etc/passwd', path)) },
  'a FIFO': { times: 1, to: (file) => replaced(file, (path) => execFileSync('mkfifo', ['-m', '600', path])) },
  'a device': { times: 1,
    to: (file) => replaced(file, (path) => execFileSync('mknod', ['-m', '600', path, 'c', '1', '5'])) },
  'a directory': { times: 1, to: (file) => replaced(file, (path) => mkdirSync(path)) },
};

function replaced(file: string, make: (path: string) => void): void {
  rmSync(file);
  make(file);
}

/** What CRIU has written so far. */
const log = (images: string): string => {
  const path = join(images, 'restore.log');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};

/** A container of two processes that was saved, and its images. */
async function saved(c: Context): Promise<{ bundle: string; whole: string }> {
  const bundle = c.command(['sh', '-c', 'while :; do sleep 1; done'], withoutSequences);
  const { id } = await c.started(bundle);
  const whole = join(c.dir(), 'images');
  const { code, stderr } = await c.rt(['checkpoint', '--image-path', whole, id], { env });
  assert.equal(code, 0, stderr);
  return { bundle: bundle.dir, whole };
}

test('images that were damaged: a restore has an answer, and leaves nothing', async (c) => {
  const { bundle, whole } = await saved(c);
  const images = join(c.dir(), 'images');
  const names = readdirSync(whole).filter((name) => /\.(img|json)$/.test(name) && statSync(join(whole, name)).size > 0)
    .sort();
  const faults: string[] = [];
  const answers = new Map<string, number>();
  for (const [what, { times, to }] of Object.entries(damages)) {
    // One in eight stands for all that are no file.
    const distance = /^a [^c]/.test(what) ? 8 : wanted > 0 ? 1 : 3;
    const first = random.below(distance);
    for (const name of names.filter((_, index) => index % distance === first)) {
      for (let i = 0; i < times; i++) {
        rmSync(images, { recursive: true, force: true });
        cpSync(whole, images, { recursive: true });
        to(join(images, name));
        const id = c.id();
        const result = await c.rt(['restore', '--detach', '--bundle', bundle, '--image-path', images, id], { env,
          timeLimit });
        try {
          assert.ok(!result.timedOut, 'it hangs');
          // What a bit more or less makes no damage of is restored.
          if (result.code === 0) await c.destroy(id);
          else assert.match(result.stderr, /\bE(088[02]|0883|099[689]): ./, `status ${result.code}`);
          await c.nothingLeft();
        } catch (error) {
          faults.push(`${name}, ${what}: ${(error as Error).message}, "${result.stderr.trim()}"`);
          await c.rt(['delete', '--force', id]);
        }
        const answer = `${result.code === 0 ? 'restored' : /E\d{4}/.exec(result.stderr)?.[0]}`;
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }
    }
  }
  console.log(`# ${[...answers].map(([answer, count]) => `${answer} ${count} times`).join(', ')}`);
  assert.deepEqual(faults, []);
}, { only: 'veloci', skip: noCriu });

test('an image that lacks pages is told before CRIU looks for them without end', async (c) => {
  const { bundle, whole } = await saved(c);
  for (const name of readdirSync(whole).filter((file) => /^pages-\d+\.img$/.test(file))) {
    const path = join(whole, name), bytes = readFileSync(path);
    for (const size of [0, 1, bytes.length - 1]) {
      truncateSync(path, size);
      const { code, stderr } = await c.rt(['restore', '--detach', '--bundle', bundle, '--image-path', whole, c.id()], {
        env,
      });
      assert.equal(code, 1);
      assert.match(stderr, /E0998: the checkpoint is not whole: ".*\/pages-\d+\.img" has \d+ bytes, and "pagemap-/);
      assert.ok(stderr.includes(`/${name}" has ${size} bytes`), stderr);
      writeFileSync(path, bytes);
    }
  }
  const { code, stderr } = await c.rt(['restore', '--detach', '--bundle', bundle, '--image-path', whole, c.id()], {
    env,
  });
  assert.equal(code, 0, stderr);
}, { only: 'veloci', skip: noCriu });

test('a restore that waits for what never comes is given up', async (c) => {
  const { bundle, whole } = await saved(c);
  const path = join(whole, 'pstree.img'), bytes = readFileSync(path);
  // The session of the second process, 1, is that of one that does not exist: fields 3 and 4 of its entry are 1.
  const place = bytes.lastIndexOf(Buffer.from([0x18, 1, 0x20, 1]));
  assert.ok(place > 0, bytes.toString('hex'));
  bytes[place + 3] = 3;
  writeFileSync(path, bytes);
  const args = ['restore', '--detach', '--bundle', bundle, '--image-path', whole, c.id()];
  const stopped = c.begin(args, { env, timeLimit });
  for (const end = Date.now() + 10_000 * timeScale; !/Restoring \d+ to \d+ pgid/.test(log(whole)); await sleep(50))
    assert.ok(Date.now() < end, `CRIU does not come to wait: ${log(whole)}`);
  stopped.child.kill('SIGTERM');
  assert.match((await stopped.done).stderr, /E0629/);
  await c.nothingLeft();
  const { code, stderr, timedOut } = await c.rt(args, { env, timeLimit });
  assert.deepEqual([code, timedOut], [1, false], stderr);
  assert.match(stderr, /E0999: CRIU waits for something that does not come/);
  await c.nothingLeft();
}, { only: 'veloci', skip: noCriu });

test('a folder without images, and one that is a file: CRIU says so', async (c) => {
  const bundle = c.command(['/probe', 'pause']).dir;
  const file = join(c.dir(), 'file');
  writeFileSync(file, '');
  for (const [path, code] of [[c.dir(), 'E0882'], [file, 'E0874'], ['/nonexistent', 'E0874']] as const) {
    const result = await c.rt(['restore', '--detach', '--bundle', bundle, '--image-path', path, c.id()], { env });
    assert.equal(result.code, 1);
    assert.match(result.stderr, new RegExp(code));
    await c.nothingLeft();
  }
}, { only: 'veloci', skip: noCriu });
