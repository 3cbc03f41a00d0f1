// cgroup v2: which controllers a cgroup has, and who must hand them down.
#pragma once
#include "base/io.h"
#include "generated/plan.gen.h"

namespace veloci {

// Enables controllers for the children of a cgroup, as far as it has them and we may: what is missing in the end fails
// where a file of it is written, and can be named there. A cgroup with processes of its own has only `threads` enabled,
// and then its directory is returned, locked until the caller has made the cgroup below, which must be a threaded one.
Fd enable_controllers(int cgroup, const List<Str> &controllers, const List<Str> &threads);

// Takes back what was enabled beside processes, once there is no cgroup below.
void withdraw_controllers(int cgroup);

// Why a cgroup lacks the controller of `file` (`memory` of memory.max). ENOENT: `path` is the cgroup.controllers
// nearest to the root that lacks it. EBUSY: `path` is the cgroup.procs whose processes keep it from the cgroups below
// (cgroup v2's "no internal processes"). 0 when all have it, or on v1.
int find_lacking(const CgroupDir &dir, Str file, Text &path);

} // namespace veloci
