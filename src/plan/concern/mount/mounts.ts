// mounts: each entry becomes the operations of its kind, in the order of the configuration (runtime-spec
// config "Mounts"). The mount of type cgroup has a file of its own.
import { LinkUseFlag, MountAttrFlag, NamespaceFlag } from '../../../generated/plan.ts';
import type { FdOpen, InitOperation, MountAttr, MountBind, MountFs, Propagation } from '../../../generated/plan.ts';
import type { Mount } from '../../../generated/config.ts';
import { resolved } from '../../../spec/destination.ts';
import { hasRootOverlay } from '../../../spec/checks/root-overlay.ts';
import { alt, errno, slot } from '../../draft.ts';
import type { Draft } from '../../draft.ts';
import { absolute, inContainer } from '../../path.ts';
import { allAttributes } from './bind-attributes.ts';
import { cgroupMount } from './mount-cgroup.ts';
import { mapIds } from './mount-idmap.ts';
import { readRequest } from './mount-request.ts';
import type { Idmap, MountRequest } from './mount-request.ts';
import { mountLabelOptions } from '../process/labels.ts';
import { isApart, isNested } from '../namespaces.ts';
import { lockedStay } from './locked.ts';
import { inPlace, ofClone } from './propagation.ts';
import { rootfsPath } from './rootfs.ts';
import { makeReadonly } from './plain.ts';

export function makeMounts(d: Draft): void {
  const { mounts } = d.spec;
  if (mounts === undefined) return;
  // The root file system is there.
  for (let index = hasRootOverlay(d.spec) ? 1 : 0; index < mounts.length; index++) {
    const mount = mounts[index]!;
    const from = `/mounts/${index}`;
    const asked = readRequest(mount);
    const target = inContainer(withoutRoot(d, mount.destination));
    const request = isLate(mount, asked) ? { ...asked, set: asked.set & ~MountAttrFlag.rdonly } : asked;
    if (request.remount) remount(d, request, target, from);
    else if (request.bind) bind(d, mount, request, target, from);
    else if (mount.type === 'cgroup') cgroupMount(d, request, target, from);
    else fileSystem(d, mount, request, target, from);
  }
}

/** A destination that begins with the path of the root file system itself may mean what is in there. */
function withoutRoot(d: Draft, destination: string): string {
  if (!d.context.habits.stripsRootfs) return destination;
  const root = rootfsPath(d.spec, d.context);
  return destination.startsWith(`${root}/`) ? destination.slice(root.length) : destination;
}

/**
 * A tmpfs becomes read-only when everything in it is made: other mounts, devices, links.
 */
function isLate(mount: Mount, request: MountRequest): boolean {
  return mount.type === 'tmpfs' && (request.set & MountAttrFlag.rdonly) !== 0 && !request.bind && !request.remount;
}

export function finishMounts(d: Draft): void {
  const { mounts } = d.spec;
  if (mounts === undefined) return;
  for (let index = 0; index < mounts.length; index++) {
    const mount = mounts[index]!;
    if (mount.type !== 'tmpfs' || !isLate(mount, readRequest(mount))) continue;
    d.init.push(makeReadonly(`/mounts/${index}`, inContainer(mount.destination)));
  }
}

/** Changes a mount that is there: options of the file system change that, the others the mount alone. */
export function remount(d: Draft, request: MountRequest, target: string, from: string): void {
  if (request.data.length > 0 && !request.bind)
    d.init.push({ op: 'mount.reconfigure', from, target, options: request.data });
  d.init.push(attrOf(d, request, target, from));
}

function attrOf(d: Draft, request: MountRequest, target: string, from: string): MountAttr {
  return {
    op: 'mount.attr',
    from,
    target,
    exact: true,
    set: request.set | request.setAll,
    clear: request.clear | request.clearAll,
    locked: lockedStay(d),
    recursive: request.setAll !== 0 || request.clearAll !== 0,
    propagation: request.propagation,
  };
}

