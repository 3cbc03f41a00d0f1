// Attributes of bind mounts where an option for one of them says all of them, as with `remount,bind` of mount(8). What is not named is cleared; the access time stays where no option names it.
import { MountAttrFlag } from '../../../generated/plan.ts';
import { accessTime, mountOption } from '../../../spec/mount-options.ts';
import type { MountRequest } from './mount-request.ts';

const { rdonly, nosuid, nodev, noexec, noatime, strictatime, nodiratime, nosymfollow } = MountAttrFlag;
const plain = rdonly | nosuid | nodev | noexec | nosymfollow;

/** What a bind mount asks for. */
export interface BindAttributes {
  readonly set: number;
  readonly clear: number;
  /** Attributes that the source must have as `set` says. */
  readonly fixed: number;
}

/**
 * The attributes of a bind mount whose options say all of them.
 *
 * @param locked the mount goes into a new user namespace, whose root may not take away what the host has set
 */
export function allAttributes(request: MountRequest, options: readonly string[], locked: boolean): BindAttributes {
  const words = options.filter(isAttribute);
  if (words.length === 0) return { set: request.set, clear: request.clear, fixed: 0 };
  const times = timesOf(words);
  const set = (request.set & plain) | (times ?? 0);
  const explicit = request.clear & plain;
  const timeBits = times === undefined ? 0 : accessTime | nodiratime;
  if (locked)
    return { set, clear: explicit | (nosymfollow & ~set) | timeBits, fixed: (explicit & ~nosymfollow) | timeBits };
  return { set, clear: (plain & ~set) | (timeBits & ~(set & nodiratime)), fixed: 0 };
}

function isAttribute(name: string): boolean {
  const option = mountOption(name);
  return option?.kind === 'attribute' && !option.recursive;
}

/** The access time that the options name, as bits; undefined when they leave it. Only setting it counts. */
function timesOf(words: readonly string[]): number | undefined {
  const on = { noatime: false, relatime: false, strictatime: false, nodiratime: false };
  for (const word of words) {
    switch (word) {
      case 'noatime':
      case 'relatime':
      case 'strictatime':
      case 'nodiratime':
        on[word] = true;
        break;
      case 'atime':
        on.noatime = false;
        break;
      case 'norelatime':
        on.relatime = false;
        break;
      case 'nostrictatime':
        on.strictatime = false;
        break;
      case 'diratime':
        on.nodiratime = false;
        break;
    }
  }
  if (!on.noatime && !on.relatime && !on.strictatime && !on.nodiratime) return undefined;
  const mode = on.strictatime ? strictatime : on.noatime ? noatime : 0;
  return mode | (on.nodiratime ? nodiratime : 0);
}
