// Images that mean harm, or are damaged: each ends in a clear error, with nothing of it on this host.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync,
  writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { assert, test } from '../../support/case.ts';
import type { Context } from '../../support/context.ts';
import { absent, dockerArchive, type Entry, type Layer, paxRecord, sha256, tar,
  writeLayout } from '../../support/image.ts';
import { runtimePath } from '../../support/paths.ts';
import { call } from '../../support/runtime.ts';

/** Everything below a folder with its kind, mode and contents. */
function listing(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort().map((name) => {
    const path = join(folder, name), { mode, uid, size, mtimeMs } = lstatSync(path);
    return [name, mode.toString(8), uid, size, mtimeMs, lstatSync(path).isFile() ? readFileSync(path, 'latin1') : '']
      .join(' ');
  });
}

const file = (name: string, more: Partial<Entry> = {}): Entry => ({ name, data: 'x', ...more });
const folder = (name: string, more: Partial<Entry> = {}): Entry => ({ name, type: '5', ...more });
const symlink = (name: string, link: string): Entry => ({ name, type: '2', link });
const hard = (name: string, link: string): Entry => ({ name, type: '1', link });

/** Number in base 256. */
const base256 = (size: number, ...bytes: number[]): Buffer => {
  const result = Buffer.alloc(size);
  Buffer.from(bytes.slice(1)).copy(result, size - bytes.length + 1);
  result[0] = bytes[0]!;
  return result;
};

const negative = Buffer.alloc(12, 0xff);

