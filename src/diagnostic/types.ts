/** How bad a finding is: an `error` stops the command, a `warning` is only shown. */
export type Severity = 'error' | 'warning';

/** A place in a JSON document. */
export interface Place {
  /** The file as the user knows it: `config.json`, or the path that was given. */
  readonly file: string;
  /** JSON pointer (RFC 6901) of the value or, for a missing one, of the object that should have it. */
  readonly pointer: string;
  /** Line from 1; 0 when it is not known (see {@link locate} in src/spec/parse/locate.ts). */
  readonly line: number;
  /** Column from 1, in UTF-16 units as editors count; 0 when it is not known. */
  readonly column: number;
  /** Length of the marked text in UTF-16 units, at least 1. */
  readonly length: number;
  /** The key in front of the value is meant, not the value; only until the place is located. */
  readonly key?: true;
}

/** The one error and warning type of all layers. Texts are lower case and have no final period. */
export interface Diagnostic {
  /** Stable code of the table, `E0412`. */
  readonly code: string;
  /** What is wrong, with the names and values that are concerned. */
  readonly message: string;
  readonly severity: Severity;
  /** Where in a configuration file. */
  readonly at?: Place;
  /** What another program or the kernel has written about it. */
  readonly output?: string;
  /** What to do about it. */
  readonly hint?: string;
  /** Errno of the system call that failed. */
  readonly errno?: number;
  /** The message says what the errno means. */
  readonly known?: true;
  /** Step of the operation that failed, as the plan's schema names it. */
  readonly step?: string;
  /** The message in the words of other runtimes, by their names. */
  readonly wordings?: Wordings;
  /** The one of these names under which there is nothing but the message: no code, no place, no hint. */
  readonly alone?: string;
}

/** What other runtimes say in place of a message, by their names. */
export type Wordings = Readonly<Record<string, string>>;

/** A line of the table of diagnostics. */
export interface Entry {
  readonly code: string;
  /** Message with holes: `{name}`. */
  readonly message: string;
  /** What another program or the kernel has written about it; left out when a hole of it is not filled. */
  readonly output?: string;
  /** What to do. It is left out when a hole of it is not filled; then `otherwise` stands in. */
  readonly hint?: string;
  readonly otherwise?: string;
  /** A warning; else an error. */
  readonly warning?: true;
  /** From src/compat. */
  readonly wordings?: Wordings;
  readonly alone?: string;
  /** The native side raises it too: the generator writes it to native/generated. */
  readonly native?: true;
}

/** A group of entries by the name that the code uses. */
export type Entries = Readonly<Record<string, Entry>>;

/** Fillings of the holes of a message and its hint. */
export type Holes = Readonly<Record<string, string | number | bigint | undefined>>;
