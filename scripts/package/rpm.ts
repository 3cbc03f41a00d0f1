import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../lib/command.ts';
import { inRoot } from '../lib/root.ts';
import type { Component } from './components.ts';
import type { Facts } from './facts.ts';
import { packagedFiles } from './files.ts';
import { staged } from './stage.ts';
import { foldersOf, type Entry } from './tar.ts';

/** Attributes of a file in the list of a package; empty for most. */
function mark(path: string): string {
  if (path.startsWith('etc/')) return '%config(noreplace) ';
  if (path.includes('/licenses/')) return '%license ';
  if (path.includes('/doc/')) return '%doc ';
  return '';
}

function spec(facts: Facts, files: readonly Entry[], stage: string): string {
  const { name, version, summary, description, licence, date } = facts;
  const own = foldersOf(files).map(({ path }) => `/${path}`).filter((path) => path.split('/').includes(name));
  return `Name: ${name}
Version: ${version}
Release: 1
Summary: ${summary}
License: ${licence} AND MIT AND LGPL-2.1-only
AutoReqProv: no
Provides: oci-runtime

%description
${description.join('\n')}

%install
cp -a ${stage}/. %{buildroot}

%files
${own.map((folder) => `%dir "${folder}"`).join('\n')}
${files.map(({ path }) => `${mark(path)}"/${path}"`).join('\n')}

%changelog
* ${
    new Date(date * 1000).toUTCString().replace(/^(\w+), (\d+) (\w+) (\d+).*/, '$1 $3 $2 $4')
  } ${facts.maintainer} - ${version}-1
- What is new stands in CHANGELOG.md.
`;
}

/** What would depend on the machine or on the moment, or change what is packed. */
function macros(date: number): Record<string, string> {
  return {
    _buildhost: 'localhost',
    clamp_mtime_to_source_date_epoch: '1',
    use_source_date_epoch_as_buildtime: '1',
    source_date_epoch_from_changelog: '0',
    _binary_payload: 'w6.xzdio',
    _build_id_links: 'none',
    __os_install_post: '%{nil}',
    debug_package: '%{nil}',
    __brp_strip: '%{nil}',
    _source_date: String(date),
  };
}

/** Makes the package for Fedora, RHEL, openSUSE and others with rpm; its path. */
export async function rpm(facts: Facts, parts: readonly Component[], program: string, folder: string): Promise<string> {
  const { name, version, processor } = facts;
  const files = packagedFiles(facts, parts, program);
  mkdirSync(inRoot('build'), { recursive: true });
  const work = mkdtempSync(inRoot('build', 'rpm-'));
  try {
    await staged(files, facts.date, async (stage) => {
      const file = join(work, `${name}.spec`);
      writeFileSync(file, spec(facts, files, stage));
      const settings = Object.entries({ ...macros(facts.date), _topdir: work, _dbpath: join(work, 'db') })
        .flatMap(([key, value]) => ['--define', `${key} ${value}`]);
      await command('rpmbuild', ['-bb', '--target', `${processor.rpm}-linux`, ...settings, file], {
        env: { ...process.env, SOURCE_DATE_EPOCH: String(facts.date) },
      });
    });
    const made = `${name}-${version}-1.${processor.rpm}.rpm`;
    copyFileSync(join(work, 'RPMS', processor.rpm, made), join(folder, made));
    return join(folder, made);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
