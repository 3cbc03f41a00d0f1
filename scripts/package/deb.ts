import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../lib/command.ts';
import { inRoot } from '../lib/root.ts';
import type { Component } from './components.ts';
import { gzip } from './compress.ts';
import type { Facts } from './facts.ts';
import { page } from './files.ts';
import { configuration, documentation, installedFiles } from './layout.ts';
import { debianCopyright } from './licences.ts';
import { staged } from './stage.ts';
import type { Entry } from './tar.ts';

/** Number of the packaging of one version. */
const revision = 1;

/** The date as mail and Debian's changelogs have it, in UTC. */
function mailDate(seconds: number): string {
  return new Date(seconds * 1000).toUTCString().replace('GMT', '+0000');
}

function changelog({ name, version, maintainer, date }: Facts): Buffer {
  return Buffer.from(`${name} (${version}-${revision}) stable; urgency=medium

  * What is new stands in changelog.gz.

 -- ${maintainer}  ${mailDate(date)}
`);
}

function control(facts: Facts, files: readonly Entry[]): string {
  const { name, version, maintainer, summary, description, processor } = facts;
  const size = files.reduce((sum, { content }) => sum + Math.ceil((content?.length ?? 0) / 1024), 0);
  return `Package: ${name}
Version: ${version}-${revision}
Architecture: ${processor.deb}
Maintainer: ${maintainer}
Installed-Size: ${size}
Suggests: podman | docker.io | containerd, criu, uidmap
Enhances: podman, buildah, containerd, docker.io
Section: admin
Priority: optional
Description: ${summary}
${description.map((line) => ` ${line}`).join('\n')}
`;
}

/** DEBIAN/md5sums. */
function sums(files: readonly Entry[]): string {
  return files.map(({ path, content }) => `${createHash('md5').update(content ?? '').digest('hex')}  ${path}\n`).join(
    '',
  );
}

function script(name: string, mode = 0o755): Entry {
  return { path: `DEBIAN/${name}`, mode, content: readFileSync(inRoot('packaging', 'deb', name)) };
}

/**
 * Makes the package for Debian and what comes from it.
 * @param program path of the command in the checkout
 * @param folder where it is put
 * @returns its path
 */
export async function deb(facts: Facts, parts: readonly Component[], program: string, folder: string): Promise<string> {
  const docs = `usr/share/doc/${facts.name}`;
  const kept = configuration();
  const files = [
    ...installedFiles(program, { zsh: 'zsh/vendor-completions', compressed: true }),
    ...documentation(docs),
    ...kept,
    page(`${docs}/copyright`, debianCopyright(facts, parts)),
    page(`${docs}/changelog.gz`, gzip(readFileSync(inRoot('CHANGELOG.md')))),
    page(`${docs}/changelog.Debian.gz`, gzip(changelog(facts))),
    page(`usr/share/lintian/overrides/${facts.name}`, readFileSync(inRoot('packaging', 'deb', 'lintian-overrides'))),
  ].sort((a, b) => a.path < b.path ? -1 : 1);
  const about = [
    page('DEBIAN/control', control(facts, files)),
    page('DEBIAN/md5sums', sums(files)),
    page('DEBIAN/conffiles', kept.map(({ path }) => `/${path}\n`).join('')),
    script('triggers', 0o644),
    script('postinst'),
    script('postrm'),
  ];
  const output = join(folder, `${facts.name}_${facts.version}-${revision}_${facts.processor.deb}.deb`);
  await staged([...files, ...about], facts.date,
    (stage) =>
      command('dpkg-deb', ['--build', '--root-owner-group', '-Zxz', '--threads-max=1', stage, output], {
        env: { ...process.env, SOURCE_DATE_EPOCH: String(facts.date) },
      }));
  return output;
}
