// What a compilation starts from besides the configuration: facts about the host, and what the command line
// said.
import type { Habits } from '../compat/habits.ts';
import type { CgroupManager } from './choices.ts';
import type { Diagnostic } from '../diagnostic/types.ts';
import type { Host } from '../engine/protocol.ts';
import type { HostFacts } from '../generated/protocol.ts';

/** Flags of create, run and exec that change the plan. Paths are absolute. */
export interface Flags {
  readonly consoleSocket?: string;
  readonly pidFile?: string;
  /** Descriptors after stderr that the program gets (--preserve-fds). */
  readonly preserveFds: number;
  /** --no-pivot: MS_MOVE and chroot(2) in place of pivot_root(2). */
  readonly noPivot: boolean;
  /** --no-new-keyring: stay in the caller's session keyring. */
  readonly noNewKeyring: boolean;
  /** The command returns while the container runs: no terminal of its own. True for create. */
  readonly detach: boolean;
  readonly cgroupManager: CgroupManager;
  /** --learn: the command notes every system call, and no filter refuses one. */
  readonly learn?: true;
  /** --learn-paths: nor do rules of Landlock. */
  readonly learnPaths?: true;
}

/** Everything that a plan is a function of, besides the configuration. */
export interface Context {
  readonly facts: HostFacts;
  /** Only its pure functions are used: SHA-256 and the compiler of seccomp filters. */
  readonly host: Host;
  readonly id: string;
  /** Absolute path of the bundle. */
  readonly bundle: string;
  readonly flags: Flags;
  /** Those of the name under which the command was started. */
  readonly habits: Habits;
  /** Takes warnings; absent where nobody reads them. */
  readonly warn?: (warning: Diagnostic) => void;
}

/** A plan that cannot be made; carries the diagnostic for the user. */
export class PlanError extends Error {
  readonly diagnostic: Diagnostic;

  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}
