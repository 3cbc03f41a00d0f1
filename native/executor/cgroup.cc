#include "executor/cgroup.h"
#include "base/cgroupfs.h"
#include "executor/cgroup_signal.h"
#include "executor/directory.h"
#include "executor/patience.h"
#include "executor/process.h"
#include <fcntl.h>
#include <initializer_list>
#include <sys/stat.h>

namespace veloci {

namespace {

constexpr unsigned deepest = 32;

Str trimmed(const Text &text) {
  Str value = text.str();
  while (value.size > 0 && value.data[value.size - 1] == '\n') value.size--;
  return value;
}

// Reads a small file of a cgroup; false when it can't be read.
bool read_value(int cgroup, const char *name, Text &out) {
  out.clear();
  Fd file(open_below_cgroup(cgroup, name, O_RDONLY));
  return file.valid() && read_small(file.get(), out);
}

// Calls visit(Fd &) for the child cgroups of a directory, then visit_self is the caller's business.
template <class Visit> int for_each_child(int cgroup, Visit visit) {
  Fd listing(open_below_cgroup(cgroup, "", O_RDONLY | O_DIRECTORY));
  if (!listing.valid()) return errno;
  return for_each_entry(listing.get(), [&](const char *name) {
    struct stat info;
    if (fstatat(listing.get(), name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode)) visit(listing.get(), name);
  });
}

int remove_tree(int parent, const char *name, unsigned depth) {
  if (depth > deepest) return ELOOP;
  if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
  int err = errno;
  if (err != EBUSY && err != ENOTEMPTY) return err;
  Fd cgroup(open_below_cgroup(parent, name, O_PATH | O_DIRECTORY));
  if (!cgroup.valid()) return errno == ENOENT ? 0 : errno;
  bool had_children = false;
  for_each_child(cgroup.get(), [&](int directory, const char *child) {
    had_children = true;
    remove_tree(directory, child, depth + 1);
  });
  if (!had_children) return err;
  return unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : errno;
}

// Opens the directory above a cgroup; `name` is its last component. -1 and errno on failure.
int open_parent(const CgroupDir &dir, const char *&name) {
  const char *path = dir.path.c_str();
  const char *slash = strrchr(path, '/');
  name = slash != nullptr ? slash + 1 : path;
  TextOf<4096> above;
  if (slash != nullptr) above.add(path, static_cast<size_t>(slash - path));
  if (name[0] == 0 || strcmp(name, "..") == 0 || strcmp(name, ".") == 0 || !above.complete()) {
    // Never the hierarchy's root.
    errno = EINVAL;
    return -1;
  }
  return open_cgroup(dir.mount.c_str(), above.c_str(), O_PATH | O_DIRECTORY);
}

bool is_freezer(Str mount) {
  const char *slash = strrchr(mount.c_str(), '/');
  return strstr(slash != nullptr ? slash : mount.c_str(), "freezer") != nullptr;
}

// Calls use(cgroup) with the container's cgroup that can freeze: that of the freezer hierarchy, else of v2.
template <class Use> void with_freezer(const Record &record, Use use) {
  Str mount, path, last_mount, last_path;
  RecordCgroups groups(record);
  while (groups.next(mount, path)) {
    last_mount = mount;
    last_path = path;
    if (is_freezer(mount)) break;
  }
  // v2 has one hierarchy alone; the record has v1's first.
  if (last_mount.empty()) return;
  Fd cgroup(open_cgroup(last_mount.c_str(), last_path.c_str(), O_PATH | O_DIRECTORY));
  if (cgroup.valid()) use(cgroup.get());
}

void thaw(int cgroup) {
  if (!write_cgroup_file(cgroup, "freezer.state", Str::of("THAWED"))) write_cgroup_file(cgroup, "cgroup.freeze", Str::of("0"));
}

// By itself, or by a cgroup above.
bool frozen(int cgroup) {
  TextOf<64> state;
  if (read_value(cgroup, "freezer.state", state)) return trimmed(state) == Str::of("FROZEN");
  return read_value(cgroup, "cgroup.events", state) && strstr(state.c_str(), "frozen 1") != nullptr;
}

} // namespace

int signal_cgroup(const CgroupDir &dir, int signal) {
  Fd cgroup(open_cgroup(dir.mount.c_str(), dir.path.c_str(), O_PATH | O_DIRECTORY));
  if (!cgroup.valid()) return errno == ENOENT ? 0 : errno;
  if (signal == SIGKILL && write_cgroup_file(cgroup.get(), "cgroup.kill", Str::of("1"))) return 0;
  uint32_t count = 0;
  return signal_processes(cgroup.get(), signal, count);
}

int kill_cgroup(const CgroupDir &dir, const CgroupDir *freezer, uint32_t milliseconds) {
  Fd cgroup(open_cgroup(dir.mount.c_str(), dir.path.c_str(), O_PATH | O_DIRECTORY));
  if (!cgroup.valid()) return errno == ENOENT ? 0 : errno;
  uint32_t count = 0;
  // Most are empty already: the init has ended, and its pid namespace with it.
  if (int err = signal_processes(cgroup.get(), 0, count); err != 0 || count == 0) return err;
  if (write_cgroup_file(cgroup.get(), "cgroup.kill", Str::of("1"))) {
    count = 1;
  } else if (freezer != nullptr) {
    // What is frozen can't fork away from the list.
    Fd frozen_cgroup(open_cgroup(freezer->mount.c_str(), freezer->path.c_str(), O_PATH | O_DIRECTORY));
    if (frozen_cgroup.valid()) write_cgroup_file(frozen_cgroup.get(), "freezer.state", Str::of("FROZEN"));
  }
  Patience patience(milliseconds);
  for (;;) {
    if (int err = signal_processes(cgroup.get(), SIGKILL, count); err != 0) return err;
    if (freezer != nullptr) thaw_cgroup(*freezer);
    if (count == 0) return 0;
    if (!patience.wait()) return ETIMEDOUT;
  }
}

int remove_cgroup(const CgroupDir &dir, uint32_t milliseconds) {
  const char *name = nullptr;
  Fd parent(open_parent(dir, name));
  if (!parent.valid()) return errno == ENOENT ? 0 : errno;
  Patience patience(milliseconds);
  for (;;) {
    int err = remove_tree(parent.get(), name, 0);
    if (err != EBUSY && err != ENOTEMPTY) return err;
    if (!patience.wait()) return err;
  }
}

void remove_above(const CgroupDir &dir, unsigned count) {
  Str path = dir.path;
  for (; count > 0; count--) {
    while (path.size > 0 && path.data[path.size - 1] != '/') path.size--;
    if (path.size <= 1) return;
    path.size--;
    TextOf<4096> text;
    text.add(path);
    const char *name = nullptr;
    Fd parent(open_parent({dir.mount, text.str()}, name));
    if (!parent.valid() && errno != ENOENT) return;
    if (parent.valid() && unlinkat(parent.get(), name, AT_REMOVEDIR) != 0 && errno != ENOENT) return;
  }
}

void thaw_cgroup(const CgroupDir &dir) {
  Fd cgroup(open_cgroup(dir.mount.c_str(), dir.path.c_str(), O_PATH | O_DIRECTORY));
  if (cgroup.valid()) thaw(cgroup.get());
}

bool out_of_memory_recorded(const Record &record) {
  Str mount, path;
  RecordCgroups groups(record);
  while (groups.next(mount, path)) {
    Fd cgroup(open_cgroup(mount.c_str(), path.c_str(), O_PATH | O_DIRECTORY));
    if (!cgroup.valid()) continue;
    for (const char *name : {"memory.oom_control", "memory.events"}) {
      TextOf<512> text;
      if (!read_value(cgroup.get(), name, text)) continue;
      constexpr char key[] = "oom_kill ";
      for (const char *at = strstr(text.c_str(), key); at != nullptr; at = strstr(at + 1, key)) {
        bool whole = at == text.c_str() || at[-1] == '\n';
        if (whole && at[sizeof key - 1] != '0') return true;
      }
    }
  }
  return false;
}

bool frozen_recorded(const Record &record) {
  bool result = false;
  with_freezer(record, [&](int cgroup) { result = frozen(cgroup); });
  return result;
}

void thaw_recorded(const Record &record) { with_freezer(record, thaw); }

bool await_killed(const Record &record, int pidfd, int milliseconds) {
  constexpr int grace = 20; // until a freezer is thought of
  if (pidfd_wait(pidfd, grace)) return true;
  thaw_recorded(record);
  if (pidfd_wait(pidfd, grace)) return true;
  // Others may have moved it away and frozen it. It was signalled and is not gone: the number is still its own.
  TextOf<16> number;
  number.add_signed(record.pid);
  with_freezer(record, [&](int cgroup) { write_cgroup_file(cgroup, "cgroup.procs", number.str()); });
  return pidfd_wait(pidfd, milliseconds);
}

} // namespace veloci
