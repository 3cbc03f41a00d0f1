import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { command, ExpectedError } from '../lib/command.ts';
import { readObject, textMember } from '../lib/json.ts';
import { inRoot } from '../lib/root.ts';

/** Of what a build is made. */
export interface Identity {
  /** Version of package.json, the only place where it stands. */
  version: string;
  /** Twelve digits of the commit, with `-dirty` when files differ from it; `unknown` outside of git. */
  commit: string;
}

/** What `git archive` has written into scripts/build/commit.txt: the commit and its time; undefined in a checkout. */
function archived(): { commit: string; seconds: number } | undefined {
  const match = /^([0-9a-f]{40,64}) (\d+)$/.exec(readFileSync(inRoot('scripts', 'build', 'commit.txt'), 'utf8').trim());
  return match === null ? undefined : { commit: match[1]!.slice(0, 12), seconds: Number(match[2]) };
}

/** What is built here. Outside of a git checkout and an archive of it VELOCI_COMMIT names the commit. */
export async function identity(): Promise<Identity> {
  const version = textMember(readObject(readFileSync(inRoot('package.json'), 'utf8'), 'package.json'), 'version',
    'package.json');
  const asked = command('git', ['describe', '--always', '--abbrev=12', '--exclude=*', '--dirty']);
  const described = archived()?.commit ?? (await asked.catch(() => 'unknown')).trim();
  return { version, commit: process.env['VELOCI_COMMIT'] ?? described };
}

/**
 * The time that everything in a package bears, in seconds since 1970: SOURCE_DATE_EPOCH, or when the commit was made.
 * @throws ExpectedError when neither is known
 */
export async function sourceDate(): Promise<number> {
  const given = process.env['SOURCE_DATE_EPOCH'];
  if (given !== undefined && given !== '') {
    if (!/^\d{1,10}$/.test(given)) throw new ExpectedError(`SOURCE_DATE_EPOCH is no number of seconds: ${given}`);
    return Number(given);
  }
  const known = archived();
  if (known !== undefined) return known.seconds;
  try {
    return Number(await command('git', ['log', '-1', '--format=%ct']));
  } catch {
    throw new ExpectedError('the time of the packages is unknown outside of git: set SOURCE_DATE_EPOCH');
  }
}

/** Writes build/native/include/identity.h with what `veloci version` reports. */
export async function identityHeader(): Promise<void> {
  const { version, commit } = await identity();
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
