// Mount options that do not depend on the file system: the one table of them. A new option is a new line here.

/** MOUNT_ATTR_* bits of mount_setattr(2). */
const rdonly = 1;
const nosuid = 2;
const nodev = 4;
const noexec = 8;
const noatime = 16;
const strictatime = 32;
const nodiratime = 128;
const nosymfollow = 0x200000;
/** The field of access time modes: noatime, strictatime, or relatime as 0. */
const atimes = 0x70;

export type PropagationOption = 'private' | 'rprivate' | 'slave' | 'rslave' | 'shared' | 'rshared' | 'unbindable' | 'runbindable';

/** What an option means. */
export type MountOption =
  /** Attributes of the mount to set and clear; of all mounts below too when `recursive`. */
  | { readonly kind: 'attribute'; readonly set: number; readonly clear: number; readonly recursive: boolean }
  /** A parameter that every file system takes: handed to fsconfig(2) under its own name. */
  | { readonly kind: 'superblock' }
  | { readonly kind: 'propagation'; readonly propagation: PropagationOption }
  | { readonly kind: 'bind'; readonly recursive: boolean }
  /** Changes the attributes of a mount that is there. */
  | { readonly kind: 'remount' }
  /** Copies what the mount point holds into the new tmpfs. */
  | { readonly kind: 'copyUp' }
  /** Accepted; the kernel has no use for it. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unsupported' };

const attr = (set: number, clear = set): MountOption => ({ kind: 'attribute', set, clear, recursive: false });
const tree = (set: number, clear = set): MountOption => ({ kind: 'attribute', set, clear, recursive: true });
const superblock: MountOption = { kind: 'superblock' };
const spread = (propagation: PropagationOption): MountOption => ({ kind: 'propagation', propagation });
const nothing: MountOption = { kind: 'nothing' };
const unsupported: MountOption = { kind: 'unsupported' };

/** Meaning of an option by its name. What is not here belongs to the file system, or is unknown. */
export const mountOptions: Readonly<Record<string, MountOption>> = Object.assign(Object.create(null) as Record<string, MountOption>, {
  ro: attr(rdonly), rw: attr(0, rdonly), nosuid: attr(nosuid), suid: attr(0, nosuid), nodev: attr(nodev), dev: attr(0, nodev),
  noexec: attr(noexec), exec: attr(0, noexec), nosymfollow: attr(nosymfollow), symfollow: attr(0, nosymfollow),
  noatime: attr(noatime, atimes), atime: attr(0, noatime), relatime: attr(0, atimes), norelatime: attr(0, 0),
  strictatime: attr(strictatime, atimes), nostrictatime: attr(0, strictatime),
  nodiratime: attr(nodiratime), diratime: attr(0, nodiratime),

  rro: tree(rdonly), rrw: tree(0, rdonly), rnosuid: tree(nosuid), rsuid: tree(0, nosuid), rnodev: tree(nodev), rdev: tree(0, nodev),
  rnoexec: tree(noexec), rexec: tree(0, noexec), rnosymfollow: tree(nosymfollow), rsymfollow: tree(0, nosymfollow),
  rnoatime: tree(noatime, atimes), ratime: tree(0, noatime), rrelatime: tree(0, atimes), rnorelatime: tree(0, 0),
  rstrictatime: tree(strictatime, atimes), rnostrictatime: tree(0, strictatime),
  rnodiratime: tree(nodiratime), rdiratime: tree(0, nodiratime),

  sync: superblock, async: superblock, dirsync: superblock, lazytime: superblock, nolazytime: superblock,
  mand: superblock, nomand: superblock, iversion: superblock, noiversion: superblock,

  private: spread('private'), rprivate: spread('rprivate'), slave: spread('slave'), rslave: spread('rslave'),
  shared: spread('shared'), rshared: spread('rshared'),
  unbindable: spread('unbindable'), runbindable: spread('runbindable'),

  bind: { kind: 'bind', recursive: false }, rbind: { kind: 'bind', recursive: true }, remount: { kind: 'remount' },
  tmpcopyup: { kind: 'copyUp' }, defaults: nothing, silent: nothing, loud: nothing,
  idmap: unsupported, ridmap: unsupported,
} satisfies Record<string, MountOption>);

/** Names of the options that work, for `features` and for suggestions. */
export function mountOptionNames(): string[] {
  return Object.entries(mountOptions).filter(([, option]) => option.kind !== 'unsupported').map(([name]) => name);
}

/**
 * Parameters of the file systems of the kernel itself, where an unknown one can be told before the kernel is asked. A
 * name that ends with `=` takes a value.
 */
const parameters: Readonly<Record<string, string>> = {
  proc: 'hidepid= gid= subset=',
  sysfs: '',
  mqueue: '',
  devpts: 'newinstance ptmxmode= mode= uid= gid= max=',
  tmpfs: 'size= nr_blocks= nr_inodes= mode= uid= gid= huge= mpol= inode32 inode64 noswap quota usrquota grpquota '
    + 'usrquota_block_hardlimit= usrquota_inode_hardlimit= grpquota_block_hardlimit= grpquota_inode_hardlimit= casefold casefold= strict_encoding',
  cgroup2: 'nsdelegate favordynmods nofavordynmods memory_localevents memory_recursiveprot memory_hugetlb_accounting pids_localevents',
};

/** Parameters that security modules read for every file system. */
const anywhere = ['context=', 'fscontext=', 'defcontext=', 'rootcontext=', 'seclabel', 'source='];

/**
 * Whether a file system type takes a parameter, `key` or `key=value`. A bind mount takes none; of a type that is not
 * listed here the kernel must be asked: then this is true.
 */
export function isMountParameter(type: string, bind: boolean, text: string): boolean {
  if (!bind && !Object.hasOwn(parameters, type)) return true;
  const equals = text.indexOf('=');
  return mountParameters(type, bind).includes(equals < 0 ? text : text.slice(0, equals + 1));
}

/** Parameters of a file system type, where they are known. A name that ends with `=` takes a value. */
export function mountParameters(type: string, bind: boolean): string[] {
  if (bind || !Object.hasOwn(parameters, type)) return [];
  return [...(parameters[type] as string).split(' '), ...anywhere];
}
