// Looks at files for validate and audit: what is at each path, without opening it.
#pragma once
#include "base/types.h"
#include <sys/types.h>

namespace veloci {

// What is at a path: an errno, or type and mode, owner and group.
struct FileSeen {
  int err = 0;
  uint32_t mode = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  uint64_t device = 0, inode = 0;
};

// Looks at a path of the host. `root` is opened, when it is a directory: the root of the other paths.
FileSeen look_on_host(const char *path, Fd *root = nullptr);

// Looks at a path in a root file system: symbolic links stay in it, and that at its end is not followed when it is
// itself what is asked for.
FileSeen look_in_root(int root, const char *path, bool is_link = false);

} // namespace veloci
