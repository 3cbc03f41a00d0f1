// linux.namespaces, linux.uidMappings, linux.gidMappings: the stager joins and makes namespaces, and clones
// init.
import { NamespaceFlag } from '../../generated/plan.ts';
import type { IdMapping, Spec } from '../../generated/config.ts';
import { isAnnotated } from '../annotations.ts';
import { alt, errno, slot } from '../draft.ts';
import type { Draft, Join, NamespaceName, Namespaces } from '../draft.ts';
import { mapText } from './process/id-maps.ts';
import type { HostFacts } from '../../generated/protocol.ts';

/** Reads linux.namespaces (runtime-spec config-linux "Namespaces"). */
export function readNamespaces(spec: Spec): Namespaces {
  const list = spec.linux?.namespaces;
  const joins: Join[] = [];
  let made = 0;
  let joined = 0;
  let userFrom = '/linux/namespaces';
  if (list !== undefined) {
    for (let index = 0; index < list.length; index++) {
      const entry = list[index]!;
      const type = entry.type as NamespaceName;
      if (entry.path === undefined || entry.path === '') {
        made |= NamespaceFlag[type];
      } else {
        joined |= NamespaceFlag[type];
        joins.push({ type, path: entry.path, from: `/linux/namespaces/${index}` });
      }
      if (type === 'user') userFrom = `/linux/namespaces/${index}`;
    }
  }
  return { made, joined, joins, userFrom };
}

/** Whether the container has a namespace of its own or one of others, but not the caller's. */
export function isApart(namespaces: Namespaces, type: NamespaceName): boolean {
  return ((namespaces.made | namespaces.joined) & NamespaceFlag[type]) !== 0;
}

/** Whether the container has a user namespace other than the caller's. */
export function mapsUsers(namespaces: Namespaces): boolean {
  return isApart(namespaces, 'user');
}

/** CAP_SYS_ADMIN, which every namespace but the user namespace takes. */
export const sysAdmin = 21;

/** Whether the caller has a capability, by its number. */
export function hasCapability({ capabilities: [low, high] }: HostFacts, number: number): boolean {
  return ((number < 32 ? low : high) & (1 << (number & 31))) !== 0;
}

/**
 * The order of joins. With rights over the caller's user namespace everything is joined with them first; the
 * user namespace follows. Without, they come from the user namespace, so it is first. The mount namespace is
 * always last: behind it the paths are others.
 */
const orderWithRights: readonly NamespaceName[] = ['ipc', 'uts', 'network', 'pid', 'cgroup', 'time', 'user', 'mount'];
const orderWithout: readonly NamespaceName[] = ['user', 'ipc', 'uts', 'network', 'pid', 'cgroup', 'time', 'mount'];

/** Adds joins, new namespaces and the clone to the stager; the id maps to the host's program. */
export function makeNamespaces(d: Draft): void {
  const { namespaces, stager, context } = d;
  // Over the namespaces that the caller's own user namespace owns.
  const rights = hasCapability(context.facts, sysAdmin);
  const userIsNew = (namespaces.made & NamespaceFlag.user) !== 0;
  if (userIsNew && !rights) makeUser(d);
  if (namespaces.joins.length > 0) joinAll(d, rights ? orderWithRights : orderWithout);
  if (userIsNew && rights) makeUser(d);
  if ((namespaces.made & NamespaceFlag.time) !== 0) {
    stager.push({ op: 'namespace.unshare', from: '/linux/namespaces', types: NamespaceFlag.time });
    setClocks(d);
  }
  const types = namespaces.made & ~(NamespaceFlag.user | NamespaceFlag.time | NamespaceFlag.cgroup);
  if (d.cgroups.byClone) {
    stager.push({ op: 'fd.receive', from: d.cgroups.from, slot: slot.cgroup });
    stager.push({ op: 'process.clone', from: '/linux/namespaces', types, cgroup: slot.cgroup });
  } else {
    stager.push({ op: 'process.clone', from: '/linux/namespaces', types });
  }
  d.host.push({ op: 'process.await', from: d.at });
  // In init, since only then the process is in its cgroup on every way that leads there.
  if ((namespaces.made & NamespaceFlag.cgroup) !== 0) {
    d.init.push({ op: 'namespace.unshare', from: '/linux/namespaces', types: NamespaceFlag.cgroup });
  }
}

