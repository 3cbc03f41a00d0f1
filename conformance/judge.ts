// What the results of the tests make of the matrix.
import { isNamed, type Row } from './matrix.ts';

/** How a test ended; `known` is a failure of a peer that conformance/peers.tsv, or the test itself, expects. */
export interface TestResult {
  /** `integration/process/hooks > NAME` */
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped' | 'known';
  readonly reason: string;
  /** Ran in a virtual machine of test/vm. */
  readonly guest?: boolean;
}

/** Results of this machine and of a virtual machine as one: a test counts when it passes in one and fails in none. */
export function withGuest(here: readonly TestResult[], guest: readonly TestResult[]): TestResult[] {
  const byName = new Map(here.map((result) => [result.name, result]));
  for (const result of guest) {
    const own = byName.get(result.name);
    const ran = result.outcome !== 'skipped';
    if (own === undefined || (ran && own.outcome === 'skipped') ||
      (result.outcome === 'failed' && own.outcome === 'passed'))
    {
      byName.set(result.name, { ...result, guest: true });
    }
  }
  return [...byName.values()];
}

/** What became of a sentence. `elsewhere`: its tests cannot run on this machine. */
export type Outcome = 'shown' | 'n/a' | 'missing' | 'failed' | 'elsewhere';

export interface Judgement {
  readonly row: Row;
  readonly outcome: Outcome;
  /** Why it is not shown. */
  readonly why: string;
  /** Shown by tests that ran in the virtual machine alone. */
  readonly guest?: boolean;
}

/** All sentences, and what is wrong with the matrix itself: tests that it names and that did not run. */
export function judge(
  rows: readonly Row[],
  results: readonly TestResult[],
): { judgements: Judgement[]; problems: string[] } {
  const problems: string[] = [];
  const judgements = rows.map((row): Judgement => {
    if (row.verdict === 'n/a') return { row, outcome: 'n/a', why: row.reason };
    if (row.tests.length === 0) return { row, outcome: 'missing', why: row.reason };
    const named = row.tests.map((pattern) => {
      const found = results.filter(({ name }) => isNamed(pattern, name));
      if (found.length === 0)
        problems.push(`${row.document}.md:${row.line} ${row.key}: "${pattern}" does not exist or did not run`);
      return found;
    }).flat();
    const bad = named.filter(({ outcome }) => outcome === 'failed' || outcome === 'known');
    const skipped = named.filter(({ outcome }) => outcome === 'skipped');
    if (row.verdict === 'missing') {
      if (bad.length === 0 && skipped.length === 0)
        problems.push(`${row.document}.md:${row.line} ${row.key} is called missing, but its tests pass`);
      return { row, outcome: 'missing',
        why: bad.length === 0 ? 'cannot be tested here' : `not done: "${bad[0]!.name}" fails` };
    }
    if (bad.length > 0)
      return { row, outcome: 'failed',
        why: bad.map(({ name, guest }) => (guest === true ? `${name} (in the virtual machine)` : name)).join(', ') };
    // A pattern that covers several tests is shown by those that can run.
    const passed = named.some(({ outcome }) => outcome === 'passed');
    if (!passed || (skipped.length > 0 && !row.tests.some((test) => test.includes('*')))) {
      return { row, outcome: 'elsewhere', why: skipped[0]?.reason || 'its tests did not run' };
    }
    return { row, outcome: 'shown', why: '',
      guest: named.some(({ guest, outcome }) => guest === true && outcome === 'passed') };
  });
  return { judgements, problems };
}

/** Tests that the matrix expects to fail, because what they show is missing. */
export function expectedToFail(rows: readonly Row[]): (name: string) => boolean {
  const patterns = rows.filter(({ verdict }) => verdict === 'missing').flatMap(({ tests }) => tests);
  return (name) => patterns.some((pattern) => isNamed(pattern, name));
}
