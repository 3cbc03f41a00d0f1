import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Component } from './components.ts';
import { gzip } from './compress.ts';
import type { Facts } from './facts.ts';
import { packagedFiles, page } from './files.ts';
import { tar, type Entry } from './tar.ts';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** .PKGINFO of an archive of files. */
function information(facts: Facts, files: readonly Entry[], data: Buffer): string {
  const { name, version, summary, licence, maintainer, date, processor } = facts;
  const size = files.reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
  return `# Made by npm run package
pkgname = ${name}
pkgver = ${version}-r0
pkgdesc = ${summary}
builddate = ${date}
packager = ${maintainer}
size = ${size}
arch = ${processor.apk}
origin = ${name}
commit = ${facts.commit}
maintainer = ${maintainer}
license = ${licence} AND MIT AND LGPL-2.1-only
provides = cmd:${name}=${version}-r0
datahash = ${sha256(data)}
`;
}

/**
 * Makes the package for Alpine Linux: two compressed tar archives in one file, the first without its end, as apk-package(5)
 * describes version 2 of the format. It has no signature: `apk add --allow-untrusted`.
 * @returns its path
 */
export function apk(facts: Facts, parts: readonly Component[], program: string, folder: string): string {
  const { name, version, date } = facts;
  const files = packagedFiles(facts, parts, program);
  const data = gzip(tar(files, { date, checksums: true }));
  const control = gzip(tar([page('.PKGINFO', information(facts, files, data))], { date, open: true }));
  const output = join(folder, `${name}-${version}-r0.${facts.processor.apk}.apk`);
  writeFileSync(output, Buffer.concat([control, data]));
  return output;
}
