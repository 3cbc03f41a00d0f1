#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/closing.h"
#include "base/holder.h"
#include "base/sys.h"
#include "init/init.h"

namespace veloci {
namespace {

namespace steps = step::mount_bind;

unsigned tree_flags(bool recursive, bool follow) {
  return sys::open_tree_clone | sys::open_tree_cloexec | (recursive ? sys::at_recursive : 0) |
         (follow ? 0 : sys::at_symlink_nofollow);
}

int clone_tree(int dir, const char *path, bool recursive, bool follow = true) {
  unsigned flags = tree_flags(recursive, follow);
  return sys::open_tree(dir, path, path[0] ? flags : flags | sys::at_empty_path);
}

// Of this mount namespace. Not every kernel makes an unbindable mount one that can be cloned by making it a slave.
int clone_source(Str path, bool recursive, bool follow) {
  int tree = clone_tree(AT_FDCWD, path.c_str(), recursive, follow);
  if (tree >= 0 || errno != EINVAL) return tree;
  bool done = make_holder_private(path.c_str());
  return done ? clone_tree(AT_FDCWD, path.c_str(), recursive, follow) : (errno = EINVAL, -1);
}

bool is_device(const sys::Statx &status, const DeviceNumber &wanted) {
  return (status.mode & S_IFMT) == (wanted.block ? S_IFBLK : S_IFCHR) && status.rdev_major == wanted.major &&
         status.rdev_minor == wanted.minor;
}

} // namespace

// copy-symlink: the link itself is made anew; one that says the same may be there.
Outcome Init::copy_link(int source, const MountBind &op) {
  char content[path_max], present[path_max];
  ssize_t size = readlinkat(source, "", content, sizeof content);
  if (size < 0 || static_cast<size_t>(size) == sizeof content) return fail(steps::link, op.target);
  content[size] = 0;
  Name name;
  int parent = parent_of(op.target, name);
  if (parent < 0) return fail(steps::target, op.target);
  if (symlinkat(content, parent, name.text) == 0) return Outcome::success();
  if (errno != EEXIST) return fail(steps::link, op.target);
  ssize_t length = readlinkat(parent, name.text, present, sizeof present);
  bool same = length == size && memcmp(content, present, static_cast<size_t>(size)) == 0;
  return same ? Outcome::success() : fail(steps::link, EEXIST, op.target);
}

// A target whose last component is not followed; made when it is missing.
int Init::open_link(Str path, TargetKind kind) {
  Name name;
  Text &words = shared_.detail.words().add(path);
  int parent = parent_of(path, name);
  if (parent < 0) return -1;
  BriefFd target(openat(parent, name.text, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  return !target.valid() && errno == ENOENT ? open_target(path, kind) : allowed(target, path, words);
}

Outcome Init::on(const FdOpen &op) {
  Fd &slot = shared_.slots[op.slot.number];
  slot.reset(clone_source(op.path, op.form == FdOpenForm::recursive_tree, op.follow));
  return slot.valid() ? Outcome::success() : fail(step::fd_open::open, op.path);
}

Outcome Init::on(const MountBind &op) {
  BriefFd tree;
  Str name = op.source ? op.source.value : op.target;
  bool has_attributes = false;
  if (op.source) {
    bool follow = (op.links & (LinkUseFlag::source | LinkUseFlag::copy)) == 0;
    // Where the attributes of the source do not matter, the clone has its own from the start. Whatever is wrong with
    // that, or with the source, the longer way says.
    if (!op.recursive && op.set_all == 0 && op.clear_all == 0 && op.fixed == 0 && (op.set | op.clear) != 0) {
      uint64_t clear = op.clear | (op.set & sys::attr_atime ? sys::attr_atime : 0);
      tree.reset(
          sys::open_tree_attr(AT_FDCWD, op.source.value.c_str(), tree_flags(false, follow), {op.set, clear, 0, 0}));
      has_attributes = tree.valid();
    }
    if (!has_attributes) tree.reset(clone_source(op.source.value, op.recursive, follow));
    if (!tree.valid())
      return fail(errno == ENOENT || errno == ENOTDIR || errno == EACCES ? steps::source : steps::clone, name);
  } else {
    if (!op.slot || !shared_.slots[op.slot.value.number].valid()) return fail(steps::source, EBADF, name);
    tree.reset(shared_.slots[op.slot.value.number].release());
    // A place in a mount of this namespace is cloned; a tree that the executor has cloned is moved as it is.
    if (int clone = clone_tree(tree.get(), "", op.recursive); clone >= 0)
      tree.reset(clone);
    else if (errno != EINVAL)
      return fail(steps::clone, name);
  }
  sys::Statx source;
  if (sys::statx(tree.get(), "", sys::at_empty_path, sys::statx_basic | sys::statx_mnt_id, source) < 0)
    return fail(steps::source, name);
  if (op.links & LinkUseFlag::copy && S_ISLNK(source.mode)) return copy_link(tree.get(), op);
  if (op.device && !is_device(source, op.device.value)) return fail(steps::device, ENXIO, name);
  if (op.procfs && !is_procfs_root(tree.get())) return fail(steps::procfs, EPERM, op.target);
  if (op.fixed != 0 && (attributes_of(tree.get()) & op.fixed) != (op.set & op.fixed))
    return fail(steps::locked, EPERM, op.target);
  if (!set_attributes(tree.get(), true, op.set_all, op.clear_all, op.locked)) {
    shared_.detail.start(DetailPart::recursive);
    return Outcome::failed(steps::attr);
  }
  bool late = !has_attributes && !set_attributes(tree.get(), false, op.set, op.clear, op.locked);
  if (late && !only_in_place()) return fail(steps::attr, op.target);
  bool covers_link = op.links & LinkUseFlag::target;
  // src-nofollow: what is at the target then is a link.
  bool is_link = covers_link || S_ISLNK(source.mode);
  TargetKind kind = S_ISDIR(source.mode) ? TargetKind::directory : TargetKind::file;
  BriefFd target(covers_link ? open_link(op.target, kind) : open_target(op.target, kind));
  if (!target.valid()) return Outcome::failed(steps::target);
  if (!attach(tree.get(), target.get())) return fail(steps::attach, op.target);
  if (!verify(source, op.target, is_link)) return fail(steps::verify, op.target);
  if (late && !set_attributes(tree.get(), false, op.set, op.clear, op.locked)) return fail(steps::attr, op.target);
  if (!set_propagation(tree.get(), op.propagation)) return fail(steps::propagate, op.target);
  return Outcome::success();
}

} // namespace veloci
