// Plans by shape (docs/decisions/0008-plans-by-shape.md): what is remembered, and what is trusted of it.
import { randomInt } from 'node:crypto';
import { chmodSync, chownSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync,
  symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle } from '../../support/bundle.ts';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { runtimePath } from '../../support/paths.ts';
import type { Result } from '../../support/runtime.ts';
import { dockerConfig } from '../../support/spec.ts';

const only = { only: 'veloci' } as const;

/** A state root of its own, with what is remembered in it. */
class Remembered {
  readonly root: string;
  readonly plans: string;
  readonly #c: Context;
  // Their cgroups are those of the host.
  #count = randomInt(10_000, 80_000);

  constructor(c: Context) {
    this.#c = c;
    this.root = join(c.dir(), 'root');
    this.plans = join(this.root, '.cache/plans');
  }

  /** Runs a bundle under an id of the same form as the others. Without another wish plans are verified, for which the command takes its time. */
  run(bundle: Bundle, more: Record<string, string> = {}, id?: string): Promise<Result> {
    this.#count += 1;
    const env = { VELOCI_PLAN_CACHE: 'verify', ...more };
    const own = id ?? `p${this.#count}`;
    return this.#c.beginProgram(['env', ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
      runtimePath(), '--root', this.root, 'run', '--bundle', bundle.dir, own]).done;
  }

  files(): string[] {
    return existsSync(this.plans) ? readdirSync(this.plans).map((name) => join(this.plans, name)) : [];
  }

  /** How often each plan was used again. */
  hits(): number[] {
    return this.files().map((file) => Number(readFileSync(file).readBigUInt64LE(8)));
  }
}

/** As digest_of in native/shape. */
function digestOf(bytes: Uint8Array): bigint {
  const factor = 0x9e3779b97f4a7c15n, mask = (1n << 64n) - 1n;
  let sum = (BigInt(bytes.length) * factor) & mask;
  for (let at = 0; at < bytes.length; at += 8) {
    const word = Buffer.alloc(8);
    word.set(bytes.subarray(at, at + 8));
    sum = ((sum ^ word.readBigUInt64LE()) * factor) & mask;
    sum ^= sum >> 32n;
  }
  return sum;
}

test('the second start of a shape has the plan of the first', async (c) => {
  const remembered = new Remembered(c);
  const name = (id: string) => (config: { hostname?: string; annotations?: Record<string, string> }): void => {
    config.hostname = id.slice(0, 12);
    config.annotations = { owner: id };
  };
  for (const id of ['0123456789abcdef'.repeat(4), 'fedcba9876543210'.repeat(4), '1234567890abcdef'.repeat(4)]) {
    const bundle = c.command(['/probe'], name(id), { base: dockerConfig });
    const result = await remembered.run(bundle, {}, id);
    assert.equal(result.code, 0, result.stderr);
    assert.equal((JSON.parse(result.stdout) as { hostname: string }).hostname, id.slice(0, 12));
  }
  assert.deepEqual(remembered.hits(), [2]);
}, only);

test('short ids are names where they cannot be words', async (c) => {
  const remembered = new Remembered(c);
  const bundle = c.command(['hostname'], (config) => {
    config.linux.cgroupsPath = `/${c.id()}`;
  });
  // Names of temporary folders may have any two characters in them.
  const texts = [readFileSync(join(bundle.dir, 'config.json'), 'utf8'), bundle.dir, remembered.root].join('\n');
  const letter = [...'qxzjvkcbwg'].find((first) => !texts.includes(`${first}1`) && !texts.includes(`${first}2`));
  assert.ok(letter !== undefined);
  for (const id of [`${letter}1`, `${letter}2`, `${letter}12`, 'proc', 'init']) {
    assert.equal((await remembered.run(bundle, {}, id)).stderr, '');
  }
  assert.deepEqual(remembered.hits().sort(), [0, 0, 0, 1]);
}, only);

test('an error of a remembered plan has its place in the configuration', async (c) => {
  const remembered = new Remembered(c);
  const source = c.dir();
  const bundle = c.command(['true'], (config) => {
    config.mounts.push({ destination: '/data', type: 'bind', source: join(source, 'data'), options: ['bind'] });
  });
  mkdirSync(join(source, 'data'));
  for (let i = 0; i < 2; i++) assert.equal((await remembered.run(bundle)).stderr, '');
  assert.deepEqual(remembered.hits(), [1]);
  renameSync(join(source, 'data'), join(source, 'moved'));
  const failed = await remembered.run(bundle);
  const fresh = await remembered.run(bundle, { VELOCI_PLAN_CACHE: '0' });
  assert.deepEqual(remembered.hits(), [2]);
  assert.match(failed.stderr, /config\.json:\d+:\d+ \(\/mounts\/7\/source\)/);
  assert.equal(failed.stderr, fresh.stderr);
  assert.equal(failed.code, fresh.code);
}, only);

