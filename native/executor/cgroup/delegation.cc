#include "executor/cgroup/delegation.h"
#include "cgroup/cgroupfs.h"
#include "base/sys.h"
#include "executor/handler.h"
#include <fcntl.h>
#include <initializer_list>
#include <sys/stat.h>

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
  return file.valid() && read_small(file.get(), out);
}

// Whether a cgroup other than the hierarchy's root has processes of its own.
bool is_inhabited(int cgroup) {
  TextOf<64> type, processes;
  return read_list(cgroup, "cgroup.type", type) &&
         (!read_list(cgroup, "cgroup.procs", processes) || processes.size() > 0);
}

} // namespace

void enable_controllers(int cgroup, const List<Str> &controllers) {
  if (controllers.empty()) return;
  TextOf<1024> available, enabled, wanted;
  if (!read_list(cgroup, "cgroup.controllers", available) || !read_list(cgroup, "cgroup.subtree_control", enabled))
    return;
  auto missing = [&](Str name) { return has_word(available.str(), name) && !has_word(enabled.str(), name); };
  for (const Str &name : controllers) {
    if (missing(name)) wanted.add(wanted.size() == 0 ? "+" : " +").add(name);
  }
  // Controllers that bear processes beside the cgroups below would make those threaded: nobody could be put there.
  if (wanted.size() == 0 || is_inhabited(cgroup)) return;
  if (write_cgroup_file(cgroup, "cgroup.subtree_control", wanted.str())) return;
  // Perhaps one of them is refused alone.
  for (const Str &name : controllers) {
    if (!missing(name)) continue;
    wanted.clear();
    wanted.add("+").add(name);
    write_cgroup_file(cgroup, "cgroup.subtree_control", wanted.str());
  }
}

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
