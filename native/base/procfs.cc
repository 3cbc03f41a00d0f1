#include "base/procfs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/sys.h"

namespace veloci {
namespace {

constexpr ino_t procfs_root_inode = 1;

int make_procfs(ProcfsPart part) {
  Fd fs(sys::fsopen("proc", sys::fsopen_cloexec));
  if (!fs.valid()) return -1;
  // A kernel without `subset` gives a whole one: more than is needed, but as much ours. The same for `hidepid`.
  if (part == ProcfsPart::processes) sys::fsconfig(fs.get(), sys::fsconfig_set_string, "subset", "pid", 0);
  if (sys::fsconfig(fs.get(), sys::fsconfig_create, nullptr, nullptr, 0) < 0) return -1;
  return sys::fsmount(fs.get(), sys::fsmount_cloexec, sys::attr_nosuid | sys::attr_nodev | sys::attr_noexec);
}

} // namespace

bool on_procfs(int fd) {
  struct statfs fs;
  return fstatfs(fd, &fs) == 0 && static_cast<uint64_t>(fs.f_type) == sys::magic_proc;
}

bool is_procfs_root(int fd) {
  struct stat status;
  return on_procfs(fd) && fstat(fd, &status) == 0 && status.st_ino == procfs_root_inode;
}

int open_procfs(ProcfsPart part) {
  Fd procfs(make_procfs(part));
  if (!procfs.valid()) procfs.reset(sys::open_tree(AT_FDCWD, "/proc", sys::open_tree_clone | sys::open_tree_cloexec));
  if (!procfs.valid()) return open_host_procfs();
  if (is_procfs_root(procfs.get())) return procfs.release();
  errno = EXDEV;
  return -1;
}

int open_host_procfs() {
  Fd proc(openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!proc.valid() || is_procfs_root(proc.get())) return proc.release();
  errno = EXDEV;
  return -1;
}

int open_in_procfs(int procfs, const char *path, int flags) {
  sys::OpenHow how = {
      .flags = static_cast<uint64_t>(flags | O_CLOEXEC | O_NOCTTY),
      .mode = 0,
      .resolve = sys::resolve_beneath | sys::resolve_no_xdev | sys::resolve_no_magiclinks,
  };
  int fd;
  do fd = sys::openat2(procfs, path, how);
  while (fd < 0 && (errno == EAGAIN || errno == EINTR));
  if (fd < 0 || on_procfs(fd)) return fd;
  close(fd);
  errno = EXDEV;
  return -1;
}

} // namespace veloci
