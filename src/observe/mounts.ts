// The observer of mounts: pairs the mounts that the plan makes with those of init's mount table.
import { MountAttrFlag } from '../generated/plan.ts';
import { errnoWords } from '../diagnostic/errno.ts';
import { accessTime } from '../spec/mount-options.ts';
import { compareOptions } from './mount-values.ts';
import { mountsOf, treeOf, type Wanted } from './mount-plan.ts';
import { below, joined, parseMounts, stacked, type MountEntry } from './mount-table.ts';
import { unread, type Observer, type Report, type Subject } from './subject.ts';

const missing = 2;

export const mounts: Observer = {
  looks: (steps) =>
    mountsOf(steps).flatMap(({ target, source }) => [
      { path: target, where: 'container' as const },
      ...(source === undefined ? [] : [{ path: source, where: 'host' as const }]),
    ]),
  compare: (steps, subject, report) => {
    const file = subject.file('mountinfo');
    if (file.errno !== 0) return report.unseen('/mounts', unread(file));
    if (subject.spec.linux?.namespaces?.some(({ type, path }) => type === 'mount' && path) === true)
      return report.unseen('/mounts', 'the mount namespace is that of others');
    new Comparison(subject, report, treeOf(steps)).run(mountsOf(steps), parseMounts(file.text));
  },
};

interface Pair {
  readonly wanted: Wanted;
  readonly entry: MountEntry;
}

class Comparison {
  private readonly subject: Subject;
  private readonly report: Report;
  private readonly tree: string;
  private readonly host: readonly MountEntry[];
  private readonly byId = new Map<number, MountEntry>();

  constructor(subject: Subject, report: Report, tree: string) {
    this.subject = subject;
    this.report = report;
    this.tree = tree;
    this.host = parseMounts(subject.live.hostMounts);
  }

  run(list: readonly Wanted[], table: readonly MountEntry[]): void {
    for (const entry of table) this.byId.set(entry.id, entry);
    const groups = new Map<string, Wanted[]>();
    for (const wanted of list) {
      const point = this.pointOf(wanted, table);
      if (point !== undefined) groups.set(point, [...groups.get(point) ?? [], wanted]);
    }
    const pairs: Pair[] = [];
    for (const [point, wanted] of groups)
      pairs.push(...this.pair(wanted, stacked(table.filter((entry) => entry.point === point))));
    const known = new Set(pairs.map(({ entry }) => entry.id));
    for (const pair of pairs) this.comparePair(pair);
    for (const entry of table) {
      if (known.has(entry.id)) continue;
      const along = this.cameAlong(entry, pairs);
      if (along !== 'readonly') this.report.extraMounts.push(entry);
      if (along === undefined) this.reportExtra(entry);
    }
    this.compareOrder(pairs, list);
  }

  /** The mount point as the table has it; undefined, when something has been said of its absence. */
  private pointOf(
    wanted: Wanted,
    table: readonly MountEntry[],
  ): string | undefined {
    const { target, from } = wanted;
    if (table.some(({ point }) => point === target)) return target;
    const seen = this.subject.path(target);
    if (seen?.errno === 0 && seen.mountRoot) return this.byId.get(seen.mount)?.point ?? target;
    if (wanted.optional) return undefined;
    const isPath = wanted.kind === 'mask' || wanted.kind === 'readonly';
    if (seen === undefined || (seen.errno !== 0 && seen.errno !== missing))
      this.report.unseen(from, `${target} cannot be looked at: ${errnoWords(seen?.errno ?? missing)}`);
    else if (isPath && seen.errno === missing) this.report.same(from);
    else this.report.differ(from, this.textOf(wanted), isPath ? `${target} is not` : `no mount on ${target}`);
    return undefined;
  }

  private textOf({ kind, target, types, source }: Wanted): string {
    if (kind === 'mask') return `${target} is masked`;
    if (kind === 'readonly') return `${target} is read-only`;
    return `${types[0] ?? source ?? 'a mount'} on ${target}`;
  }

  /** Mounts of one mount point in their order, both lists from the lowest on. */
  private pair(list: readonly Wanted[], entries: readonly MountEntry[]): Pair[] {
    if (list.length === entries.length) return list.map((wanted, index) => ({ wanted, entry: entries[index]! }));
    const pairs: Pair[] = [];
    let next = 0;
    for (const wanted of list) {
      const found = entries.findIndex((entry, index) => index >= next && this.fits(wanted, entry));
      if (found >= 0) {
        pairs.push({ wanted, entry: entries[found]! });
        next = found + 1;
      } else if (!wanted.optional) {
        this.report.differ(wanted.from, this.textOf(wanted), `no mount on ${wanted.target}`);
      }
    }
    return pairs;
  }

