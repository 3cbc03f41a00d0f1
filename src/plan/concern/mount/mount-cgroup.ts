// A mount of type `cgroup`: on v2 the hierarchy, on v1 a tmpfs with a directory for each.
import { MountAttrFlag, NamespaceFlag } from '../../../generated/plan.ts';
import type { FsOption, InitOperation, MountBind } from '../../../generated/plan.ts';
import { alt, errno } from '../../draft.ts';
import type { Draft, Place } from '../../draft.ts';
import { baseName } from '../../path.ts';
import { lockedStay } from './locked.ts';
import type { MountRequest } from './mount-request.ts';
import { makeReadonly } from './plain.ts';

export function cgroupMount(d: Draft, request: MountRequest, target: string, from: string): void {
  if (d.context.facts.cgroup.mode === 'v2') unifiedMount(d, request, target, from);
  else hierarchyMounts(d, request, target, from);
}

function bindOf(d: Draft, request: MountRequest, source: string, target: string, from: string): MountBind {
  return {
    op: 'mount.bind',
    from,
    source,
    recursive: false,
    set: request.set,
    clear: request.clear,
    fixed: 0,
    locked: lockedStay(d),
    setAll: request.setAll,
    clearAll: request.clearAll,
    propagation: request.propagation,
    links: 0,
    target,
    procfs: false,
  };
}

/** Where the kernel refuses (a user namespace without a cgroup namespace) the container's cgroup is bound. */
function unifiedMount(d: Draft, request: MountRequest, target: string, from: string): void {
  const mount: InitOperation = {
    op: 'mount.fs',
    from,
    type: 'cgroup2',
    source: 'cgroup',
    options: [],
    attr: request.set | request.setAll,
    propagation: request.propagation,
    target,
    directory: false,
    coveredMode: false,
    copyUp: false,
  };
  const place = d.cgroups.places.find(({ version }) => version === 2);
  // Without cgroups of its own (--cgroup-manager disabled) the container sees what the host does.
  const bind = place === undefined
    ? bindOf(d, request, d.context.facts.cgroup.v2?.mount ?? target, target, from)
    : bindOwn(d, request, place, target, from);
  d.init.push(alt(mount, [errno.EPERM, errno.EBUSY], bind));
}

/**
 * One directory for each hierarchy, named as on the host, and a link for each of several controllers in one.
 * With a cgroup namespace the hierarchy is mounted, which shows the container's cgroup as its root; without,
 * that is bound.
 */
function hierarchyMounts(d: Draft, request: MountRequest, target: string, from: string): void {
  const { init, cgroups } = d;
  const own = (d.namespaces.created & NamespaceFlag.cgroup) !== 0;
  init.push({
    op: 'mount.fs',
    from,
    type: 'tmpfs',
    source: 'tmpfs',
    options: [{ key: 'mode', value: '755' }],
    attr: request.set & ~MountAttrFlag.rdonly,
    propagation: request.propagation,
    target,
    directory: false,
    coveredMode: false,
    copyUp: false,
  });
  for (const place of cgroups.places) {
    if (place.version !== 1) continue;
    const name = baseName(place.dir.mount);
    const below = `${target}/${name}`;
    init.push(own
      ? {
        op: 'mount.fs',
        from,
        type: 'cgroup',
        source: 'cgroup',
        options: optionsOf(place.controllers),
        attr: request.set | request.setAll,
        propagation: request.propagation,
        target: below,
        directory: false,
        coveredMode: false,
        copyUp: false,
      }
      : bindOwn(d, request, place, below, from));
    if (!place.controllers.includes(',')) continue;
    for (const controller of place.controllers.split(',')) {
      if (controller !== name)
        init.push({ op: 'path.symlink', from, path: `${target}/${controller}`, target: name, existing: 'keep' });
    }
  }
  if (((request.set | request.setAll) & MountAttrFlag.rdonly) !== 0) init.push(makeReadonly(from, target));
}

/** Binds of the host's hierarchies that a mount of type cgroup becomes: on v1 without a cgroup namespace. */
export function cgroupBinds(d: Draft, target: string): { readonly target: string; readonly source: string }[] {
  if (d.context.facts.cgroup.mode === 'v2' || (d.namespaces.created & NamespaceFlag.cgroup) !== 0) return [];
  return d.cgroups.places.filter(({ version }) => version === 1)
    .map((place) => ({ target: `${target}/${baseName(place.dir.mount)}`, source: sourceOf(place) }));
}

/** The container's cgroup, or the caller's where it could not be made. */
function bindOwn(d: Draft, request: MountRequest, place: Place, target: string, from: string): InitOperation {
  const bind = bindOf(d, request, sourceOf(place), target, from);
  if (!d.cgroups.optional) return bind;
  return alt(bind, [errno.ENOENT, errno.EACCES, errno.EPERM],
    bindOf(d, request, join(place.dir.mount, place.own), target, from));
}

function sourceOf(place: Place): string {
  return place.dir.path === '' ? place.dir.mount : `${place.dir.mount}/${place.dir.path}`;
}

/** A cgroup as a path of the host: `/` is the mount point itself. */
function join(mount: string, cgroup: string): string {
  return cgroup === '/' ? mount : mount + cgroup;
}

/** Options that name a v1 hierarchy: its controllers, or `none` and its name. */
function optionsOf(controllers: string): FsOption[] {
  if (controllers.startsWith('name=')) return [{ key: 'none' }, { key: 'name', value: controllers.slice(5) }];
  return controllers.split(',').map((key) => ({ key }));
}
