// An archive in the form of POSIX.1-1988 (ustar), the same bytes for the same files.

/** A regular file of an archive. */
export interface TarFile {
  /** ASCII, at most 100 characters. */
  readonly name: string;
  readonly bytes: readonly number[];
}

const block = 512;

function padded(size: number): number {
  return Math.ceil(size / block) * block;
}

/** Files in their order, owned by root, mode 0644, with the time 0. */
export function tarOf(files: readonly TarFile[]): Uint8Array {
  const size = files.reduce((sum, { bytes }) => sum + block + padded(bytes.length), 2 * block);
  const archive = new Uint8Array(size);
  let offset = 0;
  for (const { name, bytes } of files) {
    writeHeader(archive, offset, name, bytes.length);
    archive.set(bytes, offset + block);
    offset += block + padded(bytes.length);
  }
  return archive;
}

function writeHeader(archive: Uint8Array, start: number, name: string, size: number): void {
  const put = (offset: number, text: string): void => {
    for (let i = 0; i < text.length; i++) archive[start + offset + i] = text.charCodeAt(i);
  };
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');
  put(0, name);
  put(100, octal(0o644, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(size, 11));
  put(136, octal(0, 11));
  // The sum counts its own field as spaces.
  put(148, '        ');
  put(156, '0');
  put(257, 'ustar\u000000');
  put(265, 'root');
  put(297, 'root');
  let sum = 0;
  for (let i = 0; i < block; i++) sum += archive[start + i]!;
  put(148, `${octal(sum, 6)}\u0000 `);
}