  private fits(wanted: Wanted, entry: MountEntry): boolean {
    if (wanted.kind === 'mask') return entry.type === 'tmpfs' || entry.root.endsWith('/null');
    const source = this.sourceOf(wanted);
    if (source !== undefined) return source.device === entry.device && source.root === entry.root;
    return wanted.types.length === 0 || wanted.types.includes(entry.type);
  }

  /** What of which file system the source of a bind mount is on the host. */
  private sourceOf({ source }: Wanted):
    | { device: string; root: string; flags: number; path: string; follows: boolean }
    | undefined
  {
    const seen = source === undefined ? undefined : this.subject.hostPath(source);
    if (seen === undefined || seen.errno !== 0) return undefined;
    const mount = this.host.find(({ id }) => id === seen.mount);
    const rest = mount === undefined ? undefined : below(seen.link, mount.point);
    if (mount === undefined || rest === undefined || mount.type.startsWith('cgroup')) return undefined;
    return { device: mount.device, root: joined(mount.root, rest), flags: mount.flags, path: seen.link,
      follows: mount.shared || mount.slave };
  }

  private comparePair({ wanted, entry }: Pair): void {
    const { report } = this;
    const { from, kind, types, target } = wanted;
    const begun = report.differences.length;
    if (kind === 'mask') {
      // The null device may be that of the container's own /dev.
      const isMask = entry.root.endsWith('/null') ||
        (entry.type === 'tmpfs' && (entry.flags & MountAttrFlag.rdonly) !== 0);
      if (!isMask) report.differ(from, this.textOf(wanted), `${target} shows ${entry.type}`);
    } else if (types.length > 0 && !types.includes(entry.type)) {
      report.differ(`${from}/type`, types[0]!, entry.type);
    } else {
      if (kind === 'bind') this.compareSource(wanted, entry);
      if (kind !== 'console' && !wanted.optional) this.compareFlags(wanted, entry);
      if (kind === 'fs') compareOptions(wanted, entry, this.subject, report);
      this.compareIds(wanted, entry);
    }
    this.comparePropagation(wanted, entry);
    if (report.differences.length === begun) report.same(from);
  }

  private compareSource(wanted: Wanted, entry: MountEntry): void {
    const source = this.sourceOf(wanted);
    if (source === undefined || wanted.optional) return;
    const pointer = this.memberOf(wanted.from, 'source');
    if (source.device !== entry.device || source.root !== entry.root)
      this.report.differ(pointer, wanted.source!, `${entry.root} of ${entry.type} ${entry.source}`);
  }

  /** Whether what is on top at each mount point is the mount that should be: another order hides mounts. */
  private compareOrder(pairs: readonly Pair[], list: readonly Wanted[]): void {
    const tops = new Map(pairs.map((pair) => [pair.entry.point, pair]));
    for (const { wanted, entry } of tops.values()) {
      const { target, from } = wanted;
      const seen = this.subject.path(target);
      const isHidden = seen !== undefined && seen.mount !== entry.id && (seen.errno === 0 || seen.errno === missing);
      const hides = (other: Wanted): boolean => below(target, other.target) !== undefined;
      const isPlanned = list.slice(list.indexOf(wanted) + 1).some(hides);
      if (isHidden && !wanted.optional && !isPlanned && !this.report.isCovered(entry.point))
        this.report.differ(from, this.textOf(wanted), `${target} is hidden by a mount above it`);
    }
  }

  private compareIds({ idmap, target, source: path }: Wanted, { idmapped }: MountEntry): void {
    const { report, subject } = this;
    if (idmap === undefined) return;
    if (!idmapped) return report.differ(idmap.from, 'mapped ids', 'ids as they are');
    report.same(idmap.from);
    const source = path === undefined ? undefined : subject.hostPath(path);
    const seen = subject.path(target);
    if (source?.errno === 0 && seen?.errno === 0) {
      const owner = `owner ${mappedId(idmap.uidMap, source.uid)}:${mappedId(idmap.gidMap, source.gid)}`;
      if (idmap.path === undefined) report.compare(idmap.from, owner, `owner ${seen.uid}:${seen.gid}`);
    }
    report.unseen(idmap.from, 'of the id map of a mount only the owner of its root is seen');
  }

  private memberOf(from: string, member: 'source' | 'destination'): string {
    const mount = this.subject.spec.mounts?.[Number(from.slice('/mounts/'.length))];
    return mount !== undefined && member in mount ? `${from}/${member}` : from;
  }

  private compareFlags(wanted: Wanted, entry: MountEntry): void {
    const times = accessTime | MountAttrFlag.nodiratime;
    // What a bind mount does not name it has from its source.
    const inherited = this.sourceOf(wanted)?.flags;
    const unnamed = wanted.complete ? 0 : inherited ?? -1;
    for (const [name, bit] of Object.entries(MountAttrFlag)) {
      const has = (entry.flags & bit) !== 0;
      const named = ((wanted.set | wanted.clear) & (bit & accessTime ? accessTime : bit)) !== 0;
      if (!named && !wanted.complete && (bit & times) !== 0) continue;
      const want = (wanted.set & bit) !== 0;
      if (has === want || (!named && !want && (unnamed & bit) !== 0)) continue;
      const words = flagWords[name as keyof typeof MountAttrFlag];
      this.report.differ(this.pointerOfFlag(wanted, bit, words), want ? words[0] : words[1], has ? words[0] : words[1]);
    }
  }

