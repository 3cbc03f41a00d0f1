// docs/conformance.md
import type { Judgement, Outcome } from './judge.ts';
import { documents, specification, type Strength } from './matrix.ts';
import type { PeerFailure } from './peers.ts';

const strengths: readonly Strength[] = ['MUST', 'SHOULD', 'MAY'];
const outcomes: readonly Outcome[] = ['shown', 'n/a', 'elsewhere', 'missing', 'failed'];
const titles: Readonly<Record<Outcome, string>> = {
  shown: 'shown',
  'n/a': 'not applicable',
  elsewhere: 'not run here',
  missing: 'missing',
  failed: 'failed',
};

function count(judgements: readonly Judgement[], outcome: Outcome): number {
  return judgements.filter((judgement) => judgement.outcome === outcome).length;
}

/** Number of sentences by document, strength and outcome. */
export function summary(judgements: readonly Judgement[]): string {
  const rows = strengths.map((strength) => {
    const own = judgements.filter(({ row }) => row.strength === strength);
    return `${strength}: ${outcomes.map((outcome) => `${count(own, outcome)} ${titles[outcome]}`).join(', ')}`;
  });
  return rows.join('\n');
}

function table(judgements: readonly Judgement[]): string {
  const line = (title: string, strength: string, own: readonly Judgement[]): string =>
    `| ${title} | ${strength} | ${own.length} | ${outcomes.map((outcome) => count(own, outcome)).join(' | ')} |\n`;
  let text = `| document | | sentences | ${outcomes.map((outcome) => titles[outcome]).join(' | ')} |\n|---|---|${
    '---:|'.repeat(outcomes.length + 1)
  }\n`;
  for (const document of [...documents, undefined]) {
    for (const strength of strengths) {
      const own = judgements.filter(({ row }) =>
        (document === undefined || row.document === document) && row.strength === strength
      );
      if (own.length > 0) text += line(document === undefined ? '**all**' : `${document}.md`, strength, own);
    }
  }
  return text;
}

function lists(judgements: readonly Judgement[], outcome: Outcome): string {
  const own = judgements.filter((judgement) => judgement.outcome === outcome);
  if (own.length === 0) return 'None.\n';
  return documents.map((document) =>
    own.filter(({ row }) => row.document === document).map(({ row, why }) =>
      `- ${row.strength} \`${row.key}\` (${document}.md:${row.line}, #${row.section}): ${why}\n`
    ).join('')
  ).filter((part) => part !== '').join('');
}

/** Sentences that do not hold as a whole, on purpose. */
function purposes(judgements: readonly Judgement[]): string {
  const own = judgements.filter(({ row }) => row.purpose !== '');
  if (own.length === 0) return 'Nothing.\n';
  return own.map(({ row }) =>
    `- ${row.strength} \`${row.key}\` (${row.document}.md:${row.line}, #${row.section}) ${row.purpose}\n`
  ).join('');
}

/** Sentences that this machine cannot show, and a virtual machine does. */
function shownInGuest(judgements: readonly Judgement[]): string {
  const own = judgements.filter(({ guest }) => guest === true);
  if (own.length === 0) return 'None: `npm run test:vm`, then `npm run conformance -- --vm` count what it shows.\n';
  return own.map(({ row }) => `- ${row.strength} \`${row.key}\` (${row.document}.md:${row.line}, #${row.section})\n`)
    .join('');
}

/** Why sentences do not apply, by kind, with their number. */
function notApplicable(judgements: readonly Judgement[]): string {
  const kinds = new Map<string, number>();
  for (const { why } of judgements.filter(({ outcome }) => outcome === 'n/a'))
    kinds.set(why, (kinds.get(why) ?? 0) + 1);
  return [...kinds].sort(([, a], [, b]) => b - a).map(([why, number]) => `- ${number}: ${why.replace(/^\w+: /, '')}\n`)
    .join('');
}

function discoveries(peers: readonly PeerFailure[], names: readonly string[]): string {
  const byTest = new Map<string, PeerFailure[]>();
  for (const failure of peers) byTest.set(failure.test, [...byTest.get(failure.test) ?? [], failure]);
  return [...byTest].filter(([, failures]) => failures.length === names.length).map(([test, failures]) => {
    const [first, ...others] = failures;
    const same = others.every(({ why }) => why === first!.why);
    return `- ${test}: ${same ? first!.why : failures.map(({ peer, why }) => `${peer} ${why}`).join('; ')}\n`;
  }).join('');
}

/**
 * Text of docs/conformance.md.
 *
 * @param total number of tests that ran
 */
export function report(judgements: readonly Judgement[], peers: readonly PeerFailure[], total: number): string {
  const names = [...new Set(peers.map(({ peer }) => peer))].sort();
  const failures = names.map((peer) => `${peer} fails ${peers.filter((failure) => failure.peer === peer).length}`).join(
    ', ',
  );
  return `<!-- Written by \`npm run conformance\`; do not edit. -->
# Conformance

Every sentence of the runtime specification (${specification}) with a keyword of RFC 2119, and what shows that veloci
does what it says. \`conformance/matrix\` has one line for each sentence; the tests are black-box tests, which run any
runtime with the usual command line: \`RUNTIME=crun npm run conformance\`.

REQUIRED counts as MUST, OPTIONAL as MAY. *Shown*: tests passed. *Not applicable*: for another platform, addressed to
somebody else, or a permission. *Not run here*: the machine that wrote this page lacks something that the test needs.
*Missing*: not done, or no test shows it. The rules of \`intelRdt\` are shown on a stand-in: a folder that the tests pass off as
resctrl, which takes hardware.

${table(judgements)}
## Missing

${lists(judgements, 'missing')}
## On purpose

${purposes(judgements)}
## Failed

${lists(judgements, 'failed')}
## Not run here

${lists(judgements, 'elsewhere')}
## Shown in the virtual machine alone

With systemd, cgroup v2 or v1, AppArmor or SELinux, and other kernels (test/vm).

${shownInGuest(judgements)}
## Not applicable

${notApplicable(judgements)}
## Other runtimes

Of the ${total} tests ${
    failures || 'nothing is known of others'
  }; \`conformance/peers.tsv\` says what they do instead. What both fail:
each has been compared with its sentence once more, and is taken for a discovery, not for a wrong check.

${discoveries(peers, names)}`;
}
