// What the host side does to whole cgroups: signal, freeze, empty, remove.
#pragma once
#include "executor/context.h"

namespace veloci {

// Of each, one that is gone, or in whose place another lies, counts as empty and removed.

// Sends a signal to every process of a cgroup and of those below, by pidfds. Returns 0 or an errno.
int signal_cgroup(const RecordCgroup &cgroup, int signal);

// Kills all processes (cgroup.kill on v2; else frozen by `freezer` where it is given) and waits until there are none.
// 0, ETIMEDOUT, or an errno.
int kill_cgroup(const RecordCgroup &cgroup, const RecordCgroup *freezer, uint32_t milliseconds);

// Removes a cgroup and those below it, deepest first, and then the empty ones above it that were made for containers;
// one that was there before its container stays. EBUSY is tried again for the time. 0 or an errno.
int remove_cgroup(const RecordCgroup &cgroup, uint32_t milliseconds);

// Removes the cgroups below a directory and that one, as long as no process is in them. 0 or an errno.
int remove_tree(int parent, const char *name);

// Removes the empty cgroups above a path that were made for containers. In use they stay, for whoever comes last.
// `opened` is the directory right above, or nothing.
void remove_above(Str mount, Str path, Fd &&opened);

// Thaws a cgroup of the freezer hierarchy (v1) or of v2. Errors are passed over.
void thaw_cgroup(const RecordCgroup &cgroup);

// Whether a process in a cgroup of the record has been killed because memory ran out.
bool out_of_memory_recorded(const Record &record);

// Whether a cgroup is frozen, by itself or by one above, as a file of it tells: freezer.state of v1, cgroup.events of
// v2.
bool is_frozen(int cgroup, const char *file);

// Whether the container that a record describes is frozen.
bool frozen_recorded(const Record &record);
// Thaws it.
void thaw_recorded(const Record &record);
// Waits for the end of its init, to which SIGKILL was sent: v1 ends no frozen process, so it is thawed, and brought
// back when it was moved to a cgroup of others, which stays as it is. False after the time.
bool await_killed(const Record &record, int pidfd, int milliseconds);

} // namespace veloci
