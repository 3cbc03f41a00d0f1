// compileMounts(spec, mounts, action, context): the plan that changes the mounts of a running container. The host's side
// opens what is bound, since the paths of a source are the host's; a process in the container's namespaces attaches it.
import { diagnose, placeAt } from '../diagnostic/diagnose.ts';
import type { Mount, Spec } from '../generated/config.ts';
import { NamespaceFlag } from '../generated/plan.ts';
import type { Plan } from '../generated/plan.ts';
import { newDraft } from './begin.ts';
import { bindOf, fsOf, mountNew, openSource, procfsOf, remount } from './concern/mount/mounts.ts';
import { readRequest } from './concern/mount/mount-request.ts';
import { inPlace } from './concern/mount/propagation.ts';
import { enterNamespaces } from './concern/namespaces.ts';
import { spawnInto } from './concern/cgroup/cgroup.ts';
import { PlanError } from './context.ts';
import type { Context } from './context.ts';
import { slot } from './draft.ts';
import type { Draft } from './draft.ts';
import { inContainer } from './path.ts';

/** What becomes of the mounts. */
export type MountAction = 'add' | 'remove';

/**
 * Compiles a change of mounts.
 *
 * @param spec the container's configuration
 * @param mounts valid mounts; their sources are paths of the host, relative ones begin at the bundle
 */
export function compileMounts(spec: Spec, mounts: readonly Mount[], action: MountAction, context: Context): Plan {
  return changeInside(spec, context, (d) => {
    if (action === 'add')
      mounts.forEach((mount, index) => {
        addMount(d, mount, `/mounts/${index}`);
      });
    // What was mounted last may lie on what was mounted before.
    else {
      for (let index = mounts.length - 1; index >= 0; index--) {
        const target = inContainer(mounts[index]!.destination);
        const isChange = readRequest(mounts[index]!).remount &&
          mounts.slice(0, index).some(({ destination }) => inContainer(destination) === target);
        // What an entry before it has mounted goes with that one.
        if (isChange) continue;
        refuseRoot(target, `/mounts/${index}`);
        d.init.push({ op: 'mount.remove', from: `/mounts/${index}`, target });
      }
    }
  });
}

/**
 * Compiles what a process does that comes into the container's namespaces and ends.
 *
 * @param change pushes its operations to `init`, and to `host` what is done for them on the host's side
 */
export function changeInside(spec: Spec, context: Context, change: (d: Draft) => void): Plan {
  const d = newDraft(spec, spec.process ?? { cwd: '/' }, '/process', context);
  spawnInto(d);
  // Nobody in the container is to see what changes it.
  enterNamespaces(d, 0, NamespaceFlag.pid);
  change(d);
  d.init.push({ op: 'init.end', from: '' });
  d.host.push({ op: 'sync.await', from: '', point: 'created' });
  return { planVersion: 1, programs: { exec: d.host, stager: d.stager, init: d.init } };
}

/** The root file system of a container that runs stays what it is. */
function refuseRoot(target: string, from: string): void {
  if (target === '/') throw new PlanError(diagnose('mountRoot', { value: target }, placeAt(`${from}/destination`)));
}

/** Adds a mount to a container that runs. `from` is its JSON pointer. */
export function addMount(d: Draft, mount: Mount, from: string): void {
  const request = readRequest(mount);
  const target = inContainer(mount.destination);
  if (request.remount) {
    remount(d, request, target, from);
    return;
  }
  refuseRoot(target, from);
  if (!request.bind) {
    const type = mount.type ?? 'none';
    const make = { ...fsOf(type, mount, request, target, from), pids: procfsOf(type, slot.pidfd) };
    mountNew(d, make, mount, request, target, from);
    return;
  }
  openSource(d, mount, request, from);
  d.init.push(bindOf(d, { ...request, propagation: inPlace(d, request.propagation) }, undefined, target, from));
}
