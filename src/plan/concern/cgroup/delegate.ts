// run.oci.delegate-cgroup (crun): the container's processes live in a cgroup below its own, which belongs to the
// container's root; limits stay with the one above. A cgroup namespace is made before, so it shows both.
import { diagnose, placeAt } from '../../../diagnostic/diagnose.ts';
import { annotation, annotationNames, annotationPointer, invalid } from '../../annotations.ts';
import { PlanError } from '../../context.ts';
import type { Draft } from '../../draft.ts';
import { processPlaces } from './cgroup.ts';
import { onHost } from '../process/id-maps.ts';
import { mapsUsers } from '../namespaces.ts';

/** @throws PlanError for a path that leads elsewhere, and without cgroup v2 */
export function delegateCgroup(d: Draft): void {
  const { context, namespaces, spec } = d;
  const name = annotation(spec, 'delegateCgroup');
  if (name === undefined) return;
  const from = annotationPointer('delegateCgroup');
  const parts = name.split('/').filter((part) => part !== '');
  if (parts.length === 0 || name.includes('\0') || parts.some((part) => part === '.' || part === '..')) {
    throw invalid(spec, 'delegateCgroup', 'a path below the container\'s cgroup, without ".."');
  }
  const place = processPlaces(d.cgroups).find(({ controllers }) => controllers === '');
  if (place === undefined || context.facts.cgroup.mode !== 'v2') {
    throw new PlanError(diagnose('subgroupVersion', { name: annotationNames.delegateCgroup }, placeAt(from)));
  }
  const dir = { mount: place.dir.mount, path: `${place.dir.path}/${parts.join('/')}` };
  const uid = mapsUsers(namespaces) ? onHost(spec.linux?.uidMappings ?? [], 0) : 0;
  d.init.push({ op: 'sync.signal', from, point: 'namespaces' });
  d.host.push(
    { op: 'sync.await', from, point: 'namespaces' },
    { op: 'cgroup.create', from, dir, inherit: [], enable: [], threads: [], refuseUsed: true },
    { op: 'cgroup.move', from, dir },
    // Only a cgroup without processes hands its controllers on.
    { op: 'cgroup.create', from, dir, inherit: [], enable: context.facts.cgroup.v2?.controllers ?? [], threads: [],
      refuseUsed: false },
  );
  if (uid !== undefined) d.host.push({ op: 'cgroup.own', from, dir, uid });
}
