import type { HostFacts, Probes } from '../../generated/protocol.ts';
import { judgeKernel, judgeNamespaces, judgePrivileges, judgeSecurity } from './kernel.ts';
import type { Finding } from './report.ts';
import { judgeCgroups, judgeIds, judgePrograms, judgeSystemd } from './surroundings.ts';

/** Everything that there is to say about a host. A pure function. */
export function judge(facts: HostFacts, probes: Probes): readonly Finding[] {
  return [
    ...judgeKernel(facts, probes),
    ...judgePrivileges(facts),
    ...judgeNamespaces(facts, probes),
    ...judgeCgroups(facts, probes),
    ...judgeSecurity(facts, probes),
    ...judgeIds(facts, probes),
    ...judgeSystemd(facts, probes),
    ...judgePrograms(probes),
  ];
}