/** A bind mount of a path of the host, or of a descriptor in a slot when there is no path. */
export function bindOf(
  d: Draft,
  request: MountRequest,
  source: string | undefined,
  target: string,
  from: string,
  fixed = 0,
): MountBind {
  return {
    op: 'mount.bind',
    from,
    source,
    slot: source === undefined ? slot.source : undefined,
    recursive: request.recursive,
    set: request.set,
    clear: request.clear,
    fixed,
    locked: lockedStay(d),
    setAll: request.setAll,
    clearAll: request.clearAll,
    propagation: request.propagation,
    links: request.links,
    target,
    procfs: resolved(target) === 'proc',
  };
}

function bind(d: Draft, mount: Mount, asked: MountRequest, target: string, from: string): void {
  const source = absolute(mount.source ?? '', d.context.bundle);
  const as = d.context.habits.bindOption === 'all'
    ? allAttributes(asked, mount.options ?? [], (d.namespaces.created & NamespaceFlag.user) !== 0)
    : undefined;
  const request = as === undefined ? asked : { ...asked, set: as.set, clear: as.clear };
  const bound = (path: string | undefined): void => {
    d.init.push(bindOf(d, request, path, target, from, as?.fixed));
  };
  if (isInside(d, source, from)) {
    if (request.idmap === undefined) return bound(source);
    d.init.push(openOf(request, source, from, 'keep'));
    mapByHost(d, mount, request.idmap, from);
    return bound(undefined);
  }
  // The root of a new user namespace may not reach what the caller may: the host's side opens the source.
  if (request.idmap === undefined && ((d.namespaces.created & NamespaceFlag.user) === 0 || d.context.facts.euid !== 0))
    return bound(source);
  openSource(d, mount, request, from);
  d.init.push(
    bindOf(d, { ...request, propagation: inPlace(d, request.propagation) }, undefined, target, from, as?.fixed),
  );
}

/** Opens a source as a mount of its own. */
function openOf(request: MountRequest, path: string, from: string, propagation: Propagation): FdOpen {
  return {
    op: 'fd.open',
    from,
    slot: slot.source,
    path,
    form: request.recursive ? 'recursiveTree' : 'tree',
    follow: (request.links & (LinkUseFlag.source | LinkUseFlag.copy)) === 0,
    propagation,
  };
}

/** Init's mount goes to the host's side and comes back with its ids mapped: that takes rights over the file system. */
function mapByHost(d: Draft, mount: Mount, idmap: Idmap, from: string): void {
  d.init.push({ op: 'fd.send', from, slot: slot.source });
  d.host.push({ op: 'fd.receive', from, slot: slot.source }, mapIds(d, mount, idmap, from), { op: 'fd.send', from,
    slot: slot.source });
  d.init.push({ op: 'fd.receive', from, slot: slot.source });
}

/** Whether a source lies in the root file system, on one of the mounts before it: only init sees what is there. */
function isInside(d: Draft, source: string, from: string): boolean {
  const root = rootfsPath(d.spec, d.context);
  if (!source.startsWith(`${root}/`)) return false;
  const path = source.slice(root.length);
  const before = (d.spec.mounts ?? []).slice(0, Number(from.slice('/mounts/'.length)));
  return before.some(({ destination }) => {
    const target = inContainer(withoutRoot(d, destination));
    return path === target || path.startsWith(`${target}/`);
  });
}

/** Opens the source of a bind mount on the host's side, maps its ids, and hands it to init. */
export function openSource(d: Draft, mount: Mount, request: MountRequest, from: string): void {
  d.host.push(openOf(request, absolute(mount.source ?? '', d.context.bundle), from, ofClone(d, request.propagation)));
  if (request.idmap !== undefined) d.host.push(mapIds(d, mount, request.idmap, from));
  d.host.push({ op: 'fd.send', from, slot: slot.source });
  d.init.push({ op: 'fd.receive', from, slot: slot.source });
}

/**
 * File systems whose `ro` is a matter of the mount alone: many mounts share one instance, or it is empty at
 * first.
 */
const mountOnly: ReadonlySet<string> = new Set([
  'proc',
  'sysfs',
  'tmpfs',
  'devpts',
  'mqueue',
  'cgroup2',
  'debugfs',
  'tracefs',
  'securityfs',
  'bpf',
]);

