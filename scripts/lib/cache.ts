import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Folder for downloads and third-party builds, shared by all checkouts of a user. */
function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'veloci');
}

/** A short key for everything that decides the content of a cached folder. */
export function cacheKey(...parts: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

const underWay = new Map<string, Promise<string>>();

/**
 * The folder `name` of the cache, filled by `make` when it does not exist: once per process, however many ask. It
 * appears complete or not at all, also when two processes make it at the same time.
 */
export function cached(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  let folder = underWay.get(name);
  if (folder === undefined) {
    folder = findOrMake(name, make);
    underWay.set(name, folder);
  }
  return folder;
}

async function findOrMake(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheFolder(), name);
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const draft = mkdtempSync(`${folder}.draft-`);
  try {
    await make(draft);
    try {
      renameSync(draft, folder);
    } catch (error) {
      if (!existsSync(folder)) throw error;
    }
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}
