// Runs test files and collects the results of their cases.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { inRoot, root } from '../scripts/lib/root.ts';
import { readGuestFile, type Guest } from '../scripts/lib/guest-results.ts';
import { TapReader, type Result } from '../scripts/lib/tap-results.ts';
import type { TestResult } from './judge.ts';
import { compiledPath } from './matrix.ts';

function resultOf(file: string, { path, outcome, reason }: Result): TestResult {
  return {
    name: `${file} > ${path[0]}`,
    outcome: outcome === 'skipped' && reason.startsWith('to do: ') ? 'known' : outcome,
    reason: reason.replace(/^to do: /, ''),
  };
}

/** What `npm run test:vm` has left of a test file in a guest; nothing when it did not run there. */
export function guestFile(guest: Guest, file: string): TestResult[] {
  return (readGuestFile(guest, file)?.results ?? []).map((result) => resultOf(file, result));
}

/**
 * Runs a test file to its end.
 *
 * @param file `integration/process/hooks`
 * @param runtime path of the runtime
 */
export async function runFile(file: string, runtime: string): Promise<TestResult[]> {
  const path = inRoot(compiledPath(file));
  if (!existsSync(path))
    return [{ name: `${file} > the file`, outcome: 'failed', reason: `${compiledPath(file)} does not exist` }];
  const child = spawn(process.execPath, ['--enable-source-maps', path], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, RUNTIME: runtime },
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const reader = new TapReader();
  for await (const line of createInterface({ input: child.stdout })) reader.line(line);
  const status = await ended;
  const results = reader.results.map((result) => resultOf(file, result));
  if (results.length === 0)
    results.push({ name: `${file} > the file`, outcome: 'failed', reason: `it ended with ${status} and no result` });
  return results;
}
