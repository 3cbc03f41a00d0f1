#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/sys.h"
#include "init/init.h"

namespace veloci {
namespace {

constexpr unsigned clone_flags = sys::open_tree_clone | sys::open_tree_cloexec | sys::at_empty_path;

bool missing(int err) { return err == ENOENT || err == ENOTDIR; }

bool is_null_device(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

} // namespace

Outcome Init::on(const PathSymlink &op) {
  namespace steps = step::path_symlink;
  Name name;
  int parent = parent_of(op.path, name);
  if (parent < 0) return fail(steps::parent, op.path);
  if (symlinkat(op.target.c_str(), parent, name.text) == 0) return Outcome::success();
  if (errno != EEXIST) return fail(steps::symlink, op.path);
  if (op.existing == PathSymlinkExisting::keep) return Outcome::success();
  if (unlinkat(parent, name.text, 0) < 0) return fail(steps::remove, op.path);
  if (symlinkat(op.target.c_str(), parent, name.text) == 0) return Outcome::success();
  return fail(steps::symlink, op.path);
}

Outcome Init::on(const PathDirectory &op) {
  Fd created(make_in_root(root(), op.path, Missing::directory, 0755));
  return created.valid() ? Outcome::success() : fail(step::path_directory::create, op.path);
}

// Before the host's file system goes: its null device, which nobody in the container could have made.
bool Init::prepare_null() {
  if (null_.tree.valid()) return true;
  null_.tree.reset(sys::open_tree(AT_FDCWD, "/dev/null", sys::open_tree_clone | sys::open_tree_cloexec));
  if (null_.tree.valid() && is_null_device(null_.tree.get())) return true;
  if (null_.tree.valid()) errno = ENODEV;
  null_.tree.reset();
  return false;
}

bool Init::prepare_empty() {
  if (empty_.tree.valid()) return true;
  Fd fs(sys::fsopen("tmpfs", sys::fsopen_cloexec));
  if (!fs.valid()) return false;
  sys::fsconfig(fs.get(), sys::fsconfig_set_string, "source", "tmpfs", 0);
  sys::fsconfig(fs.get(), sys::fsconfig_set_string, "mode", "0755", 0);
  sys::fsconfig(fs.get(), sys::fsconfig_set_string, "nr_inodes", "1", 0);
  if (sys::fsconfig(fs.get(), sys::fsconfig_create, nullptr, nullptr, 0) < 0) return false;
  uint64_t attributes = sys::attr_rdonly | sys::attr_nosuid | sys::attr_nodev | sys::attr_noexec;
  empty_.tree.reset(sys::fsmount(fs.get(), sys::fsmount_cloexec, attributes));
  return empty_.tree.valid();
}

// A detached mount can be moved but, before Linux 6.15, not be cloned: the first use takes the mount itself, the
// following clone it where it is.
bool Init::cover(Cover &cover, int target, Str path) {
  if (!cover.placed) {
    cover.placed = attach(cover.tree.get(), target);
    return cover.placed && verify(cover.tree.get(), path);
  }
  BriefFd copy(sys::open_tree(cover.tree.get(), "", clone_flags));
  return copy.valid() && attach(copy.get(), target) && verify(copy.get(), path);
}

Outcome Init::on(const PathMask &op) {
  namespace steps = step::path_mask;
  BriefFd target(open_in_root(root(), op.path.c_str(), O_PATH));
  if (!target.valid()) return missing(errno) ? Outcome::success() : fail(steps::target, op.path);
  struct stat status;
  if (fstat(target.get(), &status) < 0) return fail(steps::target, op.path);
  bool directory = S_ISDIR(status.st_mode);
  if (directory && !prepare_empty()) return fail(steps::tmpfs, op.path);
  if (!directory && !prepare_null()) return fail(steps::null, errno, "/dev/null of the host");
  if (!cover(directory ? empty_ : null_, target.get(), op.path)) return fail(steps::attach, op.path);
  return Outcome::success();
}

Outcome Init::on(const PathReadonly &op) {
  namespace steps = step::path_readonly;
  BriefFd target(open_in_root(root(), op.path.c_str(), O_PATH));
  if (!target.valid()) return missing(errno) ? Outcome::success() : fail(steps::target, op.path);
  constexpr unsigned flags = clone_flags | sys::at_recursive;
  BriefFd tree(sys::open_tree_attr(target.get(), "", flags, {sys::attr_rdonly, 0, 0, 0}));
  bool has_attributes = tree.valid();
  if (!has_attributes) tree.reset(sys::open_tree(target.get(), "", flags));
  if (!tree.valid()) return fail(steps::clone, op.path);
  // Before Linux 5.12 only in place, and only the top mount.
  bool late = !has_attributes && !set_attributes(tree.get(), true, sys::attr_rdonly, 0, 0);
  if (late && errno != ENOSYS) return fail(steps::attr, op.path);
  if (!attach(tree.get(), target.get()) || !verify(tree.get(), op.path)) return fail(steps::attach, op.path);
  if (late && !remount(tree.get(), sys::attr_rdonly, 0)) return fail(steps::attr, op.path);
  return Outcome::success();
}

} // namespace veloci
