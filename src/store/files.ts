// Reading small files that other processes may replace or make strange.
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

const maxBytes = 16 * 1024 * 1024;

/**
 * Reads a regular file of at most 16 MiB without following a symbolic link in its last component and without waiting.
 * @returns undefined when it cannot be read or is something else
 */
export function readRegular(path: string): Uint8Array | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const status = fstatSync(fd);
    return status.isFile() && status.size <= maxBytes ? readFileSync(fd) : undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** The text of a file of procfs or cgroupfs; undefined when it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