/** Layers by what is wrong with them; `OUT` is a folder of the host. */
const layers: Readonly<Record<string, readonly [code: string, says: RegExp, layer: readonly Entry[] | Layer]>> = {
  'the root is a symbolic link': ['E1010', /the root of the layer is no directory/, [symlink('.', 'OUT'), file('x')]],
  'the root is a symbolic link, called /': ['E1010', /absolute|slash/, [symlink('/', 'OUT'), file('x')]],
  'the root is a symbolic link, called ./': ['E1010', /root|slash/, [symlink('./', 'OUT')]],
  'the root is a file': ['E1010', /the root of the layer is no directory/, [file('.')]],
  'an absolute path': ['E1010', /a path is absolute/, [file('OUT/file')]],
  'a path with .. in front': ['E1010', /"\.\."/, [file('../../../../../../../../OUT/file')]],
  'a path with .. inside': ['E1010', /"\.\."/, [folder('a'), file('a/../../OUT')]],
  'a path that ends in ..': ['E1010', /"\.\."/, [folder('a/..')]],
  'a file through a symbolic link': ['E1010', /no directory/, [symlink('a', 'OUT'), file('a/file')]],
  'a file through a relative link': ['E1010', /no directory/, [symlink('a', '../../../../../..OUT'), file('a/file')]],
  'a file through two links': ['E1010', /no directory/, [symlink('a', '.'), symlink('a/b', 'OUT'), file('a/b/file')]],
  'a directory over a symbolic link': ['E1010', /twice/, [symlink('a', 'OUT'), folder('a', { mode: 0o777 })]],
  'a file over a symbolic link': ['E1010', /twice/, [symlink('a', 'OUT/canary'), file('a')]],
  'a mode through a link': ['E1010', /twice|directory/, [symlink('a', 'OUT/canary'), file('a', { mode: 0o4777 })]],
  'a FIFO over a symbolic link': ['E1010', /twice/, [symlink('a', 'OUT/canary'), { name: 'a', type: '6' }]],
  'a device over a symbolic link': ['E1010', /twice/, [symlink('a', 'OUT/canary'), { name: 'a', type: '3',
    device: [1, 3] }]],
  'a hard link to an absolute path': ['E1010', /absolute/, [hard('a', 'OUT/canary')]],
  'a hard link with ..': ['E1010', /"\.\."/, [hard('a', '../../../../../../../../OUT/canary')]],
  'a hard link through a symbolic link': ['E1010', /does not have/, [symlink('a', 'OUT'), hard('b', 'a/canary')]],
  'a hard link through a chain of links': ['E1010', /does not have|no directory/, [folder('a'), symlink('a/up', '..'),
    symlink('b', 'a/up/..'), hard('c', 'b/OUT/canary')]],
  'a hard link to nothing': ['E1010', /does not have/, [hard('a', 'missing')]],
  'a hard link to a directory': ['E1010', /leads to a directory/, [folder('a'), hard('b', 'a')]],
  'a hard link to the root': ['E1010', /leads to a directory/, [hard('b', '.')]],
  'a hard link to itself': ['E1010', /does not have/, [hard('a', 'a')]],
  'a write through a hard link': ['E1010', /twice/, [file('a'), hard('b', 'a'), file('b', { data: 'yy' })]],
  'a hard link with contents': ['E1010', /contents/, [file('a'), { name: 'b', type: '1', link: 'a', data: 'evil' }]],
  'a symbolic link with contents': ['E1010', /contents/, [{ name: 'b', type: '2', link: 'a', data: 'evil' }]],
  'a directory with contents': ['E1010', /contents/, [{ name: 'b', type: '5', data: 'evil' }]],
  'a link without a target': ['E1010', /no target/, [{ name: 'b', type: '2' }]],
  'a whiteout through a symbolic link': ['E1010', /no directory/, [symlink('a', 'OUT'), file('a/.wh.canary')]],
  'an opaque mark through a symbolic link': ['E1010', /no directory/, [symlink('a', 'OUT'), file('a/.wh..wh..opq')]],
  'a whiteout of nothing': ['E1010', /whiteout has no name/, [file('a/.wh.')]],
  'a whiteout of the directory above': ['E1010', /whiteout has no name/, [file('a/.wh...')]],
  'a whiteout of the directory itself': ['E1010', /whiteout has no name/, [file('a/.wh..')]],
  'a whiteout that is a directory': ['E1010', /a whiteout is no file/, [folder('.wh.a')]],
  'a whiteout that is a link': ['E1010', /a whiteout is no file/, [symlink('.wh.a', 'OUT')]],
  'an entry below a whiteout': ['E1010', /below a whiteout/, [file('.wh.a/b')]],
  'a device of overlay': ['E1010', /whiteout of overlay/, [{ name: 'a', type: '3', device: [0, 0] }]],
  'a disk': ['E1010', /device/, [{ name: 'sda', type: '4', device: [8, 0] }]],
  'the memory of the host': ['E1010', /device/, [{ name: 'mem', type: '3', device: [1, 1] }]],
  'the kernel log': ['E1010', /device/, [{ name: 'kmsg', type: '3', device: [1, 11] }]],
  'a file twice': ['E1010', /twice/, [file('a'), file('a', { data: 'other' })]],
  'a file and a directory': ['E1010', /twice/, [file('a'), folder('a')]],
  'a directory and a file': ['E1010', /twice/, [folder('a'), file('a')]],
  'a directory and a link': ['E1010', /twice/, [folder('a'), symlink('a', 'OUT')]],
  'a file below a file': ['E1010', /no directory/, [file('a'), file('a/b')]],
  'the same file by another path': ['E1010', /twice/, [file('a'), file('./a', { data: 'other' })]],
  'no name': ['E1010', /no name/, [file('')]],
  'a name that is too long': ['E1010', /longer than 255/, [file('a', { pax: { path: 'n'.repeat(256) } })]],
  'a path that is too long': ['E1010', /too long/, [file('a', { pax: { path: 'n/'.repeat(2100) + 'a' } })]],
  'a path that is too deep': ['E1011', /deeper/, [file('a', { pax: { path: 'n/'.repeat(300) + 'a' } })]],
  'a NUL in a pax path': ['E1010', /NUL/, [file('a', { pax: { path: 'good\0../../evil' } })]],
  'a NUL in a pax link': ['E1010', /NUL/, [{ ...symlink('a', 'b'), pax: { linkpath: 'b\0c' } }]],
  'a NUL in a GNU long name': ['E1010', /NUL/, [{ name: 'L', type: 'L', data: 'good\0evil\0' }, file('a')]],
  'a pax size that hides an entry': ['E1010', /differ about the size/, [
    file('a', { data: '', size: 0, pax: { size: '512' } }),
  ]],
  'a pax size that is smaller': ['E1010', /differ about the size/, [
    file('a', { data: 'x'.repeat(512), pax: { size: '0' } }),
  ]],
  'a path twice in a pax header': ['E1010', /same twice/, [
    file('a', { pax: Buffer.concat([paxRecord('path', 'a'), paxRecord('path', 'b')]) }),
  ]],
  'pax and GNU names': ['E1010', /twice/, [{ name: 'L', type: 'L', data: 'good\0' },
    file('a', { pax: { path: 'b' } })]],
  'a pax header with a wrong length': ['E1010', /malformed/, [file('a', { pax: Buffer.from('99 path=b\n') })]],
  'a pax header without a line end': ['E1010', /malformed/, [file('a', { pax: Buffer.from('9 path=bcd') })]],
  'a pax header without a key': ['E1010', /malformed/, [file('a', { pax: Buffer.from('6 =ab\n') })]],
  'a pax header with a negative length': ['E1010', /malformed/, [file('a', { pax: Buffer.from('-1 path=b\n') })]],
  'a pax header that is empty': ['E1010', /empty/, [file('a', { pax: Buffer.alloc(0) })]],
  'a pax header that is too large': ['E1010', /too large/, [file('a', { pax: { comment: 'x'.repeat(2 << 20) } })]],
  'two pax headers': ['E1010', /follow each other/, [{ name: 'x', type: 'x', data: paxRecord('path', 'a') },
    file('a', { pax: { path: 'b' } })]],
  'a pax header for nothing': ['E1010', /describes nothing/, [{ name: 'x', type: 'x', data: paxRecord('path', 'a') }]],
  'a global pax header': ['E1010', /global/, [{ name: 'g', type: 'g', data: paxRecord('path', 'a') }, file('b')]],
  'a global size': ['E1010', /global/, [{ name: 'g', type: 'g', data: paxRecord('size', '0') }, file('b')]],
  'a sparse file': ['E1010', /sparse/, [{ name: 'a', type: 'S' }]],
  'a sparse file of pax': ['E1010', /sparse/, [file('a', { pax: { 'GNU.sparse.major': '1' } })]],
  'an unknown type': ['E1010', /unknown type/, [{ name: 'a', type: 'Z' }]],
  'a negative size': ['E1010', /invalid size/, [file('a', { size: negative })]],
  'a size of 2^63': ['E1010', /invalid size/, [file('a', { size: base256(12, 0x80, 0x80, 0, 0, 0, 0, 0, 0, 0) })]],
  'a size beyond the archive': ['E1010', /truncated|no end/, [file('a', { size: 1 << 20 })]],
  'a size that is no number': ['E1010', /invalid size/, [file('a', { size: Buffer.from('0000000000z\0') })]],
  'an owner of -1': ['E1010', /no id of 32 bits/, [file('a', { uid: base256(8, 0x80, 0xff, 0xff, 0xff, 0xff) })]],
  'an owner beyond 32 bits': ['E1010', /no id of 32 bits/, [file('a', { pax: { uid: '4294967296' } })]],
  'a negative owner': ['E1010', /invalid number/, [file('a', { uid: Buffer.alloc(8, 0xff) })]],
  'a wrong checksum': ['E1010', /checksum/, [file('a', { spoil: (header) => header.write('evil', 0) })]],
  'another format': ['E1010', /no tar archive/, [file('a', { magic: 'evil!\x0000' })]],
  'the name of a file with a slash': ['E1010', /ends in a slash/, [file('a/')]],
  'an archive without an end': ['E1010', /no end/, { archive: tar([file('a')], Buffer.alloc(0)) }],
  'a truncated archive': ['E1010', /truncated/, {
    archive: tar([file('a', { data: 'x'.repeat(2000) })]).subarray(0, 1500),
  }],
  'an archive behind the archive': ['E1010', /follows the end/, {
    archive: Buffer.concat([tar([file('a')]), tar([file('b')])]),
  }],
  'no archive at all': ['E1010', /checksum|no tar archive/, { archive: Buffer.alloc(1024, 'x') }],
  'an empty file': ['E1010', /no end/, { archive: Buffer.alloc(0) }],
  'a truncated gzip stream': ['E1010', /truncated/, { archive: tar([file('a')]),
    blob: gzipSync(tar([file('a')])).subarray(0, -9) }],
  'a damaged gzip stream': ['E1010', /./, { archive: tar([file('a')]),
    blob: Buffer.concat([gzipSync(tar([file('a')])).subarray(0, 20), Buffer.alloc(100, 0xee)]) }],
  'junk behind a gzip stream': ['E1010', /follows its gzip stream/, { archive: tar([file('a')]),
    blob: Buffer.concat([gzipSync(tar([file('a')])), Buffer.from('junk')]) }],
  'a truncated zstd stream': ['E1010', /./, { archive: tar([file('a')]), blob: Buffer.from('28b52ffd2400', 'hex') }],
  'another content than its digest says': ['E1004', /sha256/, { archive: tar([file('a')]),
    digest: `sha256:${'0'.repeat(64)}` }],
  'another content than its diff_id says': ['E1004', /sha256/, { archive: tar([file('a')]), diffId: '0'.repeat(64) }],
  'another size than it should have': ['E1005', /bytes/, { archive: tar([file('a')]), size: 1 }],
};

