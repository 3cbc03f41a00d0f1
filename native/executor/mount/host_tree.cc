#include "executor/mount/host_tree.h"
#include "base/holder.h"
#include "wait/interrupt.h"
#include "process/process.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

namespace veloci {

namespace {

static_assert(sys::attr_rdonly == MS_RDONLY && sys::attr_nosuid == MS_NOSUID && sys::attr_nodev == MS_NODEV &&
              sys::attr_noexec == MS_NOEXEC);

int open_copy(const HostTree &wanted, int dir) {
  unsigned flags = sys::open_tree_clone | sys::open_tree_cloexec | (wanted.recursive ? sys::at_recursive : 0);
  return sys::open_tree(dir, wanted.path, wanted.follow ? flags : flags | sys::at_symlink_nofollow);
}

// In a mount namespace of our own mount(2) changes what is copied then.
int open_changed_copy(const HostTree &wanted) {
  // The working directory goes along to the new namespace, unlike other descriptors.
  if (wanted.dir != AT_FDCWD && fchdir(wanted.dir) != 0) return -1;
  if (sys::unshare(sys::clone_newns) != 0) return -1;
  if (wanted.propagation != 0 && mount(nullptr, "/", nullptr, MS_REC | wanted.propagation, nullptr) != 0) return -1;
  if ((wanted.set | wanted.clear) != 0) {
    if (mount(wanted.path, wanted.path, nullptr, MS_BIND, nullptr) != 0) return -1;
    if (mount(nullptr, wanted.path, nullptr, MS_REMOUNT | MS_BIND | wanted.set, nullptr) != 0) return -1;
  }
  int tree = open_copy(wanted, AT_FDCWD);
  if (tree >= 0 || errno != EINVAL) return tree;
  // Not every kernel takes an unbindable mount for bindable once it is a slave.
  Fd folder(open(".", O_PATH | O_CLOEXEC));
  return make_holder_private(wanted.path) && fchdir(folder.get()) == 0 ? open_copy(wanted, AT_FDCWD) : -1;
}

// Linux before 5.12: by a child that shares our descriptors.
int clone_by_child(const HostTree &wanted) {
  Fd place(open("/", O_PATH | O_CLOEXEC));
  if (!place.valid()) return -1;
  pid_t child = static_cast<pid_t>(syscall(SYS_clone, CLONE_FILES | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (child < 0) return -1;
  if (child == 0) {
    Fd tree(open_changed_copy(wanted));
    bool done = tree.valid() && dup3(tree.get(), place.get(), O_CLOEXEC) >= 0;
    int err = errno;
    tree.reset();
    _exit(done ? 0 : err);
  }
  siginfo_t info = {};
  if (!reap_child(child, wait_limit, &info)) {
    kill(child, SIGKILL); // our own child, not yet waited for: the number is still its own
    errno = ETIMEDOUT;
    return -1;
  }
  if (info.si_code == CLD_EXITED && info.si_status == 0) return place.release();
  errno = info.si_code == CLD_EXITED ? info.si_status : ECHILD;
  return -1;
}

} // namespace

int clone_host_tree(const HostTree &wanted) {
  Fd tree(open_copy(wanted, wanted.dir));
  // A copy of the whole mount namespace has what an unbindable mount refuses.
  if (!tree.valid() && errno == EINVAL && wanted.propagation != 0) return clone_by_child(wanted);
  if (!tree.valid() || (wanted.propagation | wanted.set | wanted.clear) == 0) return tree.release();
  unsigned flags = sys::at_empty_path | (wanted.recursive ? sys::at_recursive : 0);
  if (sys::mount_setattr(tree.get(), "", flags, {wanted.set, wanted.clear, wanted.propagation, 0}) == 0)
    return tree.release();
  return errno == ENOSYS ? clone_by_child(wanted) : -1;
}

} // namespace veloci
