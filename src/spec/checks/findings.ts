import { diagnose, placeAt } from '../../diagnostic/diagnose.ts';
import type { DiagnosticName } from '../../diagnostic/table.ts';
import { habitsOf, type Habits } from '../../compat/habits.ts';
import type { Diagnostic, Holes } from '../../diagnostic/types.ts';
import { suggest } from '../suggest.ts';

/** Most errors, and most warnings, that are kept: to say where one is takes a look through the whole text. */
export const most = 100;

/** What the checks have found; by pointer only, positions are added later. */
export class Findings {
  readonly diagnostics: Diagnostic[] = [];
  private readonly counts = { error: 0, warning: 0 };
  /** Whether anybody reads warnings: else the checks that only warn are not run. */
  readonly warnings: boolean;

  /** Which rules hold, where names differ. */
  readonly habits: Habits;

  constructor(warnings: boolean, habits: Habits = habitsOf(undefined)) {
    this.warnings = warnings;
    this.habits = habits;
  }

  /** Adds a line of the table: an error or, as the table says, a warning. */
  add(name: DiagnosticName, pointer: string, holes: Holes = {}): void {
    this.push(diagnose(name, holes, placeAt(pointer)));
  }

  /** The same about a key rather than its value. */
  addKey(name: DiagnosticName, pointer: string, holes: Holes = {}): void {
    this.push(diagnose(name, holes, { ...placeAt(pointer), key: true }));
  }

  /** Takes in what was found elsewhere. */
  push(diagnostic: Diagnostic): void {
    if (++this.counts[diagnostic.severity] <= most) this.diagnostics.push(diagnostic);
  }

  /** Whether more was found than is kept. */
  get isCut(): boolean {
    return this.counts.error + this.counts.warning > this.diagnostics.length;
  }

  /** The word that was probably meant; a flood of findings gets no suggestions, which are slow. */
  suggest(word: string, known: Iterable<string>): string | undefined {
    return this.diagnostics.length < most ? suggest(word, known) : undefined;
  }
}

/** Whether a path begins at the root. */
export function isAbsolute(path: string): boolean {
  return path.charCodeAt(0) === 47;
}

/** Adds an error for a path that is not absolute, or empty. */
export function mustBeAbsolute(findings: Findings, path: string, name: string, pointer: string): void {
  if (!isAbsolute(path)) findings.add('notAbsolute', pointer, { name, value: path });
}

/** Whether a path has a `..` component. */
export function hasParent(path: string): boolean {
  return path.includes('..') && path.split('/').includes('..');
}
