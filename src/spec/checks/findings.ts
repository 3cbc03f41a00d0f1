import { diagnose, placeAt } from '../../diagnostic/diagnose.ts';
import type { DiagnosticName } from '../../diagnostic/table.ts';
import type { Diagnostic, Holes } from '../../diagnostic/types.ts';

/** What the checks have found; by pointer only, positions are added later. */
export class Findings {
  readonly found: Diagnostic[] = [];
  /** Whether anybody reads warnings: else the checks that only warn are not run. */
  readonly warnings: boolean;

  constructor(warnings: boolean) {
    this.warnings = warnings;
  }

  /** Adds a line of the table: an error or, as the table says, a warning. */
  add(name: DiagnosticName, pointer: string, holes: Holes = {}): void {
    this.found.push(diagnose(name, holes, placeAt(pointer)));
  }

  /** The same about a key rather than its value. */
  addKey(name: DiagnosticName, pointer: string, holes: Holes = {}): void {
    this.found.push(diagnose(name, holes, { ...placeAt(pointer), key: true }));
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
