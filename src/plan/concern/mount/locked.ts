// Mounts that the container's user namespace does not own: what the kernel has locked there nobody can change.
import { MountAttrFlag } from '../../../generated/plan.ts';
import { accessTime } from '../../../spec/mount-options.ts';
import type { Draft } from '../../draft.ts';
import { isNested } from '../namespaces.ts';

/** Every attribute of a mount. */
export const everyAttribute = Object.values(MountAttrFlag).reduce((all, bit) => all | bit, accessTime);

/** The attributes of a mount that stay as they are where they are locked, whatever the configuration asks for. */
export function lockedStay(d: Draft): number {
  return isNested(d) ? everyAttribute : 0;
}
