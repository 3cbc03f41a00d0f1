// Staying with a process until it ends: signals, terminal, orphans, exit code.
#pragma once
#include "launcher/call/notify.h"

namespace veloci {

// Makes this process the one that orphans of the container's process come to (PR_SET_CHILD_SUBREAPER), so that nothing
// is left unwaited for.
void become_subreaper();

// Waits until the context's init has ended; forwards signals to it and relays its terminal (console.keep).
// Returns the exit code: that of the process, or 128 + N when signal N has ended it.
// `notify` may be null.
int stay_with_init(Invocation &invocation, NotifyProxy *notify = nullptr);

} // namespace veloci
