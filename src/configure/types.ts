/** Names of keys from the root of a document. */
export type Path = readonly string[];

/** A value of a document. */
export interface Found {
  /** As it is written. */
  readonly raw: string;
  /** Where its key, or the value, begins. */
  readonly offset: number;
  /** The text of a string. */
  readonly text?: string;
  /** The elements of an array, as they are written. */
  readonly elements?: readonly string[];
  readonly isTable?: boolean;
}

/** How values of a kind of file are found and changed in its text, which is valid. */
export interface Format {
  /** What a missing file is taken for. */
  readonly empty: string;
  find(text: string, at: Path): Found | undefined;
  /** The names below a table. */
  names(text: string, at: Path): readonly string[];
  /** Puts a value in its place; what is on the way is made. */
  set(text: string, at: Path, value: string): string;
  remove(text: string, at: Path): string;
  /** Adds an element to an array that is there. */
  add(text: string, at: Path, element: string): string;
  /** Takes an element out of an array. */
  take(text: string, at: Path, element: string): string;
  /** Without tables on these paths that have become empty, and that the text `like` lacks. */
  prune(text: string, paths: readonly Path[], like: string): string;
}

/** Something that a configuration shall have. Values are texts of its format. */
export type Setting =
  & {
    readonly at: Path;
    /** It belongs to the entry of veloci: nobody else has a use for it. */
    readonly own?: true;
    /** It was added for what stands below this table: it is taken back when nothing else is left there. */
    readonly basis?: Path;
  }
  & (
    | { readonly value: string }
    /** An element of a list, which has otherwise these; in a file without the list all of them are written. */
    | { readonly element: string; readonly others: readonly string[] }
  );
