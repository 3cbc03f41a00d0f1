import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package-lock.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('cannot find the root of the project above this script');
    folder = parent;
  }
  return folder;
}

/** Absolute path of the checkout, wherever the calling code was compiled to. */
export const root: string = findRoot();

/** An absolute path inside the checkout. */
export function inRoot(...parts: string[]): string {
  return join(root, ...parts);
}
