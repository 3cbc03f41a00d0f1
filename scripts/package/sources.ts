import { lstatSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { sourceFiles, type SourceName } from '../build/sources.ts';
import { command, ExpectedError } from '../lib/command.ts';
import { filesBelow } from '../lib/files.ts';
import { inRoot } from '../lib/root.ts';
import type { Component } from './components.ts';
import { xz } from './compress.ts';
import type { Facts } from './facts.ts';
import { tar, type Entry } from './tar.ts';

const names: readonly SourceName[] = ['quickjs', 'libseccomp', 'zlib', 'libzstd'];

function entryOf(path: string, top: string): Entry {
  const stat = lstatSync(inRoot(path));
  if (stat.isSymbolicLink()) return { path: `${top}/${path}`, mode: 0o777, link: readlinkSync(inRoot(path)) };
  return { path: `${top}/${path}`, mode: (stat.mode & 0o111) !== 0 ? 0o755 : 0o644,
    content: readFileSync(inRoot(path)) };
}

/**
 * Makes the archive of everything that the packages are built from: the checkout and the pinned sources of others. It is what
 * the LGPL asks for, see licences.ts.
 * @returns its path
 */
export async function sources(
  facts: Facts,
  _parts: readonly Component[],
  _program: string,
  folder: string,
): Promise<string> {
  const top = `${facts.name}-${facts.version}`;
  const listed = await command('git', ['ls-files', '-z']).catch(() => {
    throw new ExpectedError('the archive of sources is made from a git checkout: leave it out with --only');
  });
  const own = listed.split('\0').filter((path) => path !== '').map((path) => entryOf(path, top));
  const commit = (await command('git', ['rev-parse', 'HEAD'])).trim();
  const stamp = own.find(({ path }) => path === `${top}/scripts/build/commit.txt`);
  if (stamp !== undefined) stamp.content = Buffer.from(`${commit} ${facts.date}\n`);
  const folders = await Promise.all(names.map(sourceFiles));
  const others = folders.flatMap((from) =>
    filesBelow(from, '').map((file) => ({ path: `${top}/third-party/${basename(file)}`, mode: 0o644,
      content: readFileSync(file) })
    )
  );
  const output = join(folder, `${top}-sources.tar.xz`);
  writeFileSync(output, xz(tar([...own, ...others], { date: facts.date })));
  return output;
}
