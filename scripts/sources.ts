import { sourceTree, sourceVersion, type SourceName } from './build/sources.ts';

/** Prints where the pinned third-party sources lie, after fetching what is missing. */
export async function main(): Promise<void> {
  const names: SourceName[] = ['quickjs', 'libseccomp', 'zlib', 'libzstd'];
  for (const name of names) console.log(`${name} ${sourceVersion(name)} ${await sourceTree(name)}`);
}
