#include "host/look.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/path.h"

namespace veloci {
namespace {

FileSeen look_at(int fd) {
  if (fd < 0) return {.err = errno};
  struct stat status;
  if (fstat(fd, &status) != 0) return {.err = errno};
  return {.err = 0,
          .mode = status.st_mode,
          .uid = status.st_uid,
          .gid = status.st_gid,
          .device = status.st_dev,
          .inode = status.st_ino};
}

} // namespace

FileSeen look_on_host(const char *path, Fd *root) {
  Fd file(open(path, O_PATH | O_CLOEXEC));
  FileSeen seen = look_at(file.get());
  if (root != nullptr && S_ISDIR(seen.mode)) *root = static_cast<Fd &&>(file);
  return seen;
}

FileSeen look_in_root(int root, const char *path, bool is_link) {
  if (root < 0) return {.err = ENOENT};
  Fd file(open_in_root(root, path, O_PATH | (is_link ? O_NOFOLLOW : 0)));
  return look_at(file.get());
}

} // namespace veloci
