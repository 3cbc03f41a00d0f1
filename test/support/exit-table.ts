// What an engine makes of a failure to start: podman and docker look for words in what the runtime says, and exit with
// 126 or 127 accordingly. One table: each case, and the status with each runtime.

/** A command that fails, and the engine's exit status with each runtime. */
export interface ExitCase {
  readonly name: string;
  /** `run` and a further process of a container share the case: what comes behind the image or the container. */
  readonly program: string;
  /** flags of the engine's command */
  readonly flags?: string;
  /** commands that it is tried with (default: both); the container of `exec: read-only` has a root that is read-only */
  readonly by?: readonly ('run' | 'exec' | 'exec: read-only')[];
  readonly veloci: number;
  /** status with peers, where it is another one, and why ours is not theirs */
  readonly runc?: number;
  readonly crun?: number;
  readonly why?: string;
}

/**
 * 127: there is no such program, or no such directory to run it in. 126: it is there, but cannot be run. 255: podman knows
 * the words of no runtime for it (dockerd does: 127).
 */
export const exitTable: readonly ExitCase[] = [
  { name: 'a name that is not in PATH', program: 'no-such-program', veloci: 127 },
  { name: 'a path that is missing', program: '/no/such/file', veloci: 127 },
  { name: 'a file that is not executable', program: '/bin/not-executable', veloci: 126 },
  { name: 'a directory', program: '/etc', veloci: 126 },
  { name: 'an empty name', program: "''", veloci: 127, crun: 126, why: 'crun takes the empty name for a directory' },
  { name: 'a path through a file', program: '/bin/sh/x', by: ['run'], veloci: 127, runc: 126, crun: 126,
    why: 'as a shell says it; podman does not know their words' },
  { name: 'a path through a file', program: '/bin/sh/x', by: ['exec'], veloci: 127, runc: 255, crun: 255,
    why: 'as a shell says it; podman does not know their words' },
  { name: 'a working directory that is missing', flags: '-w /missing', program: 'true', by: ['exec', 'exec: read-only'],
    veloci: 127 },
  { name: 'a working directory below one that is missing', flags: '-w /missing/below', program: 'true', by: ['exec'],
    veloci: 127 },
  { name: 'a working directory that is a file', flags: '-w /etc/passwd', program: 'true', by: ['exec'], veloci: 255 },
];
