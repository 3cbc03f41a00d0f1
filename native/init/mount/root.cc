#include <fcntl.h>
#include <sys/mount.h>

#include "base/holder.h"
#include "base/sys.h"
#include "init/mount/host_mounts.h"
#include "init/init.h"
#include "plan/propagation.h"

namespace veloci {

bool Init::spread(Propagation tree) {
  unsigned long how = propagation_flag(tree) | (propagation_recursive(tree) ? MS_REC : 0);
  return propagation_flag(tree) == 0 || mount(nullptr, "/", nullptr, how, nullptr) == 0;
}

Outcome Init::on(const RootOpen &op) {
  namespace steps = step::root_open;
  if (!spread(op.tree)) return Outcome::failed(steps::propagate);
  // Links on the way are whoever's; they would lead to another tree from one look to the next.
  Fd directory(
      sys::openat2(AT_FDCWD, op.path.c_str(), {O_PATH | O_DIRECTORY | O_CLOEXEC, 0, sys::resolve_no_symlinks}));
  if (!directory.valid()) return fail(steps::open, op.path);
  // Before the rootfs is mounted on itself: below a shared mount that would show on the host, and its copy would be
  // shared, too, which pivot_root(2) refuses.
  if (op.parent_private) {
    bool done = fchdir(directory.get()) == 0 && make_holder_private();
    if (!done) return fail(steps::parent, op.path);
  }
  constexpr unsigned flags = sys::open_tree_clone | sys::open_tree_cloexec | sys::at_empty_path | sys::at_recursive;
  Fd tree(sys::open_tree(directory.get(), "", flags));
  if (!tree.valid()) return fail(steps::clone, op.path);
  if (sys::move_mount(tree.get(), directory.get()) < 0) return fail(steps::attach, op.path);
  root_ = static_cast<Fd &&>(tree);
  return Outcome::success();
}

Outcome Init::on(const RootPivot &op) {
  namespace steps = step::root_pivot;
  // What is taken from the host's file system, while it is there.
  if (program_has(code::path_mask)) prepare_null();
  if (needs_procfs() && !mounted_procfs_.valid()) procfs();
  parent_.reset();
  if (fchdir(root()) < 0) return Outcome::failed(steps::chdir);
  if (op.chroot) {
    if (op.private_ && mount(nullptr, "/", nullptr, MS_PRIVATE, nullptr) < 0) return Outcome::failed(steps::propagate);
    if (mount(".", "/", nullptr, MS_MOVE, nullptr) < 0) return Outcome::failed(steps::move);
    if (op.hide && (procfs() < 0 || !hide_host_mounts(procfs()))) return Outcome::failed(steps::hide);
    if (fchdir(root()) < 0) return Outcome::failed(steps::chdir);
    if (chroot(".") < 0) return Outcome::failed(steps::chroot);
  } else {
    Fd old(openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!old.valid()) return Outcome::failed(steps::chdir);
    if (sys::pivot_root(".", ".") < 0) return Outcome::failed(steps::pivot);
    // The old root now lies over the new one; its going must not reach the host. By its own descriptor: `.` is the new
    // root for mount(2).
    if (fchdir(old.get()) < 0) return Outcome::failed(steps::chdir);
    if (mount(nullptr, ".", nullptr, MS_SLAVE | MS_REC, nullptr) < 0) return Outcome::failed(steps::propagate);
    if (umount2(".", MNT_DETACH) < 0) return Outcome::failed(steps::detach);
  }
  return chdir("/") == 0 ? Outcome::success() : Outcome::failed(steps::chdir);
}

} // namespace veloci
