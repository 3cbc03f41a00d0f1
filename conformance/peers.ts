// What other runtimes are known to fail: conformance/peers.tsv, one test and one peer a line.
import { readFileSync, writeFileSync } from 'node:fs';
import type { TestResult } from './judge.ts';

export interface PeerFailure {
  readonly test: string;
  /** `runc 1.1.5` */
  readonly peer: string;
  /** What it does instead. */
  readonly why: string;
}

export function readPeers(path: string): PeerFailure[] {
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(1).map((line) => {
    const [test = '', peer = '', why = ''] = line.split('\t');
    return { test, peer, why };
  });
}

/** Replaces what is known of a peer by these results. What nobody has explained yet gets a question mark. */
export function recordPeer(path: string, peer: string, results: readonly TestResult[]): void {
  const all = readPeers(path);
  const known = new Map(all.filter((line) => line.peer === peer).map(({ test, why }) => [test, why]));
  const failures = results.filter(({ outcome }) => outcome === 'failed' || outcome === 'known').map(
    ({ name, reason }) => {
      const failure = reason.replace(/^[^:]*: /, '').replace(`${peer}: `, '');
      return { test: name, peer,
        why: known.get(name) ?? (failure || (name.includes(' > refused: ') ? 'takes it' : '?')) };
    },
  );
  const lines = [...all.filter((line) => line.peer !== peer), ...failures]
    .sort((a, b) => (a.test === b.test ? compare(a.peer, b.peer) : compare(a.test, b.test)))
    .map(({ test, peer: name, why }) => `${test}\t${name}\t${why}`);
  writeFileSync(path, `test\tpeer\twhy\n${lines.join('\n')}\n`);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
