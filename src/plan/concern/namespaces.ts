// linux.namespaces, linux.uidMappings, linux.gidMappings: the stager joins and makes namespaces, and clones
// init.
import { NamespaceFlag } from '../../generated/plan.ts';
import type { Alt, IdsRoot, NamespaceJoin, NamespaceUnshare, SyncAwait, SyncSignal,
  TimeOffsets } from '../../generated/plan.ts';
import type { IdMapping, Spec } from '../../generated/config.ts';
import { isAnnotated } from '../annotations.ts';
import { alt, errno, slot } from '../draft.ts';
import type { Draft, Join, NamespaceName, Namespaces } from '../draft.ts';
import { mapText } from './process/id-maps.ts';
import type { HostFacts } from '../../generated/protocol.ts';

/** A program, for operations of this kind. */
interface Push<Kind> {
  push(operation: Kind): void;
}

/** Reads linux.namespaces (runtime-spec config-linux "Namespaces"). */
export function readNamespaces(spec: Spec): Namespaces {
  const list = spec.linux?.namespaces;
  const joins: Join[] = [];
  let created = 0;
  let joined = 0;
  let userFrom = '/linux/namespaces';
  if (list !== undefined) {
    for (let index = 0; index < list.length; index++) {
      const entry = list[index]!;
      const type = entry.type as NamespaceName;
      if (entry.path === undefined || entry.path === '') {
        created |= NamespaceFlag[type];
      } else {
        joined |= NamespaceFlag[type];
        joins.push({ type, path: entry.path, from: `/linux/namespaces/${index}` });
      }
      if (type === 'user') userFrom = `/linux/namespaces/${index}`;
    }
  }
  return { created: created, joined, joins, userFrom };
}

/** Whether the container has a namespace of its own or one of others, but not the caller's. */
export function isApart(namespaces: Namespaces, type: NamespaceName): boolean {
  return ((namespaces.created | namespaces.joined) & NamespaceFlag[type]) !== 0;
}

/** Whether the container has a user namespace other than the caller's. */
export function mapsUsers(namespaces: Namespaces): boolean {
  return isApart(namespaces, 'user');
}

/** Whether the container lives in a user namespace that is not the host's own. */
export function isNested(d: Draft): boolean {
  return mapsUsers(d.namespaces) || d.context.facts.userNamespace;
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
  const { namespaces, context } = d;
  const from = '/linux/namespaces';
  // Over the namespaces that the caller's own user namespace owns.
  const rights = hasCapability(context.facts, sysAdmin);
  const userIsNew = (namespaces.created & NamespaceFlag.user) !== 0;
  const types = namespaces.created & ~(NamespaceFlag.user | NamespaceFlag.time | NamespaceFlag.cgroup);
  // What hides must not be born in the pid namespace: init makes its namespaces itself.
  if (d.hides) clone(d, 0);
  const program: Push<Alt | IdsRoot | NamespaceJoin | NamespaceUnshare | SyncAwait | SyncSignal | TimeOffsets> = d.hides
    ? d.init
    : d.stager;
  if (userIsNew && !rights) makeUser(d, program);
  if (namespaces.joins.length > 0) joinAll(d, program, rights ? orderWithRights : orderWithout);
  if (entersEarly(d)) joinPids(d);
  if (userIsNew && rights) makeUser(d, program);
  if ((namespaces.created & NamespaceFlag.time) !== 0) {
    program.push({ op: 'namespace.unshare', from, types: NamespaceFlag.time });
    setClocks(d, program);
  }
  if (!d.hides) clone(d, types);
  else if (types !== 0) program.push({ op: 'namespace.unshare', from, types });
  // In init, since only then the process is in its cgroup on every way that leads there.
  if ((namespaces.created & NamespaceFlag.cgroup) !== 0) {
    d.init.push({ op: 'namespace.unshare', from, types: NamespaceFlag.cgroup });
  }
}

/** From a new user namespace the pid namespace of others cannot be joined any more: what init starts is then seen there. */
export function entersEarly(d: Draft): boolean {
  return d.hides && hasCapability(d.context.facts, sysAdmin) && (d.namespaces.created & NamespaceFlag.user) !== 0;
}

/** Joins the pid namespace for what process.enter makes; late, since a hook would be seen there. */
export function joinPidsLate(d: Draft): void {
  if (!entersEarly(d)) joinPids(d);
}

function joinPids(d: Draft): void {
  const join = d.namespaces.joins.find(({ type }) => type === 'pid');
  if (join === undefined) return;
  d.init.push({ op: 'namespace.enter', from: join.from, slot: slot.pids, types: NamespaceFlag.pid });
}

