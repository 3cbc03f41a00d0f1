import { chmodSync, lutimesSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inRoot } from '../lib/root.ts';
import type { Entry } from './tar.ts';

function write(folder: string, entries: readonly Entry[], date: number): void {
  const folders = new Set<string>();
  for (const { path, mode, content, link } of entries) {
    const target = join(folder, path);
    for (let above = dirname(path); above !== '.'; above = dirname(above)) folders.add(above);
    mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
    if (link !== undefined) symlinkSync(link, target);
    else writeFileSync(target, content ?? '');
    if (link === undefined) chmodSync(target, mode);
    lutimesSync(target, date, date);
  }
  for (const path of [...folders, '.']) {
    chmodSync(join(folder, path), 0o755);
    lutimesSync(join(folder, path), date, date);
  }
}

/** Writes the entries into a folder of their own for tools that read files, and removes it when `use` is done. */
export async function staged<T>(
  entries: readonly Entry[],
  date: number,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  mkdirSync(inRoot('build'), { recursive: true });
  const folder = mkdtempSync(inRoot('build', 'stage-'));
  try {
    write(folder, entries, date);
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
