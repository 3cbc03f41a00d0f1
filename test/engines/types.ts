// What a test of an engine is made of.

/** One step: a shell script that uses `e` (the engine's command), and what must come of it. */
export interface Step {
  readonly name: string;
  readonly script: string;
  /** What the output must match. */
  readonly want?: RegExp;
  /** The exit status that is wanted; without `want` 0. */
  readonly status?: number;
}

/** An engine at work on one runtime. */
export interface Session {
  /** The engine's command line, up to its own command. */
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  /** Further small commands for the steps' scripts: their names, and a line of the shell each. */
  readonly helpers?: Readonly<Record<string, string>>;
  /** Who runs the steps; without it root. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Ends its daemons. */
  end(): Promise<void>;
}

export interface Engine {
  readonly name: string;
  /** Programs that must be there. */
  readonly needs: readonly string[];
  /** Makes what takes a network: called before there is none. What it throws keeps the engine from being tried. */
  prepare?(): void;
  /**
   * Starts it on folders of its own.
   * @param dir an empty folder
   * @param runtime path of the runtime
   * @param image path of a docker archive that holds {@link imageName}
   */
  begin(dir: string, runtime: string, image: string): Promise<Session>;
}

export const imageName = 'docker.io/library/veloci-test:latest';

/** Makes steps of triples: name, script, and the wanted output or exit status. */
export function steps(...list: readonly (readonly [string, string, (RegExp | number)?])[]): Step[] {
  return list.map(([name, script, wanted]) => {
    if (wanted instanceof RegExp) return { name, script, want: wanted };
    return { name, script, status: wanted ?? 0 };
  });
}

/** A script that runs a command so many times, and prints how often a remembered plan was used meanwhile, as `hits N`. */
export function hitsOf(times: number, command: string): string {
  // The second number of each file of remembered plans, in every state root.
  const sum =
    "find $D /run $XDG_RUNTIME_DIR -path '*/.cache/plans/*' -type f -exec od -An -t u8 -j 8 -N 8 {} \\; 2>/dev/null | awk '{ for (i = 1; i <= NF; i++) n += $i } END { print n + 0 }'";
  return `h() { ${sum}; }; a=$(h); for i in $(seq ${times}); do ${command} || exit 1; done; echo hits $(($(h) - a))`;
}
