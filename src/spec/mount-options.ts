// Mount options that do not depend on the file system: the one table of them. A new option is a word in one of the
// lists below. (Lists of words, because objects for all of them would cost each start more than a few look-ups do.)
import { LinkUseFlag, MountAttrFlag } from '../generated/plan.ts';
import type { Propagation } from '../generated/plan.ts';
import { readIdmap } from './idmap-option.ts';
import type { IdmapText } from './idmap-option.ts';

const { rdonly, nosuid, nodev, noexec, noatime, strictatime, nodiratime, nosymfollow } = MountAttrFlag;

/** The field of access time modes: noatime, strictatime, or relatime as 0. The kernel clears it as a whole or not at all. */
export const accessTime = 0x70;

/**
 * Attributes of a mount: bits to set, bits to clear. With an `r` in front (`rro`, `rnosuid` ...) an option is about
 * every mount of the tree.
 */
const attributes = (): Readonly<Record<string, readonly [set: number, clear: number]>> => ({
  ro: [rdonly, 0],
  rw: [0, rdonly],
  nosuid: [nosuid, 0],
  suid: [0, nosuid],
  nodev: [nodev, 0],
  dev: [0, nodev],
  noexec: [noexec, 0],
  exec: [0, noexec],
  nosymfollow: [nosymfollow, 0],
  symfollow: [0, nosymfollow],
  noatime: [noatime, accessTime],
  atime: [0, accessTime],
  relatime: [0, accessTime],
  norelatime: [0, 0],
  strictatime: [strictatime, accessTime],
  nostrictatime: [0, accessTime],
  nodiratime: [nodiratime, 0],
  diratime: [0, nodiratime],
});

/** Parameters that every file system takes: handed to fsconfig(2) under their own names. */
const superblock = ' sync async dirsync lazytime nolazytime mand nomand ';
/** Those that crun knows with an `r` in front, too. A superblock has no mounts below. */
const recursiveSuperblock = ' rsync rasync rdirsync rmand rnomand ';
const propagations = ' private rprivate slave rslave shared rshared unbindable runbindable ';
/** Accepted; the kernel has no use for them. */
const nothing = ' defaults silent loud noiversion ';
const links: Readonly<Record<string, number>> = { 'src-nofollow': LinkUseFlag.source,
  'dest-nofollow': LinkUseFlag.target, 'copy-symlink': LinkUseFlag.copy };

/** What an option means. */
export type MountOption =
  /** Attributes of the mount to set and clear; of all mounts of the tree when `recursive`. */
  | { readonly kind: 'attribute'; readonly set: number; readonly clear: number; readonly recursive: boolean }
  | { readonly kind: 'superblock'; readonly key: string }
  | { readonly kind: 'propagation'; readonly propagation: Propagation }
  | { readonly kind: 'bind'; readonly recursive: boolean }
  /** `remount` changes the attributes of a mount that is there; `copyUp` (tmpcopyup) fills the new tmpfs with what the mount point holds. */
  | { readonly kind: 'remount' | 'copyUp' | 'nothing' }
  /** The counter of changes of a file; some file systems have it always, ext4 by an option of its own. */
  | { readonly kind: 'version' }
  /** Ids are mapped: by the mount's mappings, by those in the option's own text, or by the container's. */
  | { readonly kind: 'idmap'; readonly recursive: boolean; readonly text?: IdmapText }
  /** Bits of LinkUseFlag. */
  | { readonly kind: 'links'; readonly use: number };

const known = new Map<string, MountOption | undefined>();

/** Meaning of an option; undefined when it belongs to the file system, or to nothing. */
export function mountOption(name: string): MountOption | undefined {
  let option = known.get(name);
  if (option === undefined && !known.has(name)) {
    option = read(name);
    known.set(name, option);
  }
  return option;
}

let bits: ReturnType<typeof attributes> | undefined;

