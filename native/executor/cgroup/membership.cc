#include "executor/cgroup/membership.h"
#include "base/path.h"
#include "base/procfs.h"
#include "cgroup/cgroupfs.h"
#include "cgroup/freezer.h"
#include "cgroup/own_cgroup.h"
#include "file/files.h"
#include <fcntl.h>

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

bool read_cgroups(int pid, Buffer &out) {
  TextOf<32> name;
  name.add_signed(pid).add("/cgroup");
  Fd proc(open_host_procfs());
  Fd file(proc.valid() ? open_in_procfs(proc.get(), name.c_str(), O_RDONLY) : -1);
  int err = file.valid() ? read_all(file.get(), text_max, out) : errno;
  return err == 0 || (errno = err, false);
}

class Opener {
public:
  Opener(Context &context, Memberships &out) : context_(context), out_(out) {}

  // What cannot be opened the operation itself says, which may be one that has an alternative.
  bool join(const CgroupDir &dir) {
    if (add_own(dir)) return true;
    if (errno == E2BIG) return false;
    out_.errors.errors[out_.count++] = static_cast<uint8_t>(errno);
    return true;
  }

  bool follow(const CgroupFollow &op, int &step) {
    Buffer text;
    step = step::cgroup_follow::read;
    if (context_.record->pid <= 0 || !read_cgroups(context_.record->pid, text)) return false;
    step = step::cgroup_follow::open;
    for (const CgroupMount &mount : op.mounts) {
      Str path;
      if (!find_path(text.str(), mount.controllers, path)) continue;
      if (!take_below(mount.root, path) || !follow(op, mount, path)) return words().add(mount.mount), false;
    }
    return true;
  }

private:
  // Keeps what the caller's errno says of a failure.
  Text &words() {
    int err = errno;
    Text &text = context_.failure.detail.words();
    errno = err;
    return text;
  }

  bool add_own(const CgroupDir &dir) {
    for (unsigned i = 0; i < context_.cgroup_count; i++) {
      const HeldCgroup &held = context_.cgroups[i];
      if (held.directory.valid() && held.cgroup.mount == dir.mount && held.cgroup.path == dir.path)
        return add(held.directory.get());
    }
    Fd cgroup(open_own_cgroup(context_.record, dir.mount, dir.path, O_PATH | O_DIRECTORY));
    return cgroup.valid() && add(cgroup.get());
  }

  bool add(int cgroup) {
    if (out_.count == record_cgroups_max) return errno = E2BIG, false;
    bool v2 = is_cgroup2(cgroup);
    int member = v2 ? open_below_cgroup(cgroup, "", O_PATH | O_DIRECTORY) : open_cgroup_file(cgroup, "tasks");
    if (member < 0) return false;
    out_.members[out_.count++].reset(member);
    if (v2) out_.unified = out_.count;
    return true;
  }

  bool follow(const CgroupFollow &op, const CgroupMount &mount, Str path) {
    Str below;
    for (const CgroupDir &sub : op.sub) {
      if (sub.mount == mount.mount) below = sub.path;
    }
    while (!enter(mount, path, below)) {
      if (!op.optional || below.empty() || errno != ENOENT) return false;
      below = {};
    }
    return true;
  }

  bool enter(const CgroupMount &mount, Str path, Str sub) {
    Text &below = context_.followed_path;
    below.clear();
    below.add(path);
    if (path.size > 0 && sub.size > 0) below.add_char('/');
    below.add(sub);
    if (!below.complete()) return errno = ENAMETOOLONG, false;
    if (sub.empty() && mount.freezer) leave_frozen(mount.mount, mount.freezer.value);
    Fd cgroup(open_own_cgroup(context_.record, mount.mount, below.str(), O_PATH | O_DIRECTORY));
    return cgroup.valid() && add(cgroup.get());
  }

  // The container may have frozen a cgroup of its own that its init is in: who joined that would freeze, too. The
  // nearest one above that is not frozen, or the container's own, takes its place.
  void leave_frozen(Str mount, FreezerVersion version) {
    Text &path = context_.followed_path;
    RecordCgroup own;
    if (!find_own_above(*context_.record, mount, path.str(), own)) return;
    TextOf<path_max> parent;
    parent.add(path.str());
    while (parent.size() > own.path.size) {
      Fd cgroup(open_own_cgroup(context_.record, mount, parent.str(), O_PATH | O_DIRECTORY));
      Frozen state = cgroup.valid() ? frozen_state(cgroup.get(), version) : Frozen::unknown;
      size_t end = parent.size() - 1;
      while (parent.data()[end] != '/') end--;
      parent.truncate(end);
      // One that is about to freeze freezes all below it.
      if (state == Frozen::yes || state == Frozen::on_its_way) path.truncate(end);
    }
  }

  Context &context_;
  Memberships &out_;
};

} // namespace

namespace {

bool open_for(Context &context, ProgramName name, Opener &opener) {
  Program program;
  if (!context.plan.find(name, program)) return true;
  for (const OpRecord &op : program) {
    OpRecord tried = op;
    Alt alt;
    if (op.code == code::alt) {
      Reader outer(op.body);
      if (!read(outer, alt)) continue; // the stager says so
      tried = alt.try_;
    }
    Reader reader(tried.body);
    CgroupJoin join;
    CgroupFollow follow;
    int step = step::cgroup_join::open;
    bool done = true;
    if (tried.code == code::cgroup_join) done = read(reader, join) && opener.join(join.dir);
    if (tried.code == code::cgroup_follow) done = read(reader, follow) && opener.follow(follow, step);
    // With what could be opened: it stays where it is in the others.
    if (!done && op.code == code::alt && alt.on_errno.has(errno)) {
      context.failure.detail.clear();
      done = true;
    }
    if (done) continue;
    PlanFailure &failure = context.failure;
    failure.err = errno != 0 ? errno : EIO;
    failure.reported = true;
    failure.program = name;
    failure.index = op.index;
    failure.step = step;
    return false;
  }
  return true;
}

} // namespace

bool open_memberships(Context &context, Memberships &out) {
  Opener opener(context, out);
  context.failure.detail.clear();
  return open_for(context, ProgramName::stager, opener) && open_for(context, ProgramName::init, opener);
}

void name_refused_cgroup(Context &context) {
  PlanFailure &failure = context.failure;
  Program program;
  if (failure.program != ProgramName::stager || failure.step != step::process_clone::cgroup ||
      !context.plan.find(ProgramName::stager, program))
    return;
  for (const OpRecord &op : program) {
    if (op.index == failure.index && op.code == code::process_clone)
      failure.detail.start(DetailPart::cgroup).add(context.followed_path.str());
  }
}

} // namespace veloci
