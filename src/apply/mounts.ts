// The applier of mounts: they are added, removed, exchanged, or changed in their places.
import { MountAttrFlag, type MountAttr, type Operation } from '../generated/plan.ts';
import type { Mount } from '../generated/config.ts';
import { parseMounts, type MountEntry } from '../observe/mount-table.ts';
import { addMount } from '../plan/compile-mounts.ts';
import type { Draft } from '../plan/draft.ts';
import { lockedStay } from '../plan/concern/mount/locked.ts';
import { readRequest, type MountRequest } from '../plan/concern/mount/mount-request.ts';
import { absolute, inContainer } from '../plan/path.ts';
import { accessTime } from '../spec/mount-options.ts';
import type { Change } from './change.ts';
import type { Applier, Job } from './job.ts';

/** A mount of a list, with the pointer of its place. */
interface Placed {
  readonly mount: Mount;
  readonly from: string;
}

const inPlaceOnly = 'its content would be lost';
/** Parameters that tmpfs takes while it is mounted (tmpfs(5)). */
const changeable = new Set(['size', 'nr_blocks', 'nr_inodes']);
const allFlags = Object.values(MountAttrFlag).reduce((bits, bit) => bits | bit, 0) & ~accessTime;

/** Each change of the list of mounts by the mount that it is about. */
export const mounts: Applier = (job, changes) => {
  const table = parseMounts(job.subject.file('mountinfo').text);
  const groups = new Map<string, Change[]>();
  for (const change of changes) {
    const [whole, index] = /^\/mounts\/(\d+)/.exec(change.property) ?? [];
    if (index === undefined) {
      change.outcome = change.against === 'running'
        ? { kind: 'left', reason: 'somebody else has mounted it' }
        : { kind: 'restart', reason: 'the order of mounts is that in which create makes them' };
      continue;
    }
    const key = `${change.removed && whole === change.property ? 'removed' : 'declared'} ${index}`;
    groups.set(key, [...groups.get(key) ?? [], change]);
  }
  const going = new Set([...groups.keys()].flatMap((key) => {
    const gone = key.startsWith('removed ') ? job.kept.mounts?.[Number(key.slice('removed '.length))] : undefined;
    return gone === undefined ? [] : [inContainer(gone.destination)];
  }));
  const removals: (() => void)[] = [];
  for (const [key, group] of groups) {
    const [kind, index] = key.split(' ');
    const now = kind === 'declared' ? placed(job.declared.mounts, Number(index)) : undefined;
    const old = kind === 'removed' ? placed(job.kept.mounts, Number(index)) : now && counterpart(job, now);
    const single = new MountChange(job, table, group, now, old, going);
    // What goes, goes when all that may be refused has come.
    if (now === undefined) removals.unshift(() => single.run());
    else single.run();
  }
  for (const remove of removals) remove();
};

function placed(list: readonly Mount[] | undefined, index: number): Placed | undefined {
  const mount = list?.[index];
  return mount === undefined ? undefined : { mount, from: `/mounts/${index}` };
}

/** The mount that the kept configuration has for the same destination: of several the one of the same number. */
function counterpart({ declared, kept }: Job, { mount, from }: Placed): Placed | undefined {
  const before = (declared.mounts ?? []).slice(0, Number(from.slice('/mounts/'.length)));
  let skip = before.filter(({ destination }) => destination === mount.destination).length;
  const index = (kept.mounts ?? []).findIndex(({ destination }) => destination === mount.destination && skip-- === 0);
  return placed(kept.mounts, index);
}

/** What changes of one mount. */
class MountChange {
  private readonly job: Job;
  private readonly table: readonly MountEntry[];
  private readonly changes: readonly Change[];
  private readonly now: Placed | undefined;
  private readonly old: Placed | undefined;
  private readonly target: string;
  /** Where mounts go, too. */
  private readonly going: ReadonlySet<string>;

  constructor(
    job: Job,
    table: readonly MountEntry[],
    changes: readonly Change[],
    now: Placed | undefined,
    old: Placed | undefined,
    going: ReadonlySet<string>,
  ) {
    this.job = job;
    this.table = table;
    this.changes = changes;
    this.now = now;
    this.old = old;
    this.going = going;
    this.target = inContainer((now ?? old)!.mount.destination);
  }

  run(): void {
    const { now, old, entry } = this;
    const refusal = this.refusal();
    if (refusal !== undefined) return this.restart(refusal);
    if (now === undefined) {
      if (entry === undefined) this.keep();
      else this.exchange(old, undefined);
      return;
    }
    if (old === undefined || entry === undefined) {
      const isThere = entry !== undefined && this.changes.every(({ against }) => against === 'applied') &&
        isOf(entry, now.mount);
      if (isThere) this.keep();
      else this.exchange(undefined, now);
      return;
    }
    const [wanted, before] = [readRequest(now.mount), readRequest(old.mount)];
    const drifted = this.changes.filter(({ against }) => against === 'running').map(({ property }) => property);
    const moved = drifted.some((property) => /\/(source|type)$/.test(property));
    const other =
      textOf([now.mount.type, now.mount.source, now.mount.uidMappings, now.mount.gidMappings, wanted.bind,
        wanted.recursive, wanted.links, wanted.idmap, wanted.copyUp]) !==
        textOf([old.mount.type, old.mount.source, old.mount.uidMappings, old.mount.gidMappings, before.bind,
          before.recursive, before.links, before.idmap, before.copyUp]);
    if (wanted.propagation !== before.propagation) return this.restart('mounts have their peer groups already');
    if (other || moved) {
      if (!before.bind && entry.type === 'tmpfs') this.restart(inPlaceOnly);
      else this.exchange(old, now);
      return;
    }
    this.reconfigure(now, wanted, before, entry);
  }

