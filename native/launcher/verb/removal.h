// Ending and removing a container without its plan: what the record names, and the state directory.
#pragma once
#include "launcher/call/invocation.h"

namespace veloci {

// How long delete waits for the end of all processes, in whatever ways it ends them.
constexpr uint32_t ending_milliseconds = 10000;

// Sends the context's signal to the process of the record; with `signal_all`, and SIGKILL, to its cgroups too, of which
// those that may have escaped are waited for. 0 or an errno.
int signal_recorded(Context &context, const Deadline &deadline);

// Ends the process of the record and all in its cgroups, within `context.ending` if that is set. 0 or the exit code,
// with the error shown.
int end_recorded(Invocation &invocation);

// Does that, removes the record's cgroups, then the state directory. 0 or the exit code, with the error shown.
int remove_recorded(Invocation &invocation);

// Kills the process that holds the flock(2) lock of a directory, found in /proc/locks.
void kill_lock_holder(int dir);

} // namespace veloci