test('nothing is remembered when it is not wanted, nor with a warning', async (c) => {
  const remembered = new Remembered(c);
  const bundle = c.command(['true']);
  assert.equal((await remembered.run(bundle, { VELOCI_PLAN_CACHE: '0' })).code, 0);
  assert.equal(
    (await remembered.run(bundle, { TRACEPARENT: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' })).code,
    0,
  );
  const warned = c.command(['true'], (config) => {
    config['unknownKey'] = 1;
  });
  const { stderr, code } = await c.beginProgram([runtimePath(), '--root', remembered.root, '--log-level', 'warning',
    'run', '--bundle', warned.dir, c.id()]).done;
  assert.equal(code, 0);
  assert.match(stderr, /unknownKey/);
  const broken = c.command(['no-such-program']);
  assert.notEqual((await remembered.run(broken)).code, 0);
  assert.deepEqual(remembered.files(), []);
}, only);

test('what was changed, or is not the own file, is not used', async (c) => {
  const remembered = new Remembered(c);
  const bundle = c.command(['echo', 'told']);
  const told = async (): Promise<void> => assert.equal((await remembered.run(bundle)).stdout, 'told\n');
  await told();
  await told();
  const [file = ''] = remembered.files();
  assert.deepEqual(remembered.hits(), [1]);
  const whole = readFileSync(file);
  const forms: Record<string, () => void> = {
    'a changed byte': () => {
      const bytes = Buffer.from(whole);
      bytes[bytes.length - 10]! ^= 1;
      writeFileSync(file, bytes);
    },
    'a cut file': () => writeFileSync(file, whole.subarray(0, whole.length / 2)),
    'an empty file': () => writeFileSync(file, ''),
    'a file that others may read': () => chmodSync(file, 0o644),
    'a file of somebody else': () => chownSync(file, 1234, 0),
    'a symbolic link': () => {
      renameSync(file, join(remembered.root, 'elsewhere'));
      symlinkSync('../../elsewhere', file);
    },
    'a file with a second name': () => linkSync(file, join(remembered.root, 'linked')),
  };
  for (const [form, damage] of Object.entries(forms)) {
    damage();
    await told();
    assert.deepEqual(remembered.hits(), [0], `${form} was used, or stays`);
    await told();
    assert.deepEqual(remembered.hits(), [1], form);
  }
  chmodSync(remembered.plans, 0o777);
  await told();
  assert.deepEqual(remembered.hits(), [1], 'a folder that others may write to was used');
}, only);

test('verify tells a remembered plan that is not that of the engine', async (c) => {
  const remembered = new Remembered(c);
  const bundle = c.command(['echo', 'told-by-the-plan']);
  for (let i = 0; i < 2; i++) assert.equal((await remembered.run(bundle)).code, 0);
  const [file = ''] = remembered.files();
  const bytes = readFileSync(file);
  const place = bytes.lastIndexOf('told-by-the-plan');
  assert.ok(place > 0);
  bytes.write('lied', place);
  bytes.writeBigUInt64LE(digestOf(bytes.subarray(24)), 16);
  writeFileSync(file, bytes);
  const failed = await remembered.run(bundle);
  assert.notEqual(failed.code, 0);
  assert.match(failed.stderr, /remembered plan/);
}, only);

test('a remembered plan goes on without its filter, and starts at once are all well', async (c) => {
  const remembered = new Remembered(c);
  const bundle = c.command(['grep', 'Seccomp:', '/proc/self/status'], () => {}, { base: dockerConfig });
  const filtered = async (): Promise<void> => assert.match((await remembered.run(bundle)).stdout, /Seccomp:\s2/);
  await filtered();
  // From now on the filter is in its own cache.
  rmSync(remembered.plans, { recursive: true });
  await filtered();
  await filtered();
  assert.deepEqual(remembered.hits(), [1]);
  rmSync(join(remembered.root, '.cache/seccomp'), { recursive: true });
  await filtered();
  assert.deepEqual(remembered.hits(), [0]);
  await Promise.all(Array.from({ length: 8 }, filtered));
  assert.ok(remembered.files().length === 1 && remembered.hits()[0]! > 0);
}, only);

test('no more than 256 plans are kept', async (c) => {
  const remembered = new Remembered(c);
  mkdirSync(remembered.plans, { recursive: true, mode: 0o700 });
  for (let i = 0; i < 258; i++) writeFileSync(join(remembered.plans, `${i}`), '', { mode: 0o600 });
  const bundle = c.command(['true']);
  for (let i = 0; i < 2; i++) assert.equal((await remembered.run(bundle)).code, 0);
  assert.ok(remembered.files().length === 256);
}, only);
