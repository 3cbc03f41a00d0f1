// cgroup.follow: exec goes where the container's init is now.
#include <fcntl.h>

#include "cgroup/freezer.h"
#include "cgroup/own_cgroup.h"
#include "cgroup/cgroupfs.h"
#include "base/pages.h"
#include "base/path.h"
#include "base/procfs.h"
#include "base/sys.h"
#include "init/stager.h"

namespace veloci {
namespace {

constexpr size_t text_max = 65536; // of /proc/PID/cgroup: a dozen hierarchies with long paths

// Path of a hierarchy in lines of `NUMBER:CONTROLLERS:PATH`, without its leading slash.
bool find_path(Str text, Str controllers, Str &path) {
  const char *end = text.data + text.size;
  auto find = [](const char *from, const char *limit, char what) {
    while (from < limit && *from != what) from++;
    return from;
  };
  for (const char *line = text.data; line < end;) {
    const char *line_end = find(line, end, '\n');
    const char *first = find(line, line_end, ':');
    const char *second = first < line_end ? find(first + 1, line_end, ':') : line_end;
    if (second < line_end) {
      Str column = {first + 1, static_cast<uint32_t>(second - first - 1)};
      const char *start = second + 1;
      while (start < line_end && *start == '/') start++;
      path = {start, static_cast<uint32_t>(line_end - start)};
      if (column == controllers) return true;
    }
    line = line_end + 1;
  }
  return false;
}

// The path below a mount that shows only the cgroup `root`, as a container without a cgroup namespace sees it. False
// when it lies outside of that.
bool take_below(Str root, Str &path) {
  if (root.empty()) return true;
  Str above = {root.data + 1, root.size - 1};
  bool inside = path.size >= above.size && memcmp(path.data, above.data, above.size) == 0 &&
                (path.size == above.size || path.data[above.size] == '/');
  if (!inside) return errno = ENOENT, false;
  uint32_t skipped = path.size == above.size ? above.size : above.size + 1;
  path = {path.data + skipped, path.size - skipped};
  return true;
}

bool read_cgroups(int pid, Text &out) {
  Fd proc(open_host_procfs());
  TextOf<32> name;
  name.add_signed(pid).add("/cgroup");
  Fd file(proc.valid() ? open_in_procfs(proc.get(), name.c_str(), O_RDONLY) : -1);
  return file.valid() && read_small(file.get(), out);
}

} // namespace

bool Stager::follow(const CgroupFollow &op, const CgroupMount &mount, Str path, int &step) {
  Str below;
  for (const CgroupDir &sub : op.sub) {
    if (sub.mount == mount.mount) below = sub.path;
  }
  while (!enter(mount, path, below, step)) {
    if (!op.optional || below.empty() || errno != ENOENT) return false;
    below = {};
  }
  return true;
}

// The container may have frozen a cgroup of its own that its init is in: who joined that would freeze, too. The nearest
// one above that is not frozen, or the container's own, takes its place.
void Stager::leave_frozen(Str mount, FreezerVersion version) {
  Text &path = followed_path_;
  RecordCgroup own;
  if (!find_own_above(*shared_.record, mount, path.str(), own)) return;
  TextOf<path_max> parent;
  parent.add(path.str());
  while (parent.size() > own.path.size) {
    Fd cgroup(open_own_cgroup(shared_.record, mount, parent.str(), O_PATH | O_DIRECTORY));
    Frozen state = cgroup.valid() ? frozen_state(cgroup.get(), version) : Frozen::unknown;
    size_t end = parent.size() - 1;
    while (parent.data()[end] != '/') end--;
    parent.truncate(end);
    // One that is about to freeze freezes all below it.
    if (state == Frozen::yes || state == Frozen::on_its_way) path.truncate(end);
  }
}

bool Stager::enter(const CgroupMount &mount, Str path, Str sub, int &step) {
  step = step::cgroup_follow::open;
  Text &below = followed_path_;
  below.clear();
  below.add(path);
  if (path.size > 0 && sub.size > 0) below.add_char('/');
  below.add(sub);
  if (!below.complete()) return errno = ENAMETOOLONG, false;
  if (sub.empty() && mount.freezer) leave_frozen(mount.mount, mount.freezer.value);
  Fd cgroup(open_own_cgroup(shared_.record, mount.mount, below.str(), O_PATH | O_DIRECTORY));
  if (!cgroup.valid()) return false;
  if (is_cgroup2(cgroup.get())) {
    followed_ = static_cast<Fd &&>(cgroup);
    return true;
  }
  if (joined_count_ == record_cgroups_max) return errno = E2BIG, false;
  joined_[joined_count_++] = static_cast<Fd &&>(cgroup);
  return true;
}

// In init.
bool Stager::join_followed(const List<int32_t> &stay_on) {
  for (unsigned i = 0; i < joined_count_; i++) {
    Fd cgroup(joined_[i].release());
    if (!join_cgroup(cgroup.get()) && !stay_on.has(errno)) return false;
  }
  return true;
}

Outcome Stager::on(const CgroupFollow &op) {
  Pages memory;
  if (!memory.allocate(text_max)) return Outcome::failed(step::cgroup_follow::read);
  Text text(memory.data(), text_max);
  if (shared_.container_pid <= 0 || !read_cgroups(shared_.container_pid, text)) {
    return Outcome::failed(step::cgroup_follow::read);
  }
  for (const CgroupMount &mount : op.mounts) {
    Str path;
    int step = step::cgroup_follow::open;
    if (!find_path(text.str(), mount.controllers, path)) continue;
    if (!take_below(mount.root, path) || !follow(op, mount, path, step)) return fail(step, mount.mount);
  }
  return Outcome::success();
}

} // namespace veloci
