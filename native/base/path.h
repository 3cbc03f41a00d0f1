// Paths in a root that hostile processes may change at any moment. Everything is resolved by the kernel
// (openat2(2) RESOLVE_IN_ROOT|RESOLVE_NO_MAGICLINKS), never by joining strings.
#pragma once
#include <fcntl.h>
#include <sys/types.h>

#include "base/types.h"

namespace veloci {

constexpr size_t path_max = 4096;
constexpr size_t name_max = 255;

// The last component of a path.
struct Name {
  char text[name_max + 1] = {};
};

enum class Missing : uint8_t { error, directory, file };

// Opens `path` in `root`; `flags` get O_CLOEXEC. The last component may be a symbolic link unless O_NOFOLLOW.
// `resolve` adds flags of openat2(2). -1 and errno on failure.
int open_in_root(int root, const char *path, int flags, uint64_t resolve = 0);

// Opens `path` with O_PATH; makes it when it is missing (with `mode` for what is made last, 0755 for directories on
// the way). Symbolic links lead to a place in the root, also when nothing is there yet. -1 and errno on failure.
int make_in_root(int root, Str path, Missing missing, mode_t mode);

// Opens the directory that holds the last component of `path` and names that component. `make` makes missing
// directories. EINVAL when the path has no last component that is a plain name. -1 and errno on failure.
int open_parent_in_root(int root, Str path, bool make, Name &name);

// Mount id of what an O_PATH descriptor refers to; 0 on failure (ids start at 1).
uint64_t mount_id(int fd);

} // namespace veloci
