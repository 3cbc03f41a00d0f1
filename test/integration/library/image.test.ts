// unpack() and openImage() of the library, with real images behind them: streams, progress, aborts, errors with their fields.
import { execFileSync, spawn } from 'node:child_process';
import { createReadStream, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { openImage, Runtime, unpack, VelociError, type ImageProgress } from '../../../src/index.ts';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { dockerArchive, tar, writeLayout } from '../../support/image.ts';
import { runtimePath } from '../../support/paths.ts';

const only = { only: 'veloci' } as const;
const command = runtimePath();

/** An image whose command says hello, as an archive of docker save. */
function archiveOf(c: Context): string {
  const layer = tar([{ name: 'bin', type: '5' }, { name: 'bin/busybox', data: readFileSync('/bin/busybox'),
    mode: 0o755 }, { name: 'proc', type: '5' }, { name: 'dev', type: '5' }, { name: 'sys', type: '5' }]);
  const path = join(c.dir(), 'image.tar');
  writeFileSync(path,
    dockerArchive([layer], { Cmd: ['/bin/busybox', 'echo', 'hello'], Labels: { a: 'b' } }, ['hello:v1']));
  return path;
}

test('a bundle of an archive, of a stream of it, and of its bytes', async (c) => {
  const archive = archiveOf(c), cache = join(c.dir(), 'cache');
  const sources = [archive, createReadStream(archive), Readable.from([readFileSync(archive)]), chunksOf(archive)];
  for (const [index, source] of sources.entries()) {
    const bundle = join(c.dir(), 'bundle');
    const { config, spec } = await unpack(source, bundle, { command, cache, reference: 'v1', copy: index % 2 === 0 });
    assert.deepEqual(config.config?.Cmd, ['/bin/busybox', 'echo', 'hello']);
    assert.deepEqual(spec, JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')));
    const { stdout } = await new Runtime({ root: c.root, command }).run({ bundle, id: c.id() });
    assert.equal(String(stdout), 'hello\n');
  }
  const { layers } = await openImage(createReadStream(archive), { command, cache });
  assert.equal(layers.length, 1);
}, only);

async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  const bytes = readFileSync(path);
  for (let offset = 0; offset < bytes.length; offset += 1000) yield bytes.subarray(offset, offset + 1000);
}

test('progress ends at the total', async (c) => {
  const seen: ImageProgress[] = [];
  await unpack(archiveOf(c), join(c.dir(), 'bundle'), { command, copy: true,
    onProgress: (progress) => seen.push(progress) });
  const last = seen.at(-1)!;
  assert.ok(last.total > 0 && last.done === last.total, JSON.stringify(seen));
  assert.ok(seen.every(({ done }, index) => index === 0 || done >= seen[index - 1]!.done));
}, only);

test('an abort ends it while it waits for a stream, and leaves nothing', async (c) => {
  const place = c.dir(), bundle = join(place, 'bundle'), endless = new PassThrough();
  endless.write(readFileSync(archiveOf(c)).subarray(0, 5000));
  const abort = new AbortController(), reason = new Error('enough');
  const unpacking = unpack(endless, bundle, { command, copy: true, signal: abort.signal });
  abort.abort(reason);
  await assert.rejects(unpacking, reason);
  assert.ok(endless.destroyed);
  assert.deepEqual(readdirSync(place), []);
  await assert.rejects(unpack('x', bundle, { command, signal: AbortSignal.abort(reason) }), reason);
}, only);

test('an abort ends it in the middle of a layer', async (c) => {
  const archive = tar([{ name: 'zeros', data: Buffer.alloc(300 << 20) }]);
  const image = writeLayout(join(c.dir(), 'image'), [{ archive, blob: gzipSync(archive, { level: 1 }) }]);
  const place = c.dir(), abort = new AbortController();
  const unpacking = unpack(image, join(place, 'bundle'), { command, copy: true, signal: abort.signal,
    onProgress: () => abort.abort() });
  // It may be faster than the first look.
  const result = await unpacking.then(() => 'done', (error: Error) => error.name);
  assert.ok(result === 'done' || result === 'AbortError', result);
  assert.deepEqual(readdirSync(place), result === 'done' ? ['bundle'] : []);
}, only);

test('errors have their fields', async (c) => {
  const bundle = join(c.dir(), 'bundle');
  await assert.rejects(unpack('/no/such/image', bundle, { command }),
    (error: unknown) =>
      error instanceof VelociError && error.code === 'E1001' && error.errno === 'ENOENT' && error.hint !== undefined);
  const image = writeLayout(join(c.dir(), 'image'), [{ archive: tar([{ name: '../x', data: 'y' }]) }]);
  await assert.rejects(unpack(image, bundle, { command, copy: true }),
    (error: unknown) => error instanceof VelociError && error.code === 'E1010' && error.message.includes('".."'));
  assert.ok(!existsSync(bundle));
  const broken = Readable.from((async function*() {
    yield Buffer.alloc(10);
    throw new Error('the network is gone');
  })());
  await assert.rejects(unpack(broken, bundle, { command, copy: true }), /the network is gone/);
  await assert.rejects(unpack(Readable.from([Buffer.alloc(100, 'x')]), bundle, { command, copy: true }), {
    code: 'E1013',
  });
  assert.ok(!existsSync(bundle));
}, only);

test('when the program ends, so does its unpack', async (c) => {
  const place = c.dir(), bundle = join(place, 'bundle');
  const program = spawn(process.execPath, ['--input-type=module', '-e', `
    import { PassThrough } from 'node:stream';
    const { unpack } = await import(${JSON.stringify(new URL('../../../src/index.js', import.meta.url).href)});
    const endless = new PassThrough();
    endless.write(Buffer.alloc(1000));
    unpack(endless, ${JSON.stringify(bundle)}, { command: ${JSON.stringify(command)}, copy: true });
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300);
  `], { stdio: 'inherit' });
  await new Promise((end) => program.on('exit', end));
  const end = Date.now() + 20_000;
  const left = (): string => execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
  while (left().includes(bundle)) assert.ok(Date.now() < end, 'veloci-unpack still runs');
  assert.deepEqual(readdirSync(place), []);
}, only);
