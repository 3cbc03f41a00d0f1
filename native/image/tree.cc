#include "image/tree.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/directory.h"
#include "base/io.h"
#include "base/sys.h"

namespace veloci {
namespace {

// RENAME_NOREPLACE of linux/fs.h.
constexpr unsigned no_replace = 1;

// Removes what is in `dir`. A directory in it that is not empty moves up into `top`, so that depth never matters.
int empty(int top, int dir, uint64_t &moved) {
  int err = 0;
  int read_err = for_each_entry(dir, [&](const char *name) {
    if (err != 0 || unlinkat(dir, name, 0) == 0 || errno == ENOENT) return;
    if (errno != EISDIR && errno != EPERM) {
      err = errno;
      return;
    }
    if (unlinkat(dir, name, AT_REMOVEDIR) == 0) return;
    // A directory without its owner's rights cannot be moved into another one.
    fchmodat(dir, name, 0700, 0);
    do {
      TextOf<64> place;
      place.add(".veloci-removed-").add_number(moved++);
      err = syscall(SYS_renameat2, dir, name, top, place.c_str(), no_replace) == 0 ? 0 : errno;
    } while (err == EEXIST);
  });
  return err != 0 ? err : read_err;
}

int empty_top(int top) {
  uint64_t moved = 0;
  for (bool any = true; any;) {
    any = false;
    int err = 0;
    lseek(top, 0, SEEK_SET);
    int read_err = for_each_entry(top, [&](const char *name) {
      if (err != 0) return;
      any = true;
      if (unlinkat(top, name, 0) == 0 || errno == ENOENT) return;
      if (errno != EISDIR && errno != EPERM) {
        err = errno;
        return;
      }
      fchmodat(top, name, 0700, 0);
      Fd dir(openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!dir.valid()) {
        err = errno;
        return;
      }
      err = empty(top, dir.get(), moved);
      if (err == 0 && unlinkat(top, name, AT_REMOVEDIR) != 0 && errno != ENOTEMPTY) err = errno;
    });
    if (err != 0 || read_err != 0) return err != 0 ? err : read_err;
  }
  return 0;
}

} // namespace

int remove_tree(int dir, const char *name) {
  if (unlinkat(dir, name, 0) == 0 || errno == ENOENT) return 0;
  if (errno != EISDIR && errno != EPERM) return errno;
  fchmodat(dir, name, 0700, 0);
  Fd top(openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!top.valid()) return errno;
  if (int err = empty_top(top.get()); err != 0) return err;
  return unlinkat(dir, name, AT_REMOVEDIR) == 0 ? 0 : errno;
}

Fd open_below(int root, const char *path) {
  sys::OpenHow how{O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0, sys::resolve_inside};
  return Fd(sys::openat2(root, *path == 0 ? "." : path, how));
}

} // namespace veloci
