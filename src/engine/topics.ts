// What `explain` can explain: made from schema/ and the table of diagnostics into src/generated/explain.json.

/** A property of config.json, a list's elements, or the values of an object of any keys. */
export interface PropertyNode {
  /** In words: `list`, `integer from 0 to 65535`, `uint64`. */
  readonly type: string;
  readonly text: string;
  readonly required?: boolean;
  /** False for what is refused as not yet supported. */
  readonly supported?: boolean;
  /** The platform that it is for, when that is not Linux. */
  readonly platform?: string;
  /** The values that are known. */
  readonly values?: readonly string[];
  readonly properties?: Readonly<Record<string, PropertyNode>>;
  readonly items?: PropertyNode;
  readonly any?: PropertyNode;
}

/** An error or a warning; its texts have holes in braces. */
export interface CodeNode {
  readonly message: string;
  readonly hints: readonly string[];
  readonly warning?: boolean;
  readonly why?: string;
}

export interface Topics {
  readonly config: PropertyNode;
  /** By code, in their order. */
  readonly codes: Readonly<Record<string, CodeNode>>;
}
