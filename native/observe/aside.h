// Looks that may take for ever, or that need other namespaces, are left to a child, which is ended when its time is
// over: what it has seen by then lies in memory that both have.
#pragma once
#include <limits.h>

#include "generated/plan.gen.h"
#include "observe/privileged.h"

namespace veloci {

// What is at a path.
struct PathSeen {
  bool done = false;
  int err = 0;
  uint32_t mode = 0, uid = 0, gid = 0, major = 0, minor = 0;
  uint64_t inode = 0, mount = 0;
  bool mount_root = false;
  uint32_t link_size = 0;
  char link[1024];
};

// Text of a kernel parameter.
struct KernelText {
  bool done = false;
  int err = 0;
  uint32_t size = 0;
  char text[16384];
};

// Text of a file of /proc/PID that lies in the memory of that process, as its command line does.
struct ProcessText {
  bool done = false;
  int err = 0;
  uint32_t size = 0;
  char text[4 << 20];
};

// Reads such files of a process, whose folder in /proc this is: its memory may be that of a file system which does not
// answer. `texts` as `seen` of look_aside.
void read_process_aside(int process, const char *const *names, ProcessText *texts, size_t count);

// Whether something is to be looked for in one place: links, too, are looked for in the container.
bool is_at(const FileLook &file, FileLookWhere where);

// Looks at the paths of one place, in their order: those of the container below `root`, symbolic links resolved in it,
// those of the host without it (root < 0). `seen` has an entry for each of all looks, and is memory that a child shares
// with us (MAP_SHARED, zeroed).
void look_aside(const List<FileLook> &looks, FileLookWhere where, int root, PathSeen *seen);

// Reads kernel parameters, /proc/net/dev as `net` and the flags of the loopback device as `lo`, in the network, ipc and
// UTS namespace of a process: a child of ours enters these alone, and reads the host's procfs. `process` is its folder
// in /proc.
void read_kernel_aside(const List<FileLook> &looks, int process, KernelText *texts);

// find_privileged. `out` as `seen` of look_aside.
void find_privileged_aside(int root, PrivilegedFiles *out);

} // namespace veloci