  /** The mount as it is now: the one on top. */
  private get entry(): MountEntry | undefined {
    return this.table.findLast(({ point }) => point === this.target);
  }

  private refusal(): string | undefined {
    const { now, old, target, entry } = this;
    if ((now ?? old)!.mount.type === 'cgroup') return 'create makes the mounts of cgroups';
    if (target === '/') return 'create makes the root file system';
    if (now !== undefined && readRequest(now.mount).remount) return 'create changes the mounts that it has made';
    const goes = entry !== undefined && (now === undefined || old !== undefined);
    const below = this.table.some(({ point }) =>
      point !== target && !this.going.has(point) && point.startsWith(`${target === '/' ? '' : target}/`)
    );
    const inPlace = now !== undefined && old !== undefined && now.mount.type === old.mount.type &&
      now.mount.source === old.mount.source;
    return goes && below && !inPlace ? 'other mounts lie below it' : undefined;
  }

  private restart(reason: string): void {
    for (const change of this.changes)
      change.outcome = change.configured ? { kind: 'restart', reason } : { kind: 'left', reason };
  }

  private keep(): void {
    for (const change of this.changes) change.outcome = { kind: 'kept' };
  }

  private exchange(from: Placed | undefined, to: Placed | undefined): void {
    const { target } = this;
    const swap = (gone: Placed | undefined, come: Placed | undefined) => (d: Draft): void => {
      // A pointer of the kept configuration would lead to another mount.
      if (gone !== undefined) d.init.push({ op: 'mount.remove', from: to?.from ?? '/mounts', target });
      if (come !== undefined) addMount(d, come.mount, come.from);
    };
    const isMount = (operation: Operation): boolean =>
      ['mount.fs', 'mount.bind'].includes(operation.op === 'alt' ? operation.try.op : operation.op);
    this.job.steps.push({
      covers: this.entry !== undefined && from === undefined,
      make: swap(from, to),
      // What was not mounted is not removed: there may be another mount of the same place below.
      undo: (d, done) => swap(done === undefined || done.some(isMount) ? to : undefined, from)(d),
    });
  }

  private reconfigure({ mount, from }: Placed, wanted: MountRequest, before: MountRequest, entry: MountEntry): void {
    const { target, job } = this;
    const data = textOf(wanted.data) !== textOf(before.data) ||
      this.changes.some((change) =>
        change.against === 'running' &&
        wanted.data.some(({ key }) => optionAt(mount, change.property)?.startsWith(`${key}=`) === true)
      );
    if (data) {
      const changed = [...wanted.data, ...before.data].filter((option) =>
        !wanted.data.some((one) => textOf(one) === textOf(option)) ||
        !before.data.some((one) => textOf(one) === textOf(option))
      );
      if (mount.type !== 'tmpfs' || !changed.every(({ key }) => changeable.has(key)))
        return this.restart('the kernel does not change this of a file system that is mounted');
      const named = (request: MountRequest): MountRequest['data'] =>
        request.data.filter(({ key }) => changeable.has(key));
      job.steps.push({
        covers: false,
        make: ({ init }) => init.push({ op: 'mount.reconfigure', from, target, options: named(wanted) }),
        undo: ({ init }) => init.push({ op: 'mount.reconfigure', from, target, options: named(before) }),
      });
    }
    this.setFlags(from, mount, wanted, before, entry);
  }

  private setFlags(from: string, mount: Mount, wanted: MountRequest, before: MountRequest, entry: MountEntry): void {
    const all = (request: MountRequest): number => request.set | request.setAll;
    const set = all(wanted);
    // What a bind mount does not name it has from its source.
    const inherited = wanted.bind ? this.flagsOfSource(mount) : 0;
    const gone = (all(before) | entry.flags) & ~set & ~inherited & allFlags;
    const times = (set | wanted.clear | before.set | before.clear) & (accessTime | MountAttrFlag.nodiratime);
    const clear = gone | ((wanted.clear | wanted.clearAll) & ~set) | (times === 0 ? 0 : accessTime);
    const drifted = (entry.flags & set & allFlags) !== (set & allFlags) || (entry.flags & gone) !== 0;
    if (!drifted && textOf([wanted.set, wanted.clear, wanted.setAll, wanted.clearAll]) ===
        textOf([before.set, before.clear, before.setAll, before.clearAll])) return;
    const recursive = wanted.setAll !== 0 || wanted.clearAll !== 0 || before.setAll !== 0 || before.clearAll !== 0;
    const attr = (d: Draft, flags: number, off: number): MountAttr => ({ op: 'mount.attr', from, target: this.target,
      exact: true, set: flags, clear: off, locked: lockedStay(d), recursive, propagation: 'keep' });
    this.job.steps.push({
      covers: false,
      make: (d) => d.init.push(attr(d, set, clear)),
      undo: (d) => d.init.push(attr(d, entry.flags & allFlags, allFlags & ~entry.flags)),
    });
  }

  /** The flags of the mount of the host that has the source. */
  private flagsOfSource(mount: Mount): number {
    const { subject, context } = this.job;
    const seen = subject.hostPath(absolute(mount.source ?? '', context.bundle));
    if (seen === undefined || seen.errno !== 0) return 0;
    return parseMounts(subject.live.hostMounts).find(({ id }) => id === seen.mount)?.flags ?? 0;
  }
}

function isOf(entry: MountEntry, mount: Mount): boolean {
  return readRequest(mount).bind || entry.type === mount.type;
}

function optionAt(mount: Mount, property: string): string | undefined {
  const index = /\/options\/(\d+)$/.exec(property)?.[1];
  return index === undefined ? undefined : mount.options?.[Number(index)];
}

function textOf(value: unknown): string {
  return JSON.stringify(value);
}
