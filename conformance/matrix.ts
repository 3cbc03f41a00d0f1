// The matrix: for every normative sentence of the runtime specification the tests that show it, or why there is none.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** The documents, in the order of the report: conformance/matrix/NAME.tsv. */
export const documents = ['runtime', 'runtime-linux', 'bundle', 'config', 'config-linux', 'features',
  'features-linux'] as const;

export type Strength = 'MUST' | 'SHOULD' | 'MAY';

/** What the matrix says about a sentence. */
export type Verdict = 'shown' | 'n/a' | 'missing';

/** A sentence with a keyword of RFC 2119. It is named by document, line and section, and by a short key of our own. */
export interface Row {
  readonly document: string;
  /** Line in the specification that {@link specification} names. */
  readonly line: number;
  /** Anchor of the section. */
  readonly section: string;
  /** Unique. */
  readonly key: string;
  /** The strongest of its keywords: REQUIRED counts as MUST, OPTIONAL as MAY. */
  readonly strength: Strength;
  readonly verdict: Verdict;
  /** Tests that must pass, such as `integration/process/hooks > NAME`; `*` stands for anything. */
  readonly tests: readonly string[];
  /** Why there is no test. */
  readonly reason: string;
  /** Where we do otherwise on purpose, and why; mostly nothing. */
  readonly purpose: string;
}

/** The version of the specification whose lines the matrix names. */
export const specification = '1.3.0 and the 15 commits after it';

/** Normative sentences of each document: a matrix with fewer lines has lost one. */
const sentences: Readonly<Record<(typeof documents)[number], number>> = {
  runtime: 58,
  'runtime-linux': 3,
  bundle: 2,
  config: 266,
  'config-linux': 203,
  features: 21,
  'features-linux': 41,
};

const reasons = /^(platform|writer|permission|introduction|other): \S/;

function strengthOf(keywords: string): Strength {
  if (/\bMUST\b|\bREQUIRED\b/.test(keywords)) return 'MUST';
  return /\bSHOULD\b|\bRECOMMENDED\b/.test(keywords) ? 'SHOULD' : 'MAY';
}

function parse(document: string, text: string): Row[] {
  const [head, ...lines] = text.trimEnd().split('\n');
  if (head !== 'line\tsection\tkey\tkeywords\tverdict\ttests or reason\ton purpose')
    throw new Error(`conformance/matrix/${document}.tsv: unknown columns`);
  return lines.map((text, index) => {
    const [line = '', section = '', key = '', keywords = '', verdict = '', what = '', purpose = '', ...rest] = text
      .split('\t');
    const where = `conformance/matrix/${document}.tsv:${index + 2}`;
    if (!/^\d+$/.test(line) || !/^[a-z0-9-]+$/.test(key) || what === '' || rest.length > 0)
      throw new Error(`${where} has not six or seven columns`);
    if (verdict !== 'shown' && verdict !== 'n/a' && verdict !== 'missing')
      throw new Error(`${where}: unknown verdict "${verdict}"`);
    if (verdict === 'n/a' && !reasons.test(what)) throw new Error(`${where}: unknown kind of reason "${what}"`);
    const named = / > /.test(what);
    if (verdict === 'shown' && !named) throw new Error(`${where} names no test`);
    return {
      document,
      line: Number(line),
      section,
      key,
      strength: strengthOf(keywords),
      verdict,
      tests: named && verdict !== 'n/a' ? what.split(' ; ') : [],
      reason: named ? '' : what,
      purpose,
    };
  });
}

/**
 * Reads the matrix and checks its form.
 *
 * @param folder conformance/ of the checkout
 */
export function readMatrix(folder: string): Row[] {
  const rows = documents.flatMap((document) => {
    const found = parse(document, readFileSync(join(folder, 'matrix', `${document}.tsv`), 'utf8'));
    if (found.length !== sentences[document])
      throw new Error(`conformance/matrix/${document}.tsv has ${found.length} sentences, not ${sentences[document]}`);
    return found;
  });
  const keys = new Set<string>();
  for (const { key } of rows) {
    if (keys.has(key)) throw new Error(`conformance/matrix: the key ${key} is there twice`);
    keys.add(key);
  }
  return rows;
}

/** The test files that the matrix names, as FOLDER/NAME: `integration/process/hooks`. */
export function filesOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap(({ tests }) => tests.map((test) => test.split(' > ')[0] as string)))].sort();
}

/** Path of the compiled test file below the checkout. */
export function compiledPath(file: string): string {
  return file.startsWith('integration/')
    ? `build/test/${file}.test.js`
    : `build/conformance/tests/${basename(file)}.test.js`;
}

/** Whether a test has the name that the matrix gives; `*` stands for anything. */
export function isNamed(pattern: string, test: string): boolean {
  const [first = '', ...parts] = pattern.split('*');
  if (parts.length === 0) return pattern === test;
  if (!test.startsWith(first)) return false;
  let offset = first.length;
  const last = parts.pop() as string;
  for (const part of parts) {
    const found = test.indexOf(part, offset);
    if (found < 0) return false;
    offset = found + part.length;
  }
  return test.length >= offset + last.length && test.endsWith(last);
}
