#include "executor/cgroup/frozen.h"

#include <signal.h>
#include <string.h>

#include "cgroup/cgroupfs.h"

namespace veloci {

namespace {

bool freezes(Str controllers) { return memmem(controllers.data, controllers.size, "freezer", 7) != nullptr; }

void leave(const CgroupMount &mount, const Context &context) {
  bool v2;
  Fd root(open_cgroup_root(mount.mount.c_str(), &v2));
  Fd members(root.valid() ? open_members(root.get(), {}, v2) : -1);
  if (!members.valid()) return;
  const int ours[] = {context.stager.pid, context.init.pid};
  for (int pid : ours) {
    if (pid <= 0) continue;
    kill(pid, SIGKILL); // ours and not yet waited for; it must not go on when it thaws
    TextOf<16> text;
    write_cgroup_value(members.get(), text.add_signed(pid).str());
  }
}

} // namespace

void leave_freezer(Context &context) {
  Program program;
  if (!context.plan.find(ProgramName::stager, program)) return;
  for (const OpRecord &record : program) {
    CgroupFollow op;
    Reader reader(record.body);
    if (record.code != code::cgroup_follow || !read(reader, op)) continue;
    for (const CgroupMount &mount : op.mounts) {
      if (freezes(mount.controllers)) leave(mount, context);
    }
  }
}

} // namespace veloci
