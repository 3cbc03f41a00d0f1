import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from './root.ts';

/** All files below a folder (absolute, or in the checkout) whose names end so: absolute paths, sorted; none when it is missing. */
export function filesBelow(folder: string, ...endings: string[]): string[] {
  const top = resolve(root, folder);
  if (!existsSync(top)) return [];
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
