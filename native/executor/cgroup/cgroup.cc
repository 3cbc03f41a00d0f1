#include "executor/cgroup/cgroup.h"
#include "cgroup/cgroupfs.h"
#include "executor/cgroup/cgroup_signal.h"
#include "executor/cgroup/cgroup_tree.h"
#include "executor/patience.h"
#include "executor/process/process.h"
#include "cgroup/own_cgroup.h"
#include <fcntl.h>
#include <initializer_list>
#include <sys/stat.h>

namespace veloci {

namespace {

// Links of the directory of a cgroup that has none below it.
constexpr nlink_t without_children = 2;

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
    if (fstatat(listing.get(), name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode))
      visit(listing.get(), name);
  });
}

int remove_tree_at(int parent, const char *name, unsigned depth) {
  if (depth > cgroup_tree_depth) return ELOOP;
  if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
  int err = errno;
  if (err != EBUSY && err != ENOTEMPTY) return err;
  Fd cgroup(open_below_cgroup(parent, name, O_PATH | O_DIRECTORY));
  if (!cgroup.valid()) return errno == ENOENT ? 0 : errno;
  bool had_children = false;
  for_each_child(cgroup.get(), [&](int directory, const char *child) {
    had_children = true;
    remove_tree_at(directory, child, depth + 1);
  });
  if (!had_children) return err;
  return unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : errno;
}

// The path above another; empty = the hierarchy's root. `name` is its last component.
Str above_of(Str path, Str &name) {
  uint32_t slash = path.size;
  while (slash > 0 && path.data[slash - 1] != '/') slash--;
  name = {path.data + slash, path.size - slash};
  return {path.data, slash > 0 ? slash - 1 : 0};
}

// Opens the directory above a cgroup; `name` is its last component. -1 and errno on failure.
int open_parent(Str mount, Str path, Str &name) {
  TextOf<4096> above;
  above.add(above_of(path, name));
  if (!above.complete() || name.empty() || name == Str::of("..") || name == Str::of(".")) {
    // Never the hierarchy's root.
    errno = EINVAL;
    return -1;
  }
  return above.size() == 0 ? open_cgroup_root(mount.c_str(), nullptr)
                           : open_cgroup(mount.c_str(), above.c_str(), O_RDONLY | O_DIRECTORY);
}

// Whether one of others lies in the place of a cgroup, or nothing. A create that died may have been just making it:
// then it is without processes, and nothing more than that is done to it.
bool has_left(int parent, const char *name, uint64_t inode) {
  struct stat info;
  if (inode == cgroup_in_work) unlinkat(parent, name, AT_REMOVEDIR);
  return inode == cgroup_in_work || inode == cgroup_unseen || fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
         info.st_ino != inode;
}

// Whether a cgroup was made for containers, and has no other below it.
bool is_left(int cgroup) {
  struct stat info;
  return fstat(cgroup, &info) == 0 && info.st_nlink == without_children && is_marked_made(cgroup);
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

// With those below it, which the container may have frozen itself.
void thaw(int cgroup, unsigned depth = 0) {
  if (!write_cgroup_file(cgroup, "freezer.state", Str::of("THAWED")))
    write_cgroup_file(cgroup, "cgroup.freeze", Str::of("0"));
  struct stat info;
  if (depth == cgroup_tree_depth || fstat(cgroup, &info) != 0 || info.st_nlink == without_children) return;
  for_each_child(cgroup, [&](int directory, const char *name) {
    Fd child(open_below_cgroup(directory, name, O_PATH | O_DIRECTORY));
    if (child.valid()) thaw(child.get(), depth + 1);
  });
}

// What is frozen by a cgroup of others above it, which stays as it is: killed processes leave for the hierarchy's root,
// where they end. They are frozen, and so cannot end before: the numbers are their own.
void leave_frozen(Str mount, int cgroup) {
  TextOf<16> value;
  if (!read_value(cgroup, "freezer.parent_freezing", value) || !(trimmed(value) == Str::of("1"))) return;
  uint32_t count = 0;
  signal_processes(cgroup, SIGKILL, count);
  Fd root(open_cgroup_root(mount.c_str(), nullptr));
  Fd members(root.valid() ? open_members(root.get(), {}, false) : -1);
  if (!members.valid()) return;
  for_each_process(cgroup, [&](int pid) {
    TextOf<16> number;
    write_cgroup_value(members.get(), number.add_signed(pid).str());
  });
}

// Lets the killed processes of a cgroup end.
void release(const RecordCgroup &freezer) {
  Fd cgroup(open_own_cgroup(freezer, O_PATH | O_DIRECTORY));
  if (!cgroup.valid()) return;
  thaw(cgroup.get());
  leave_frozen(freezer.mount, cgroup.get());
}

} // namespace

