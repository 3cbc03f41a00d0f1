// The mounted cgroup hierarchies, from /proc/self/mountinfo and /proc/self/cgroup (cgroups(7), proc_pid_mountinfo(5)).
#pragma once
#include "generated/protocol.gen.h"
#include "host/text.h"

namespace veloci {

// `mountinfo` is changed: its octal escapes are resolved in place. `delegation` adds what the caller may do in its own
// cgroups.
void write_cgroup_facts(CgroupFactsWriter &facts, char *mountinfo, size_t mountinfo_size, Slice own_cgroups,
                        bool delegation = false);

// Whether a file system of this type is mounted.
bool mounted(Slice mountinfo, const char *type);

} // namespace veloci
