// What is installed where: the one table that deb, rpm, apk and tarball are made from.
import { readFileSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { filesBelow } from '../lib/files.ts';
import { installation } from '../lib/installation.ts';
import { inRoot, root } from '../lib/root.ts';
import { gzip } from './compress.ts';
import type { Entry } from './tar.ts';

/** Where distributions differ. */
export interface Style {
  /** Folder of zsh's functions, below usr/share. */
  zsh: string;
  /** Manual pages are compressed. */
  compressed: boolean;
}

/** What all but configuration is installed below. */
const prefix = 'usr';

function file(path: string, source: string, mode = 0o644): Entry {
  return { path, mode, content: readFileSync(inRoot(source)) };
}

/** The files of every kind of package, without licences and what only one kind has. */
export function installedFiles(program: string, { zsh, compressed }: Style): Entry[] {
  const own = installation(root).map(({ from, to, mode }): Entry => {
    const content = readFileSync(to.startsWith('bin/') ? inRoot(dirname(program), basename(to)) : from);
    const path = `${prefix}/${to.replace('zsh/site-functions', zsh)}`;
    return compressed && to.startsWith('share/man/')
      ? { path: `${path}.gz`, mode, content: gzip(content) }
      : { path, mode, content };
  });
  return [
    ...own,
    file(`${prefix}/share/veloci/apparmor`, 'packaging/apparmor'),
    file(`${prefix}/share/veloci/config.schema.json`, 'dist/schema/config.schema.json'),
  ];
}

/** Configuration, which a package manager keeps when it was changed. */
export function configuration(): Entry[] {
  return [file('etc/containers/containers.conf.d/50-veloci.conf', 'packaging/containers.conf')];
}

/** The pages of docs/ in a folder, pictures and all, without what is installed elsewhere. */
export function documentation(folder: string): Entry[] {
  const pages = filesBelow('docs', '.md', '.svg').map((path) => relative(root, path));
  return ['README.md', 'SECURITY.md', ...pages].map((page) => file(`${folder}/${page}`, page));
}
