// The manual pages: made by every build, since they name its version and the date of its commit.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { manPages } from '../generate/cli/man.ts';
import { command } from '../lib/command.ts';
import { readObject, textMember } from '../lib/json.ts';
import { inRoot } from '../lib/root.ts';

/** The date that the pages show: SOURCE_DATE_EPOCH, or that of the commit; without either the beginning of time. */
async function date(): Promise<string> {
  const asked = process.env['SOURCE_DATE_EPOCH'];
  const seconds = asked ?? (await command('git', ['log', '-1', '--format=%ct']).catch(() => '0')).trim();
  return new Date(Number(seconds) * 1000).toISOString().slice(0, 10);
}

/** Writes dist/share/man/man8. */
export async function buildManual(): Promise<void> {
  const folder = inRoot('dist', 'share', 'man', 'man8');
  const version = textMember(readObject(readFileSync(inRoot('package.json'), 'utf8'), 'package.json'), 'version',
    'package.json');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of manPages({ version, date: await date() })) writeFileSync(`${folder}/${name}`, text);
}