interface Attempt {
  readonly code: string;
  readonly says: RegExp;
  readonly flags?: readonly string[];
}

/** Unpacks an image, which must fail so; nothing may be left in the cache, and the folder outside is as it was. */
async function refused(c: Context, image: string, outside: string, { code, says, flags = [] }: Attempt): Promise<void> {
  const cache = join(c.dir(), 'cache');
  const before = listing(outside);
  const { code: status, stdout, stderr } = await c.rt(['unpack', '--cache', cache, ...flags, image]);
  assert.equal(status, 1, stderr);
  assert.equal(stdout, '');
  assert.ok(stderr.includes(code), `${code}: ${stderr}`);
  assert.match(stderr, says);
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  assert.deepEqual(listing(outside), before);
  const kept = existsSync(cache) ? readdirSync(cache, { recursive: true, encoding: 'utf8' }) : [];
  assert.deepEqual(kept.filter((name) => name.includes('/') && !name.endsWith('.lock')), []);
}

function scene(c: Context): { image: string; outside: string } {
  const place = c.dir(), outside = join(place, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'canary'), 'alive', { mode: 0o600 });
  return { image: join(place, 'image'), outside };
}

/** OUT in names and targets is the folder outside. */
function placed(layer: readonly Entry[] | Layer, outside: string): Layer {
  if ('archive' in layer) return layer;
  const at = (text: string): string => text.replace('/OUT', outside).replace('OUT', outside);
  return {
    archive: tar(
      layer.map((entry) => ({ ...entry, name: at(entry.name),
        ...(entry.link === undefined ? {} : { link: at(entry.link) }) })
      ),
    ),
  };
}