function clone(d: Draft, types: number): void {
  const from = '/linux/namespaces';
  if (d.cgroups.byClone) {
    d.stager.push({ op: 'fd.receive', from: d.cgroups.from, slot: slot.cgroup });
    d.stager.push({ op: 'process.clone', from, types, cgroup: slot.cgroup, stayOn: [] });
  } else {
    d.stager.push({ op: 'process.clone', from, types, stayOn: [] });
  }
  d.host.push({ op: 'process.await', from: d.processPointer });
}

/** linux.timeOffsets, before anybody lives in the new time namespace. */
function setClocks(d: Draft, program: Push<TimeOffsets>): void {
  const offsets = d.spec.linux?.timeOffsets;
  if (offsets === undefined) return;
  let content = '';
  for (const clock of ['monotonic', 'boottime'] as const) {
    const offset = offsets[clock];
    if (offset !== undefined) content += `${clock} ${offset.secs ?? 0} ${offset.nanosecs ?? 0}\n`;
  }
  if (content !== '') program.push({ op: 'time.offsets', from: '/linux/timeOffsets', content });
}

/**
 * Enters all namespaces of a running container that are not the caller's, at once and by a pidfd of its init,
 * which the kernel checks as one step.
 *
 * @param more kinds that the container has besides those of its configuration
 * @param except kinds that stay the caller's
 * @param stayOn errnos with which a process that cannot be moved to the container's cgroups stays where it is
 */
export function enterNamespaces(d: Draft, more = 0, except = 0, stayOn: readonly number[] = []): void {
  const { namespaces, host, stager, init } = d;
  const from = '/linux/namespaces';
  host.push({ op: 'fd.send', from, slot: slot.pidfd });
  // What is cloned into the cgroup enters the namespaces: from inside a user or cgroup namespace the clone could not be born
  // there.
  stager.push({ op: 'process.clone', from, types: 0, stayOn });
  init.push({ op: 'fd.receive', from, slot: slot.pidfd });
  init.push({
    op: 'namespace.enter',
    from,
    slot: slot.pidfd,
    types: (namespaces.created | namespaces.joined | more) & ~except,
  });
  if (mapsUsers(namespaces)) becomeRoot(d, init, from);
  host.push({ op: 'process.await', from: d.processPointer });
}

function joinAll(d: Draft, program: Push<Alt | IdsRoot | NamespaceJoin>, order: readonly NamespaceName[]): void {
  for (const type of order) {
    for (const join of d.namespaces.joins) {
      if (join.type !== type) continue;
      const kept = type === 'pid' && d.hides ? slot.pids : undefined;
      program.push({ op: 'namespace.join', from: join.from, type: NamespaceFlag[type], path: join.path, slot: kept });
      if (type === 'user') becomeRoot(d, program, join.from);
    }
  }
}

/** In a user namespace of others, and in what is below it, setgroups(2) may be denied; the configuration does not show it. */
function becomeRoot(d: Draft, program: Push<Alt | IdsRoot>, from: string): void {
  if (keepsGroups(d)) program.push({ op: 'ids.root', from, setgroups: false });
  else program.push(alt(
      { op: 'ids.root', from, setgroups: true },
      [errno.EPERM],
      { op: 'ids.root', from, setgroups: false },
    ));
}

function makeUser(d: Draft, program: Push<Alt | IdsRoot | NamespaceUnshare | SyncAwait | SyncSignal>): void {
  const { facts } = d.context;
  const from = d.namespaces.userFrom;
  const uidMap = d.spec.linux?.uidMappings ?? [];
  const gidMap = d.spec.linux?.gidMappings ?? [];
  // Without rights a process may map its own ids alone; more is up to newuidmap(1).
  const own = facts.euid !== 0 && isOwnId(uidMap, facts.euid) && isOwnId(gidMap, facts.egid);
  program.push({ op: 'namespace.unshare', from, types: NamespaceFlag.user });
  program.push({ op: 'sync.signal', from, point: 'userNamespace' });
  program.push({ op: 'sync.await', from, point: 'idsMapped' });
  if (facts.userNamespace && !own) becomeRoot(d, program, from);
  else program.push({ op: 'ids.root', from, setgroups: !own && !keepsGroups(d) });
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
  return (namespaces.created & NamespaceFlag.user) !== 0 && facts.euid !== 0
    && isOwnId(spec.linux?.uidMappings ?? [], facts.euid) && isOwnId(spec.linux?.gidMappings ?? [], facts.egid);
}
