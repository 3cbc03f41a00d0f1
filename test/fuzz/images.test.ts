// Hostile images: archives, compressed streams and documents with any damage. An unpack ends soon, with a layer or with one
// error, and what lies outside of its place is as it was.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { assert } from '../support/case.ts';
import { fuzz } from '../support/fuzz/fuzz.ts';
import { changes, outside } from '../support/fuzz/outside.ts';
import type { Random } from '../support/fuzz/random.ts';
import { dockerArchive, type Entry, type Layer, paxRecord, sha256, tar, writeLayout } from '../support/image.ts';

const target = '/run/outside';
const up = '../'.repeat(12);
const names = ['a', 'a/b', 'a/b/c', 'b', 'lib', 'lib/x', 'etc', 'etc/passwd', '.', './', '/', '..', 'a/..', 'a/../b',
  `${up}run/outside/new`, `${target}/new`, 'out', 'out/new', 'out/file', 'out/directory', '.wh.a', 'a/.wh.b',
  '.wh..wh..opq', 'a/.wh..wh..opq', 'out/.wh.file', '.wh.', '.wh...', 'a//b', 'a/./b', 'x'.repeat(99),
  'd/'.repeat(49) + 'e', 'a\\b', 'ä', '\u0001', 'proc/self/root'];
const links = [target, `${target}/file`, `${up}run/outside`, 'a', 'b', 'a/b', '.', '..', '/', 'out', 'out/file',
  '/proc/self/root', '/proc/self/fd/3', 'missing', ''];
const numbers = [0, 1, 511, 512, 513, 0o7777, 65535, 2 ** 31, 8 ** 7 - 1, Buffer.alloc(12, 0xff),
  Buffer.from('80000000000000000000ffff', 'hex'), Buffer.from('zzzzzzzzzzzz'), Buffer.from('            ')];
const keys = ['path', 'linkpath', 'size', 'uid', 'gid', 'mtime', 'SCHILY.xattr.user.a',
  'SCHILY.xattr.security.capability', 'SCHILY.xattr.trusted.overlay.opaque', 'SCHILY.xattr.user.overlay.opaque',
  'GNU.sparse.major', 'hdrcharset', 'comment', ''];
const values = ['a', 'out/file', `${target}/new`, `${up}run/outside/new`, '0', '1', '512', '-1', '4294967296',
  '99999999999999999999', '1.5', 'a\0b', '', 'x'.repeat(300)];

function someEntry(random: Random): Entry {
  const type = random.pick(['0', '0', '0', '1', '2', '2', '3', '4', '5', '5', '6', '7', 'x', 'g', 'L', 'K', 'S', 'Z',
    '\0']);
  const some = (percent: number, more: () => Partial<Entry>): Partial<Entry> => (random.percent(percent) ? more() : {});
  return {
    name: random.pick(names),
    type,
    data: type === 'x' || type === 'g'
      ? paxRecord(random.pick(keys), random.pick(values))
      : type === 'L' || type === 'K'
      ? `${random.pick(names)}\0`
      : '067'.includes(type)
      ? 'x'.repeat(random.pick([0, 1, 511, 512, 513, 5000]))
      : '',
    link: '12'.includes(type) || random.percent(3) ? random.pick(links) : '',
    mode: random.pick([0, 0o644, 0o755, 0o4755, 0o1777, 0o7777]),
    device: random.pick([[0, 0], [1, 3], [1, 1], [8, 0]] as const),
    ...some(8, () => ({ size: random.pick(numbers) })),
    ...some(8, () => ({ uid: random.pick(numbers) })),
    ...some(8, () => ({ magic: random.pick(['ustar  \0', '\0\0\0\0\0\0\0\0', 'ustar\x0011', 'wrong']) })),
    ...some(15,
      () => ({ pax: { [random.pick(keys)]: random.pick(values), [random.pick(keys)]: random.pick(values) } })),
  };
}

