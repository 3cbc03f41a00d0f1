#include "executor/cgroup/cgroup.h"
#include "cgroup/cgroupfs.h"
#include "cgroup/own_cgroup.h"
#include "executor/cgroup/cgroup_signal.h"
#include "executor/cgroup/cgroup_tree.h"
#include "executor/cgroup/freezer.h"
#include <fcntl.h>
#include <initializer_list>
#include <signal.h>

namespace veloci {

namespace {

// Reads a small file of a cgroup; false when it can't be read.
bool read_value(int cgroup, const char *name, Text &out) {
  out.clear();
  Fd file(open_below_cgroup(cgroup, name, O_RDONLY));
  return file.valid() && read_small(file.get(), out);
}

// Whether there are processes in a cgroup or below: v2 knows it, v1 is looked through. -1 and errno on failure.
int is_populated(int cgroup) {
  TextOf<256> events;
  if (read_value(cgroup, "cgroup.events", events)) return strstr(events.c_str(), "populated 1") != nullptr;
  CgroupWalk walk(cgroup);
  for (int offset = walk.next(); offset >= 0; offset = walk.next()) {
    ProcessList list(offset);
    if (list.next() >= 0) return 1;
    if (list.error() != 0) return errno = list.error(), -1;
  }
  return walk.error() == 0 ? 0 : (errno = walk.error(), -1);
}

bool kill_at_once(int cgroup) { return write_cgroup_file(cgroup, "cgroup.kill", Str::of("1")); }

// Whether we are in a cgroup ourselves: what freezes it would stop us, too.
bool is_inside(const RecordCgroup &cgroup) {
  Fd file(open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC));
  Buffer own;
  constexpr size_t most = 1 << 20;
  if (!file.valid() || read_all(file.get(), most, own) != 0) return true;
  return memmem(own.data(), own.size(), cgroup.path.data, cgroup.path.size) != nullptr;
}

// Signals once whoever is there. `whole`: nobody can have escaped by a fork or a move meanwhile. 0 or an errno.
int signal_once(int cgroup, const RecordCgroup &own, int signal, const FreezerCgroup *freezer, bool &whole) {
  Fd frozen = open_freezer(freezer);
  int err = 0;
  whole = signal == SIGKILL && kill_at_once(cgroup);
  if (!whole) {
    const bool inside = is_inside(own);
    Hold hold(inside ? -1 : frozen.get(), freezer != nullptr ? freezer->version : FreezerVersion{});
    whole = inside || hold.holds();
    uint32_t count = 0;
    err = signal_processes(cgroup, signal, count);
  }
  if (signal == SIGKILL && frozen.valid()) release_killed(frozen.get(), *freezer);
  return err;
}

} // namespace

bool has_processes(const RecordCgroup &own) {
  Fd cgroup(open_own_cgroup(own, O_PATH | O_DIRECTORY));
  return cgroup.valid() && is_populated(cgroup.get()) > 0;
}

int signal_cgroup(const RecordCgroup &own, int signal, const FreezerCgroup *freezer, Deadline deadline) {
  Fd cgroup(open_own_cgroup(own, O_PATH | O_DIRECTORY));
  if (!cgroup.valid()) return errno;
  bool whole;
  int err = signal_once(cgroup.get(), own, signal, freezer, whole);
  return err == 0 && signal == SIGKILL && !whole ? kill_cgroup(own, freezer, deadline) : err;
}

int kill_cgroup(const RecordCgroup &own, const FreezerCgroup *freezer, Deadline deadline) {
  Fd cgroup(open_own_cgroup(own, O_PATH | O_DIRECTORY));
  if (!cgroup.valid()) return is_gone(errno) ? 0 : errno;
  for (;;) {
    // Most are empty already: the init has ended, and its pid namespace with it.
    int populated = is_populated(cgroup.get());
    if (populated <= 0) return populated == 0 ? 0 : errno;
    bool whole;
    if (int err = signal_once(cgroup.get(), own, SIGKILL, freezer, whole); err != 0) return err;
    if (!deadline.wait()) return is_populated(cgroup.get()) == 0 ? 0 : ETIMEDOUT;
  }
}

bool out_of_memory_recorded(const Record &record) {
  RecordCgroup own;
  RecordCgroups groups(record);
  while (groups.next(own)) {
    Fd cgroup(open_own_cgroup(own, O_PATH | O_DIRECTORY));
    if (!cgroup.valid()) continue;
    for (const char *name : {"memory.oom_control", "memory.events"}) {
      TextOf<512> text;
      if (!read_value(cgroup.get(), name, text)) continue;
      constexpr char key[] = "oom_kill ";
      for (const char *cursor = strstr(text.c_str(), key); cursor != nullptr; cursor = strstr(cursor + 1, key)) {
        bool whole = cursor == text.c_str() || cursor[-1] == '\n';
        if (whole && cursor[sizeof key - 1] != '0') return true;
      }
    }
  }
  return false;
}

} // namespace veloci
