#include "executor/cgroup/freezer.h"
#include "cgroup/cgroupfs.h"
#include "cgroup/own_cgroup.h"
#include "executor/cgroup/cgroup_signal.h"
#include "executor/cgroup/cgroup_tree.h"
#include "process/process.h"
#include <fcntl.h>
#include <signal.h>

namespace veloci {

namespace {

// The file of a hierarchy's root that takes processes.
Fd open_root_members(Str mount) {
  bool v2;
  Fd root(open_cgroup_root(mount.c_str(), &v2));
  return Fd(root.valid() ? open_members(root.get(), {}, v2) : -1);
}

void move_to(const Fd &members, int pid) {
  TextOf<16> number;
  write_cgroup_value(members.get(), number.add_signed(pid).str());
}

// They are frozen and killed, and so cannot end before they are moved: the numbers are their own.
void leave_frozen(int cgroup, const FreezerCgroup &freezer) {
  if (!is_frozen_above(cgroup, freezer.version)) return;
  uint32_t count = 0;
  signal_processes(cgroup, SIGKILL, count);
  Fd members = open_root_members(freezer.cgroup.mount);
  if (!members.valid()) return;
  for_each_process(cgroup, [&](int pid) {
    if (pid > 0) move_to(members, pid);
  });
}

} // namespace

Fd open_freezer(const FreezerCgroup *freezer, Hierarchy *known) {
  return Fd(freezer != nullptr ? open_own_cgroup(freezer->cgroup, O_PATH | O_DIRECTORY, known) : -1);
}

int await_frozen(int cgroup, FreezerVersion version, bool frozen, Deadline deadline) {
  for (;;) {
    Frozen state = frozen_state(cgroup, version);
    if (state == Frozen::unknown) return errno;
    if (state == (frozen ? Frozen::yes : Frozen::no)) return 0;
    // v1 looks at its processes, and finds them frozen, only at another write.
    if (!deadline.wait()) return ETIMEDOUT;
  }
}

void thaw(int cgroup, FreezerVersion version) {
  CgroupWalk walk(cgroup);
  for (int offset = walk.next(); offset >= 0; offset = walk.next()) {
    // The kernel looks at all below for each write, and a container can make thousands.
    if (is_switched_on(offset, version)) set_frozen(offset, version, false);
  }
}

void release_killed(int cgroup, const FreezerCgroup &freezer) {
  thaw(cgroup, freezer.version);
  leave_frozen(cgroup, freezer);
}

Hold::Hold(int cgroup, FreezerVersion version) : version_(version) {
  holds_ = cgroup >= 0 && frozen_state(cgroup, version) == Frozen::yes;
  if (cgroup < 0 || holds_ || !set_frozen(cgroup, version, true)) return;
  cgroup_ = cgroup;
  constexpr uint32_t time_limit = 500; // a process that is stuck in the kernel freezes later
  holds_ = await_frozen(cgroup, version, true, Deadline(time_limit)) == 0;
}

Hold::~Hold() {
  if (cgroup_ >= 0) set_frozen(cgroup_, version_, false);
}

int read_frozen(const Record &record, bool &frozen, Hierarchy *known) {
  frozen = false;
  FreezerCgroup freezer;
  if (!find_freezer(record, freezer)) return 0;
  Fd cgroup = open_freezer(&freezer, known);
  Frozen state = cgroup.valid() ? frozen_state(cgroup.get(), freezer.version) : Frozen::unknown;
  frozen = state == Frozen::yes;
  bool readable = state != Frozen::unknown || is_gone(errno) || is_blind(errno) || errno == ENODEV || errno == EACCES;
  return readable ? 0 : errno;
}

bool await_killed(int pid, const FreezerCgroup *freezer, int pidfd, const Deadline &deadline) {
  constexpr int grace = 20; // until a freezer is thought of
  if (pidfd_wait(pidfd, grace)) return true;
  Fd cgroup = open_freezer(freezer);
  if (!cgroup.valid()) return pidfd_wait(pidfd, static_cast<int>(deadline.remaining()));
  thaw(cgroup.get(), freezer->version);
  if (pidfd_wait(pidfd, grace)) return true;
  // Others may have moved it away and frozen it. It was signalled and is not gone: the number is still its own.
  TextOf<16> number;
  write_cgroup_file(cgroup.get(), "cgroup.procs", number.add_signed(pid).str());
  leave_frozen(cgroup.get(), *freezer);
  return pidfd_wait(pidfd, static_cast<int>(deadline.remaining()));
}

void leave_freezer(const Context &context) {
  FreezerCgroup freezer;
  bool joins = context.record != nullptr && context.record != context.report;
  if (!joins || !find_freezer(*context.record, freezer) || freezer.version != FreezerVersion::v1) return;
  Fd members = open_root_members(freezer.cgroup.mount);
  if (!members.valid()) return;
  const int ours[] = {context.stager.pid, context.init.pid};
  for (int pid : ours) {
    if (pid <= 0) continue;
    kill(pid, SIGKILL); // ours and not yet waited for; it must not go on when it thaws
    move_to(members, pid);
  }
}

} // namespace veloci
