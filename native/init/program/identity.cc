// Ids, capabilities, session: straight system calls, since musl's functions would signal threads, of which there are
// none.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <termios.h>

#include "base/sys.h"
#include "init/init.h"
#include "init/program/listener.h"
#include "plan/fill.h"

namespace veloci {
namespace {

constexpr unsigned long capability_max = 63;
constexpr mode_t default_umask = 022;

long set_capability_bounds(unsigned long number) { return prctl(PR_CAPBSET_DROP, number, 0, 0, 0); }

bool is_null(const struct stat &status) { return S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3); }

// Pipes and terminals; never the null device, which belongs to all, nor files.
bool is_stream(int fd, const struct stat &status) {
  if (S_ISFIFO(status.st_mode)) return true;
  termios terminal;
  return S_ISCHR(status.st_mode) && !is_null(status) && ioctl(fd, TCGETS, &terminal) == 0;
}

// The caller's null device lies outside of the container, where a checkpoint cannot follow: the container's own takes
// its place. Where there is none it stays.
void own_null(int fd) {
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return;
  Fd own(open("/dev/null", (flags & O_ACCMODE) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status;
  if (!own.valid() || fstat(own.get(), &status) < 0 || !is_null(status)) return;
  fcntl(own.get(), F_SETFL, flags);
  dup2(own.get(), fd);
}

} // namespace

Outcome Init::on(const SessionNew &op) {
  namespace steps = step::session_new;
  if (setsid() < 0) return Outcome::failed(steps::setsid);
  if (!op.keyring) return Outcome::success();
  // By a name that others can guess they could have made it before us; and whoever has the same uid could link it.
  constexpr unsigned possessor_alone = 0x3f000000;
  long key = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr, 0, 0, 0);
  if (key >= 0) key = syscall(SYS_keyctl, KEYCTL_SETPERM, key, possessor_alone, 0, 0);
  return key >= 0 || errno == ENOSYS ? Outcome::success() : Outcome::failed(steps::keyring);
}

Outcome Init::on(const StdioOwn &op) {
  for (int fd = 0; fd <= 2; fd++) {
    struct stat status;
    if (fstat(fd, &status) < 0) return Outcome::failed(step::stdio_own::fchown);
    if (is_null(status)) {
      own_null(fd);
      continue;
    }
    if ((status.st_uid == op.uid && (!op.gid || status.st_gid == op.gid.value)) || !is_stream(fd, status)) continue;
    // A read-only file system or an owner that has no number here: it stays as it is.
    if (fchown(fd, op.uid, op.gid ? op.gid.value : static_cast<gid_t>(-1)) < 0 && errno != EPERM && errno != EINVAL &&
        errno != EROFS) {
      return Outcome::failed(step::stdio_own::fchown);
    }
  }
  return Outcome::success();
}

Outcome Init::on(const BoundingDrop &op) {
  for (unsigned long number = 0; number <= capability_max; number++) {
    if (op.bounding >> number & 1) continue;
    if (set_capability_bounds(number) == 0) continue;
    if (errno == EINVAL) break; // beyond the last one that the kernel knows
    int err = errno;
    if (prctl(PR_CAPBSET_READ, number, 0, 0, 0) != 0) return Outcome::failed(step::caps_bound::drop, err);
  }
  return Outcome::success();
}

Outcome Init::on(const IdsSet &op) {
  namespace steps = step::ids_set;
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) return Outcome::failed(steps::keepcaps);
  if (op.setgroups) {
    Pages memory;
    uint32_t count = 0;
    if (!op.groups.empty() && !memory.allocate(op.groups.size() * sizeof(uint32_t)))
      return Outcome::failed(steps::setgroups);
    for (uint32_t group : op.groups) memory.data<uint32_t>()[count++] = group;
    if (syscall(SYS_setgroups, count, memory.data()) < 0) return Outcome::failed(steps::setgroups);
  }
  if (syscall(SYS_setresgid, op.gid, op.gid, op.gid) < 0) return Outcome::failed(steps::setresgid);
  if (syscall(SYS_setresuid, op.uid, op.uid, op.uid) < 0) return Outcome::failed(steps::setresuid);
  // The change of ids has set this to what the kernel's suid_dumpable says.
  prctl(PR_SET_DUMPABLE, 0);
  if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0) return Outcome::failed(steps::keepcaps);
  umask(op.umask ? op.umask.value & 0777 : default_umask);
  return Outcome::success();
}

Outcome Init::on(const CapsSet &op) {
  namespace steps = step::caps_set;
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  auto low = [](uint64_t bits) { return static_cast<uint32_t>(bits); };
  auto high = [](uint64_t bits) { return static_cast<uint32_t>(bits >> 32); };
  __user_cap_data_struct data[2] = {
      {low(op.effective), low(op.permitted), low(op.inheritable)},
      {high(op.effective), high(op.permitted), high(op.inheritable)},
  };
  if (syscall(SYS_capset, &header, data) < 0) return Outcome::failed(steps::capset);
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) return Outcome::failed(steps::ambient_clear);
  for (unsigned long number = 0; number <= capability_max; number++) {
    if (!(op.ambient >> number & 1)) continue;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) < 0) return Outcome::failed(steps::ambient);
  }
  return Outcome::success();
}

Outcome Init::on(const NamespaceEnter &op) {
  // That of the container does not know us, before process.enter.
  if (needs_procfs()) procfs();
  int target = shared_.slots[op.slot.number].get();
  uint64_t types = op.types;
  if ((types & sys::clone_newpid) != 0 && hands_listener_over()) {
    // The kernel lets nobody into a time namespace who shares memory.
    if ((types & sys::clone_newtime) != 0) {
      if (sys::setns(target, types & ~sys::clone_newpid) < 0) return Outcome::failed(step::namespace_enter::setns);
      types = sys::clone_newpid;
    }
    prepare_handover();
  }
  bool entered = sys::setns(target, types) == 0;
  return entered ? Outcome::success() : Outcome::failed(step::namespace_enter::setns);
}

// By clone(2), which filters know: one may be loaded already.
Outcome Init::on(const ProcessEnter &) {
  namespace steps = step::process_enter;
  int pidfd = -1;
  constexpr uint64_t flags = sys::clone_parent | sys::clone_pidfd;
  long pid = sys::passing(SYS_clone, flags, nullptr, &pidfd, nullptr);
  if (pid < 0) return Outcome::failed(steps::clone);
  if (!goes_on(static_cast<pid_t>(pid), pidfd)) return Outcome::failed(steps::report);
  name_itself();
  if (sys::passing(SYS_setsid) < 0) return Outcome::failed(steps::setsid);
  bool taken = !has_terminal_ || sys::passing(SYS_ioctl, STDIN_FILENO, TIOCSCTTY, 0) == 0;
  return taken ? Outcome::success() : Outcome::failed(steps::terminal);
}

Outcome Init::on(const PrivilegesNone &) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return Outcome::failed(step::privileges_none::prctl);
  return Outcome::success();
}

} // namespace veloci
