// Starts the stager: the embedded init program, executed from a sealed memfd.
#pragma once
#include "executor/context.h"

namespace veloci {

// Starts the stager while the plan is still being made; pushes the undo that ends it and init. The stager gets
// fd 0 to 2, 3 = socket to us, 4 = record, 5 = exec.fifo (when there is one), and from 6 on the preserved descriptors.
// Outcome by the steps of process.spawn.
Outcome spawn_stager(Context &context);

// Ends stager and init (SIGKILL by pidfd) and waits for them; for undo and for a failed plan.
void end_children(Context &context);

// Whether a pid that was reported is that of a child of ours: whoever controls init may report any.
bool is_our_child(pid_t pid);

// Takes a process for init that stager or init have made: what made it is to be reaped as the stager.
void take_init(Context &context, pid_t pid, Fd pidfd);

// Reaps the stager, which has ended after its last operation.
void reap_stager(Context &context);

} // namespace veloci
