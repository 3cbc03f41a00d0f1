#include <fcntl.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "init/init.h"

namespace veloci {
namespace {

namespace at = step::mount_bind;

int clone_tree(int dir, const char *path, bool recursive) {
  unsigned flags = sys::open_tree_clone | sys::open_tree_cloexec | (recursive ? sys::at_recursive : 0);
  return sys::open_tree(dir, path, path[0] ? flags : flags | sys::at_empty_path);
}

} // namespace

Outcome Init::on(const MountBind &op) {
  Fd tree;
  Str name = op.source ? op.source.value : op.target;
  if (op.source) {
    tree.reset(clone_tree(AT_FDCWD, op.source.value.c_str(), op.recursive));
    if (!tree.valid()) return fail(errno == ENOENT || errno == ENOTDIR ? at::source : at::clone, name);
  } else {
    if (!op.slot || !shared_.slots[op.slot.value.number].valid()) return fail(at::source, EBADF, name);
    tree = static_cast<Fd &&>(shared_.slots[op.slot.value.number]);
    // A place in a mount of this namespace is cloned; a tree that the executor has cloned is moved as it is.
    if (int clone = clone_tree(tree.get(), "", op.recursive); clone >= 0) tree.reset(clone);
    else if (errno != EINVAL) return fail(at::clone, name);
  }
  struct stat source;
  if (fstat(tree.get(), &source) < 0) return fail(at::source, name);
  // Before Linux 5.12 a mount gets its attributes in place.
  bool late = false;
  if (!set_attributes(tree.get(), true, op.set_all, op.clear_all)) return fail(at::attr, op.target);
  if (!set_attributes(tree.get(), false, op.set, op.clear)) {
    if (errno != EINVAL || sys::mount_setattr(-1, "", 0, {0, 0, 0, 0}) == 0 || errno != ENOSYS) return fail(at::attr, op.target);
    late = true;
  }
  Fd target(open_target(op.target, S_ISDIR(source.st_mode) ? TargetKind::directory : TargetKind::file));
  if (!target.valid()) return Outcome::failed(at::target);
  if (!attach(tree.get(), target.get())) return fail(at::attach, op.target);
  if (!verify(tree.get(), op.target)) return fail(at::verify, op.target);
  if (late && !set_attributes(tree.get(), false, op.set, op.clear)) return fail(at::attr, op.target);
  if (!set_propagation(tree.get(), op.propagation)) return fail(at::propagate, op.target);
  return Outcome::success();
}

} // namespace veloci
