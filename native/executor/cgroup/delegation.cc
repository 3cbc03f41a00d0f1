#include "executor/cgroup/delegation.h"
#include "cgroup/cgroupfs.h"
#include "cgroup/own_cgroup.h"
#include "executor/cgroup/cgroup_tree.h"
#include "base/sys.h"
#include "executor/handler.h"
#include <fcntl.h>
#include <initializer_list>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace veloci {

namespace {

bool has_word(Str text, Str word) {
  for (const char *cursor = text.c_str(); (cursor = strstr(cursor, word.c_str())) != nullptr; cursor += word.size) {
    bool starts = cursor == text.data || cursor[-1] == ' ';
    char after = cursor[word.size];
    if (starts && (after == ' ' || after == '\n' || after == 0)) return true;
  }
  return false;
}

bool read_list(int cgroup, const char *name, Text &out) {
  out.clear();
  Fd file(open_below_cgroup(cgroup, name, O_RDONLY));
  return file.valid() && read_value(file.get(), out);
}

// Whether a cgroup other than the hierarchy's root has processes of its own.
bool is_inhabited(int cgroup) {
  TextOf<64> type, processes;
  return read_list(cgroup, "cgroup.type", type) &&
         (!read_list(cgroup, "cgroup.procs", processes) || processes.size() > 0);
}

// Locks a cgroup against withdraw_controllers, which holds it for a moment. Invalid when it cannot be opened.
Fd lock_shared(int cgroup) {
  constexpr int tries = 100;
  Fd directory(open_below_cgroup(cgroup, "", O_RDONLY | O_DIRECTORY));
  if (!directory.valid()) return directory;
  for (int i = 0; i < tries && flock(directory.get(), LOCK_SH | LOCK_NB) != 0; i++) usleep(1000);
  return directory;
}

// Enables those of the controllers that are available and not enabled. False when one of them was refused.
bool enable_missing(int cgroup, const List<Str> &controllers, Str available, Str enabled) {
  TextOf<1024> wanted;
  auto missing = [&](Str name) { return has_word(available, name) && !has_word(enabled, name); };
  for (const Str &name : controllers) {
    if (missing(name)) wanted.add(wanted.size() == 0 ? "+" : " +").add(name);
  }
  if (wanted.size() == 0 || write_cgroup_file(cgroup, "cgroup.subtree_control", wanted.str())) return true;
  // Perhaps one of them is refused alone.
  for (const Str &name : controllers) {
    if (!missing(name)) continue;
    wanted.clear();
    wanted.add("+").add(name);
    write_cgroup_file(cgroup, "cgroup.subtree_control", wanted.str());
  }
  return false;
}

// Whether all that is handed down is for threaded cgroups, too.
bool is_for_threads(const List<Str> &controllers, const List<Str> &threads, Str enabled) {
  for (const Str &name : controllers) {
    bool possible = false;
    for (const Str &thread : threads) possible = possible || thread == name;
    if (!possible && has_word(enabled, name)) return false;
  }
  return !threads.empty();
}

bool has_missing(const List<Str> &controllers, Str available, Str enabled) {
  for (const Str &name : controllers) {
    if (has_word(available, name) && !has_word(enabled, name)) return true;
  }
  return false;
}

// Where the controller of a file is lacking, and why; see explain_missing. 0 when nothing is known.
int find_lacking(const CgroupDir &dir, Str file, Text &path) {
  const char *dot = strchr(file.c_str(), '.');
  bool v2;
  Fd cgroup(open_cgroup_root(dir.mount.c_str(), &v2));
  if (!cgroup.valid() || !v2 || dot == nullptr) return 0;
  TextOf<64> controller;
  controller.add(file.data, static_cast<size_t>(dot - file.data));
  path.add(dir.mount);
  for (const char *cursor = dir.path.c_str(); *cursor != 0;) {
    TextOf<1024> controllers;
    const char *end = strchrnul(cursor, '/');
    TextOf<256> name;
    name.add(cursor, static_cast<size_t>(end - cursor));
    cursor = *end == 0 ? end : end + 1;
    Fd below(open_below_cgroup(cgroup.get(), name.c_str(), O_PATH | O_DIRECTORY));
    if (!below.valid() || !read_list(below.get(), "cgroup.controllers", controllers)) return 0;
    if (!has_word(controllers.str(), controller.str())) {
      // It has the controller, and cannot hand it down beside processes of its own.
      if (read_list(cgroup.get(), "cgroup.controllers", controllers) && has_word(controllers.str(), controller.str()) &&
          is_inhabited(cgroup.get())) {
        path.add_char('/').add("cgroup.procs");
        return EBUSY;
      }
      path.add_char('/').add(name.str()).add("/cgroup.controllers");
      return ENOENT;
    }
    cgroup = static_cast<Fd &&>(below);
    path.add_char('/').add(name.str());
  }
  return 0;
}

} // namespace

