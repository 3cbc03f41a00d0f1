// Mount operations that ask for nothing but attributes.
import { MountAttrFlag } from '../../../generated/plan.ts';
import type { MountAttr, MountBind } from '../../../generated/plan.ts';

/** A bind mount of one tree or file with these attributes; what it binds is for the caller to add. */
export function plainBind(from: string, target: string, set: number): MountBind {
  return { op: 'mount.bind', from, target, recursive: false, set, clear: 0, fixed: 0, locked: 0, setAll: 0, clearAll: 0,
    propagation: 'keep', links: 0, procfs: false };
}

/** Makes a mount read-only, those below it not. */
export function makeReadonly(from: string, target: string): MountAttr {
  return { op: 'mount.attr', from, target, exact: false, set: MountAttrFlag.rdonly, clear: 0, locked: 0,
    recursive: false, propagation: 'keep' };
}
