import { Buffer } from 'node:buffer';
import type { Component } from './components.ts';
import type { Facts } from './facts.ts';
import { configuration, documentation, installedFiles } from './layout.ts';
import { ownLicence, thirdParty } from './licences.ts';
import type { Entry } from './tar.ts';

/** A file that everybody may read. */
export function page(path: string, content: Buffer | string): Entry {
  return { path, mode: 0o644, content: Buffer.from(content) };
}

/** The files of a package where licences are kept in usr/share/licenses: those of rpm and apk. */
export function packagedFiles(facts: Facts, parts: readonly Component[], program: string): Entry[] {
  const licences = `usr/share/licenses/${facts.name}`;
  return [
    ...installedFiles(program, { zsh: 'zsh/site-functions', compressed: true }),
    ...documentation(`usr/share/doc/${facts.name}`),
    ...configuration(),
    page(`${licences}/LICENSE`, ownLicence()),
    page(`${licences}/THIRD-PARTY-LICENCES.txt`, thirdParty(facts, parts)),
  ];
}
