// What takes rights whatever the rest of the configuration says: said once, before anything is done and in place of all that
// would follow from it.
import { diagnose, placeAt } from '../diagnostic/diagnose.ts';
import type { Spec } from '../generated/config.ts';
import type { HostFacts } from '../generated/protocol.ts';
import { hasCapability, mapsUsers, readNamespaces, sysAdmin } from './concern/namespaces.ts';
import { PlanError } from './context.ts';

/**
 * Refuses a container without a user namespace to a caller who may not make or join other namespaces.
 *
 * @throws PlanError
 */
export function requireRights(spec: Spec, facts: HostFacts): void {
  if (hasCapability(facts, sysAdmin) || mapsUsers(readNamespaces(spec))) return;
  const pointer = spec.linux === undefined ? '' : spec.linux.namespaces === undefined ? '/linux' : '/linux/namespaces';
  throw new PlanError(diagnose('rightsMissing', { uid: facts.euid }, placeAt(pointer)));
}