/** Damages some bytes; the checksum of the header that has them is mostly put right. */
function damage(bytes: Buffer, random: Random, headers: boolean): Buffer {
  const result = Buffer.from(bytes);
  for (let count = random.below(4); count > 0 && result.length > 0; count--) {
    const offset = random.below(result.length);
    result[offset] = random.percent(50) ? random.below(256) : result[offset]! ^ (1 << random.below(8));
    const start = offset - offset % 512, header = result.subarray(start, start + 512);
    if (!headers || header.length < 512 || random.percent(20)) continue;
    header.fill(' ', 148, 156);
    header.write(`${header.reduce((total, byte) => total + byte, 0).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  }
  if (random.percent(8)) return result.subarray(0, random.below(result.length + 1));
  if (random.percent(5)) return Buffer.concat([result, Buffer.alloc(random.below(2000), random.pick([0, 120]))]);
  return result;
}

function someLayer(random: Random): Layer {
  const entries = Array.from({ length: 1 + random.below(6) }, () => someEntry(random));
  if (random.percent(30)) entries.unshift({ name: 'out', type: '2', link: target });
  const archive = damage(tar(entries), random, true);
  switch (random.below(5)) {
    case 0:
      return { archive, blob: gzipSync(archive, { level: 1 }) };
    case 1:
      return { archive, blob: damage(gzipSync(archive, { level: 1 }), random, false) };
    case 2:
      return { archive, blob: damage(execFileSync('zstd', ['-q', '-1', '-c'], { input: archive }), random, false) };
    default:
      return { archive, ...(random.percent(5) ? { diffId: sha256('other') } : {}) };
  }
}

/** Damages a document of a layout, whose name is put right unless its digest shall be wrong. */
function damageDocument(image: string, random: Random): void {
  const folder = join(image, 'blobs/sha256');
  const documents = readdirSync(folder).filter((name) => readFileSync(join(folder, name))[0] === 0x7b);
  const path = random.percent(40) ? join(image, 'index.json') : join(folder, random.pick(documents));
  const pieces = ['null', '[]', '{}', '-1', '1e9', '"sha256:../../../etc/passwd"', '9007199254740993', '"', '}',
    '\\u0000'];
  const text = readFileSync(path, 'utf8'), offset = random.below(text.length);
  const cut = offset + random.below(20);
  const changed = random.percent(50)
    ? text.slice(0, offset) + random.pick(pieces) + text.slice(cut)
    : text.replace(/"(sha256:[0-9a-f]+|[a-z]+\/[^"]*)"|\d+/g,
      (part) => (random.percent(15) ? random.pick(pieces) : part));
  if (random.percent(30)) return writeFileSync(path, changed);
  // What refers to it goes along.
  const before = sha256(text), after = sha256(changed), sizes = [Buffer.byteLength(text), Buffer.byteLength(changed)];
  writeFileSync(join(folder, after), changed);
  if (path.endsWith('index.json')) writeFileSync(path, changed);
  for (const name of ['index.json', ...documents.map((document) => join('blobs/sha256', document))]) {
    const other = readFileSync(join(image, name), 'utf8');
    if (other.includes(before))
      writeFileSync(join(image, name),
        other.replaceAll(before, after).replaceAll(`"size":${sizes[0]}`, `"size":${sizes[1]}`));
  }
}

function makeTarget(): void {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(join(target, 'directory'), { recursive: true });
  writeFileSync(join(target, 'file'), 'outside');
}

fuzz('images', async (c, random) => {
  makeTarget();
  c.later(() => rmSync(target, { recursive: true, force: true }));
  const place = c.dir(), image = join(place, 'image'), bundle = join(place, 'bundle'), cache = join(place, 'cache');
  const layers = Array.from({ length: 1 + random.below(3) }, () => someLayer(random));
  if (random.percent(20))
    writeFileSync(image, damage(dockerArchive(layers.map(({ archive }) => archive)), random, true));
  else {
    writeLayout(image, layers);
    if (random.percent(30)) damageDocument(image, random);
  }
  const before = outside([target], () => false);
  const operands = random.percent(80) ? [image, bundle] : [image];
  const flags = operands.length === 2 && random.percent(50) ? ['--copy'] : ['--cache', cache];
  const { code, stderr, timedOut } = await c.rt(['unpack', ...flags, ...operands], { timeLimit: 60_000 });
  const said = `exit code ${code}: ${stderr}`;
  assert.ok(timedOut !== true, said);
  assert.ok(code === 0 || code === 1, said);
  assert.ok(!/E0901|E0902|E0903|E0904|E0905|E0906/.test(stderr), said);
  if (code === 1) assert.match(stderr, /^error: E\d{4}: [^\n]+\n$|^(warning: [^\n]+\n)*error: E\d{4}: [^\n]+\n$/);
  assert.deepEqual(changes(before, outside([target], () => false)), [], said);
  const left = readdirSync(place).sort();
  assert.deepEqual(left.filter((name) => name !== 'cache' && name !== 'image'),
    code === 0 && operands.length === 2 ? ['bundle'] : [], said);
  rmSync(place, { recursive: true, force: true });
});