  /** The option that names a flag, or the mount. */
  private pointerOfFlag({ from, readonlyFrom, kind }: Wanted, bit: number, words: readonly string[]): string {
    if (kind === 'root')
      return readonlyFrom ?? (this.subject.spec.root?.readonly === undefined ? '/root' : '/root/readonly');
    if (bit === MountAttrFlag.rdonly && readonlyFrom !== undefined) return readonlyFrom;
    return this.optionOf(from, (option) => words.includes(option) || words.includes(option.replace(/^r/, '')));
  }

  private optionOf(from: string, is: (option: string) => boolean): string {
    const options = this.subject.spec.mounts?.[Number(from.slice('/mounts/'.length))]?.options;
    const index = from.startsWith('/mounts/') ? options?.findLastIndex(is) ?? -1 : -1;
    return index < 0 ? from : `${from}/options/${index}`;
  }

  private comparePropagation(wanted: Wanted, entry: MountEntry): void {
    const asked = wanted.propagation === 'keep' ? undefined : wanted.propagation.replace(/^r/, '');
    // What is mounted in a shared mount is shared.
    if (asked === undefined && (this.tree === 'rshared' || this.byId.get(entry.parent)?.shared === true)) return;
    const running = entry.shared
      ? 'shared'
      : entry.unbindable
      ? 'unbindable'
      : entry.slave
      ? 'slave'
      : 'private';
    // A slave of nobody is private; what nothing is said of is not shared.
    const follows = wanted.kind === 'bind' && this.sourceOf(wanted)?.follows === true;
    const same = asked === undefined
      ? running !== 'shared' && running !== 'unbindable'
      : asked === running || (asked === 'slave' && running === 'private' && !follows);
    if (same) return;
    const pointer = wanted.kind === 'root'
      ? (this.subject.spec.linux?.rootfsPropagation === undefined ? '/root/path' : '/linux/rootfsPropagation')
      : this.optionOf(wanted.from, (option) => /^r?(private|slave|shared|unbindable)$/.test(option));
    this.report.differ(pointer, asked ?? 'not shared', running);
  }

  /** The kind of what a mount came along with: it was below a bind mount, the root, or a read-only path. */
  private cameAlong(entry: MountEntry, pairs: readonly Pair[]): Wanted['kind'] | undefined {
    return pairs.find(({ wanted, entry: above }) => {
      if (!wanted.recursive) return false;
      const rest = below(entry.point, above.point);
      if (rest === undefined || rest === '') return false;
      if (wanted.kind === 'readonly')
        return pairs.some(({ entry: other }) =>
          other.point === entry.point && other.device === entry.device && other.root === entry.root
        );
      const source = this.sourceOf(wanted);
      return source !== undefined &&
        this.host.some((mount) =>
          mount.point === joined(source.path, rest) && mount.device === entry.device && mount.root === entry.root
        );
    })?.wanted.kind;
  }

  private reportExtra(entry: MountEntry): void {
    const { spec } = this.subject;
    const running = `${entry.type} ${entry.source} on ${entry.point}`;
    const { createRuntime, createContainer, startContainer, prestart } = spec.hooks ?? {};
    this.report.cover(entry.point);
    if ([createRuntime, createContainer, startContainer, prestart].some((hooks) => (hooks ?? []).length > 0))
      this.report.unseen('/mounts', `a hook may have made the mount ${running}`);
    else this.report.differ('/mounts', 'no such mount', running);
  }
}

/** Owners that no map names. */
const overflowId = 65534;

/** What an id of the file system is behind a map (lines of uid_map). */
function mappedId(map: string, id: number): number {
  for (const line of map.split('\n')) {
    const [first = NaN, host = NaN, count = NaN] = line.trim().split(/\s+/).map(Number);
    if (id >= first && id < first + count) return host + id - first;
  }
  return overflowId;
}

const flagWords: Readonly<Record<keyof typeof MountAttrFlag, readonly [on: string, off: string]>> = {
  rdonly: ['ro', 'rw'],
  nosuid: ['nosuid', 'suid'],
  nodev: ['nodev', 'dev'],
  noexec: ['noexec', 'exec'],
  noatime: ['noatime', 'atime'],
  strictatime: ['strictatime', 'relatime'],
  nodiratime: ['nodiratime', 'diratime'],
  nosymfollow: ['nosymfollow', 'symfollow'],
};