export function fsOf(
  type: string,
  mount: Mount,
  request: MountRequest,
  target: string,
  from: string,
): MountFs {
  const needsSource = mount.source !== undefined && mount.source !== '';
  const readOnly = (request.set & 1) !== 0 && !mountOnly.has(type);
  return {
    op: 'mount.fs',
    from,
    type,
    source: needsSource ? mount.source : undefined,
    options: readOnly ? [...request.data, { key: 'ro' }] : request.data,
    attr: request.set | request.setAll,
    propagation: request.propagation,
    target,
    directory: type === 'proc' || type === 'sysfs',
    coveredMode: type === 'tmpfs' && !request.data.some(({ key }) => key === 'mode'),
    copyUp: request.copyUp && type === 'tmpfs',
  };
}

/**
 * Mounts a new file system. Its ids can be mapped only before it is in its place.
 *
 * @param make the operation, without mappings
 */
export function mountNew(
  d: Draft,
  make: MountFs,
  mount: Mount,
  request: MountRequest,
  target: string,
  from: string,
): void {
  if (request.idmap === undefined) {
    d.init.push(make);
    return;
  }
  d.init.push({ ...make, slot: slot.source });
  mapByHost(d, mount, request.idmap, from);
  d.init.push(bindOf(d, { ...request, set: 0, clear: 0, setAll: 0, clearAll: 0 }, undefined, target, from));
}

/** The slot of the pid namespace that a procfs shows, when that is not the one of the process that mounts it. */
export function procfsOf(type: string, pids: number | undefined): number | undefined {
  return type === 'proc' ? pids : undefined;
}

function fileSystem(d: Draft, mount: Mount, asked: MountRequest, target: string, from: string): void {
  const type = mount.type ?? 'none';
  const label = mountLabelOptions(d, type);
  const request: MountRequest = label.length === 0 ? asked : { ...asked, data: [...asked.data, ...label] };
  const make: MountFs = { ...fsOf(type, mount, request, target, from),
    pids: procfsOf(type, d.hides ? slot.pids : undefined) };
  const fallback = fallbackOf(d, type, mount, request, target, from);
  if (fallback === undefined || request.idmap !== undefined) mountNew(d, make, mount, request, target, from);
  else d.init.push(alt(make, fallback.onErrno, fallback.operation));
}

interface Fallback {
  readonly onErrno: readonly number[];
  readonly operation: InitOperation;
}

/** Attributes that take away. */
const bounding = MountAttrFlag.rdonly | MountAttrFlag.nosuid | MountAttrFlag.nodev | MountAttrFlag.noexec;

/** What replaces a mount that the kernel refuses in a user namespace. */
function fallbackOf(
  d: Draft,
  type: string,
  mount: Mount,
  request: MountRequest,
  target: string,
  from: string,
): Fallback | undefined {
  if (type === 'devpts') {
    // The group tty need not be mapped.
    const data = request.data.filter((option) => option.key !== 'gid');
    if (data.length === request.data.length) return undefined;
    return { onErrno: [errno.EINVAL], operation: fsOf(type, mount, { ...request, data }, target, from) };
  }
  if (!isNested(d)) return undefined;
  // These belong to a namespace: where it is not the container's own, its mount is the host's to give.
  if (type === 'sysfs' && (d.namespaces.created & NamespaceFlag.network) === 0)
    return { onErrno: [errno.EPERM, errno.EBUSY], operation: boundTree(d, request, '/sys', target, from) };
  if (type === 'proc' && (d.namespaces.created & NamespaceFlag.pid) === 0)
    return { onErrno: [errno.EPERM, errno.EBUSY], operation: boundTree(d, request, '/proc', target, from) };
  if (type === 'mqueue' && !isApart(d.namespaces, 'ipc'))
    return { onErrno: [errno.EPERM], operation: boundTree(d, request, '/dev/mqueue', target, from) };
  return undefined;
}

/** What comes along from below is bound by the options as well; on Linux before 5.12 they reach the top alone. */
function boundTree(d: Draft, request: MountRequest, source: string, target: string, from: string): InitOperation {
  const tree: MountRequest = { ...request, recursive: true };
  const setAll = request.setAll | (request.set & bounding);
  const whole = bindOf(d, { ...tree, setAll }, source, target, from);
  return setAll === request.setAll ? whole : alt(whole, [errno.ENOSYS], bindOf(d, tree, source, target, from));
}
