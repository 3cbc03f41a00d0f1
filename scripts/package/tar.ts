// Tar archives that depend on nothing but what is put into them: entries sorted, one time, owned by root.
import { createHash } from 'node:crypto';

export interface Entry {
  /** Path in the archive, without a leading slash; a folder has none behind it either. */
  path: string;
  /** Permission bits. */
  mode: number;
  /** Content of a file; absent for a folder or a link. */
  content?: Buffer;
  /** Where a symbolic link leads. */
  link?: string;
}

const block = 512;

/** A NUL-terminated octal number of a header, in a field of `size` bytes. */
function octal(value: number, size: number): string {
  return `${value.toString(8).padStart(size - 1, '0')}\0`;
}

function header(path: string, mode: number, size: number, date: number, type: string, link: string): Buffer {
  const out = Buffer.alloc(block);
  let [name, prefix] = [path, ''];
  if (Buffer.byteLength(name) > 100) {
    const cut = path.lastIndexOf('/', 155);
    [prefix, name] = [path.slice(0, cut), path.slice(cut + 1)];
    if (cut <= 0 || Buffer.byteLength(name) > 100) throw new Error(`${path} is too long for a tar archive`);
  }
  out.write(name, 0);
  out.write(octal(mode, 8) + octal(0, 8) + octal(0, 8) + octal(size, 12) + octal(date, 12), 100);
  out.write(' '.repeat(8), 148);
  out.write(type, 156);
  out.write(link, 157);
  out.write('ustar\0' + '00root\0', 257);
  out.write('root', 297);
  out.write(octal(0, 8) + octal(0, 8), 329);
  out.write(prefix, 345);
  let sum = 0;
  for (const byte of out) sum += byte;
  out.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return out;
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((block - content.length % block) % block)]);
}

/** One line of a pax header: its own length is part of what it counts. */
function paxLine(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let size = rest.length;
  while (size !== rest.length + String(size).length) size = rest.length + String(size).length;
  return `${size}${rest}`;
}

export interface TarOptions {
  /** Seconds since 1970. */
  date: number;
  /** Adds the checksum of each file in the way of apk. */
  checksums?: boolean;
  /** Leaves the two empty blocks at the end out: another archive follows. */
  open?: boolean;
}

/** The folders above the entries, each once, without those that are entries themselves. */
export function foldersOf(entries: readonly Entry[]): Entry[] {
  const folders = new Set<string>();
  for (const { path } of entries) {
    for (let cut = path.indexOf('/'); cut >= 0; cut = path.indexOf('/', cut + 1)) folders.add(path.slice(0, cut));
  }
  const known = new Set(entries.map(({ path }) => path));
  return [...folders].filter((path) => !known.has(path)).map((path) => ({ path, mode: 0o755 }));
}

/** An uncompressed archive of the entries and of the folders above them. */
export function tar(entries: readonly Entry[], { date, checksums = false, open = false }: TarOptions): Buffer {
  const all = [...foldersOf(entries), ...entries].sort((a, b) => a.path < b.path ? -1 : 1);
  const parts: Buffer[] = [];
  for (const { path, mode, content, link } of all) {
    const body = content ?? Buffer.alloc(0);
    if (checksums && (content !== undefined || link !== undefined)) {
      const sum = createHash('sha1').update(content ?? link ?? '').digest('hex');
      const pax = Buffer.from(paxLine('APK-TOOLS.checksum.SHA1', sum));
      parts.push(header(path, mode, pax.length, date, 'x', ''), padded(pax));
    }
    const type = content !== undefined ? '0' : link !== undefined ? '2' : '5';
    parts.push(header(type === '5' ? `${path}/` : path, mode, body.length, date, type, link ?? ''), padded(body));
  }
  if (!open) parts.push(Buffer.alloc(2 * block));
  return Buffer.concat(parts);
}
