#include "init/stager.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/nsfs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "cgroup/own_cgroup.h"
#include "cgroup/cgroupfs.h"
#include "base/procfs.h"
#include "base/sys.h"

namespace veloci {
namespace {

struct Cloned {
  pid_t pid = -1;
  Fd pidfd;
};

// clone(2) for where a seccomp filter refuses clone3(2), whose flags it cannot see. Knows no CLONE_INTO_CGROUP, and
// CLONE_NEWTIME has no bit there.
pid_t clone_by_flags(uint64_t flags, int &pidfd) {
  return static_cast<pid_t>(syscall(SYS_clone, flags, nullptr, &pidfd, nullptr, nullptr));
}

// Init becomes a child of the launcher: CLONE_PARENT, for which the exit signal must be 0.
Cloned clone_init(uint64_t types, int cgroup) {
  int pidfd = -1;
  sys::CloneArguments arguments = {};
  arguments.flags = types | sys::clone_parent | sys::clone_pidfd;
  arguments.pidfd = reinterpret_cast<uintptr_t>(&pidfd);
  if (cgroup >= 0) {
    arguments.flags |= sys::clone_into_cgroup;
    arguments.cgroup = static_cast<uint64_t>(cgroup);
  }
  Cloned cloned;
  cloned.pid = sys::clone3(arguments);
  bool refused = cloned.pid < 0 && (errno == ENOSYS || errno == EPERM);
  if (refused && cgroup < 0 && (types & sys::clone_newtime) == 0) {
    cloned.pid = clone_by_flags(types | sys::clone_parent | sys::clone_pidfd, pidfd);
  }
  if (cloned.pid > 0) cloned.pidfd.reset(pidfd);
  return cloned;
}

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

bool falls_back(int err) {
  return err == EBUSY || err == EACCES || err == EOPNOTSUPP || err == ENODEV || err == ENOSYS || err == EPERM;
}

} // namespace

Outcome Stager::on(const CgroupJoin &op) {
  Fd cgroup(open_own_cgroup(shared_.record, op.dir.mount, op.dir.path, O_PATH | O_DIRECTORY));
  if (!cgroup.valid()) return fail(step::cgroup_join::open, op.dir.mount);
  return join_cgroup(cgroup.get()) ? Outcome::success() : fail(step::cgroup_join::write, op.dir.mount);
}

Outcome Stager::on(const NamespaceJoin &op) {
  Fd file(openat(AT_FDCWD, op.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.valid()) return fail(step::namespace_join::open, op.path);
  struct statfs fs;
  if (fstatfs(file.get(), &fs) < 0) return fail(step::namespace_join::type, op.path);
  bool namespace_file = static_cast<uint64_t>(fs.f_type) == sys::magic_nsfs;
  int type = namespace_file ? ioctl(file.get(), NS_GET_NSTYPE) : -1;
  if (type < 0 || static_cast<uint32_t>(type) != op.type) return fail(step::namespace_join::type, EINVAL, op.path);
  if (!join_before(op.type) || sys::setns(file.get(), op.type) < 0) return fail(step::namespace_join::setns, op.path);
  return Outcome::success();
}

Outcome Stager::on(const NamespaceEnter &op) {
  if (join_before(op.types)) return Common::on(op);
  int err = errno;
  shared_.detail.start(DetailPart::cgroup).add(followed_path_.str());
  return Outcome::failed(step::namespace_enter::cgroup, err);
}

Outcome Stager::on(const TimeOffsets &op) {
  namespace at = step::time_offsets;
  Fd file(open_own_file("self/timens_offsets"));
  if (!file.valid()) return fail(at::open, op.content);
  return write_all(file.get(), op.content.data, op.content.size) ? Outcome::success() : fail(at::write, op.content);
}

Outcome Stager::on(const OomScore &op) {
  namespace at = step::oom_score;
  TextOf<16> value;
  value.add_signed(op.value);
  Fd file(open_own_file("self/oom_score_adj"));
  if (!file.valid()) return fail(at::open, value.str());
  return write_all(file.get(), value.c_str(), value.size()) ? Outcome::success() : fail(at::write, value.str());
}

// Straight system calls: musl's functions would signal threads, of which there are none.
Outcome Stager::on(const IdsRoot &op) {
  if (op.setgroups && syscall(SYS_setgroups, 0, nullptr) < 0) return Outcome::failed(step::ids_root::setgroups);
  if (syscall(SYS_setresgid, 0, 0, 0) < 0) return Outcome::failed(step::ids_root::setresgid);
  if (syscall(SYS_setresuid, 0, 0, 0) < 0) return Outcome::failed(step::ids_root::setresuid);
  // The change of ids has set this to what the kernel's suid_dumpable says.
  prctl(PR_SET_DUMPABLE, 0);
  return Outcome::success();
}

Outcome Stager::on(const CpuAffinity &op) {
  if (!op.mask) {
    // As many processors as a kernel can have. A filter of the caller's may forbid it: then all stays as it was.
    unsigned char all[1024];
    memset(all, 0xff, sizeof all);
    syscall(SYS_sched_setaffinity, 0, sizeof all, all);
    return Outcome::success();
  }
  if (syscall(SYS_sched_setaffinity, 0, op.mask.value.size, op.mask.value.data) == 0) return Outcome::success();
  return Outcome::failed(step::cpu_affinity::affinity);
}

Outcome Stager::on(const ProcessClone &op) {
  Fd cgroup(followed_.release());
  if (op.cgroup) cgroup = static_cast<Fd &&>(shared_.slots[op.cgroup.value.number]);
  Cloned init = clone_init(op.types, cgroup.get());
  if (init.pid < 0 && cgroup.valid() && falls_back(errno)) {
    bool joined = join_cgroup(cgroup.get());
    if (!joined && (op.cgroup || strict_ || geteuid() == 0 || (errno != EACCES && errno != EPERM))) {
      return fail(step::process_clone::clone, errno, "cgroup.procs");
    }
    init = clone_init(op.types, -1);
  }
  if (init.pid < 0) return Outcome::failed(step::process_clone::clone);
  if (init.pid == 0) {
    shared_.is_init = true;
    shared_.clock_skew = clock_offset() - shared_.host_clock_offset;
    // Two looks at two clocks are never quite the same; the offset of a time namespace is no such trifle.
    constexpr int64_t jitter = 1000000;
    if (shared_.clock_skew > -jitter && shared_.clock_skew < jitter) shared_.clock_skew = 0;
    return Outcome::success();
  }
  MessageHeader message;
  message.type = static_cast<uint8_t>(MessageType::pid);
  message.pid = init.pid;
  bool sent = send(message, {}, init.pidfd.get());
  int err = errno;
  // Without its pid nobody could ever end it.
  if (!sent) sys::pidfd_send_signal(init.pidfd.get(), SIGKILL);
  __atomic_store_n(&shared_.record->reported, 1, __ATOMIC_RELEASE);
  syscall(SYS_futex, &shared_.record->reported, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
  if (!sent) return Outcome::failed(step::process_clone::report, err);
  _exit(0);
}

} // namespace veloci
