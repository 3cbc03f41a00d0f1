// Files of the container's image, which may be anything.
#pragma once
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/sys.h"

namespace veloci {

// Whether a descriptor is of a regular file that may be read: one of the kernel's own file systems can be the host's
// messages or registers of a device, where reading takes something away.
inline bool is_image_file(int fd, struct stat &status) {
  struct statfs fs;
  if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || fstatfs(fd, &fs) < 0) return false;
  uint64_t type = static_cast<uint64_t>(fs.f_type);
  return type != sys::magic_proc && type != sys::magic_sysfs;
}

} // namespace veloci
