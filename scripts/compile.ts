import { relative } from 'node:path';
import { embeddedHeader } from './build/engine.ts';
import { identityHeader } from './build/identity.ts';
import { compileObject } from './build/objects.ts';
import { addon } from './build/programs.ts';
import { ExpectedError } from './lib/command.ts';
import { filesBelow } from './lib/files.ts';
import { root } from './lib/root.ts';

/** Compiles the sources of native/ whose paths contain one of the arguments, without linking: a quick check. */
export async function main(words: readonly string[]): Promise<void> {
  const sources = filesBelow('native', '.cc').filter((source) =>
    words.some((word) => relative(root, source).includes(word))
  );
  if (sources.length === 0) throw new ExpectedError('name sources: compile native/FOLDER …');
  await Promise.all([embeddedHeader(), identityHeader()]);
  const results = await Promise.allSettled(
    sources.map((source) => compileObject(source, source.includes('/addon/') ? addon.flavour : 'musl')),
  );
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [(result.reason as Error).message] : []));
  if (errors.length > 0) throw new ExpectedError(errors.join('\n'));
}