/** linux.timeOffsets, before anybody lives in the new time namespace. */
function setClocks(d: Draft): void {
  const offsets = d.spec.linux?.timeOffsets;
  if (offsets === undefined) return;
  let content = '';
  for (const clock of ['monotonic', 'boottime'] as const) {
    const offset = offsets[clock];
    if (offset !== undefined) content += `${clock} ${offset.secs ?? 0} ${offset.nanosecs ?? 0}\n`;
  }
  if (content !== '') d.stager.push({ op: 'time.offsets', from: '/linux/timeOffsets', content });
}

/**
 * Enters all namespaces of a running container that are not the caller's, at once and by a pidfd of its init,
 * which the kernel checks as one step.
 *
 * @param more kinds that the container has besides those of its configuration
 */
export function enterNamespaces(d: Draft, more = 0): void {
  const { namespaces, host, stager } = d;
  const from = '/linux/namespaces';
  host.push({ op: 'fd.send', from, slot: slot.pidfd });
  stager.push({ op: 'fd.receive', from, slot: slot.pidfd });
  const types = namespaces.made | namespaces.joined | more;
  // From inside a cgroup namespace the clone could not be born in its v2 cgroup; the move there would wait for RCU.
  const late = mapsUsers(namespaces) ? 0 : types & NamespaceFlag.cgroup;
  stager.push({ op: 'namespace.enter', from, slot: slot.pidfd, types: types & ~late });
  if (mapsUsers(namespaces)) becomeRoot(d, from);
  stager.push({ op: 'process.clone', from, types: 0 });
  if (late !== 0) d.init.push({ op: 'namespace.enter', from, slot: slot.pidfd, types: late });
  host.push({ op: 'process.await', from: d.at });
}

function joinAll(d: Draft, order: readonly NamespaceName[]): void {
  for (const type of order) {
    for (const join of d.namespaces.joins) {
      if (join.type !== type) continue;
      d.stager.push({ op: 'namespace.join', from: join.from, type: NamespaceFlag[type], path: join.path });
      if (type === 'user') becomeRoot(d, join.from);
    }
  }
}

/** In a user namespace of others, and in what is below it, setgroups(2) may be denied; the configuration can't tell. */
function becomeRoot(d: Draft, from: string): void {
  if (keepsGroups(d)) d.stager.push({ op: 'ids.root', from, setgroups: false });
  else d.stager.push(alt(
      { op: 'ids.root', from, setgroups: true },
      [errno.EPERM],
      { op: 'ids.root', from, setgroups: false },
    ));
}

function makeUser(d: Draft): void {
  const { facts } = d.context;
  const from = d.namespaces.userFrom;
  const uidMap = d.spec.linux?.uidMappings ?? [];
  const gidMap = d.spec.linux?.gidMappings ?? [];
  // Without rights a process may map its own ids alone; more is up to newuidmap(1).
  const own = facts.euid !== 0 && isOwnId(uidMap, facts.euid) && isOwnId(gidMap, facts.egid);
  d.stager.push({ op: 'namespace.unshare', from, types: NamespaceFlag.user });
  d.stager.push({ op: 'sync.signal', from, point: 'userNamespace' });
  d.stager.push({ op: 'sync.await', from, point: 'idsMapped' });
  if (facts.userNamespace && !own) becomeRoot(d, from);
  else d.stager.push({ op: 'ids.root', from, setgroups: !own && !keepsGroups(d) });
  d.host.push({ op: 'sync.await', from, point: 'userNamespace' });
  d.host.push({
    op: 'process.ids',
    from: '/linux/uidMappings',
    uidMap: mapText(uidMap),
    gidMap: mapText(gidMap),
    denySetgroups: own,
    helpers: facts.euid !== 0 && !own,
  });
  d.host.push({ op: 'sync.signal', from, point: 'idsMapped' });
}

function isOwnId(map: readonly IdMapping[], id: number): boolean {
  return map.length === 1 && map[0]!.hostID === id && map[0]!.size === 1;
}

/** Whether the caller's supplementary groups stay, as `--group-add keep-groups` of podman asks for. */
export function keepsGroups(d: Draft): boolean {
  return d.spec.annotations !== undefined && isAnnotated(d.spec, 'keepGroups');
}

/** Whether a new user namespace of this configuration denies setgroups(2). */
export function deniesSetgroups(spec: Spec, namespaces: Namespaces, facts: HostFacts): boolean {
  return (namespaces.made & NamespaceFlag.user) !== 0 && facts.euid !== 0
    && isOwnId(spec.linux?.uidMappings ?? [], facts.euid) && isOwnId(spec.linux?.gidMappings ?? [], facts.egid);
}
