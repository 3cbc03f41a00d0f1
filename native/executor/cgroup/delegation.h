// cgroup v2: which controllers a cgroup has, and who must hand them down.
#pragma once
#include "base/io.h"
#include "generated/plan.gen.h"

namespace veloci {

// Enables controllers for the children of a cgroup, as far as it has them and we may: what is missing in the end fails
// where a file of it is written, and can be named there.
void enable_controllers(int cgroup, const List<Str> &controllers);

// The path of the cgroup.controllers nearest to the root that lacks the controller of `file` (`memory` of memory.max),
// on the way to a cgroup. False when all have it, or on v1.
bool find_lacking(const CgroupDir &dir, Str file, Text &path);

} // namespace veloci
