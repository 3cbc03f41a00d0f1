// What this host keeps sandboxes from having, and what to do about it.
import { existsSync, readFileSync } from 'node:fs';
import type { HostFacts } from '../generated/protocol.ts';
import { hostFacts } from '../host/node.ts';
import { VelociError } from '../library/error.ts';
import type { Limits } from './limits.ts';

/** One thing that is missing. */
export interface Obstacle {
  /** fatal: there is no sandbox. weaker: there is one, with less. */
  readonly severity: 'fatal' | 'weaker';
  /** What is missing, in one line. */
  readonly message: string;
  /** What to do about it: commands, or a setting. */
  readonly remedy: string;
}

/** What {@link Sandbox.check} has found. */
export interface SandboxCheck {
  /** Whether a sandbox can be made: one was, and removed. */
  readonly works: boolean;
  /** What its limits would be; undefined when there can be none. */
  readonly limits: Limits | undefined;
  readonly obstacles: readonly Obstacle[];
}

type Read = (path: string) => number | undefined;

/** A kernel parameter as a number; undefined where there is none. */
function parameter(path: string): number | undefined {
  return existsSync(path) ? Number(readFileSync(path, 'utf8')) : undefined;
}

/** Settings that forbid user namespaces, each with what to do. */
const settings: readonly (readonly [path: string, forbids: number, message: string, remedy: string])[] = [
  ['/proc/sys/user/max_user_namespaces', 0, 'user namespaces are turned off (user.max_user_namespaces is 0)',
    'sysctl -w user.max_user_namespaces=15000, and the same line in /etc/sysctl.d/'],
  ['/proc/sys/kernel/unprivileged_userns_clone', 0,
    'user namespaces are for root alone (kernel.unprivileged_userns_clone is 0, Debian)',
    'sysctl -w kernel.unprivileged_userns_clone=1, and the same line in /etc/sysctl.d/'],
  ['/proc/sys/kernel/apparmor_restrict_unprivileged_userns', 1,
    'AppArmor takes the rights away from user namespaces of ordinary users (Ubuntu 23.10 and newer)',
    'give the command a profile that has "userns,", or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0'],
];

/** Settings of the host that stand in the way, as they are read. */
function settingObstacles({ rootless }: HostFacts, read: Read): Obstacle[] {
  return settings.flatMap(([path, forbids, message, remedy], index) => {
    // The first one holds for root, too.
    if ((index > 0 && !rootless) || read(path) !== forbids) return [];
    return [{ severity: 'fatal', message, remedy }];
  });
}

const delegation =
  'on cgroup v2 run it in a unit with Delegate=yes, such as "systemd-run --user --scope -p Delegate=yes", or log in with ' +
  'a session of systemd; on v1 root gives a cgroup away';

/**
 * Makes a sandbox and says what stands in its way.
 *
 * @param open makes one, closes it, and says its limits
 * @param facts about the host
 * @param read reads a kernel parameter
 */
export async function checkHost(
  open: () => Promise<Limits>,
  facts = hostFacts(),
  read: Read = parameter,
): Promise<SandboxCheck> {
  const found = settingObstacles(facts, read);
  try {
    const limits = await open();
    const weaker: Obstacle[] = limits.memory.by === 'cgroup'
      ? []
      : [{ severity: 'weaker',
        message: 'no cgroup is delegated to this user: memory is limited for each process, processors are not',
        remedy: delegation }];
    return { works: true, limits, obstacles: weaker };
  } catch (error) {
    if (!(error instanceof VelociError)) throw error;
    const own: Obstacle[] = found.length > 0
      ? []
      : [{ severity: 'fatal', message: error.message,
        remedy: error.hint ?? '"veloci doctor" shows what this host can do' }];
    return { works: false, limits: undefined, obstacles: [...found, ...own] };
  }
}
