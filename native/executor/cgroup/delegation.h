// cgroup v2: which controllers a cgroup has, and who must hand them down.
#pragma once
#include "base/io.h"
#include "executor/context.h"
#include "generated/plan.gen.h"

namespace veloci {

// Enables controllers for the children of a cgroup, as far as it has them and we may: what is missing in the end fails
// where a file of it is written, and can be named there. A cgroup with processes of its own has only `threads` enabled,
// and then its directory is returned, locked until the caller has made the cgroup below, which must be a threaded one.
Fd enable_controllers(int cgroup, const List<Str> &controllers, const List<Str> &threads);

// Takes back what was enabled beside processes, once there is no cgroup below.
void withdraw_controllers(int cgroup);

// Why a cgroup has no file `file` (memory.max): the errno to fail with. EBUSY: the failure's detail is the cgroup.procs
// whose processes keep its controller from the cgroups below (cgroup v2's "no internal processes"). ENOENT: the detail
// is the cgroup.controllers nearest to the root that lacks it; none when all have it, or on v1.
int explain_missing(Context &context, const CgroupDir &dir, Str file);

} // namespace veloci
