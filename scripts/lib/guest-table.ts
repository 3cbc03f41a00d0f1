// What ran in the guests, kept in the repository: test/vm/results.tsv has a line for each guest and test file, which the last
// run there has written, and docs/guests.md is made of it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { guests, isGuest, type Guest } from './guest-results.ts';
import { inRoot } from './root.ts';

export interface GuestLine {
  guest: Guest;
  /** test file, such as `integration/process/hooks` */
  file: string;
  kernel: string;
  date: string;
  /** of the runtime; empty in lines of before it was kept */
  commit: string;
  passed: number;
  failed: readonly string[];
  /** `test: reason` */
  skipped: readonly string[];
}

const table = inRoot('test', 'vm', 'results.tsv');
const page = inRoot('docs', 'guests.md');
const between = ' | ';

const plain = (text: string): string => text.replace(/[\s|]+/g, ' ');
const listed = (names: readonly string[]): string => names.map(plain).join(between);
const unlisted = (text: string | undefined): string[] => text ? text.split(between) : [];

function readLines(): GuestLine[] {
  if (!existsSync(table)) return [];
  return readFileSync(table, 'utf8').split('\n').slice(1).filter((line) => line !== '').flatMap((line) => {
    const [guest = '', file = '', kernel = '', date = '', commit = '', passed, failed, skipped] = line.split('\t');
    // One that was removed since has no column.
    if (!isGuest(guest)) return [];
    return [{ guest, file, kernel, date, commit, passed: Number(passed), failed: unlisted(failed),
      skipped: unlisted(skipped) }];
  });
}

/** Puts these in the place of what the same files did in the same guest before, and writes the page anew. */
export function keepGuestLines(news: readonly GuestLine[]): void {
  const key = (line: GuestLine): string => `${line.guest}\t${line.file}`;
  const lines = new Map([...readLines(), ...news].map((line) => [key(line), line]));
  const sorted = [...lines.keys()].sort().map((each) => lines.get(each)!);
  const rows = sorted.map((line) =>
    [key(line), line.kernel, line.date, line.commit, line.passed, listed(line.failed), listed(line.skipped)].join('\t')
  );
  writeFileSync(table,
    `guest\tfile\tkernel\tdate\tcommit\tpassed\tfailed\tskipped\n${rows.map((row) => `${row}\n`).join('')}`);
  writeFileSync(page, pageOf(sorted));
}

function cell(line: GuestLine | undefined): string {
  if (line === undefined) return '';
  const words = [`${line.passed} passed`];
  if (line.failed.length > 0) words.push(`${line.failed.length} failed`);
  if (line.skipped.length > 0) words.push(`${line.skipped.length} skipped`);
  return `${words.join(', ')} (${[line.date, line.commit].filter(Boolean).join(', ')})`;
}

/** A list of what `pick` picks, and in which guests and files. */
function section(title: string, lines: readonly GuestLine[], pick: (line: GuestLine) => readonly string[]): string {
  const items = lines.flatMap((line) => pick(line).map((words) => `- ${line.guest}, ${line.file}: ${words}\n`));
  return items.length === 0 ? '' : `\n## ${title}\n\n${items.join('')}`;
}

function pageOf(lines: readonly GuestLine[]): string {
  const shown = Object.keys(guests).filter(isGuest).filter((guest) => lines.some((line) => line.guest === guest));
  const files = [...new Set(lines.map(({ file }) => file))].sort();
  const of = (guest: Guest, file: string): GuestLine | undefined =>
    lines.find((line) => line.guest === guest && line.file === file);
  const kernels = (guest: Guest): string =>
    [...new Set(lines.filter((line) => line.guest === guest).map(({ kernel }) => kernel))].join(', ');
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return `<!-- Written by \`npm run test:vm\`; do not edit. -->
# What ran in the guests

Each line is the last run of a test file in a virtual machine of [test/vm](../test/vm/README.md), with its date and
the commit that was built: versions in between may differ. An empty cell has not been run.

${row(['', ...shown.map((guest) => `${guest}: Linux ${kernels(guest)}`)])}${row(['---', ...shown.map(() => '---')])}${
    files.map((file) => row([file, ...shown.map((guest) => cell(of(guest, file)))])).join('')
  }${section('Failed', lines, ({ failed }) => failed)}${section('Skipped', lines, ({ skipped }) => skipped)}`;
}
