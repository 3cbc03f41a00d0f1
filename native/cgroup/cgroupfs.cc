#include "cgroup/cgroupfs.h"

#include <fcntl.h>
#include <sys/vfs.h>

#include "base/io.h"
#include "base/sys.h"

namespace veloci {

int open_cgroup_root(const char *mount, bool *v2) {
  Fd root(openat(AT_FDCWD, mount, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root.valid()) return -1;
  struct statfs fs;
  if (fstatfs(root.get(), &fs) < 0) return -1;
  uint64_t magic = static_cast<uint64_t>(fs.f_type);
  if (magic != sys::magic_cgroup && magic != sys::magic_cgroup2) {
    errno = ENODEV;
    return -1;
  }
  if (v2 != nullptr) *v2 = magic == sys::magic_cgroup2;
  return root.release();
}

int open_below_cgroup(int dir, const char *path, int flags) {
  sys::OpenHow how = {
      .flags = static_cast<uint64_t>(flags | O_CLOEXEC),
      .mode = 0,
      .resolve = sys::resolve_beneath | sys::resolve_no_xdev | sys::resolve_no_symlinks,
  };
  int fd;
  do fd = sys::openat2(dir, path[0] ? path : ".", how);
  while (fd < 0 && (errno == EAGAIN || errno == EINTR));
  return fd;
}

int open_cgroup(const char *mount, const char *path, int flags) {
  Fd root(open_cgroup_root(mount, nullptr));
  if (!root.valid()) return -1;
  return open_below_cgroup(root.get(), path, flags);
}

bool is_cgroup2(int cgroup) {
  struct statfs fs;
  return fstatfs(cgroup, &fs) == 0 && static_cast<uint64_t>(fs.f_type) == sys::magic_cgroup2;
}

bool join_cgroup(int cgroup) {
  constexpr char processes[] = "cgroup.procs";
  if (!is_cgroup2(cgroup)) return write_cgroup_file(cgroup, "tasks", Str::of("0"));
  if (write_cgroup_file(cgroup, processes, Str::of("0"))) return true;
  // Below a threaded one, or one with processes beside controllers, only a threaded one can hold processes.
  return errno == EOPNOTSUPP && write_cgroup_file(cgroup, "cgroup.type", Str::of("threaded")) &&
         write_cgroup_file(cgroup, processes, Str::of("0"));
}

int open_members(int root, Str path, bool v2) {
  TextOf<4096> file;
  file.add(path);
  if (path.size > 0) file.add_char('/');
  file.add(v2 ? "cgroup.procs" : "tasks");
  if (file.complete()) return open_below_cgroup(root, file.c_str(), O_WRONLY);
  errno = ENAMETOOLONG;
  return -1;
}

int open_cgroup_file(int cgroup, const char *file) {
  if (strchr(file, '/') == nullptr) return open_below_cgroup(cgroup, file, O_WRONLY);
  errno = EINVAL;
  return -1;
}

bool write_cgroup_file(int cgroup, const char *file, Str value) {
  Fd opened(open_cgroup_file(cgroup, file));
  return opened.valid() && write_cgroup_value(opened.get(), value);
}

bool write_cgroup_value(int file, Str value) {
  ssize_t written;
  do written = write(file, value.data, value.size);
  while (written < 0 && errno == EINTR);
  if (written < 0) return false;
  if (static_cast<uint32_t>(written) == value.size) return true;
  errno = EIO;
  return false;
}

} // namespace veloci
