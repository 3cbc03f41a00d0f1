#include "executor/cgroup/freezer.h"
#include "cgroup/cgroupfs.h"
#include "cgroup/frozen.h"
#include "cgroup/own_cgroup.h"
#include "executor/cgroup/cgroup_signal.h"
#include "executor/cgroup/cgroup_tree.h"
#include "executor/process/process.h"
#include <fcntl.h>
#include <signal.h>

namespace veloci {

namespace {

// The files of both versions: only one of them has each.
constexpr char state_v1[] = "freezer.state", switch_v1[] = "freezer.self_freezing";
constexpr char switch_v2[] = "cgroup.freeze";

// Whether a cgroup is frozen, or shall be, by itself.
bool is_switched_on(int cgroup) {
  TextOf<16> value;
  Fd file(open_below_cgroup(cgroup, switch_v1, O_RDONLY));
  if (!file.valid()) file.reset(open_below_cgroup(cgroup, switch_v2, O_RDONLY));
  return file.valid() && read_small(file.get(), value) && value.c_str()[0] == '1';
}

bool is_freezer(Str mount) {
  const char *slash = strrchr(mount.c_str(), '/');
  return strstr(slash != nullptr ? slash : mount.c_str(), "freezer") != nullptr;
}

// Calls use(cgroup, mount) with the container's cgroup that can freeze: that of the freezer hierarchy, else of v2.
template <class Use> void with_freezer(const Record &record, Use use) {
  RecordCgroup last;
  RecordCgroups groups(record);
  while (groups.next(last) && !is_freezer(last.mount)) {
  }
  // v2 has one hierarchy alone; the record has v1's first.
  Fd cgroup(open_own_cgroup(last, O_PATH | O_DIRECTORY));
  if (cgroup.valid()) use(cgroup.get(), last.mount);
}

// They are frozen and killed, and so cannot end before they are moved: the numbers are their own.
void leave_frozen(int cgroup, Str mount) {
  TextOf<16> above;
  Fd file(open_below_cgroup(cgroup, "freezer.parent_freezing", O_RDONLY));
  if (!file.valid() || !read_small(file.get(), above) || above.c_str()[0] != '1') return;
  uint32_t count = 0;
  signal_processes(cgroup, SIGKILL, count);
  Fd root(open_cgroup_root(mount.c_str(), nullptr));
  Fd members(root.valid() ? open_members(root.get(), {}, false) : -1);
  if (!members.valid()) return;
  for_each_process(cgroup, [&](int pid) {
    TextOf<16> number;
    if (pid > 0) write_cgroup_value(members.get(), number.add_signed(pid).str());
  });
}

} // namespace

bool is_frozen(int cgroup) { return frozen_state(cgroup) == Frozen::yes; }

bool set_frozen(int cgroup, bool frozen) {
  if (write_cgroup_file(cgroup, state_v1, Str::of(frozen ? "FROZEN" : "THAWED"))) return true;
  return errno == ENOENT && write_cgroup_file(cgroup, switch_v2, Str::of(frozen ? "1" : "0"));
}

int await_frozen(int cgroup, bool frozen, Deadline deadline) {
  for (;;) {
    Frozen state = frozen_state(cgroup);
    if (state == Frozen::unknown) return errno;
    if (state == (frozen ? Frozen::yes : Frozen::no)) return 0;
    // v1 looks at its processes, and finds them frozen, only at another write.
    if (!deadline.wait()) return ETIMEDOUT;
  }
}

void thaw(int cgroup) {
  CgroupWalk walk(cgroup);
  for (int at = walk.next(); at >= 0; at = walk.next()) {
    // The kernel looks at all below for each write, and a container can make thousands.
    if (is_switched_on(at)) set_frozen(at, false);
  }
}

void release_killed(int cgroup, Str mount) {
  thaw(cgroup);
  leave_frozen(cgroup, mount);
}

Hold::Hold(int cgroup) {
  holds_ = cgroup >= 0 && is_frozen(cgroup);
  if (cgroup < 0 || holds_ || !set_frozen(cgroup, true)) return;
  cgroup_ = cgroup;
  constexpr uint32_t time_limit = 500; // a process that is stuck in the kernel freezes later
  holds_ = await_frozen(cgroup, true, Deadline(time_limit)) == 0;
}

Hold::~Hold() {
  if (cgroup_ >= 0) set_frozen(cgroup_, false);
}

bool frozen_recorded(const Record &record) {
  bool result = false;
  with_freezer(record, [&](int cgroup, Str) { result = is_frozen(cgroup); });
  return result;
}

void thaw_recorded(const Record &record) {
  with_freezer(record, [](int cgroup, Str) { thaw(cgroup); });
}

bool await_killed(const Record &record, int pidfd, const Deadline &deadline) {
  constexpr int grace = 20; // until a freezer is thought of
  if (pidfd_wait(pidfd, grace)) return true;
  thaw_recorded(record);
  if (pidfd_wait(pidfd, grace)) return true;
  // Others may have moved it away and frozen it. It was signalled and is not gone: the number is still its own.
  TextOf<16> number;
  number.add_signed(record.pid);
  with_freezer(record, [&](int cgroup, Str mount) {
    write_cgroup_file(cgroup, "cgroup.procs", number.str());
    leave_frozen(cgroup, mount);
  });
  return pidfd_wait(pidfd, static_cast<int>(deadline.left()));
}

} // namespace veloci
