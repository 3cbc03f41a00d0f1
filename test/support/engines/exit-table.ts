// What an engine makes of a failure to start: podman and docker look for words in what the runtime says, and exit with
// 126 or 127 accordingly. One table: each case, and the status with each engine and runtime.

export type EngineName = 'podman' | 'docker';
export type RuntimeName = 'veloci' | 'runc' | 'crun';
export type ExitVerb = 'run' | 'exec' | 'exec: read-only';

/** The statuses with each runtime: a peer's stands where it is another one. */
type Statuses = { readonly veloci: number } & Partial<Readonly<Record<RuntimeName, number>>>;

/** A command that fails, and the exit status of each engine with each runtime. */
export interface ExitCase {
  readonly name: string;
  /** `run` and a further process of a container share the case: what comes behind the image or the container. */
  readonly program: string;
  /** flags of the engine's command */
  readonly flags?: string;
  /** commands that it is tried with (default: both); the container of `exec: read-only` has a root that is read-only */
  readonly by?: readonly ExitVerb[];
  readonly podman: Statuses;
  /** of `docker run` alone */
  readonly docker?: Statuses;
  /** why a peer's status is not ours */
  readonly why?: string;
}

/** What dockerd 20.10 makes of every exec that does not start, whatever the runtime says; podman tells them apart. */
const dockerExec = 126;

/** crun's words begin with capitals, and dockerd looks for small letters. */
const crun = 125;

/**
 * 127: there is no such program, or no such directory to run it in. 126: it is there, but cannot be run. 255: podman knows
 * the words of no runtime for it.
 */
export const exitTable: readonly ExitCase[] = [
  { name: 'a name that is not in PATH', program: 'no-such-program', podman: { veloci: 127 },
    docker: { veloci: 127, crun } },
  { name: 'a path that is missing', program: '/no/such/file', podman: { veloci: 127 }, docker: { veloci: 127, crun } },
  { name: 'a file that is not executable', program: '/bin/not-executable', podman: { veloci: 126 },
    docker: { veloci: 126, crun } },
  { name: 'a directory', program: '/etc', podman: { veloci: 126 }, docker: { veloci: 126, crun } },
  { name: 'an empty name', program: "''", podman: { veloci: 127, crun: 126 }, docker: { veloci: 127, crun },
    why: 'crun takes the empty name for a directory' },
  { name: 'a path through a file', program: '/bin/sh/x', by: ['run'], podman: { veloci: 127, runc: 126, crun: 126 },
    docker: { veloci: 127, runc: 125, crun }, why: 'as a shell says it; neither engine knows their words' },
  { name: 'a path through a file', program: '/bin/sh/x', by: ['exec'], podman: { veloci: 127, runc: 255, crun: 255 },
    why: 'as a shell says it; podman does not know their words' },
  { name: 'a working directory that is missing', flags: '-w /missing', program: 'true', by: ['exec', 'exec: read-only'],
    podman: { veloci: 127 } },
  { name: 'a working directory below one that is missing', flags: '-w /missing/below', program: 'true', by: ['exec'],
    podman: { veloci: 127 } },
  { name: 'a working directory that is a file', flags: '-w /etc/passwd', program: 'true', by: ['exec'],
    podman: { veloci: 255 } },
];

/** The status of a case; undefined where the table does not say it. */
export function exitStatus(
  row: ExitCase,
  engine: EngineName,
  verb: ExitVerb,
  runtime: RuntimeName,
): number | undefined {
  if (engine === 'docker' && verb !== 'run') return dockerExec;
  const statuses = row[engine];
  return statuses?.[runtime] ?? statuses?.veloci;
}
