// npm run conformance: runs the tests that the matrix of conformance/ names and writes docs/conformance.md.
//
//   RUNTIME=crun npm run conformance               the tests on another runtime; writes nothing
//   RUNTIME=crun npm run conformance -- --record   the same; keeps what it fails in conformance/peers.tsv
//   npm run conformance -- --vm                    counts the results that npm run test:vm has left, too
//   npm run conformance -- --validation DIR        the programs of DIR, a folder of the public validation suite
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { expectedToFail, judge, withGuest, type TestResult } from '../conformance/judge.ts';
import { filesOf, readMatrix } from '../conformance/matrix.ts';
import { readPeers, recordPeer } from '../conformance/peers.ts';
import { report, summary } from '../conformance/report.ts';
import { guestFile, runFile } from '../conformance/run.ts';
import { runValidation } from '../conformance/validation.ts';
import { runtimePath } from '../test/support/paths.ts';
import { runtimeName } from '../test/support/runtime.ts';
import { main as build } from './build.ts';
import { guestsThatRan } from './lib/guest-results.ts';
import { inRoot } from './lib/root.ts';

const peersFile = inRoot('conformance', 'peers.tsv');

/** Prints a result as a line of TAP. A failure that is known counts as one to do. */
function print(number: number, { name, outcome, reason }: TestResult): void {
  const directive = outcome === 'skipped' ? ` # SKIP ${reason}` : outcome === 'known' ? ` # TODO ${reason}` : '';
  console.log(`${outcome === 'failed' || outcome === 'known' ? 'not ok' : 'ok'} ${number} - ${name}${directive}`);
}

/** Entry point of the script; resolves to the exit status. */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { record: { type: 'boolean' }, vm: { type: 'boolean' }, validation: { type: 'string' } },
  });
  await build([]);
  const runtime = runtimePath();
  if (values.validation !== undefined) return runValidation(values.validation, runtime);
  const guests = values.vm === true ? guestsThatRan(runtime) : [];
  const rows = readMatrix(inRoot('conformance'));
  const name = runtimeName();
  const isOwn = name.startsWith('veloci');
  const peer = readPeers(peersFile).filter((failure) => name.startsWith(failure.peer));
  const whyKnown = new Map(peer.map(({ test, why }) => [test, why]));
  const isMissing = expectedToFail(rows);
  const here: TestResult[] = [];
  const files = filesOf(rows);
  console.log('TAP version 14');
  for (const file of files) {
    for (const result of await runFile(file, runtime)) {
      const why = isOwn ? (isMissing(result.name) ? 'missing' : undefined) : whyKnown.get(result.name);
      const shown = result.outcome === 'failed' && why !== undefined
        ? { ...result, outcome: 'known' as const, reason: why }
        : result;
      print(here.push(shown), shown);
    }
  }
  console.log(`1..${here.length}`);
  const results = guests.reduce<readonly TestResult[]>(
    (all, guest) => withGuest(all, files.flatMap((file) => guestFile(guest, file))),
    here,
  );
  const { judgements, problems } = judge(rows, results);
  for (const line of [name, ...summary(judgements).split('\n'), ...problems]) console.log(`# ${line}`);
  if (!isOwn) {
    if (values.record === true) recordPeer(peersFile, /^\S+ \d+(\.\d+)*/.exec(name)?.[0] ?? name, results);
  } else {
    writeFileSync(inRoot('docs', 'conformance.md'), report(judgements, readPeers(peersFile), results.length));
  }
  return results.some(({ outcome }) => outcome === 'failed') || (isOwn && problems.length > 0) ? 1 : 0;
}