test(`${Object.keys(layers).length} hostile layers are refused, and nothing of them is left`, async (c) => {
  const wrong: string[] = [];
  for (const [what, [code, says, layer]] of Object.entries(layers)) {
    const { image, outside } = scene(c);
    writeLayout(image, [placed(layer, outside)]);
    await refused(c, image, outside, { code, says }).catch((error: unknown) => {
      wrong.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    });
  }
  assert.deepEqual(wrong, []);
});

test('a bomb ends at the limit', async (c) => {
  const { image, outside } = scene(c);
  writeLayout(image, [zeros(3 << 20)]);
  await refused(c, image, outside, { code: 'E1011', says: /--max-size/, flags: ['--max-size', '2'] });
});

function zeros(size: number): Layer {
  const archive = tar([{ name: 'zeros', data: Buffer.alloc(size) }]);
  return { archive, blob: gzipSync(archive) };
}

const archive = tar([file('a')]);

/** Images by what is wrong with their documents. */
const documents: Readonly<Record<string, readonly [code: string, says: RegExp, change: (image: string) => void]>> = {
  'neither index nor manifest': ['E1002', /no image/, (image) => mkdirSync(image)],
  'a manifest that is an index as well': ['E1003', /neither a manifest nor an index/,
    (image) => writeLayout(image, [{ archive }], { manifest: { manifests: [] } })],
  'a manifest with the media type of an index': ['E1003', /media type/,
    (image) =>
      writeLayout(image, [{ archive }], { manifest: { mediaType: 'application/vnd.oci.image.index.v1+json' } })],
  'a digest that is a path': ['E1003', /no SHA-256/,
    (image) => writeLayout(image, [{ archive, digest: 'sha256:../../../../etc/passwd' }])],
  'a diff_id that is a path': ['E1003', /no SHA-256/,
    (image) => writeLayout(image, [{ archive, diffId: '../../evil' }])],
  'fewer diff_ids than layers': ['E1003', /layers/,
    (image) => writeLayout(image, [{ archive }], { image: { rootfs: { type: 'layers', diff_ids: [] } } })],
  'a manifest with another digest': ['E1004', /sha256/, (image) => {
    writeLayout(image, [{ archive }]);
    spoilManifest(image);
  }],
  'an index in an index without end': ['E1003', /./,
    (image) =>
      writeLayout(image, [{ archive }], { manifest: { config: undefined, layers: undefined, manifests: [] } })],
  'a layer that is not there': ['E1006', /lacks/, (image) => writeLayout(image, [{ archive, digest: absent }])],
  'a configuration that is no JSON': ['E0', /./, (image) => {
    mkdirSync(image);
    writeFileSync(join(image, 'index.json'), '{');
    writeFileSync(join(image, 'oci-layout'), '{}');
  }],
  'another platform': ['E1009', /linux\/amd64/, (image) =>
    writeLayout(image, [{ archive }], {
      index: {
        manifests: [{ mediaType: '', digest: `sha256:${sha256('')}`, size: 0,
          platform: { os: 'plan9', architecture: 'amd64' } }],
      },
    })],
  'two images': ['E1008', /several/, (image) =>
    writeLayout(image, [{ archive }], {
      index: {
        manifests: ['a', 'b'].map((name) => ({ mediaType: '', digest: `sha256:${sha256('')}`, size: 0,
          annotations: { 'org.opencontainers.image.ref.name': name } })
        ),
      },
    })],
  'an archive that is none': ['E1013', /no archive/, (image) => writeFileSync(image, Buffer.alloc(2048, 'x'))],
  'an archive that is compressed as a whole': ['E1013', /decompressed/,
    (image) => writeFileSync(image, gzipSync(dockerArchive([archive])))],
  'a configuration with another digest': ['E1004', /sha256/,
    (image) =>
      writeFileSync(image,
        Buffer.from(dockerArchive([archive]).toString('latin1').replace('"linux"', '"Linux"'), 'latin1'))],
  'a user beyond 32 bits': ['E1014', /32 bits/,
    (image) => writeLayout(image, [{ archive }], { config: { User: '4294967296' } })],
  'a user of -1': ['E1014', /32 bits/,
    (image) => writeLayout(image, [{ archive }], { config: { User: '4294967295' } })],
  'a user that nobody knows': ['E1014', /etc\/passwd/,
    (image) => writeLayout(image, [{ archive }], { config: { User: 'nobody-knows' } })],
  'a user from a FIFO': ['E1014', /etc\/passwd/,
    (image) => writeLayout(image, [{ archive: tar([{ name: 'etc/passwd', type: '6' }]) }], { config: { User: 'u' } })],
  'a user from a link': ['E1014', /etc\/passwd/,
    (image) =>
      writeLayout(image, [{ archive: tar([symlink('etc/passwd', '/etc/passwd')]) }], { config: { User: 'daemon' } })],
};

