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

bool falls_back(int err) {
  return err == EBUSY || err == EACCES || err == EOPNOTSUPP || err == ENODEV || err == ENOSYS || err == EPERM;
}

} // namespace

bool Stager::join_followed(const List<int32_t> &stay_on) {
  for (uint32_t i = 0; i < shared_.member_count; i++) {
    int member = shared_.members[i].get();
    if (i == shared_.unified) continue;
    if (!write_cgroup_value(member, Str::of("0")) && !stay_on.has(errno)) return false;
  }
  close_members();
  return true;
}

Outcome Stager::on(const OomScore &op) {
  namespace steps = step::oom_score;
  TextOf<16> value;
  value.add_signed(op.value);
  Fd file(open_own_file("self/oom_score_adj"));
  if (!file.valid()) return fail(steps::open, value.str());
  return write_all(file.get(), value.c_str(), value.size()) ? Outcome::success() : fail(steps::write, value.str());
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
  namespace steps = step::process_clone;
  Fd opened;
  int cgroup = -1;
  if (op.cgroup) {
    opened = static_cast<Fd &&>(shared_.slots[op.cgroup.value.number]);
    cgroup = opened.get();
  } else if (follows_ && shared_.unified < shared_.member_count) {
    cgroup = shared_.members[shared_.unified].get();
  }
  // Linux 6.14 and later kill who is cloned into a cgroup from another one when either was ever emptied by cgroup.kill:
  // one that was there before may have been.
  Cloned init;
  errno = EBUSY;
  if (cgroup < 0 || shared_.record == nullptr || shared_.record->preexisting_cgroups == 0)
    init = clone_init(op.types, cgroup);
  if (init.pid < 0 && cgroup >= 0 && falls_back(errno)) {
    bool joined = join_cgroup(cgroup);
    if (!joined && op.cgroup) return fail(steps::clone, errno, "cgroup.procs");
    if (!joined && !op.stay_on.has(errno)) return Outcome::failed(steps::cgroup);
    init = clone_init(op.types, -1);
  }
  if (init.pid < 0) return Outcome::failed(steps::clone);
  if (!goes_on(init.pid, init.pidfd.get())) return Outcome::failed(steps::report);
  return !follows_ || join_followed(op.stay_on) ? Outcome::success() : Outcome::failed(steps::cgroup);
}

} // namespace veloci
