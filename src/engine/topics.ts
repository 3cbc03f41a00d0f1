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

export interface Topics {
  readonly config: PropertyNode;
  /** Background of codes; what else there is to say of them is in the table of diagnostics. */
  readonly why: Readonly<Record<string, string>>;
  /** Codes that are no longer used, by the one that says the same now. */
  readonly retired: Readonly<Record<string, string>>;
}