function read(name: string): MountOption | undefined {
  bits ??= attributes();
  const recursive = name.charCodeAt(0) === 114 && Object.hasOwn(bits, name.slice(1));
  if (recursive || Object.hasOwn(bits, name)) {
    const [set, clear] = bits[recursive ? name.slice(1) : name] as readonly [number, number];
    return { kind: 'attribute', set, clear, recursive };
  }
  switch (name) {
    case 'bind':
      return { kind: 'bind', recursive: false };
    case 'rbind':
      return { kind: 'bind', recursive: true };
    case 'remount':
      return { kind: 'remount' };
    case 'tmpcopyup':
      return { kind: 'copyUp' };
    // What `a,,b` has in the middle says nothing, either.
    case '':
      return { kind: 'nothing' };
    case 'iversion':
      return { kind: 'version' };
    case 'idmap':
      return { kind: 'idmap', recursive: false };
    case 'ridmap':
      return { kind: 'idmap', recursive: true };
    default:
      break;
  }
  if (name.includes(' ')) return undefined;
  if (name.startsWith('idmap=')) {
    const text = readIdmap(name.slice('idmap='.length));
    return text === undefined ? undefined : { kind: 'idmap', recursive: false, text };
  }
  if (Object.hasOwn(links, name)) return { kind: 'links', use: links[name]! };
  const word = ` ${name} `;
  if (propagations.includes(word)) return { kind: 'propagation', propagation: name as Propagation };
  if (superblock.includes(word)) return { kind: 'superblock', key: name };
  if (recursiveSuperblock.includes(word)) return { kind: 'superblock', key: name.slice(1) };
  return nothing.includes(word) ? { kind: 'nothing' } : undefined;
}

/** Names of the options that work, for `features` and for suggestions. */
export function mountOptionNames(): string[] {
  const names = Object.keys(attributes());
  return [
    'bind',
    'rbind',
    'remount',
    'tmpcopyup',
    'iversion',
    'idmap',
    'ridmap',
    ...Object.keys(links),
    ...names,
    ...names.map((name) => `r${name}`),
    ...`${superblock}${recursiveSuperblock}${propagations}${nothing}`.split(' ').filter((name) => name !== ''),
  ];
}

/**
 * Parameters of the file systems of the kernel itself, where an unknown one can be told before the kernel is asked. A
 * name that ends with `=` takes a value.
 */
const parameters = (): Readonly<Record<string, string>> => ({
  proc: 'hidepid= gid= subset=',
  sysfs: '',
  mqueue: '',
  devpts: 'newinstance ptmxmode= mode= uid= gid= max=',
  tmpfs: 'size= nr_blocks= nr_inodes= mode= uid= gid= huge= mpol= inode32 inode64 noswap quota usrquota grpquota '
    + 'usrquota_block_hardlimit= usrquota_inode_hardlimit= grpquota_block_hardlimit= grpquota_inode_hardlimit= casefold casefold= strict_encoding',
  cgroup2:
    'nsdelegate favordynmods nofavordynmods memory_localevents memory_recursiveprot memory_hugetlb_accounting pids_localevents',
});

/** Parameters that security modules and fsconfig(2) itself take for every file system. */
const anywhere = 'context= fscontext= defcontext= rootcontext= seclabel source=';

/**
 * Names of the parameters of a file system type, each between spaces; a bind mount has none. Undefined when the kernel
 * must be asked.
 */
export function mountParameters(type: string, bind: boolean): string | undefined {
  if (bind) return '';
  const all = parameters();
  return Object.hasOwn(all, type) ? ` ${all[type]} ${anywhere} ` : undefined;
}

/**
 * The parameters of a file system in one text: mount(2) takes them in a list, so `size=1m,mode=700` may be one option.
 * As the kernel does, a comma behind a backslash, in double quotes, or before a digit (`mpol=bind:0,2`) is part of a value.
 */
export function parametersOf(text: string): readonly string[] {
  if (!text.includes(',')) return [text];
  const parts: string[] = [];
  let begin = 0;
  let quoted = false;
  for (let offset = 0; offset < text.length; offset++) {
    const char = text[offset];
    if (char === '"') quoted = !quoted;
    else if (char === '\\') offset++;
    else if (char === ',' && !quoted && !/\d/.test(text[offset + 1] ?? '')) {
      parts.push(text.slice(begin, offset));
      begin = offset + 1;
    }
  }
  parts.push(text.slice(begin));
  return parts.filter((part) => part !== '');
}
