// The process that exec starts: a process file, or the container's own process with other arguments and
// flags.
import type { Capabilities, Process, Spec, User } from '../generated/config.ts';

/** Flags of exec that say what the process is. */
export interface ExecFlags {
  readonly args?: readonly string[];
  readonly cwd?: string;
  readonly env?: readonly string[];
  readonly user?: { readonly uid: number; readonly gid?: number };
  readonly additionalGids?: readonly number[];
  /** Names of capabilities. */
  readonly capabilities?: readonly string[];
  readonly noNewPrivileges?: boolean;
  readonly terminal?: boolean;
  readonly selinuxLabel?: string;
  readonly apparmorProfile?: string;
}

/** What a further process has as the container's own one, unless its file says otherwise. */
const inherited = ['apparmorProfile', 'selinuxLabel', 'scheduler', 'ioPriority', 'execCPUAffinity'] as const;

/**
 * Fills what a process file leaves open with what confines the container's own process, so that a further one
 * has never more rights unless the file says so.
 */
export function processOfFile(spec: Spec, given: Process): Process {
  const own: Partial<Process> = spec.process ?? {};
  const process: Process = { ...given };
  process.noNewPrivileges = given.noNewPrivileges ?? own.noNewPrivileges ?? false;
  if (given.capabilities === undefined && own.capabilities !== undefined) process.capabilities = own.capabilities;
  if ((given.rlimits ?? []).length === 0 && own.rlimits !== undefined) process.rlimits = own.rlimits;
  for (const name of inherited)
    if (given[name] === undefined && own[name] !== undefined) Object.assign(process, { [name]: own[name] });
  if (given.oomScoreAdj === undefined && own.oomScoreAdj !== undefined) process.oomScoreAdj = own.oomScoreAdj;
  if (given.user?.umask === undefined && own.user?.umask !== undefined)
    process.user = { ...given.user, umask: own.user.umask };
  return process;
}

/** The container's own process with other arguments and what the flags change. */
export function processOfFlags(spec: Spec, flags: ExecFlags): Process {
  const process: Process = { cwd: '/', ...spec.process, args: [...flags.args ?? []] };
  delete process.consoleSize;
  process.terminal = flags.terminal ?? false;
  if (flags.cwd !== undefined && flags.cwd !== '') process.cwd = flags.cwd;
  if (flags.env !== undefined) process.env = [...process.env ?? [], ...flags.env];
  if (flags.noNewPrivileges !== undefined) process.noNewPrivileges = flags.noNewPrivileges;
  if (flags.selinuxLabel !== undefined) process.selinuxLabel = flags.selinuxLabel;
  if (flags.apparmorProfile !== undefined) process.apparmorProfile = flags.apparmorProfile;
  const user = userOf(process.user, flags);
  if (user !== undefined) process.user = user;
  if (flags.capabilities !== undefined)
    process.capabilities = withCapabilities(process.capabilities ?? {}, flags.capabilities);
  return process;
}

function userOf(own: User | undefined, flags: ExecFlags): User | undefined {
  if (flags.user === undefined && flags.additionalGids === undefined) return own;
  const user: User = { ...own };
  if (flags.user !== undefined) {
    user.uid = flags.user.uid;
    if (flags.user.gid !== undefined) user.gid = flags.user.gid;
  }
  if (flags.additionalGids !== undefined) user.additionalGids = [...user.additionalGids ?? [], ...flags.additionalGids];
  return user;
}

/**
 * Added capabilities are never made inheritable: a program with file capabilities would get them unasked. Those that the
 * container has as inheritable become ambient, without which a user who is not root would not have them.
 */
function withCapabilities(own: Capabilities, added: readonly string[]): Capabilities {
  const add = (set: readonly string[] | undefined, more = added): string[] => [...new Set([...set ?? [], ...more])];
  const { inheritable = [] } = own;
  const ambient = added.filter((name) => inheritable.includes(name));
  return {
    ...own,
    ...(ambient.length > 0 ? { ambient: add(own.ambient, ambient) } : {}),
    bounding: add(own.bounding),
    effective: add(own.effective),
    permitted: add(own.permitted),
  };
}
