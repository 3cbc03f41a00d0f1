// mount.remove, init.end: changes to the mounts of a running container.
#include <fcntl.h>
#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/sys.h"
#include "init/init.h"

namespace veloci {

// A mount that is there. Exact: no link is followed, on the way neither: whoever exchanged a directory of a volume for
// a link would have another mount changed, such as what keeps /proc/sys or a source of the host read-only.
int Init::open_mount(Str path, bool exact) {
  if (!exact) return open_in_root(root(), path.c_str(), O_PATH);
  Fd target(open_in_root(root(), path.c_str(), O_PATH | O_NOFOLLOW, sys::resolve_no_symlinks));
  struct stat info;
  if (!target.valid() || fstat(target.get(), &info) < 0) return -1;
  // openat2(2) opens a link that is the last name.
  if (S_ISLNK(info.st_mode)) return errno = ELOOP, -1;
  return target.release();
}

Outcome Init::on(const MountRemove &op) {
  namespace steps = step::mount_remove;
  // The root stays.
  if (op.target.size <= 1) return fail(steps::target, EINVAL, op.target);
  Fd target(open_mount(op.target));
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
