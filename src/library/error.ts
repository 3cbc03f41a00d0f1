import { renderLine } from '../diagnostic/render.ts';
import type { Diagnostic } from '../diagnostic/types.ts';
import { errnoName } from '../diagnostic/errno.ts';
import type { ControlMessage } from '../generated/protocol.ts';

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
  /** Name of the errno of the system call that failed. */
  readonly errno?: string | undefined;
  /** The step of the operation that failed. */
  readonly step?: string | undefined;
  /** What a hook has printed. */
  readonly output?: string | undefined;
}

/** An error that names its cause: the message is one line that stands alone. */
export class VelociError extends Error implements VelociErrorDetails {
  readonly code: string;
  readonly pointer: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly hint: string | undefined;
  readonly errno: string | undefined;
  readonly step: string | undefined;
  readonly output: string | undefined;

  constructor(message: string, details: VelociErrorDetails) {
    super(message);
    this.name = 'VelociError';
    this.code = details.code;
    this.pointer = details.pointer;
    this.line = details.line;
    this.column = details.column;
    this.hint = details.hint;
    this.errno = details.errno;
    this.step = details.step;
    this.output = details.output;
  }

  /** Makes an error of a finding. */
  static fromDiagnostic(diagnostic: Diagnostic): VelociError {
    const { code, at, hint, errno, step, output } = diagnostic;
    return new VelociError(renderLine(diagnostic), {
      code,
      hint,
      pointer: at?.pointer,
      line: at?.line || undefined,
      column: at?.column || undefined,
      errno: errno === undefined ? undefined : errnoName(errno),
      step,
      output,
    });
  }

  /** Makes an error of a line of the JSON log. */
  static fromLog({ msg = '', code = '', ...details }: ControlMessage): VelociError {
    return new VelociError(msg, { ...details, code });
  }

  /** Makes an error of a line that begins with its code. */
  static fromLine(line: string): VelociError {
    return new VelociError(line, { code: /^(E\d{4}): /.exec(line)?.[1] ?? '' });
  }
}
