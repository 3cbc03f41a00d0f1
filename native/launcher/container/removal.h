// Removing a container without its plan: what the record names, and the state directory.
#pragma once
#include "launcher/line/invocation.h"

namespace veloci {

// Ends the process of the record, kills and removes the record's cgroups, removes the state directory. Bears a missing
// record. 0 or the exit code, with the error shown.
int remove_recorded(Invocation &invocation);

// Stands in for a record that is missing or damaged: one in memory, with the cgroups that the context's plan would
// remove, and without a pid. Then ends all processes in these cgroups, since nothing else says which the container's
// are. 0 or an errno.
int end_unrecorded(Context &context);

// Kills the process that holds the flock(2) lock of a directory, found in /proc/locks.
void kill_lock_holder(int dir);

} // namespace veloci
