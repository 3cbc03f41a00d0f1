#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "init/init.h"

namespace veloci {
namespace {

namespace steps = step::device_node;

mode_t type_of(DeviceNodeKind kind) {
  switch (kind) {
  case DeviceNodeKind::char_: return S_IFCHR;
  case DeviceNodeKind::block: return S_IFBLK;
  case DeviceNodeKind::fifo: return S_IFIFO;
  case DeviceNodeKind::none: break;
  }
  return 0;
}

} // namespace

namespace {

// Of the path without its last component.
uint32_t parent_size(Str path) {
  uint32_t size = path.size;
  while (size > 0 && path.data[size - 1] != '/') size--;
  return size;
}

} // namespace

bool Init::is_in_parent(Str path, Name &name) const {
  uint32_t size = parent_size(path), length = path.size - size;
  bool same = parent_.valid() && size == parent_path_.size && memcmp(path.data, parent_path_.data, size) == 0;
  same = same && length > 0 && length <= name_max && strcmp(path.data + size, "..") != 0 &&
         strcmp(path.data + size, ".") != 0;
  if (same) memcpy(name.text, path.data + size, length + 1);
  return same;
}

int Init::parent_of(Str path, Name &name) {
  if (is_in_parent(path, name)) return parent_.get();
  parent_.reset(open_parent_in_root(root(), path, true, name));
  parent_path_ = {path.data, parent_size(path)};
  parent_makes_ = false;
  return parent_.get();
}

// What the container has put in its place is its own.
Outcome Init::remove_node(const DeviceNode &op, int parent, const Name &name) {
  struct stat status;
  constexpr mode_t types[] = {S_IFCHR, S_IFBLK, S_IFIFO};
  bool there =
      fstatat(parent, name.text, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_rdev == makedev(op.major, op.minor);
  for (mode_t type : types) {
    if (there && (status.st_mode & S_IFMT) == type && unlinkat(parent, name.text, 0) < 0)
      return fail(steps::remove, op.path);
  }
  return Outcome::success();
}

Outcome Init::on(const DeviceNode &op) {
  Name name;
  int parent = parent_of(op.path, name);
  if (parent < 0) return fail(steps::parent, op.path);
  mode_t type = type_of(op.kind);
  if (type == 0) return remove_node(op, parent, name);
  dev_t number = op.kind == DeviceNodeKind::fifo ? 0 : makedev(op.major, op.minor);
  // The umask is 0: the mode becomes what it says.
  bool created = mknodat(parent, name.text, type | (op.mode & 07777), number) == 0;
  if (!created && errno != EEXIST) return fail(steps::mknod, op.path);
  bool foreign = created && (op.uid != 0 || op.gid != 0);
  if (foreign && fchownat(parent, name.text, op.uid, op.gid, AT_SYMLINK_NOFOLLOW) < 0)
    return fail(steps::owner, op.path);
  if (created) return Outcome::success();
  struct stat status;
  if (fstatat(parent, name.text, &status, AT_SYMLINK_NOFOLLOW) < 0) return fail(steps::verify, op.path);
  bool right = (status.st_mode & S_IFMT) == type && (op.kind == DeviceNodeKind::fifo || status.st_rdev == number);
  return right ? Outcome::success() : fail(steps::verify, EEXIST, op.path);
}

} // namespace veloci
