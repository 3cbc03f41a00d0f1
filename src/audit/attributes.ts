// What the options of a mount mean for its safety: the last one of a kind counts, as for mount(8).
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

const switches: Readonly<Record<string, Partial<Record<Exclude<keyof Attributes, 'bind'>, boolean>>>> = {
  ro: { readonly: true },
  rro: { readonly: true },
  rw: { readonly: false },
  rrw: { readonly: false },
  nosuid: { nosuid: true },
  rnosuid: { nosuid: true },
  suid: { nosuid: false },
  rsuid: { nosuid: false },
  nodev: { nodev: true },
  rnodev: { nodev: true },
  dev: { nodev: false },
  rdev: { nodev: false },
  shared: { shared: true },
  rshared: { shared: true },
  private: { shared: false },
  rprivate: { shared: false },
  slave: { shared: false },
  rslave: { shared: false },
  unbindable: { shared: false },
  runbindable: { shared: false },
  defaults: { readonly: false, nosuid: false, nodev: false },
};

export function attributesOf({ options = [], type }: Mount): Attributes {
  const state = { readonly: false, nosuid: false, nodev: false, shared: false };
  let bind = type === 'bind';
  for (const option of options) {
    if (option === 'bind' || option === 'rbind') bind = true;
    else Object.assign(state, Object.hasOwn(switches, option) ? switches[option] : {});
  }
  return { ...state, bind };
}
