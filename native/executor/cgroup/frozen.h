// What exec starts in a container that is paused.
#pragma once
#include "executor/context.h"

namespace veloci {

// Kills stager and init where exec has put them into a cgroup, and takes them out of a frozen one of v1: there not even
// SIGKILL ends a process before it goes on.
void leave_freezer(Context &context);

} // namespace veloci
