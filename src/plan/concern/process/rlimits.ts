// process.rlimits, process.oomScoreAdj. Raising a limit and lowering the score need rights in the host's user
// namespace: with a user namespace of its own the stager sets them before it enters it.
import type { OomScore, RlimitSet } from '../../../generated/plan.ts';
import type { Draft } from '../../draft.ts';
import { mapsUsers } from '../namespaces.ts';

/** Numbers of the RLIMIT_ constants (asm-generic/resource.h), as x86-64 and aarch64 have them. */
const resources: Readonly<Record<string, number>> = {
  RLIMIT_CPU: 0,
  RLIMIT_FSIZE: 1,
  RLIMIT_DATA: 2,
  RLIMIT_STACK: 3,
  RLIMIT_CORE: 4,
  RLIMIT_RSS: 5,
  RLIMIT_NPROC: 6,
  RLIMIT_NOFILE: 7,
  RLIMIT_MEMLOCK: 8,
  RLIMIT_AS: 9,
  RLIMIT_LOCKS: 10,
  RLIMIT_SIGPENDING: 11,
  RLIMIT_MSGQUEUE: 12,
  RLIMIT_NICE: 13,
  RLIMIT_RTPRIO: 14,
  RLIMIT_RTTIME: 15,
};

/** In the stager, where init will be in another user namespace. */
export function limitEarly(d: Draft): void {
  if (mapsUsers(d.namespaces)) limit(d, d.stager, (type) => !isCountedInside(d, type));
}

/** In init, which has the rights itself otherwise; late, since the limits count for init too. */
export function limitLate(d: Draft): void {
  limit(d, d.init, (type) => !mapsUsers(d.namespaces) || (type !== undefined && isCountedInside(d, type)));
}

/**
 * Processes are counted for each user namespace (Linux 5.14), and a limit that holds when one is made counts all that the user has
 * on the host. Who is not root cannot raise it anyway.
 */
function isCountedInside(d: Draft, type: string | undefined): boolean {
  return type === 'RLIMIT_NPROC' && d.context.facts.euid !== 0;
}

/** @param applies whether a limit, or the score, belongs to this program */
function limit(
  d: Draft,
  program: { push(operation: OomScore | RlimitSet): void },
  applies: (type: string | undefined) => boolean,
): void {
  const { oomScoreAdj, rlimits } = d.process;
  if (oomScoreAdj !== undefined && applies(undefined))
    program.push({ op: 'oom.score', from: `${d.processPointer}/oomScoreAdj`, value: oomScoreAdj });
  if (rlimits === undefined) return;
  for (let index = 0; index < rlimits.length; index++) {
    const { type, soft, hard } = rlimits[index]!;
    if (!applies(type)) continue;
    program.push({
      op: 'rlimit.set',
      from: `${d.processPointer}/rlimits/${index}`,
      resource: resources[type]!,
      soft,
      hard,
    });
  }
}