bool is_frozen(int cgroup, const char *file) {
  TextOf<64> state;
  return read_value(cgroup, file, state) &&
         (trimmed(state) == Str::of("FROZEN") || strstr(state.c_str(), "frozen 1") != nullptr);
}

int signal_cgroup(const RecordCgroup &own, int signal) {
  Fd cgroup(open_own_cgroup(own, O_PATH | O_DIRECTORY));
  if (!cgroup.valid()) return is_gone(errno) ? 0 : errno;
  if (signal == SIGKILL && write_cgroup_file(cgroup.get(), "cgroup.kill", Str::of("1"))) return 0;
  uint32_t count = 0;
  return signal_processes(cgroup.get(), signal, count);
}

int kill_cgroup(const RecordCgroup &own, const RecordCgroup *freezer, uint32_t milliseconds) {
  Fd cgroup(open_own_cgroup(own, O_PATH | O_DIRECTORY));
  if (!cgroup.valid()) return is_gone(errno) ? 0 : errno;
  uint32_t count = 0;
  // Most are empty already: the init has ended, and its pid namespace with it.
  if (int err = signal_processes(cgroup.get(), 0, count); err != 0 || count == 0) return err;
  if (write_cgroup_file(cgroup.get(), "cgroup.kill", Str::of("1"))) {
    count = 1;
  } else if (freezer != nullptr) {
    // What is frozen can't fork away from the list.
    Fd frozen_cgroup(open_own_cgroup(*freezer, O_PATH | O_DIRECTORY));
    if (frozen_cgroup.valid()) write_cgroup_file(frozen_cgroup.get(), "freezer.state", Str::of("FROZEN"));
  }
  Patience patience(milliseconds);
  for (;;) {
    if (int err = signal_processes(cgroup.get(), SIGKILL, count); err != 0) return err;
    if (freezer != nullptr) release(*freezer);
    if (count == 0) return 0;
    if (!patience.wait()) return ETIMEDOUT;
  }
}

int remove_tree(int parent, const char *name) { return remove_tree_at(parent, name, 0); }

int remove_cgroup(const RecordCgroup &own, uint32_t milliseconds) {
  if (own.found) return 0;
  Str name;
  Fd parent(open_parent(own.mount, own.path, name));
  if (!parent.valid() && errno != ENOENT) return errno;
  Patience patience(milliseconds);
  while (parent.valid() && !has_left(parent.get(), name.c_str(), own.inode)) {
    int err = remove_tree_at(parent.get(), name.c_str(), 0);
    if (err == 0) break;
    if ((err != EBUSY && err != ENOTEMPTY) || !patience.wait()) return err;
  }
  remove_above(own.mount, own.path, static_cast<Fd &&>(parent));
  return 0;
}

void remove_above(Str mount, Str path, Fd &&opened) {
  Fd cgroup(static_cast<Fd &&>(opened));
  Str name;
  for (path = above_of(path, name); !path.empty(); path = above_of(path, name)) {
    TextOf<4096> text;
    text.add(path);
    if (!cgroup.valid()) cgroup.reset(open_cgroup(mount.c_str(), text.c_str(), O_RDONLY | O_DIRECTORY));
    if (!cgroup.valid() && errno == ENOENT) continue;
    if (!cgroup.valid() || !is_left(cgroup.get())) return;
    Fd parent(open_parent(mount, text.str(), name));
    if (!parent.valid() || unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) != 0) return;
    cgroup = static_cast<Fd &&>(parent);
  }
}

void thaw_cgroup(const RecordCgroup &own) {
  Fd cgroup(open_own_cgroup(own, O_PATH | O_DIRECTORY));
  if (cgroup.valid()) thaw(cgroup.get());
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
  with_freezer(record, [&](int cgroup, Str) {
    result = is_frozen(cgroup, "freezer.state") || is_frozen(cgroup, "cgroup.events");
  });
  return result;
}

void thaw_recorded(const Record &record) {
  with_freezer(record, [](int cgroup, Str) { thaw(cgroup); });
}

bool await_killed(const Record &record, int pidfd, int milliseconds) {
  constexpr int grace = 20; // until a freezer is thought of
  if (pidfd_wait(pidfd, grace)) return true;
  thaw_recorded(record);
  if (pidfd_wait(pidfd, grace)) return true;
  // Others may have moved it away and frozen it. It was signalled and is not gone: the number is still its own.
  TextOf<16> number;
  number.add_signed(record.pid);
  with_freezer(record, [&](int cgroup, Str mount) {
    write_cgroup_file(cgroup, "cgroup.procs", number.str());
    leave_frozen(mount, cgroup);
  });
  return pidfd_wait(pidfd, milliseconds);
}

} // namespace veloci
