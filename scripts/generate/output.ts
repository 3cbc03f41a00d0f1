import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { filesBelow } from '../lib/files.ts';
import { inRoot, root } from '../lib/root.ts';

/** Folders that hold nothing but generated files. */
const folders = ['src/generated', 'native/generated'];

/** Content of the generated files by their path in the checkout. */
export type Outputs = Map<string, string>;

/**
 * Files whose content is not what the generators make, and files in the folders of generated files that no
 * generator makes any more.
 */
export function differences(outputs: Outputs): string[] {
  const changed = [...outputs].filter(([path, text]) => {
    const file = inRoot(path);
    return !existsSync(file) || readFileSync(file, 'utf8') !== text;
  });
  const present = folders.flatMap((folder) => filesBelow(folder, '')).map((path) => relative(root, path));
  return [...changed.map(([path]) => path), ...present.filter((path) => !outputs.has(path))].sort();
}

/** Brings these files up to date; those that are right keep their time. */
export function write(outputs: Outputs, paths: readonly string[]): void {
  for (const path of paths) {
    const text = outputs.get(path);
    if (text === undefined) {
      rmSync(inRoot(path));
      continue;
    }
    mkdirSync(dirname(inRoot(path)), { recursive: true });
    writeFileSync(inRoot(path), text);
  }
}
