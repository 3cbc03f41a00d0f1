// What the host side does to whole cgroups: signal, empty, remove. However deep and broad a container has made them.
#pragma once
#include "cgroup/freezer.h"
#include "executor/context.h"

namespace veloci {

// Of what is killed or removed, one that is gone, or in whose place another lies, counts as empty and removed.

// Whether there are processes in a cgroup or below.
bool has_processes(const RecordCgroup &cgroup);

// Sends a signal to every process of a cgroup and of those below: SIGKILL by cgroup.kill where there is one; else by
// pidfds, while `freezer` (may be null) holds them. Waits for killed ones where some may have escaped. Returns 0 or an
// errno: ENOENT or ESTALE when the cgroup is gone.
int signal_cgroup(const RecordCgroup &cgroup, int signal, const FreezerCgroup *freezer, Deadline deadline);

// Kills all processes in the same way, and waits until there are none. 0, ETIMEDOUT, or an errno.
int kill_cgroup(const RecordCgroup &cgroup, const FreezerCgroup *freezer, Deadline deadline);

// Removes a cgroup and those below it, deepest first, and then the empty ones above it that were made for containers;
// one that was there before its container stays. EBUSY is tried again for the time. 0 or an errno.
// `parent`, when it is open, is the directory that it was made in, and is closed.
int remove_cgroup(const RecordCgroup &cgroup, uint32_t milliseconds, CgroupParent parent = {});

// Removes the cgroups below a directory and that one, as long as no process is in them. 0 or an errno.
int remove_tree(int parent, const char *name, uint32_t milliseconds);

// Whether a process in a cgroup of the record has been killed because memory ran out; false when the cgroup is gone.
bool out_of_memory_recorded(const Record &record);

} // namespace veloci
