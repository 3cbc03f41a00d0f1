// Which facts about the host have changed since a plan was saved, and which of them it depends on.
import type { HostFacts } from '../generated/protocol.ts';

type Name = keyof HostFacts;

/** What a fact is called in a message. */
const words: Readonly<Partial<Record<Name, string>>> = {
  kernel: 'the kernel',
  arch: 'the architecture',
  euid: 'the user id of the caller',
  egid: 'the group id of the caller',
  user: 'the name of the caller',
  capabilities: 'the capabilities of the caller',
  rootless: 'whether the caller is root of the host',
  userNamespace: 'whether the caller is in a user namespace',
  cgroup: 'the cgroup of the caller, or what cgroups are mounted',
  lsm: 'the security modules',
  seccomp: 'the version of libseccomp',
  landlock: 'what the kernel knows of Landlock',
  listenFds: 'LISTEN_FDS',
  notifySocket: 'NOTIFY_SOCKET',
  runtimeDir: 'XDG_RUNTIME_DIR',
  ownerUid: 'the owner of the user namespace',
  subids: 'the subordinate ids of the caller',
};

/**
 * Facts as a saved plan goes by them: whether a filter is in the cache changes what has to be stored, not what is done; and a
 * trace is that of one start.
 */
export function settledFacts(facts: HostFacts): HostFacts {
  const { traceparent: _, ...rest } = facts;
  return { ...rest, seccompCache: [] };
}

/**
 * The changed facts that a plan depends on, in words.
 *
 * @param gives the digest of the plan that facts give
 */
export function decisiveFacts(
  saved: HostFacts,
  now: HostFacts,
  gives: (facts: HostFacts) => string,
): readonly string[] {
  const old = gives(saved);
  const names = [...new Set([...Object.keys(saved), ...Object.keys(now)])] as Name[];
  const changed = names.filter((name) => JSON.stringify(saved[name]) !== JSON.stringify(now[name]));
  const decisive = changed.filter((name) => gives({ ...saved, [name]: now[name] } as HostFacts) !== old);
  // Some decide together alone.
  return (decisive.length === 0 ? changed : decisive).map((name) => described(name, saved[name], now[name]));
}

/** Longest value that a message repeats. */
const longest = 60;

function described(name: Name, saved: unknown, now: unknown): string {
  const [before, after] = [JSON.stringify(saved) ?? 'absent', JSON.stringify(now) ?? 'absent'];
  const values = before.length + after.length > 2 * longest ? '' : ` (${before} then, ${after} now)`;
  return `${words[name] ?? name}${values}`;
}
