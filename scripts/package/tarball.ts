import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot } from '../lib/root.ts';
import type { Component } from './components.ts';
import { gzip } from './compress.ts';
import type { Facts } from './facts.ts';
import { configuration, documentation, installedFiles } from './layout.ts';
import { ownLicence, thirdParty } from './licences.ts';
import { tar, type Entry } from './tar.ts';

/** Makes the archive that is unpacked into /usr/local or a folder of one's own; its path. */
export function tarball(facts: Facts, parts: readonly Component[], program: string, folder: string): string {
  const top = `${facts.name}-${facts.version}-linux-${facts.processor.machine}`;
  const below = ({ path, ...rest }: Entry): Entry => ({ ...rest, path: `${top}/${path.replace(/^usr\//, '')}` });
  const docs = `share/doc/${facts.name}`;
  const entries = [
    ...installedFiles(program, { zsh: 'zsh/site-functions', compressed: false }),
    ...documentation(docs),
    ...configuration().map(({ path, ...rest }) => ({ ...rest, path: `${docs}/examples/${path}` })),
    { path: `${docs}/CHANGELOG.md`, mode: 0o644, content: readFileSync(inRoot('CHANGELOG.md')) },
    { path: `${docs}/LICENSE`, mode: 0o644, content: ownLicence() },
    { path: `${docs}/THIRD-PARTY-LICENCES.txt`, mode: 0o644, content: Buffer.from(thirdParty(facts, parts)) },
  ].map(below);
  const output = join(folder, `${top}.tar.gz`);
  writeFileSync(output, gzip(tar(entries, { date: facts.date })));
  return output;
}
