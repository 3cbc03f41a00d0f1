// device.open: device nodes for user namespaces.
#include "executor/handler.h"
#include "executor/mount/host_tree.h"
#include <fcntl.h>
#include <sys/mount.h>
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
  // The state directory may lie on a mount without devices; the mount of the node must not. What the container mounts
  // on it stays its own.
  Fd tree(clone_host_tree({.dir = dir,
                           .path = name,
                           .propagation = MS_PRIVATE,
                           .set = sys::attr_nosuid | sys::attr_noexec,
                           .clear = sys::attr_nodev}));
  if (!tree.valid()) return Outcome::failed(clone);
  context_.slots[op.slot] = static_cast<Fd &&>(tree);
  return {};
}

} // namespace veloci
