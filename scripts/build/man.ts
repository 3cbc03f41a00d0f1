// The manual pages: made by every build, since they name its version and the date of its commit.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { manPages } from '../generate/cli/man.ts';
import { inRoot } from '../lib/root.ts';
import { identity, sourceDate } from './identity.ts';

/** The date that the pages show; the beginning of time where none is known. */
async function date(): Promise<string> {
  const seconds = await sourceDate().catch(() => 0);
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

/** Writes dist/share/man/man8. */
export async function buildManual(): Promise<void> {
  const folder = inRoot('dist', 'share', 'man', 'man8');
  const { version } = await identity();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of manPages({ version, date: await date() })) writeFileSync(`${folder}/${name}`, text);
}
