// What two plans do differently: operations that only one of them has, and those that differ.
import type { Operation } from '../generated/plan.ts';
import { mark, printable } from '../diagnostic/marks.ts';
import { describe, programTitles } from '../plan/explain.ts';
import type { Listing, ListedOperation } from './listing.ts';

/** One difference; an operation that was changed has both sides. */
export interface PlanDifference {
  readonly program: string;
  readonly before?: ListedOperation;
  readonly after?: ListedOperation;
}

/** The differences, in the order of the programs and operations. */
export function comparePlans(before: Listing, after: Listing): readonly PlanDifference[] {
  const known = programTitles.map(([name]): string => name);
  const others = [...Object.keys(before), ...Object.keys(after)].filter((name) => !known.includes(name));
  return [...known, ...new Set(others)].flatMap((program) =>
    pair(edits(before[program] ?? [], after[program] ?? [])).map((edit) => ({ program, ...edit }))
  );
}

type Edit = { readonly before?: ListedOperation; readonly after?: ListedOperation };

/** What an operation does, without where it comes from: that may move without a change. */
function keyOf(operation: ListedOperation): string {
  return JSON.stringify(operation,
    (name, value: unknown) => name === 'concern' || name === 'line' || name === 'from' ? undefined : value);
}

/** Tables beyond this are not computed: what is in one list alone is then found by its key. */
const largestTable = 4_000_000;

/** The operations of one list alone, and neighbours that they have in common as separators (empty edits). */
function edits(before: readonly ListedOperation[], after: readonly ListedOperation[]): Edit[] {
  const [a, b] = [before.map(keyOf), after.map(keyOf)];
  let first = 0;
  while (first < a.length && first < b.length && a[first] === b[first]) first++;
  let [endA, endB] = [a.length, b.length];
  while (endA > first && endB > first && a[endA - 1] === b[endB - 1]) [endA, endB] = [endA - 1, endB - 1];
  if ((endA - first) * (endB - first) > largestTable) {
    const [inA, inB] = [new Set(a), new Set(b)];
    return [...before.filter((_, index) => !inB.has(a[index]!)).map((operation) => ({ before: operation })),
      ...after.filter((_, index) => !inA.has(b[index]!)).map((operation) => ({ after: operation }))];
  }
  return walk(before, after, lengths(a.slice(first, endA), b.slice(first, endB)), first, endA, endB);
}

/** Lengths of the longest common subsequences of what is left from each place on. */
function lengths(a: readonly string[], b: readonly string[]): { readonly table: Uint32Array; readonly width: number } {
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const here = i * width + j;
      table[here] = a[i] === b[j]
        ? table[here + width + 1]! + 1
        : Math.max(table[here + width]!, table[here + 1]!);
    }
  }
  return { table, width };
}

function walk(
  before: readonly ListedOperation[],
  after: readonly ListedOperation[],
  { table, width }: ReturnType<typeof lengths>,
  first: number,
  endA: number,
  endB: number,
): Edit[] {
  const found: Edit[] = [];
  let [i, j] = [first, first];
  while (i < endA || j < endB) {
    const here = (i - first) * width + j - first;
    const common = i < endA && j < endB && keyOf(before[i]!) === keyOf(after[j]!);
    if (common) {
      found.push({});
      [i, j] = [i + 1, j + 1];
    } else if (j >= endB || (i < endA && table[here + width]! >= table[here + 1]!))
      found.push({ before: before[i++]! });
    else found.push({ after: after[j++]! });
  }
  return found;
}

/** Joins what was removed with what was added for the same: an operation of this kind with this object, or from this pointer. */
function pair(list: readonly Edit[]): Edit[] {
  const added = list.flatMap(({ before, after }) => (before === undefined && after !== undefined ? [after] : []));
  const taken = new Set<ListedOperation>();
  const partner = (operation: ListedOperation): ListedOperation | undefined => {
    const free = added.filter((other) => !taken.has(other) && other['op'] === operation['op']);
    return free.find((other) => objectOf(other) !== '' && objectOf(other) === objectOf(operation))
      ?? free.find((other) => other['from'] === operation['from'] && (objectOf(other) === '' || other['from'] !== ''));
  };
  const joined = list.map((edit): Edit => {
    if (edit.before === undefined) return edit;
    const after = partner(edit.before);
    if (after === undefined) return edit;
    taken.add(after);
    return { before: edit.before, after };
  });
  return joined.filter(({ before, after }) => before !== undefined || (after !== undefined && !taken.has(after)));
}