function spoilManifest(image: string): void {
  const { manifests } = JSON.parse(readFileSync(join(image, 'index.json'), 'utf8')) as {
    manifests: [{ digest: string }];
  };
  const path = join(image, 'blobs', 'sha256', manifests[0].digest.slice(7));
  writeFileSync(path, readFileSync(path, 'utf8').replace('"schemaVersion":2', '"schemaVersion":3'));
}

test(`${Object.keys(documents).length} images with hostile documents are refused`, async (c) => {
  for (const [what, [code, says, write]] of Object.entries(documents)) {
    const { image, outside } = scene(c);
    write(image);
    const cache = join(c.dir(), 'cache');
    const { code: status, stderr } = await c.rt(['unpack', '--cache', cache, image]);
    assert.equal(status, 1, `${what}: ${stderr}`);
    assert.ok(stderr.includes(code), `${what}, ${code}: ${stderr}`);
    assert.match(stderr, says, what);
    assert.deepEqual(listing(outside).length, 1);
  }
});

test('what else an unpack can fail at: names, mappings, the cache, the program itself', async (c) => {
  const { image } = scene(c);
  writeLayout(image, [{ archive: tar([file('a', { data: 'x'.repeat(200_000) })]) }]);
  const cache = join(c.dir(), 'cache');
  const fails = async (code: string, says: RegExp, args: readonly string[], name = image): Promise<void> => {
    const { code: status, stderr } = await c.rt(['unpack', ...args, name]);
    assert.equal(status, 1, stderr);
    assert.ok(stderr.includes(code), stderr);
    assert.match(stderr, says);
  };
  await fails('E1001', /cannot open the image/, ['--cache', cache], '/tmp/no-such-image');
  await fails('E1007', /has no "v2"/, ['--cache', cache], `${image}:v2`);
  for (const map of ['0:1', '0:0:0', 'a:b:c', '0:4294967295:2', '-1:0:1'])
    await fails('E1015', /CONTAINER:HOST:SIZE/, ['--cache', cache, '--uid-map', map]);
  await fails('E1015', /overlap/, ['--cache', cache, '--gid-map', '0:1000:10', '--gid-map', '5:5000:10']);
  await fails('E1010', /no place in the id mappings/, ['--cache', cache, '--uid-map', '1:1000:10']);
  writeFileSync(`${cache}-file`, '');
  await fails('E1016', /cannot use the cache/, ['--cache', `${cache}-file`]);
  const open = c.dir();
  chmodSync(open, 0o777);
  await fails('E1016', /others cannot write/, ['--cache', open]);
  const small = c.dir();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small]);
  c.later(() => execFileSync('umount', [small]));
  await fails('E1012', /ENOSPC/, ['--cache', join(small, 'cache')]);
  const alone = join(c.dir(), 'veloci');
  copyFileSync(runtimePath(), alone);
  const { code, stderr } = await call([alone, 'unpack', image]);
  assert.equal(code, 1);
  assert.match(stderr, /E1018: cannot start ".*\/veloci-unpack" \(not there, ENOENT\)/);
});

test('a user keeps what he may', async (c) => {
  const { image } = scene(c);
  writeLayout(image, [{ archive: tar([{ name: 'null', type: '3', device: [1, 3] }, file('a', { uid: 12345 })]) }]);
  const home = c.dir();
  chownSync(home, 65534, 65534);
  for (const path of [join(image, '..'), image]) chmodSync(path, 0o755);
  const setpriv = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
  const { code, stderr, stdout } = await call([...setpriv, runtimePath(), 'unpack', '--json', '--cache',
    join(home, 'cache'), image]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /E1019: not everything of the image could be kept: null: a user cannot make devices/);
  const { layers } = JSON.parse(stdout) as { layers: string[] };
  assert.deepEqual(readdirSync(layers[0]!), ['a']);
});
