// What the operations on mounts share. A mount is made detached, gets its attributes, and is moved onto a target that
// was opened in the root.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/sys.h"
#include "init/init.h"
#include "plan/propagation.h"

namespace veloci {
namespace {

// Linux 5.10; musl does not know them yet.
constexpr unsigned ms_nosymfollow = 256, st_nosymfollow = 0x2000;

constexpr mode_t directory_mode = 0755;
constexpr mode_t file_mode = 0644;

// Attributes as flags of mount(2), and as statvfs(3) has them.
struct Flag {
  uint32_t attribute, mount, statvfs_flag;
};
constexpr Flag plain_flags[] = {
    {sys::attr_rdonly, MS_RDONLY, ST_RDONLY},
    {sys::attr_nosuid, MS_NOSUID, ST_NOSUID},
    {sys::attr_nodev, MS_NODEV, ST_NODEV},
    {sys::attr_noexec, MS_NOEXEC, ST_NOEXEC},
    {sys::attr_nodiratime, MS_NODIRATIME, ST_NODIRATIME},
    {sys::attr_nosymfollow, ms_nosymfollow, st_nosymfollow},
};

} // namespace

uint64_t attributes_of(int mount) {
  struct statvfs status;
  if (fstatvfs(mount, &status) < 0) return ~0ULL;
  uint64_t attributes = status.f_flag & ST_NOATIME    ? sys::attr_noatime
                        : status.f_flag & ST_RELATIME ? 0
                                                      : sys::attr_strictatime;
  for (const Flag &flag : plain_flags) attributes |= status.f_flag & flag.statvfs_flag ? flag.attribute : 0;
  return attributes;
}

namespace {

bool below_proc(Str path) { return strncmp(path.data, "/proc", 5) == 0 && (path.data[5] == 0 || path.data[5] == '/'); }

int open_real_directory(int root, Str path) {
  Name name;
  Fd parent(open_parent_in_root(root, path, true, name));
  if (!parent.valid()) return -1;
  if (mkdirat(parent.get(), name.text, directory_mode) < 0 && errno != EEXIST) return -1;
  return openat(parent.get(), name.text, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

} // namespace

// What has just been made is no place in a procfs, nor a link.
int Init::make_beside(Str path, TargetKind kind) {
  Name name;
  if (!is_in_parent(path, name)) return -1;
  int fd;
  // Not for writing: its mount may become read-only before it is closed.
  if (kind == TargetKind::file)
    fd = openat(parent_.get(), name.text, O_CREAT | O_EXCL | O_RDONLY | O_NOFOLLOW | O_CLOEXEC, file_mode);
  else
    fd = mkdirat(parent_.get(), name.text, directory_mode) == 0
             ? openat(parent_.get(), name.text, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
             : -1;
  target_in_parent_ = parent_makes_ = fd >= 0;
  return fd;
}

int Init::open_target(Str path, TargetKind kind) {
  BriefFd target;
  Text &words = shared_.detail.words().add(path);
  target_in_parent_ = false;
  if (parent_makes_) {
    if (int fd = make_beside(path, kind); fd >= 0) return fd;
  }
  if (kind == TargetKind::real_directory) {
    target.reset(open_real_directory(root(), path));
    return allowed(target, path, words);
  }
  target.reset(open_in_root(root(), path.c_str(), O_PATH | (kind == TargetKind::directory ? O_DIRECTORY : 0)));
  if (target.valid()) return allowed(target, path, words);
  if (errno != ENOENT) return -1;
  Name name;
  if (parent_of(path, name) >= 0) {
    if (int fd = make_beside(path, kind); fd >= 0) return fd;
  }
  // A link that leads to nothing yet.
  bool directory = kind == TargetKind::directory;
  target.reset(make_in_root(root(), path, directory ? Missing::directory : Missing::file,
                            directory ? directory_mode : file_mode));
  return allowed(target, path, words);
}

int Init::allowed(BriefFd &target, Str path, Text &words) {
  if (!target.valid()) return -1;
  // The plan allows only certain paths below /proc; a symbolic link must not lead there by another name.
  if (!on_procfs(target.get()) || below_proc(path)) return target.release();
  words.add(": leads into procfs");
  errno = EPERM;
  return -1;
}

bool Init::attach(int tree, int target) {
  // A mount may cover the directory, by whatever name; one that lies in it does not.
  if (!target_in_parent_) parent_.reset();
  target_in_parent_ = false;
  return sys::move_mount(tree, target) == 0;
}

bool Init::verify(int tree, Str path, bool link) {
  sys::Statx status;
  status.mask = 0;
  sys::statx(tree, "", sys::at_empty_path, sys::statx_mnt_id, status);
  return verify(status, path, link);
}

bool Init::verify(const sys::Statx &tree, Str path, bool link) {
  BriefFd target(open_in_root(root(), path.c_str(), O_PATH | (link ? O_NOFOLLOW : 0)));
  if (!target.valid()) return false;
  if ((tree.mask & sys::statx_mnt_id) != 0 && tree.mnt_id == mount_id(target.get())) return true;
  errno = ESTALE;
  return false;
}

bool Init::set_attributes(int mount, bool recursive, uint64_t set, uint64_t clear, uint64_t locked) {
  if (set & sys::attr_atime) clear |= sys::attr_atime;
  if (set == 0 && clear == 0) return true;
  unsigned flags = sys::at_empty_path | (recursive ? sys::at_recursive : 0);
  if (sys::mount_setattr(mount, "", flags, {set, clear, 0, 0}) == 0) return true;
  if (errno == ENOSYS && !recursive) return remount(mount, set, clear);
  if (errno != EPERM || locked == 0) return false;
  uint64_t kept = (attributes_of(mount) | sys::attr_atime) & locked;
  set &= ~(sys::attr_atime & locked);
  if (sys::mount_setattr(mount, "", flags, {set, clear & ~kept, 0, 0}) == 0) return true;
  if (errno != EPERM || !recursive) return false;
  return sys::mount_setattr(mount, "", flags, {set, clear & ~locked, 0, 0}) == 0;
}

bool only_in_place() {
  int err = errno;
  bool known = err != EINVAL || sys::mount_setattr(-1, "", 0, {0, 0, 0, 0}) == 0 || errno != ENOSYS;
  errno = err;
  return !known;
}

// Before Linux 5.12: mount(2) on the descriptor, which must be a mount in place. A directory is entered; a file is
// named by a procfs, which must be of a pid namespace that this process is in.
bool Init::change_in_place(int mount, unsigned long flags) {
  TextOf<32> name;
  if (fchdir(mount) == 0) {
    name.add(".");
  } else {
    if (procfs() < 0 || fchdir(procfs()) != 0) return false;
    name.add("self/fd/").add_signed(mount);
  }
  return ::mount(nullptr, name.c_str(), nullptr, flags, nullptr) == 0;
}

bool Init::remount(int mount, uint64_t set, uint64_t clear) {
  uint64_t wanted = (attributes_of(mount) & ~clear) | set;
  unsigned long flags = MS_REMOUNT | MS_BIND;
  for (const Flag &flag : plain_flags) flags |= wanted & flag.attribute ? flag.mount : 0;
  flags |= wanted & sys::attr_noatime ? MS_NOATIME : wanted & sys::attr_strictatime ? MS_STRICTATIME : MS_RELATIME;
  return change_in_place(mount, flags);
}

bool Init::set_propagation(int mount, Propagation propagation) {
  uint64_t flag = propagation_flag(propagation);
  if (flag == 0) return true;
  bool recursive = propagation_recursive(propagation);
  unsigned flags = sys::at_empty_path | (recursive ? sys::at_recursive : 0);
  if (sys::mount_setattr(mount, "", flags, {0, 0, flag, 0}) == 0) return true;
  return errno == ENOSYS && change_in_place(mount, flag | (recursive ? MS_REC : 0));
}

} // namespace veloci