Fd enable_controllers(int cgroup, const List<Str> &controllers, const List<Str> &threads) {
  if (controllers.empty()) return {};
  TextOf<1024> available, enabled;
  if (!read_list(cgroup, "cgroup.controllers", available) || !read_list(cgroup, "cgroup.subtree_control", enabled))
    return {};
  if (!has_missing(controllers, available.str(), enabled.str()) && !is_for_threads(controllers, threads, enabled.str()))
    return {};
  // Controllers that bear processes beside the cgroups below make those threaded.
  if (!is_inhabited(cgroup)) {
    enable_missing(cgroup, controllers, available.str(), enabled.str());
    return {};
  }
  if (threads.empty()) return {};
  Fd directory = lock_shared(cgroup);
  if (!directory.valid() || !read_list(cgroup, "cgroup.subtree_control", enabled)) return {};
  if (enabled.size() == 0) mark_threads(directory.get());
  if (!enable_missing(cgroup, threads, available.str(), enabled.str())) directory.reset();
  return directory;
}

void withdraw_controllers(int cgroup) {
  TextOf<1024> enabled, all;
  struct stat info;
  if (fstat(cgroup, &info) != 0 || info.st_nlink != cgroup_links ||
      !read_list(cgroup, "cgroup.subtree_control", enabled) || enabled.size() == 0)
    return;
  Fd directory(open_below_cgroup(cgroup, "", O_RDONLY | O_DIRECTORY));
  if (!directory.valid() || !has_threads_mark(directory.get()) || flock(directory.get(), LOCK_EX | LOCK_NB) != 0)
    return;
  if (fstat(directory.get(), &info) != 0 || info.st_nlink != cgroup_links ||
      !read_list(cgroup, "cgroup.subtree_control", enabled))
    return;
  bool starts = true;
  for (size_t i = 0; i < enabled.size(); i++) {
    const char letter = enabled.c_str()[i];
    if (starts && letter != '\n') all.add_char('-');
    all.add_char(letter);
    starts = letter == ' ';
  }
  if (write_cgroup_file(cgroup, "cgroup.subtree_control", all.str())) drop_threads_mark(directory.get());
}

int explain_missing(Context &context, const CgroupDir &dir, Str file) {
  int cause = find_lacking(dir, file, context.failure.detail.start(DetailPart::lacking));
  if (cause == 0) context.failure.detail.clear();
  return cause != 0 ? cause : ENOENT;
}

Outcome HostHandler::on(const CgroupOwn &op) {
  Fd cgroup(open_own(op.dir, O_PATH | O_DIRECTORY));
  if (!cgroup.valid()) return Outcome::failed(step::cgroup_own::open);
  auto own = [&](const char *name) {
    int flags = AT_SYMLINK_NOFOLLOW | (name[0] == 0 ? AT_EMPTY_PATH : 0);
    // The kernel's list may have files that are not there.
    return strchr(name, '/') != nullptr || fchownat(cgroup.get(), name, op.uid, static_cast<gid_t>(-1), flags) == 0 ||
           errno == ENOENT;
  };
  if (!own("")) return Outcome::failed(step::cgroup_own::chown);
  TextOf<1024> list;
  Fd file(openat(AT_FDCWD, "/sys/kernel/cgroup/delegate", O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid() || !read_small(file.get(), list) || list.size() == 0) {
    list.clear();
    list.add("cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n");
  }
  for (const char *cursor = list.c_str(); *cursor != 0;) {
    const char *end = strchrnul(cursor, '\n');
    TextOf<256> name;
    name.add(cursor, static_cast<size_t>(end - cursor));
    cursor = *end == 0 ? end : end + 1;
    if (name.size() > 0 && !own(name.c_str())) return Outcome::failed(step::cgroup_own::chown);
  }
  return {};
}

} // namespace veloci
