// Staying with a process until it ends: signals, terminal, orphans, exit code.
#pragma once
#include "launcher/call/notify.h"
#include "launcher/owner/owner.h"

namespace veloci {

// Makes this process the one that orphans of the container's process come to (PR_SET_CHILD_SUBREAPER), so that nothing
// is left unwaited for.
void become_subreaper();

// Waits until the context's init has ended; forwards signals to it and relays its terminal (console.keep).
// Returns the exit code: that of the process, or 128 + N when signal N has ended it.
// `notify` and `owner` may be null. An owner's wishes are heeded: with it this may end before init does, which is still
// the context's child then.
int stay_with_init(Invocation &invocation, NotifyProxy *notify = nullptr, Owner *owner = nullptr);

// The signal that ended the container's init before its program, as a shell reports it: 128 plus its number; 0 =
// something else went wrong with its start.
int killed_before_start(const Context &context);

} // namespace veloci
