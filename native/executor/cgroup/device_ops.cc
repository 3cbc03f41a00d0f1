// device.open: device nodes for user namespaces.
#include "base/sys.h"
#include "executor/handler.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace veloci {

Outcome HostHandler::on(const DeviceOpen &op) {
  using namespace step::device_open;
  TextOf<32> text;
  text.add(".device-").add_signed(op.number).add(".tmp"); // state.remove takes such names, too
  const char *name = text.c_str();
  const int dir = context_.state.get();
  const mode_t type = op.kind == DeviceOpenKind::block ? S_IFBLK : S_IFCHR;
  if (::mknodat(dir, name, type | 0600, makedev(op.major, op.minor)) != 0)
    return Outcome::failed(step::device_open::mknod);
  // In this order: a change of owner clears bits of the mode.
  if (fchownat(dir, name, op.uid, op.gid, AT_SYMLINK_NOFOLLOW) != 0) return Outcome::failed(owner);
  if (fchmodat(dir, name, op.mode & 07777, 0) != 0) return Outcome::failed(owner);
  Fd tree(sys::open_tree(dir, name, sys::open_tree_clone | sys::open_tree_cloexec | sys::at_symlink_nofollow));
  if (!tree.valid()) return Outcome::failed(clone);
  // The state directory may lie on a mount without devices; the mount of the node must not.
  if (sys::mount_setattr(tree.get(), "", sys::at_empty_path,
                         {sys::attr_nosuid | sys::attr_noexec, sys::attr_nodev, 0, 0}) != 0) {
    return Outcome::failed(attr);
  }
  context_.slots[op.slot] = static_cast<Fd &&>(tree);
  return {};
}

} // namespace veloci
