// What the options of a mount mean for its safety: the last one of a kind counts, as for mount(8).
import { MountAttrFlag } from '../generated/plan.ts';
import { mountOption } from '../spec/mount-options.ts';
import type { Mount } from '../spec/types.ts';

export interface Attributes {
  /** A part of the host's tree. */
  readonly bind: boolean;
  readonly readonly: boolean;
  readonly nosuid: boolean;
  readonly nodev: boolean;
  /** What is mounted in it comes to the host. */
  readonly shared: boolean;
}

export function attributesOf({ options = [], type }: Mount): Attributes {
  let bits = 0, shared = false, bind = type === 'bind';
  for (const option of options) {
    const meaning = mountOption(option);
    if (meaning?.kind === 'attribute') bits = bits & ~meaning.clear | meaning.set;
    else if (meaning?.kind === 'propagation') shared = /^r?shared$/.test(meaning.propagation);
    else if (meaning?.kind === 'bind') bind = true;
  }
  const has = (bit: number): boolean => (bits & bit) !== 0;
  return { readonly: has(MountAttrFlag.rdonly), nosuid: has(MountAttrFlag.nosuid), nodev: has(MountAttrFlag.nodev),
    shared, bind };
}
