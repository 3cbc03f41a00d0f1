#include "launcher/verb/removal.h"
#include "cgroup/cgroupfs.h"
#include "base/sys.h"
#include "executor/cgroup/cgroup.h"
#include "executor/cgroup/freezer.h"
#include "file/files.h"
#include "process/process.h"
#include "executor/state/state.h"
#include "launcher/door/stored.h"
#include "cgroup/own_cgroup.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr uint32_t cgroup_milliseconds = 2000;

// Calls use(cgroup) for each cgroup of a record.
template <class Use> void for_each_cgroup(const Record &record, Use use) {
  RecordCgroups groups(record);
  RecordCgroup cgroup;
  while (groups.next(cgroup)) use(cgroup);
}

// Whether the cgroups have ended with the system that had them: it has been booted anew, without this hierarchy.
bool is_past(const Record &record, int err) { return err == ENODEV && check_boot(record) == ESRCH; }

// Opens a pidfd of init: 0; ESRCH when it has ended; or another errno.
int open_init(const Record &record, Fd &pidfd) {
  int err = check_boot(record);
  return err != 0 ? err : open_identified(record.pid, record.start_time, pidfd);
}

// Whether a process runs the same command as we do.
bool is_same_command(int pid) {
  TextOf<64> own, other, path;
  Fd file(open("/proc/self/comm", O_RDONLY | O_CLOEXEC));
  if (!file.valid() || !read_small(file.get(), own)) return false;
  file.reset(open(path.add("/proc/").add_signed(pid).add("/comm").c_str(), O_RDONLY | O_CLOEXEC));
  return file.valid() && read_small(file.get(), other) && own.str() == other.str();
}

// A create that died may have asked systemd for a unit: systemd may not have begun with it yet, and does not notice
// when others remove the cgroup of one that it has made.
void end_unit(Invocation &invocation) {
  StoredPlan stored;
  if (try_stored_plan(invocation, stored) == 0) run_kind(invocation.context, ProgramName::delete_, code::dbus_send);
}

// systemd removes what it has made once that is empty. It does not notice that the unit has ended when somebody else is
// faster, and it is not there to be waited for when it has been stopped.
void await_maker(const Record &record) {
  Deadline deadline(cgroup_milliseconds);
  for_each_cgroup(record, [&](const RecordCgroup &cgroup) {
    if (cgroup.preexisting || cgroup.inode == cgroup_unrecorded) return;
    for (;;) {
      Fd directory(open_own_cgroup(cgroup, O_RDONLY | O_DIRECTORY));
      if (!directory.valid() || has_created_mark(directory.get()) || !deadline.wait()) return;
    }
  });
}

} // namespace

int signal_recorded(Context &context, const Deadline &deadline) {
  const Record &record = *context.record;
  Fd pidfd;
  int err = open_init(record, pidfd);
  if (err == 0 && sys::pidfd_send_signal(pidfd.get(), context.signal) != 0) err = errno;
  if (!context.signal_all && context.signal != SIGKILL) return err;
  FreezerCgroup freezer;
  const FreezerCgroup *freezes = find_freezer(record, freezer) ? &freezer : nullptr;
  for_each_cgroup(record, [&](const RecordCgroup &cgroup) {
    // Init may have left them behind.
    if (err == ESRCH && has_processes(cgroup)) err = 0;
    signal_cgroup(cgroup, context.signal, freezes, deadline);
  });
  return err;
}

int end_recorded(Invocation &invocation) {
  Context &context = invocation.context;
  const Record &record = *context.record;
  auto alive = [&] {
    return invocation.fail(KillFailed{.id = context.id, .seconds = NumberText(ending_milliseconds / 1000)});
  };
  const Deadline deadline(ending_milliseconds, context.ending);
  context.signal = SIGKILL;
  signal_recorded(context, deadline);
  FreezerCgroup freezer;
  const FreezerCgroup *freezes = find_freezer(record, freezer) ? &freezer : nullptr;
  Fd pidfd;
  int unopened = open_init(record, pidfd);
  if (unopened == 0 && !await_killed(record.pid, freezes, pidfd.get(), deadline)) return alive();
  // Stager and init of a create that died are in these cgroups too.
  int err = 0;
  for_each_cgroup(record, [&](const RecordCgroup &cgroup) {
    int failed = kill_cgroup(cgroup, freezes, deadline);
    if (failed != 0 && !is_past(record, failed)) err = failed;
  });
  if (err == ETIMEDOUT) return alive();
  if (err != 0) return invocation.fail(CgroupRemains{.id = context.id, .errno_ = ErrnoText(err)});
  // By its cgroup it may have ended nevertheless.
  if (unopened != 0 && unopened != ESRCH && !is_ending(record.pid, record.start_time))
    return invocation.fail(SystemCall{.what = what::open_process, .errno_ = ErrnoText(unopened)});
  return 0;
}

int remove_recorded(Invocation &invocation) {
  Context &context = invocation.context;
  if (context.record != nullptr) {
    const Record &record = *context.record;
    if (int code = end_recorded(invocation); code != 0) return code;
    if (record_stage(record) == Stage::creating) end_unit(invocation);
    await_maker(record);
    int err = 0;
    for_each_cgroup(record, [&](const RecordCgroup &cgroup) {
      int failed = remove_cgroup(cgroup, cgroup_milliseconds);
      if (failed != 0 && !is_past(record, failed)) err = failed;
    });
    // The record stays: it names what is left.
    if (err != 0) return invocation.fail(CgroupRemains{.id = context.id, .errno_ = ErrnoText(err)});
  }
  Outcome removed = remove_state(context);
  if (removed.ok()) return 0;
  return invocation.fail(diagnostic::StateRemove{.errno_ = ErrnoText(removed.err)});
}

void kill_lock_holder(int dir) {
  struct stat info;
  if (fstat(dir, &info) != 0) return;
  // `1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF`
  char identity[48];
  snprintf(identity, sizeof identity, " %02x:%02x:%llu ", major(info.st_dev), minor(info.st_dev),
           static_cast<unsigned long long>(info.st_ino));
  Fd file(open("/proc/locks", O_RDONLY | O_CLOEXEC));
  constexpr size_t locks_max = 64 << 20;
  Buffer locks;
  if (!file.valid() || read_all(file.get(), locks_max, locks) != 0) return;
  for (const char *line = locks.str().c_str(); *line != 0;) {
    const char *end = strchrnul(line, '\n');
    const char *place = strstr(line, identity);
    if (place != nullptr && place < end && strstr(line, "FLOCK") != nullptr && strstr(line, "FLOCK") < end) {
      const char *number = place;
      while (number > line && number[-1] >= '0' && number[-1] <= '9') number--;
      int pid = 0;
      for (; *number >= '0' && *number <= '9'; number++) pid = pid * 10 + (*number - '0');
      if (pid > 1 && pid != getpid()) {
        Fd pidfd(sys::pidfd_open(pid, 0));
        // The check comes after the pidfd: the number may have passed to a stranger before.
        if (pidfd.valid() && is_same_command(pid)) sys::pidfd_send_signal(pidfd.get(), SIGKILL);
      }
    }
    line = *end == 0 ? end : end + 1;
  }
}

} // namespace veloci
