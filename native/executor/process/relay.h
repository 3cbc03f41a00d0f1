// An init that is apart: what it reports, and the start that it waits for.
#pragma once
#include "executor/context.h"

namespace veloci {

// Puts what init has reported of its end as such into the record. Whoever sees init may have written the report: no
// more than the stage and a failure is taken from it.
void bring_over(const Record &report, Record &record);

// Opens a descriptor's file once more. -1 and errno on failure.
int reopen(int fd, int flags);

// Both ends of the pipe that an init which is apart waits at, without waiting themselves.
struct Gate {
  Fd reader, writer;
};

// Takes pipe and report from init itself, so that nothing depends on the process of start.relay: that may have ended
// with the caller of create, or somebody has stopped it. The report becomes the context's. 0 or an errno: EPERM when we
// may not trace init, EBADF when it has no such pipe.
int take_gate(Context &context, int pidfd, Gate &gate);

} // namespace veloci
