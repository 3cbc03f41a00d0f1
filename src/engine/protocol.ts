// What the engine may ask its host, and the byte strings that come with a request (schema/protocol).

/** Byte strings of a request. */
export interface Blobs {
  /** config.json; for `explain` the texts of src/generated/explain.json; for `doctor` its probes. */
  readonly config?: Uint8Array;
  readonly process?: Uint8Array;
  /** What was read of a running container, as the JSON text of an Observation. */
  readonly live?: Uint8Array;
}

/** Result of {@link Host.scan}: what a single native pass over a JSON text found. */
export interface Scan {
  /** The text, decoded from UTF-8; absent when the bytes are not valid UTF-8 (then `badByte` is the offset). */
  readonly text?: string;
  readonly badByte?: number;
  /**
   * True when the text has nothing that needs the exact parser: no number outside of strings with a fraction, an
   * exponent, a leading zero, or 16 or more digits; in strings no escape but `\" \\ \/ \b \f \n \r \t`, no control
   * character, no `__proto__`; no NUL; nesting of at most 64. On such texts every JSON.parse agrees with RFC 8259
   * (that of QuickJS takes some escapes and leading zeros that JSON does not have).
   */
  readonly plain: boolean;
  /** Number of colons outside of strings (= number of object members, when the text is valid JSON). */
  readonly members: number;
}

/** Appends wire values to the bytes of a plan; little-endian. Implemented natively under QuickJS. */
export interface WireWriter {
  u8(value: number): void;
  u16(value: number): void;
  u32(value: number): void;
  i32(value: number): void;
  u64(value: number | bigint): void;
  /** Length, UTF-8 bytes, NUL. Throws a RangeError when the text has a NUL. */
  str(value: string): void;
  /** Length, bytes. */
  bytes(value: Uint8Array): void;
  /** Bytes without a length. */
  raw(value: Uint8Array): void;
  /** Current length in bytes. */
  length(): number;
  /** Overwrites four bytes at an offset. */
  patchU32(offset: number, value: number): void;
  /** The bytes; the writer is empty afterwards. */
  finish(): Uint8Array;
}

/**
 * The little that the engine cannot do in plain TypeScript, bound to QuickJS in the planner and to Node by the addon.
 */
export interface Host {
  scan(bytes: Uint8Array): Scan;
  /** SHA-256 as 64 hexadecimal digits, of the UTF-8 bytes of a text. */
  sha256(text: string): string;
  writer(): WireWriter;
  /** Compiles a seccomp profile (a JSON text in the form of src/plan/concern/seccomp/seccomp.ts) to cBPF with libseccomp. */
  seccomp(rules: SeccompRules): Uint8Array;
  /** Number of a system call on this architecture (name as in libseccomp); below -1 when only others have it, -1 when none. */
  syscallNumber(name: string): number;
}

/** A seccomp profile with everything resolved that does not need libseccomp. Numbers are those of seccomp.h. */
export interface SeccompRules {
  readonly defaultAction: number;
  /** Whether calls with numbers above the largest that the rules name return ENOSYS. */
  readonly newerMissing: boolean;
  /** Whether an unknown name is an error. */
  readonly strictNames: boolean;
  /** Architecture tokens by libseccomp's names: native is always there. */
  readonly architectures: readonly string[];
  readonly rules: readonly {
    readonly name: string;
    readonly action: number;
    readonly args: readonly { index: number; op: number; value: number | bigint; valueTwo: number | bigint }[];
  }[];
}
