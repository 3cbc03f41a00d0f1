// What the pictures of docs/pictures are drawn from: kept from a run of the command by `npm run pictures`.
import { readFileSync } from 'node:fs';
import { readObject, textMember } from '../../lib/json.ts';
import { inRoot } from '../../lib/root.ts';

/** A line of the plan that is shown: which program, the concern, the operation and its line in config.json. */
export interface PlannedLine {
  readonly program: string;
  readonly concern: string;
  readonly op: string;
  readonly line: number;
}

export interface PictureRecord {
  /** What `veloci validate` prints on a terminal, with its colours. */
  readonly error: string;
  readonly plan: readonly PlannedLine[];
}

export const recordPath: string = inRoot('docs/pictures/record.json');

/** The record that is under version control. */
export function readRecord(): PictureRecord {
  const record = readObject(readFileSync(recordPath, 'utf8'), recordPath);
  const plan = record['plan'];
  if (!Array.isArray(plan)) throw new Error(`${recordPath} has no plan`);
  return { error: textMember(record, 'error', recordPath), plan: plan as PlannedLine[] };
}
