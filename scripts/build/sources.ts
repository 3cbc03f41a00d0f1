import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pins from '../third_party.json' with { type: 'json' };
import { cached, cacheKey } from '../lib/cache.ts';
import { command, ExpectedError } from '../lib/command.ts';
import { inRoot } from '../lib/root.ts';

export type SourceName = keyof typeof pins.packages;

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** Where the archive of sources that belongs to the packages has them. */
const shipped = inRoot('third-party');
const otherWay = 'or name a folder that holds the files of scripts/third_party.json in VELOCI_SOURCES';

/** Version of the pinned Debian source package. */
export function sourceVersion(name: SourceName): string {
  return pins.packages[name].version;
}

/**
 * A folder with the files of a pinned source package: from the cache, from VELOCI_SOURCES, from
 * the archive of sources that this checkout came in, or from the machine's Debian mirror.
 */
export async function sourceFiles(name: SourceName): Promise<string> {
  const pin = pins.packages[name];
  return cached(`downloads/${name}-${pin.version}-${cacheKey(pin)}`, async (draft) => {
    const given = process.env['VELOCI_SOURCES'] || (existsSync(shipped) ? shipped : undefined);
    if (given) copyFrom(given, Object.keys(pin.files), draft);
    else {
      const release = !Object.keys(pin.files).some((file) => file.endsWith('.dsc'));
      await downloadFromMirror(name, pin.version, release, draft);
    }
    for (const [file, sha256] of Object.entries(pin.files)) verify(join(draft, file), sha256);
    for (const file of readdirSync(draft))
      if (!Object.hasOwn(pin.files, file)) rmSync(join(draft, file), { recursive: true });
  });
}

/**
 * The unpacked tree of a pinned Debian source package, with Debian's patches applied.
 * @returns absolute path of the tree, which is shared and must not be written to
 */
export async function sourceTree(name: SourceName): Promise<string> {
  const pin = pins.packages[name];
  // Of a package without one in the pin only the release itself is used, without Debian's patches: these change no code of it.
  const dsc = Object.keys(pin.files).find((file) => file.endsWith('.dsc'));
  const folder = await cached(`sources/${name}-${pin.version}-${cacheKey(pin)}`, async (draft) => {
    const files = await sourceFiles(name);
    // The files are those of the pin; the signature of the .dsc adds nothing to that.
    if (dsc === undefined) await unpackRelease(join(files, Object.keys(pin.files)[0]!), join(draft, 'tree'));
    else await command('dpkg-source', ['--no-check', '-x', join(files, dsc), join(draft, 'tree')]);
  });
  return join(folder, 'tree');
}

async function unpackRelease(archive: string, tree: string): Promise<void> {
  mkdirSync(tree);
  await command('tar', ['--extract', '--strip-components=1', '--file', archive, '--directory', tree]);
}

function copyFrom(folder: string, files: readonly string[], target: string): void {
  for (const file of files) {
    if (!existsSync(join(folder, file))) throw new ExpectedError(`${file} is not in VELOCI_SOURCES (${folder})`);
    copyFileSync(join(folder, file), join(target, file));
  }
}

function verify(path: string, sha256: string): void {
  if (!existsSync(path)) throw new ExpectedError(`${path} was not downloaded, although it is pinned`);
  const actual = createHash('sha256').update(readFileSync(path)).digest('hex');
  if (actual !== sha256) throw new ExpectedError(`${path} has sha256 ${actual}, pinned is ${sha256}`);
}

/** The mirror that the machine's own apt uses for Debian's main archive, and the release that it takes from there. */
async function debianArchive(): Promise<{ mirror: string; release: string }> {
  const format = '$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(CODENAME)|$(REPO_URI)';
  const targets = await command('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  const [, , , release, mirror] = targets
    .split('\n')
    .find((line) => line.startsWith('Debian|Debian|main|'))
    ?.split('|') ?? [];
  if (mirror === undefined || release === undefined)
    throw new ExpectedError(`apt knows no Debian mirror: configure one and run apt-get update, ${otherWay}`);
  return { mirror, release };
}

/** The mirror that the machine's own apt uses for Debian's main archive. */
export async function debianMirror(): Promise<string> {
  return (await debianArchive()).mirror;
}

/**
 * Calls apt-get by a configuration of our own below `folder`, so that the machine's is neither needed nor changed.
 * @param list the only line of its sources.list
 * @param calls the arguments of each call, after an update
 * @throws ExpectedError that says that `what` cannot be downloaded
 */
async function callApt(
  folder: string,
  list: string,
  settings: readonly string[],
  calls: readonly string[],
  what: string,
): Promise<void> {
  const apt = join(folder, 'apt');
  mkdirSync(join(apt, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(apt, 'cache', 'archives', 'partial'), { recursive: true });
  writeFileSync(join(apt, 'sources.list'), `${list}\n`);
  const options = [
    `Dir::State::Lists=${join(apt, 'lists')}`,
    `Dir::Cache=${join(apt, 'cache')}`,
    `Dir::Etc::SourceList=${join(apt, 'sources.list')}`,
    'Dir::Etc::SourceParts=-',
    'Acquire::Languages=none',
    // The cache lies in the caller's home, where apt's own user may not write.
    ...(process.getuid?.() === 0 ? ['APT::Sandbox::User=root'] : []),
    ...settings,
  ].flatMap((setting) => ['-o', setting]);
  try {
    await command('apt-get', [...options, '-q', 'update'], { cwd: folder });
    await command('apt-get', [...options, '-q', ...calls], { cwd: folder });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ExpectedError(`cannot download ${what} (${otherWay}):\n${reason}`);
  }
  rmSync(apt, { recursive: true });
}

async function downloadFromMirror(name: SourceName, version: string, release: boolean, folder: string): Promise<void> {
  const list = `deb-src [signed-by=${keyring}] ${await debianMirror()} ${pins.release} main`;
  // The same release has several versions of the package in turn; its checksum is pinned.
  const which = release ? ['--tar-only', name] : [`${name}=${version}`];
  await callApt(folder, list, [], ['source', '--download-only', ...which], `the source package ${name} ${version}`);
}

/**
 * The files of a package of this machine's Debian for another processor, in the version that is installed here.
 * @param architecture Debian's name of the processor
 * @returns absolute path of the folder that they are unpacked in
 */
export async function foreignPackage(name: string, architecture: string): Promise<string> {
  const version = await command('dpkg-query', ['-W', '-f', '${Version}', name]);
  const what = `${name}_${version}_${architecture}`;
  const folder = await cached(`foreign/${what}`, async (draft) => {
    const given = process.env['VELOCI_SOURCES'] || (existsSync(shipped) ? shipped : undefined);
    const file = `${what.replace(/_\d+:/, '_')}.deb`;
    if (given !== undefined && existsSync(join(given, file))) copyFrom(given, [file], draft);
    else {
      const { mirror, release } = await debianArchive();
      // What is installed here says nothing about another processor.
      await callApt(draft, `deb [signed-by=${keyring}] ${mirror} ${release} main`, [`APT::Architecture=${architecture}`,
        `APT::Architectures=${architecture}`], ['download', `${name}=${version}`], `the package ${what}`);
    }
    const deb = readdirSync(draft).find((each) => each.endsWith('.deb'));
    if (deb === undefined) throw new ExpectedError(`apt-get has downloaded no package ${what}`);
    await command('dpkg-deb', ['-x', join(draft, deb), join(draft, 'tree')]);
    rmSync(join(draft, deb));
  });
  return join(folder, 'tree');
}
