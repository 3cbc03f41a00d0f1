import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { command } from '../lib/command.ts';
import { readObject, textMember } from '../lib/json.ts';
import { inRoot } from '../lib/root.ts';

/**
 * Writes build/native/include/identity.h with what `--version` reports: the version of package.json and the commit
 * that is checked out, `-dirty` when files differ from it. Outside of a git checkout VELOCI_COMMIT names it.
 */
export async function identityHeader(): Promise<void> {
  const version = textMember(readObject(readFileSync(inRoot('package.json'), 'utf8'), 'package.json'), 'version',
    'package.json');
  const asked = command('git', ['describe', '--always', '--abbrev=12', '--exclude=*', '--dirty']);
  const described = (await asked.catch(() => 'unknown')).trim();
  const commit = process.env['VELOCI_COMMIT'] ?? described;
  const text = `#pragma once
#define VELOCI_VERSION ${JSON.stringify(version)}
#define VELOCI_COMMIT ${JSON.stringify(commit)}
`;
  const path = inRoot('build', 'native', 'include', 'identity.h');
  // Only a change may touch the file: objects that include it are compiled again.
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
