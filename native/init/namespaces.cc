// Namespaces that stager and init join.
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/vfs.h>

#include "base/procfs.h"
#include "base/sys.h"
#include "init/shared.h"

namespace veloci {

// Opens a file of /proc/self for writing. -1 and errno on failure.
int open_own_file(const char *path) {
  Fd proc(open_host_procfs());
  if (!proc.valid()) return -1;
  int fd = open_in_procfs(proc.get(), path, O_WRONLY);
  // Files below /proc/self belong to root as long as we cannot be dumped. Nobody of a container is here to attach.
  if (fd < 0 && errno == EACCES && prctl(PR_SET_DUMPABLE, 1) == 0) {
    fd = open_in_procfs(proc.get(), path, O_WRONLY);
    int err = errno;
    prctl(PR_SET_DUMPABLE, 0);
    errno = err;
  }
  return fd;
}

Outcome Common::on(const NamespaceJoin &op) {
  Fd file(openat(AT_FDCWD, op.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.valid()) return fail(step::namespace_join::open, op.path);
  struct statfs fs;
  if (fstatfs(file.get(), &fs) < 0) return fail(step::namespace_join::type, op.path);
  bool namespace_file = static_cast<uint64_t>(fs.f_type) == sys::magic_nsfs;
  int type = namespace_file ? ioctl(file.get(), NS_GET_NSTYPE) : -1;
  if (type < 0 || static_cast<uint32_t>(type) != op.type) return fail(step::namespace_join::type, EINVAL, op.path);
  if (op.slot) {
    shared_.slots[op.slot.value.number] = static_cast<Fd &&>(file);
    return Outcome::success();
  }
  return sys::setns(file.get(), op.type) == 0 ? Outcome::success() : fail(step::namespace_join::setns, op.path);
}

Outcome Common::on(const TimeOffsets &op) {
  namespace steps = step::time_offsets;
  Fd file(open_own_file("self/timens_offsets"));
  if (!file.valid()) return fail(steps::open, op.content);
  return write_all(file.get(), op.content.data, op.content.size) ? Outcome::success() : fail(steps::write, op.content);
}

} // namespace veloci
