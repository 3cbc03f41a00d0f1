import { readFileSync } from 'node:fs';
import { inRoot } from '../lib/root.ts';
import type { Component } from './components.ts';
import type { Facts } from './facts.ts';

const rule = '-'.repeat(100);

/** What the LGPL asks of a program that libseccomp is linked into statically. */
function relinking({ name, version }: Facts): string {
  return `libseccomp is under the GNU Lesser General Public License, version 2.1, and is linked in statically. Section 6 of that
licence lets you change the library and link ${name} with the changed one. What that takes is offered where this
package is offered, as ${name}-${version}-sources.tar.xz: all of ${name}, its build, and the sources of libseccomp and QuickJS
exactly as they were used. To link with a changed library, unpack it, put the changed source package in the folder
third-party/, its hashes into scripts/third_party.json, and call

    VELOCI_SOURCES=$PWD/third-party npm run build

The licence of ${name} itself forbids neither changes for your own use nor reverse engineering to debug them.`;
}

/** The licences of everything that is linked in: one text for all kinds of packages. */
export function thirdParty(facts: Facts, components: readonly Component[]): string {
  const list = components.map(({ name, version, licence, what }) => `${name} ${version} (${licence}). ${what}`);
  const texts = components.map(({ name, text }) => `${rule}\n${name}\n${rule}\n${text.trimEnd()}\n`);
  return `What is linked into ${facts.name} ${facts.version} besides its own code:

${list.join('\n')}

${relinking(facts)}

${texts.join('\n')}`;
}

const indented = (text: string): string =>
  text.trimEnd().split('\n').map((line) => line.trim() === '' ? ' .' : ` ${line}`).join('\n');

/** debian/copyright in its machine-readable form. */
export function debianCopyright(facts: Facts, components: readonly Component[]): string {
  const stanzas = components.map(({ name, version, licence, what, text }) =>
    `Files: ${name}\nCopyright: the authors named below\nLicense: ${name}-licence\nComment:\n${
      indented(`${what} Version ${version}, under ${licence}.`)
    }\n\nLicense: ${name}-licence\n${indented(text)}\n`
  );
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: ${facts.name}
Comment:
${indented(relinking(facts))}

Files: *
Copyright: ${facts.maintainer.replace(/ <.*/, '')}
License: Apache-2.0

License: Apache-2.0
 On Debian systems the full text of the Apache License, version 2.0, can be found in
 /usr/share/common-licenses/Apache-2.0.

${stanzas.join('\n')}`;
}

/** The licence of veloci. */
export function ownLicence(): Buffer {
  return readFileSync(inRoot('LICENSE'));
}
