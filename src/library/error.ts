import { renderLine } from '../diagnostic/render.ts';
import type { Diagnostic } from '../diagnostic/types.ts';

/** What an error of veloci is made of; see docs/error-codes.md for the codes. */
export interface VelociErrorDetails {
  /** Stable code, `E0412`; empty when the command ended without one. */
  readonly code: string;
  /** JSON pointer of the value of the configuration that is to blame. */
  readonly pointer?: string | undefined;
  /** Line and column in the configuration file, from 1. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** What to do about it. */
  readonly hint?: string | undefined;
}

/** An error that names its cause: the message is one line that stands alone. */
export class VelociError extends Error implements VelociErrorDetails {
  readonly code: string;
  readonly pointer: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly hint: string | undefined;

  constructor(message: string, details: VelociErrorDetails) {
    super(message);
    this.name = 'VelociError';
    this.code = details.code;
    this.pointer = details.pointer;
    this.line = details.line;
    this.column = details.column;
    this.hint = details.hint;
  }

  /** Makes an error of a finding. */
  static fromDiagnostic(diagnostic: Diagnostic): VelociError {
    const { code, at, hint } = diagnostic;
    return new VelociError(renderLine(diagnostic), {
      code,
      hint,
      pointer: at?.pointer,
      line: at?.line || undefined,
      column: at?.column || undefined,
    });
  }

  /**
   * Makes an error of the one-line form `CODE: MESSAGE at FILE:LINE:COLUMN (POINTER): HINT`.
   * @param line the line, as the command logs it
   */
  static fromLine(line: string): VelociError {
    const code = /^(E\d{4}): /.exec(line)?.[1] ?? '';
    const place = / at [^ ]+?:(\d+):(\d+)(?: \((\/[^)]*)\))?(?:: (.*))?$/.exec(line);
    if (place === null) return new VelociError(line, { code });
    return new VelociError(line, {
      code,
      line: Number(place[1]),
      column: Number(place[2]),
      pointer: place[3] ?? '',
      hint: place[4],
    });
  }
}
