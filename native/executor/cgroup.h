// What the host side does to whole cgroups: signal, freeze, empty, remove.
#pragma once
#include "executor/context.h"

namespace veloci {

// Sends a signal to every process of a cgroup and of those below, by pidfds. A missing cgroup counts as empty.
// Returns 0 or an errno.
int signal_cgroup(const CgroupDir &dir, int signal);

// Kills all processes (cgroup.kill on v2; else frozen by `freezer` where it is given) and waits until there are none.
// 0, ETIMEDOUT, or an errno. A missing cgroup counts as empty.
int kill_cgroup(const CgroupDir &dir, const CgroupDir *freezer, uint32_t milliseconds);

// Removes a cgroup and those below it, deepest first; EBUSY is tried again for the time. A missing one is no error.
int remove_cgroup(const CgroupDir &dir, uint32_t milliseconds);

// Removes up to `count` of the cgroups right above one, from below, as long as they are empty. Nobody waits for them: in
// use they stay.
void remove_above(const CgroupDir &dir, unsigned count);

// Thaws a cgroup of the freezer hierarchy (v1) or of v2. Errors are passed over.
void thaw_cgroup(const CgroupDir &dir);

// Whether a process in a cgroup of the record has been killed because memory ran out.
bool out_of_memory_recorded(const Record &record);

// Whether the container that a record describes is frozen.
bool frozen_recorded(const Record &record);
// Thaws it.
void thaw_recorded(const Record &record);
// Waits for the end of its init, to which SIGKILL was sent: v1 ends no frozen process, so it is thawed, and brought back when
// it was moved to a cgroup of others, which stays as it is. False after the time.
bool await_killed(const Record &record, int pidfd, int milliseconds);

} // namespace veloci
