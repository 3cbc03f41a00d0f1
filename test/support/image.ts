// Images made by hand: archives with any header, layouts with any document.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An entry of an archive. Fields of the header are as they shall stand there; a number becomes octal digits. */
export interface Entry {
  readonly name: string;
  /** Type flag: 0 file, 1 hard link, 2 symbolic link, 3 and 4 devices, 5 directory, 6 FIFO. */
  readonly type?: string;
  readonly data?: string | Buffer;
  readonly link?: string;
  readonly mode?: number;
  readonly uid?: number | Buffer;
  readonly gid?: number;
  readonly mtime?: number;
  readonly device?: readonly [major: number, minor: number];
  /** The size field, when it shall not be that of the data. */
  readonly size?: number | Buffer;
  /** Records of a pax header before the entry; a Buffer is one as it is. */
  readonly pax?: Readonly<Record<string, string | Buffer>> | Buffer;
  readonly magic?: string;
  /** Changes the header after its checksum was written. */
  readonly spoil?: (header: Buffer) => void;
}

const block = 512;

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((block - data.length % block) % block)]);
}

function field(header: Buffer, offset: number, size: number, value: number | Buffer): void {
  if (typeof value === 'number') header.write(`${value.toString(8).padStart(size - 1, '0')}\0`, offset, 'latin1');
  else value.copy(header, offset);
}

function headerOf(entry: Entry, size: number): Buffer {
  const header = Buffer.alloc(block);
  header.write(entry.name.slice(0, 100), 0, 'latin1');
  field(header, 100, 8, entry.mode ?? (entry.type === '5' ? 0o755 : 0o644));
  field(header, 108, 8, entry.uid ?? 0);
  field(header, 116, 8, entry.gid ?? 0);
  field(header, 124, 12, entry.size ?? size);
  field(header, 136, 12, entry.mtime ?? 1_000_000_000);
  header.write(entry.type ?? '0', 156, 'latin1');
  header.write((entry.link ?? '').slice(0, 100), 157, 'latin1');
  header.write(entry.magic ?? 'ustar\x0000', 257, 'latin1');
  field(header, 329, 8, entry.device?.[0] ?? 0);
  field(header, 337, 8, entry.device?.[1] ?? 0);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  entry.spoil?.(header);
  return header;
}

/** One record of a pax header: its length counts itself. */
export function paxRecord(key: string, value: string | Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function entryBytes(entry: Entry): Buffer[] {
  const data = Buffer.from(entry.data ?? '');
  const own = [headerOf(entry, data.length), padded(data)];
  if (entry.pax === undefined) return own;
  const records = Buffer.isBuffer(entry.pax)
    ? entry.pax
    : Buffer.concat(Object.entries(entry.pax).map(([key, value]) => paxRecord(key, value)));
  return [headerOf({ name: 'pax', type: 'x' }, records.length), padded(records), ...own];
}

/** An archive; `end` is what stands behind its entries. */
export function tar(entries: readonly Entry[], end: Buffer = Buffer.alloc(2 * block)): Buffer {
  return Buffer.concat([...entries.flatMap(entryBytes), end]);
}

export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A layer: its archive, and its blob where that is another. */
export interface Layer {
  readonly archive: Buffer;
  readonly blob?: Buffer;
  /** What its digests are said to be. */
  readonly diffId?: string;
  readonly digest?: string;
  readonly size?: number;
}

/** What an image has besides its layers. */
export interface ImageParts {
  readonly config?: object;
  /** Further members of the image's configuration, manifest and index. */
  readonly image?: object;
  readonly manifest?: object;
  readonly index?: object;
  readonly reference?: string;
}

/** The digest of a blob that no layout has. */
export const absent = `sha256:${sha256('absent')}`;

/** Writes an OCI image layout into a folder. */
export function writeLayout(folder: string, layers: readonly Layer[], parts: ImageParts = {}): string {
  const blobs = join(folder, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (bytes: Buffer | string): { digest: string; size: number } => {
    const digest = sha256(bytes);
    writeFileSync(join(blobs, digest), bytes);
    return { digest: `sha256:${digest}`, size: Buffer.byteLength(bytes) };
  };
  const config = put(
    JSON.stringify({ architecture: 'amd64', os: 'linux', config: parts.config ?? {},
      rootfs: { type: 'layers', diff_ids: layers.map(({ archive, diffId }) => `sha256:${diffId ?? sha256(archive)}`) },
      ...parts.image }),
  );
  const manifest = put(
    JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: layers.map(({ archive, blob, digest, size }) => {
        const real = put(blob ?? archive);
        // Under the name that it claims to have.
        if (digest !== undefined && !digest.includes('/') && digest !== absent)
          writeFileSync(join(blobs, digest.slice(7)), blob ?? archive);
        return { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digest ?? real.digest,
          size: size ?? real.size };
      }), ...parts.manifest }),
  );
  const annotations = parts.reference === undefined
    ? {}
    : { annotations: { 'org.opencontainers.image.ref.name': parts.reference } };
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(folder, 'index.json'),
    JSON.stringify({ schemaVersion: 2,
      manifests: [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', ...manifest, ...annotations }],
      ...parts.index }));
  return folder;
}

/** An archive of `docker save`: files whose digests nobody names but that of the configuration. */
export function dockerArchive(
  layers: readonly Buffer[],
  config: object = {},
  tags: readonly string[] = ['test:latest'],
): Buffer {
  const image = JSON.stringify({ architecture: 'amd64', os: 'linux', config,
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) } });
  const name = `${sha256(image)}.json`;
  return tar([
    { name, data: image },
    ...layers.map((data, index) => ({ name: `layer${index}/layer.tar`, data })),
    { name: 'manifest.json',
      data: JSON.stringify([{ Config: name, RepoTags: tags,
        Layers: layers.map((_, index) => `layer${index}/layer.tar`) }]) },
  ]);
}
