#include "executor/criu/criu_root.h"
#include "base/io.h"
#include "base/sys.h"
#include "process/process.h"
#include "wait/interrupt.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace veloci {

namespace {

// In the container's mount namespace, where its root is ours. What else the mount says is kept.
bool make_root_read_only(int mounts) {
  if (sys::setns(mounts, sys::clone_newns) != 0) return false;
  if (sys::mount_setattr(AT_FDCWD, "/", 0, {sys::attr_rdonly, 0, 0, 0}) == 0) return true;
  // Linux before 5.12.
  struct statvfs now;
  if (errno != ENOSYS || statvfs("/", &now) != 0) return false;
  unsigned long flags = now.f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME);
  return mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, nullptr) == 0;
}

} // namespace

int close_restored_root(const Record &record) {
  TextOf<64> path;
  path.add("/proc/").add_signed(record.pid).add("/ns/mnt");
  Fd pidfd;
  if (int err = open_identified(record.pid, record.start_time, pidfd); err != 0) return err;
  Fd mounts(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!mounts.valid()) return errno;
  // What was opened was this process's, if it is still there.
  if (pidfd_wait(pidfd.get(), 0)) return ESRCH;
  pid_t child = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (child < 0) return errno;
  if (child == 0) _exit(make_root_read_only(mounts.get()) ? 0 : errno);
  siginfo_t info = {};
  if (!reap_child(child, wait_limit, &info)) {
    kill(child, SIGKILL); // our own child, not yet waited for: the number is still its own
    return ETIMEDOUT;
  }
  return info.si_code == CLD_EXITED ? info.si_status : ECHILD;
}

} // namespace veloci
