// cgroup.follow: exec goes where the container's init is now.
#include "base/cgroupfs.h"
#include "executor/handler.h"
#include <fcntl.h>

namespace veloci {

namespace {

// Path of a hierarchy in the text of /proc/PID/cgroup: lines of `NUMBER:CONTROLLERS:PATH`.
bool find_path(Str text, Str controllers, Str &path) {
  for (const char *line = text.c_str(); *line != 0;) {
    const char *end = strchrnul(line, '\n');
    const char *first = strchr(line, ':');
    const char *second = first != nullptr && first < end ? strchr(first + 1, ':') : nullptr;
    if (second != nullptr && second < end) {
      Str column{first + 1, static_cast<uint32_t>(second - first - 1)};
      if (column == controllers) {
        path = {second + 1, static_cast<uint32_t>(end - second - 1)};
        return true;
      }
    }
    line = *end == 0 ? end : end + 1;
  }
  return false;
}

} // namespace

Outcome HostHandler::on(const CgroupFollow &op) {
  TextOf<64> name;
  name.add("/proc/").add_signed(context_.record->pid).add("/cgroup");
  TextOf<16384> text;
  Fd file(open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid() || !read_small(file.get(), text)) return Outcome::failed(step::cgroup_follow::read);
  TextOf<16> pid;
  pid.add_signed(context_.stager.pid);
  for (const CgroupMount &mount : op.mounts) {
    Str path;
    if (!find_path(text.str(), mount.controllers, path)) continue;
    TextOf<4096> below;
    // Without the leading slash.
    if (path.size > 1) below.add(path.data + 1, path.size - 1);
    for (const CgroupDir &sub : op.sub) {
      if (sub.mount == mount.mount) below.add(below.size() == 0 ? "" : "/").add(sub.path);
    }
    if (!below.complete()) return Outcome::failed(step::cgroup_follow::open, ENAMETOOLONG);
    Fd cgroup(open_cgroup(mount.mount.c_str(), below.c_str(), O_PATH | O_DIRECTORY));
    if (!cgroup.valid()) return Outcome::failed(step::cgroup_follow::open);
    if (!write_cgroup_file(cgroup.get(), "cgroup.procs", pid.str())) return Outcome::failed(step::cgroup_follow::move);
  }
  return {};
}

} // namespace veloci
