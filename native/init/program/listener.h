// Loading a filter with SCMP_ACT_NOTIFY and handing its listener over.
#pragma once
#include <linux/filter.h>

#include "base/types.h"

namespace veloci {

// Makes the process that hands the listener over, before the children of this one live in another pid namespace: no
// thread can be made from then on. load_notifying reports what fails.
void prepare_handover();

// Loads the filter and sends the listener with `state` on the socket, which is closed then. The sending is done by a
// thread, or that process, that was there before the filter: this one may not be able to any more, as nobody answers
// its notifications yet. Steps are those of seccomp.load.
Outcome load_notifying(const sock_fprog &program, uint32_t flags, int socket, Str state);

} // namespace veloci
