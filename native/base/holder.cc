#include "base/holder.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/io.h"
#include "base/path.h"

namespace veloci {
namespace {

// Deeper no path can be.
constexpr unsigned depth_max = path_max / 2;

bool make_private(const char *path) { return mount(nullptr, path, nullptr, MS_PRIVATE, nullptr) == 0; }

// The directory that holds a file. A relative path is a name in the working directory.
bool enter_parent(const char *path) {
  if (path[0] != '/') return true;
  Name name;
  if (chdir("/") != 0) return false;
  Fd parent(open_parent_in_root(AT_FDCWD, Str::of(path), false, name));
  return fchdir(parent.get()) == 0;
}

} // namespace

// Only the root of a mount answers, so up to there. "." is what lies below whatever is mounted over it.
bool make_holder_private() {
  for (unsigned i = 0; i < depth_max; i++) {
    if (make_private(".")) return true;
    if (errno != EINVAL || chdir("..") != 0) return false;
  }
  return false;
}

bool make_holder_private(const char *path) {
  if (chdir(path) == 0) return make_holder_private();
  if (errno != ENOTDIR) return false;
  return make_private(path) || (enter_parent(path) && make_holder_private());
}

} // namespace veloci
