// What the black-box tests did in the virtual machine of test/vm: build/vm-results/FOLDER/NAME.tap and .status, and
// the hash of the runtime that they ran.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExpectedError } from './command.ts';
import { inRoot } from './root.ts';
import { TapReader, type Result } from './tap-results.ts';

/** The folder of the results. */
export const guestResults = inRoot('build', 'vm-results');

/** What tells one build of a runtime from another. */
export function fingerprint(runtime: string): string {
  return createHash('sha256').update(readFileSync(runtime)).digest('hex');
}

/** Results of a test file, such as `integration/hooks`; undefined when it did not run there. */
export function readGuestFile(file: string): { results: Result[]; status: number } | undefined {
  const path = join(guestResults, `${file}.tap`);
  if (!existsSync(path)) return undefined;
  const reader = new TapReader();
  for (const line of readFileSync(path, 'utf8').split('\n')) reader.line(line);
  return { results: reader.results, status: Number(readFileSync(join(guestResults, `${file}.status`), 'utf8')) };
}

/** Refuses results of another build. */
export function checkGuestResults(runtime: string): void {
  const path = join(guestResults, 'runtime');
  if (!existsSync(path)) throw new ExpectedError('no results of the virtual machine: npm run test:vm leaves them');
  if (readFileSync(path, 'utf8') !== fingerprint(runtime)) {
    throw new ExpectedError('the results of the virtual machine are those of another build: npm run test:vm renews them');
  }
}
