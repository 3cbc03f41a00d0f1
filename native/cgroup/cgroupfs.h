// Directories and files of the cgroup hierarchies, opened without leaving them.
#pragma once
#include "base/types.h"

namespace veloci {

// Opens the mount point of a hierarchy with O_PATH after a check that a cgroup file system is mounted there; a symbolic
// link in the last component is refused. `v2` (may be null) learns which version it is. -1 and errno on failure;
// ENODEV when it is no cgroup file system.
int open_cgroup_root(const char *mount, bool *v2);

// Opens `path` below a cgroup directory: no symbolic links, no `..` out of it, no other mounts. An empty path is the
// directory itself. `flags` get O_CLOEXEC. -1 and errno on failure.
int open_below_cgroup(int dir, const char *path, int flags);

// Opens the directory of a cgroup, `path` below the hierarchy's mount point. -1 and errno on failure.
int open_cgroup(const char *mount, const char *path, int flags);

// Whether a cgroup is one of v2.
bool is_cgroup2(int cgroup);

// Moves the calling process, which has one thread, into the cgroup of this directory. On v1 by its file `tasks`: a move
// of the writing thread alone needs no lock against forks and execs, which costs a grace period of RCU (10 ms and more)
// when nobody has moved a process lately. False and errno on failure.
bool join_cgroup(int cgroup);

// The file for it of the cgroup `path` below a hierarchy's mount point, where write_cgroup_value puts "0". -1 and errno
// on failure.
int open_members(int root, Str path, bool v2);

// Writes a value to a file of the cgroup in one write(2). False and errno on failure.
bool write_cgroup_file(int cgroup, const char *file, Str value);

// The same in two steps, for a file that takes several values.
int open_cgroup_file(int cgroup, const char *file);
bool write_cgroup_value(int file, Str value);

} // namespace veloci
