// mount.remove, init.end: changes to the mounts of a running container.
#include <sys/mount.h>

#include "base/path.h"
#include "init/init.h"

namespace veloci {

Outcome Init::on(const MountRemove &op) {
  namespace steps = step::mount_remove;
  Name name;
  Fd parent(open_parent_in_root(root(), op.target, false, name));
  // The mount itself is what the name leads to; its last component is never followed as a link.
  Fd target(parent.valid() ? openat(parent.get(), name.text, O_PATH | O_NOFOLLOW | O_CLOEXEC) : -1);
  if (!target.valid()) return fail(steps::target, op.target);
  TextOf<32> link;
  link.add("self/fd/").add_signed(target.get());
  if (procfs() < 0 || fchdir(procfs()) < 0) return fail(steps::detach, op.target);
  if (umount2(link.c_str(), MNT_DETACH) < 0) return fail(steps::detach, op.target);
  return Outcome::success();
}

Outcome Init::on(const InitEnd &) {
  MessageHeader done;
  done.type = static_cast<uint8_t>(MessageType::sync);
  done.point = static_cast<uint8_t>(Point::created);
  // Who does not hear it sees the end.
  _exit(send(done) ? 0 : 1);
}

} // namespace veloci
