#include "image/attributes.h"

#include <initializer_list>
#include <stdlib.h>
#include <sys/xattr.h>

#include "file/files.h"

namespace veloci {
namespace {

// XATTR_LIST_MAX and XATTR_SIZE_MAX of linux/limits.h.
constexpr size_t most_names = 65536, most_value = 65536;

bool is_mark(const char *name) {
  for (const char *mark : {"trusted.overlay.opaque", "user.overlay.opaque"}) {
    if (strcmp(name, mark) == 0) return true;
  }
  return false;
}

} // namespace

bool copy_attributes(int to, int from, const struct stat &status, Str path, ImageFault &fault) {
  if (geteuid() == 0 && fchown(to, status.st_uid, status.st_gid) != 0) return fault.system("set an owner", errno, path);
  Buffer memory;
  if (!memory.reserve(most_names + most_value)) return fault.system("reserve memory", errno, path);
  char *names = reinterpret_cast<char *>(memory.data());
  uint8_t *value = memory.data() + most_names;
  ssize_t size = flistxattr(to, names, most_names);
  for (ssize_t i = 0; i < size; i += static_cast<ssize_t>(strlen(names + i)) + 1) {
    if (!is_mark(names + i)) fremovexattr(to, names + i);
  }
  size = flistxattr(from, names, most_names);
  for (ssize_t i = 0; i < size; i += static_cast<ssize_t>(strlen(names + i)) + 1) {
    if (is_mark(names + i)) continue;
    ssize_t bytes = fgetxattr(from, names + i, value, most_value);
    if (bytes >= 0 && fsetxattr(to, names + i, value, static_cast<size_t>(bytes), 0) != 0 && errno != EOPNOTSUPP)
      return fault.system("set an extended attribute", errno, path);
  }
  if (fchmod(to, status.st_mode & 07777) != 0) return fault.system("set a mode", errno, path);
  timespec times[2] = {{0, UTIME_OMIT}, status.st_mtim};
  return futimens(to, times) == 0 || fault.system("set a time", errno, path);
}

} // namespace veloci
