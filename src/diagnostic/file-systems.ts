// Names of file systems by their magic number (statfs(2)), and which of them can map ids since when (mount_setattr(2)).

/** A file system. */
export interface FileSystem {
  readonly name: string;
  /** The first version of Linux in which its mounts can map ids; without it none can. */
  readonly mapsIds: string | undefined;
}

/** One text: nothing of it is in the prepared engine but that. */
const known =
  'ef53 ext4 5.12,58465342 xfs 5.12,4d44 vfat 5.12,9123683e btrfs 5.15,7366746e ntfs3 5.15,f2f52010 f2fs 5.18,'
  + 'e0f5e1e2 erofs 5.19,73717368 squashfs 6.2,1021994 tmpfs 6.3,c36400 ceph 6.7,958458f6 hugetlbfs 6.9,65735546 fuse 6.12,'
  + '794c7630 overlay,858458f6 ramfs,9fa0 proc,62656572 sysfs,1cd1 devpts,19800202 mqueue,6969 nfs,1021997 9p,ff534d42 cifs,'
  + '63677270 cgroup2';

/** The file system with a magic number. */
export function fileSystem(magic: number): FileSystem {
  const number = magic.toString(16);
  const [, name = `magic number 0x${number}`, mapsIds] =
    known.split(',').map((line) => line.split(' ')).find(([first]) => first === number) ?? [];
  return { name, mapsIds };
}
