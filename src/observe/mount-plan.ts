// The mounts that a plan makes, in the order in which it does, with what later operations change of them.
import type { FsOption, MountIdmap, Operation, Propagation } from '../generated/plan.ts';
import type { Step } from './subject.ts';

export interface Wanted {
  /** Pointer of what asks for it. */
  readonly from: string;
  /** Pointer of what makes it read-only, when that is something else. */
  readonlyFrom: string | undefined;
  readonly kind: 'root' | 'fs' | 'bind' | 'mask' | 'readonly' | 'console';
  /** It need not be there: a node of the container's own does as well. */
  readonly optional: boolean;
  readonly target: string;
  /** Types of the file system that it may have; none: any. */
  readonly types: readonly string[];
  /** Path on the host of what is bound; undefined when it is not known. */
  readonly source: string | undefined;
  readonly recursive: boolean;
  /** Attributes, as bits of MountAttrFlag, that it must have and must not have. */
  set: number;
  clear: number;
  /** Whether these are all. */
  readonly complete: boolean;
  propagation: Propagation;
  readonly options: FsOption[];
  /** How its ids are mapped. */
  idmap: MountIdmap | undefined;
}

interface Base {
  readonly from: string;
  readonly target: string;
  readonly kind: Wanted['kind'];
}

function wanted(base: Base, rest: Partial<Wanted> = {}): Wanted {
  return { readonlyFrom: undefined, optional: false, types: [], source: undefined, recursive: false, set: 0, clear: 0,
    complete: false, propagation: 'keep', options: [], idmap: undefined, ...base, ...rest };
}

const accessTime = 0x70;

/** Alternatives of a mount: the first that is a mount says how it has to be, each one's type may be there. */
function mountOf(step: Step, sources: ReadonlyMap<string, string>): Wanted | undefined {
  const { from } = step;
  const [first] = step.operations;
  const types = step.operations.flatMap((operation) => (operation.op === 'mount.fs' ? [operation.type] : []));
  const hasBind = step.operations.some(({ op }) => op === 'mount.bind');
  const operation = step.operations.find(({ op }) => op === 'mount.fs' || op === 'mount.bind');
  if (operation?.op === 'mount.fs') {
    // A mount that is bound where the kernel refuses a new one has what its source has.
    return wanted({ from, target: operation.target, kind: 'fs' }, { types: hasBind ? [] : types, set: operation.attr,
      complete: !hasBind, propagation: operation.propagation, options: [...operation.options] });
  }
  if (operation?.op !== 'mount.bind') return undefined;
  return wanted({ from, target: operation.target, kind: 'bind' }, {
    optional: first.op === 'device.node',
    source: operation.source ?? sources.get(from),
    recursive: operation.recursive,
    set: operation.set | operation.setAll,
    clear: operation.clear | operation.clearAll,
    propagation: operation.propagation,
  });
}

function otherOf(operation: Operation): Wanted | undefined {
  switch (operation.op) {
    case 'root.open':
      return wanted({ from: '/root/path', target: '/', kind: 'root' }, { source: operation.path, recursive: true });
    case 'layer.mount':
      return wanted({ from: operation.from, target: '/', kind: 'root' }, { types: ['overlay'], set: operation.attr });
    case 'path.mask':
      return wanted({ from: operation.from, target: operation.path, kind: 'mask' });
    case 'path.readonly':
      return wanted({ from: operation.from, target: operation.path, kind: 'readonly' }, { set: 1, recursive: true });
    case 'console.open':
      return operation.console ? wanted({ from: operation.from, target: '/dev/console', kind: 'console' }) : undefined;
    default:
      return undefined;
  }
}

/** What a later operation changes of a mount that is there. */
function change(list: readonly Wanted[], operation: Operation): void {
  if (operation.op !== 'mount.attr' && operation.op !== 'mount.reconfigure') return;
  const last = list.findLast(({ target }) => target === operation.target);
  if (last === undefined) return;
  if (operation.op === 'mount.reconfigure') {
    last.options.push(...operation.options);
    return;
  }
  const { from, set, clear, propagation } = operation;
  last.set = (last.set & ~((clear & accessTime) === 0 ? clear : clear | accessTime)) | set;
  last.clear = (last.clear & ~set) | clear;
  if (from !== last.from && (set & 1) !== 0) last.readonlyFrom = from;
  if (propagation !== 'keep') last.propagation = propagation;
}

/** The mount of the configuration that a pointer leads into. */
function mountPointer(from: string): string {
  return from.split('/').slice(0, 3).join('/');
}

/** The mounts of a plan. */
export function mountsOf(steps: readonly Step[]): Wanted[] {
  const list: Wanted[] = [];
  // What the host's side opens for init, by the mount that it is for.
  const sources = new Map<string, string>();
  const idmaps = new Map<string, MountIdmap>();
  for (const { operations: [first] } of steps) {
    if (first.op === 'fd.open') sources.set(first.from, first.path);
    if (first.op === 'mount.idmap') idmaps.set(mountPointer(first.from), first);
  }
  for (const step of steps) {
    const [first] = step.operations;
    const mount = mountOf(step, sources) ?? otherOf(first);
    if (mount === undefined) change(list, first);
    else {
      mount.idmap = idmaps.get(mount.from);
      list.push(mount);
    }
  }
  return list;
}

/** The propagation that the tree of a plan has at first. */
export function treeOf(steps: readonly Step[]): string {
  for (const { operations: [first] } of steps)
    if (first.op === 'root.open' || first.op === 'layer.begin') return first.tree;
  return 'rslave';
}