/** What an operation is about. */
function objectOf(operation: ListedOperation): string {
  const values = ['target', 'path', 'file', 'name', 'resource', 'kind', 'number', 'point', 'dir'].map((key) =>
    operation[key]
  );
  return JSON.stringify(values.filter((value) => value !== undefined)).slice(1, -1);
}

/** Names of the members in which two operations differ. */
function changedMembers({ before = {}, after = {} }: Edit): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) =>
    !['concern', 'line', 'from'].includes(name) && JSON.stringify(before[name]) !== JSON.stringify(after[name])
  );
}

/** Names of the two configurations, for lines in them. */
export interface Sides {
  readonly before: string;
  readonly after: string;
}

/** The differences as text in the form of a diff, with marks. */
export function differenceText(differences: readonly PlanDifference[], sides: Sides): string {
  let text = '';
  let heading = '';
  for (const { program, before, after } of differences) {
    const title = programTitles.find(([name]) => name === program)?.[1] ?? program;
    if (title !== heading) text += `${text === '' ? '' : '\n'}${title}\n`;
    heading = title;
    const [old, now] = [before && lineOf(before, sides.before), after && lineOf(after, sides.after)];
    if (old !== undefined) text += `${mark.error}- ${old.what}${mark.off}${old.place}\n`;
    if (now !== undefined) text += `${mark.good}+ ${now.what}${mark.off}${now.place}\n`;
    if (old !== undefined && now !== undefined)
      text += detail({ before: before!, after: after! }, old.what === now.what);
  }
  return text;
}

/** The members that differ, where the lines do not show it. */
function detail(edit: Edit, same: boolean): string {
  if (!same) return '';
  return `    ${mark.frame}differs in ${changedMembers(edit).join(', ')}${mark.off}\n`;
}

function lineOf(operation: ListedOperation, file: string): { what: string; place: string } {
  const { line } = operation;
  return { what: printable(sentenceOf(operation)),
    place: typeof line === 'number' ? `  ${printable(file)}:${line}` : '' };
}

/** An operation in one line. */
function sentenceOf(operation: ListedOperation): string {
  if (operation['op'] === 'alt') {
    const rest = operation['else'] as ListedOperation | undefined;
    const other = rest === undefined ? 'go on' : sentenceOf(rest);
    return `${sentenceOf(operation['try'] as ListedOperation)}, or ${other}`;
  }
  return `${operation['op'] as string} ${describe(operation as unknown as Operation)}`.trimEnd();
}

/** One difference in a few words, for a message. */
export function differenceWords(
  { program, before, after }: PlanDifference,
  { before: old, after: now }: Sides,
): string {
  const where = (operation: ListedOperation, file: string): string =>
    typeof operation['line'] === 'number' ? ` (${file}:${operation['line']})` : '';
  if (before === undefined) return `${program} has more: ${sentenceOf(after!)}${where(after!, now)}`;
  if (after === undefined) return `${program} lacks: ${sentenceOf(before)}${where(before, old)}`;
  const object = ['target', 'path', 'file', 'name', 'resource', 'point'].map((key) => after[key])
    .find((value) => typeof value === 'string');
  const what = `${after['op'] as string}${object === undefined ? '' : ` ${object as string}`}`;
  return `${program}: ${what} differs in ${changedMembers({ before, after }).join(', ')}${where(after, now)}`;
}

/** The differences as data. */
export function differenceData(differences: readonly PlanDifference[]): object[] {
  return differences.map(({ program, before, after }) => ({
    change: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
    program,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    ...(before === undefined || after === undefined ? {} : { members: changedMembers({ before, after }) }),
  }));
}
