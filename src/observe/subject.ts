// What observers compare: the steps of a plan with what was read of the container that runs.
import { errnoWords } from '../diagnostic/errno.ts';
import type { Spec } from '../generated/config.ts';
import type { ObserverName } from '../generated/observers.ts';
import type { FileLook, Operation } from '../generated/plan.ts';
import type { Observation, ObservedPath, ObservedText } from '../generated/protocol.ts';
import type { MountEntry } from './mount-table.ts';

/** One thing that was to be done: an operation, or the alternatives of one. */
export interface Step {
  readonly operations: readonly [Operation, ...Operation[]];
  /** Whether it may come to nothing, where the caller lacks the right. */
  readonly optional: boolean;
  readonly from: string;
}

/** Something that is not as it was declared. Values are texts for people. */
export interface Difference {
  readonly pointer: string;
  readonly declared: string;
  readonly running: string;
}

/** Something that cannot be read back. */
export interface Unobserved {
  readonly pointer: string;
  readonly reason: string;
}

/** Collects what observers find. */
export class Report {
  readonly differences: Difference[] = [];
  readonly unobserved: Unobserved[] = [];
  /** Pointers of what was compared, whatever came of it. */
  readonly compared = new Set<string>();
  /** Mounts that the configuration does not name, among them those that came along with a bind mount. */
  readonly extraMounts: MountEntry[] = [];
  private readonly covers: string[] = [];

  differ(pointer: string, declared: string, running: string): void {
    this.compared.add(pointer);
    this.differences.push({ pointer, declared, running });
  }

  same(pointer: string): void {
    this.compared.add(pointer);
  }

  /** Compares two texts. */
  compare(pointer: string, declared: string, running: string): void {
    if (declared === running) this.same(pointer);
    else this.differ(pointer, declared, running);
  }

  unseen(pointer: string, reason: string): void {
    this.unobserved.push({ pointer, reason });
  }

  /** Somebody has mounted something there: what lies below is no longer seen. */
  cover(point: string): void {
    this.covers.push(point);
  }

  isCovered(path: string): boolean {
    return this.covers.some((point) => path === point || path.startsWith(`${point === '/' ? '' : point}/`));
  }
}

/** The container: the configuration that its plan is from, and what was read. */
export class Subject {
  readonly spec: Spec;
  readonly live: Observation;
  /** Whether systemd has made the container's cgroup. */
  readonly isSystemd: boolean;
  private readonly statusLines = new Map<string, string>();
  private readonly containerPaths: ReadonlyMap<string, ObservedPath>;
  private readonly hostPaths: ReadonlyMap<string, ObservedPath>;

  constructor(spec: Spec, live: Observation, isSystemd: boolean) {
    this.spec = spec;
    this.isSystemd = isSystemd;
    this.live = live;
    for (const line of this.file('status').text.split('\n')) {
      const colon = line.indexOf(':');
      if (colon > 0) this.statusLines.set(line.slice(0, colon), line.slice(colon + 1).trim());
    }
    this.containerPaths = new Map(live.paths.map((path) => [path.path, path]));
    this.hostPaths = new Map(live.hostPaths.map((path) => [path.path, path]));
  }

  /** A file of the container's init below /proc. */
  file(name: string): ObservedText {
    return named(this.live.process, name);
  }

  /** A line of /proc/PID/status. */
  status(name: string): string | undefined {
    return this.statusLines.get(name);
  }

  cgroupFile(name: string): ObservedText {
    return named(this.live.cgroupFiles, name);
  }

  kernel(path: string): ObservedText {
    return named(this.live.kernel, path);
  }

  /** A file of resctrl, by its path below its root. */
  resctrl(path: string): ObservedText {
    return named(this.live.resctrl, path);
  }

  /** What is at a path in the container; undefined when it was not looked at. */
  path(path: string): ObservedPath | undefined {
    return this.containerPaths.get(path);
  }

  hostPath(path: string): ObservedPath | undefined {
    return this.hostPaths.get(path);
  }

  /** The id in the container's user namespace of one that the kernel shows to the caller. */
  inside(kind: 'uid' | 'gid', id: number): number {
    for (const line of this.file(`${kind}_map`).text.split('\n')) {
      const [inside, outside, count] = line.trim().split(/\s+/).map(Number);
      if (inside !== undefined && outside !== undefined && count !== undefined && id >= outside && id < outside + count)
        return inside + (id - outside);
    }
    return id;
  }

  /** Whether the container's user namespace has an id. */
  maps(kind: 'uid' | 'gid', id: number): boolean {
    return this.file(`${kind}_map`).text.split('\n').some((line) => {
      const [inside, , count] = line.trim().split(/\s+/).map(Number);
      return inside !== undefined && count !== undefined && id >= inside && id < inside + count;
    });
  }

  /** The id outside of the container's user namespace, as the kernel shows it to the caller. */
  outside(kind: 'uid' | 'gid', id: number): number {
    for (const line of this.file(`${kind}_map`).text.split('\n')) {
      const [inside, outside, count] = line.trim().split(/\s+/).map(Number);
      if (inside !== undefined && outside !== undefined && count !== undefined && id >= inside && id < inside + count)
        return outside + (id - inside);
    }
    return id;
  }
}

function named(texts: readonly ObservedText[], name: string): ObservedText {
  return texts.find((text) => text.name === name) ?? { name, errno: 2, text: '' };
}

/** Why a file could not be read. */
export function unread({ errno }: ObservedText): string {
  return `it cannot be read: ${errnoWords(errno)}`;
}

export interface Observer {
  /** What has to be looked at. */
  readonly looks?: (steps: readonly Step[], spec: Spec) => readonly FileLook[];
  /** Compares the steps that are this observer's. */
  readonly compare: (steps: readonly Step[], subject: Subject, report: Report) => void;
}

export type Observers = Readonly<Record<ObserverName, Observer>>;

/** The operations of one kind among the alternatives of steps, each with its step. */
export function operationsOf<K extends Operation['op']>(
  steps: readonly Step[],
  op: K,
): (Extract<Operation, { op: K }>)[] {
  return steps.flatMap(({ operations }) =>
    operations.filter((operation): operation is Extract<Operation, { op: K }> => operation.op === op)
  );
}

/** Numbers and words with single spaces between. */
export function words(text: string): string {
  return text.trim().split(/\s+/).join(' ');
}
