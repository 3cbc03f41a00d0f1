import type { Exit, File, Variable } from './manual.ts';

/** What a flag takes: nothing (`--flag`, `--flag=false`), a text, a decimal number, or texts by repetition. */
export type FlagKind = 'bool' | 'string' | 'int' | 'list';

/** A flag of the command line. */
export interface Flag {
  /** Without dashes; also its name in a request to the engine. */
  readonly name: string;
  /** Other letters or names, without dashes. The first one-letter name is shown in the help. */
  readonly also?: readonly string[];
  readonly kind: FlagKind;
  /** What the help calls the value, in capitals. */
  readonly value?: string;
  /** The values that are accepted, if these are few. */
  readonly choices?: readonly string[];
  /** One line, no final period. */
  readonly summary: string;
  /** Accepted without effect because callers of other runtimes give it; not in the help. */
  readonly ignored?: true;
  /** For the library: no text names it. */
  readonly hidden?: true;
  /** The value is a path: the engine gets it absolute. */
  readonly path?: true;
  /** The value that stands for an absent flag. */
  readonly fallback?: string;
  /** False: it is for the native side alone. */
  readonly forEngine?: false;
  /** False: the plan of an exec is the same with and without it, so that a kept one may be used. */
  readonly changesExecPlan?: false;
  /** The property of `linux` in config.json that update changes. */
  readonly limit?: Limit;
}

/** A property of `linux` (or of its resources) that a flag sets; src/engine/limit-values.ts reads a value by its form. */
export type Limit = readonly [
  section: 'memory' | 'cpu' | 'pids' | 'blockIO' | 'intelRdt',
  property: string,
  form: 'bytes' | 'integer' | 'natural' | 'tasks' | 'text' | 'l3' | 'bandwidth',
];

/** Whether help, manual page and completion show a flag. */
export function isShown({ ignored, hidden }: Flag): boolean {
  return ignored !== true && hidden !== true;
}

/** A command of the command line. */
export interface Command {
  readonly name: string;
  /** One line, no final period. */
  readonly summary: string;
  /** Sentences for the command's own help. */
  readonly description: string;
  /** Operands as the usage line shows them. */
  readonly operands: string;
  readonly minOperands: number;
  /** Infinity when any number may follow. */
  readonly maxOperands: number;
  /** After this many operands everything is an operand, also what begins with a dash. */
  readonly flagsEndAfter?: number;
  readonly flags: readonly Flag[];
  readonly examples: readonly { readonly line: string; readonly what: string }[];
  /** Its place among the few commands that `veloci` alone shows. */
  readonly first?: number;
  /** Exit statuses that the usual two of manual.ts do not describe; one of theirs takes its place. */
  readonly exits?: readonly Exit[];
  /** Variables beyond those that every command reads. */
  readonly environment?: readonly Variable[];
  readonly files?: readonly File[];
  /** Commands of the table, and pages of other manuals, as in criu(8). */
  readonly see: readonly string[];
}
