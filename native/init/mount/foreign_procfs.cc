#include "init/mount/foreign_procfs.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/architecture.h"
#include "base/sys.h"
#include "channel/message.h"
#include "init/mount/host_mounts.h"

namespace veloci {
namespace {

constexpr unsigned long pidfd_get_pid_namespace = 0xff05; // Linux 6.11
constexpr unsigned fsconfig_set_fd = 5;

// Since Linux 6.17.
bool choose(int fs, int pids) {
  Fd named(ioctl(pids, pidfd_get_pid_namespace, 0));
  return sys::fsconfig(fs, fsconfig_set_fd, "pidns", nullptr, named.valid() ? named.get() : pids) == 0;
}

// Leaves everything of the host behind: what is made after it is seen by whoever lives in the pid namespace.
bool leave_all(int pids, int socket) {
  Fd empty(mount_empty());
  if (!empty.valid() || sys::setns(pids, sys::clone_newpid) < 0) return false;
  if (sys::unshare(sys::clone_newuser | sys::clone_newns) < 0) return false;
  Fd root(openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid() || sys::move_mount(empty.get(), root.get()) < 0 || fchdir(empty.get()) < 0) return false;
  if (sys::pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) return false;
  return dup2(socket, 0) == 0 && sys::close_range(1, ~0u, 0) == 0;
}

// Who holds what is seen there by ptrace(2) gains no call by it: it may do what follows and nothing else, whatever
// filter the others have.
constexpr sock_filter confined[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, native_architecture, 0, 6),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 5, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fsopen, 4, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 3, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_wait4, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

// In a child of the child: procfs shows the pid namespace of the process that opens it.
[[noreturn]] void open_inside(int pids, int socket) {
  const sock_fprog program = {sizeof confined / sizeof *confined, const_cast<sock_filter *>(confined)};
  if (leave_all(pids, socket) && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0) {
    long child = syscall(SYS_clone, 0, nullptr, nullptr, nullptr, nullptr);
    if (child == 0) {
      int fs = sys::fsopen("proc", sys::fsopen_cloexec);
      if (fs >= 0) send_message(0, {}, {}, fs);
      _exit(0);
    }
    // Else it would stay there as a zombie.
    syscall(SYS_wait4, child, nullptr, __WALL, nullptr);
  }
  _exit(1);
}

} // namespace

int fsopen_procfs_of(int pids) {
  Fd fs(sys::fsopen("proc", sys::fsopen_cloexec));
  if (!fs.valid() || choose(fs.get(), pids)) return fs.release();
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return -1;
  Fd ours(pair[0]), theirs(pair[1]);
  long child = syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child < 0) return -1;
  if (child == 0) open_inside(pids, theirs.get());
  theirs.reset();
  MessageHeader unused;
  char detail;
  bool received = receive_large(ours.get(), unused, &detail, 1, fs) == Received::message && fs.valid();
  syscall(SYS_wait4, child, nullptr, 0, nullptr);
  if (received) return fs.release();
  errno = EOPNOTSUPP;
  return -1;
}

} // namespace veloci
