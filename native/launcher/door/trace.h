// What --debug logs of a start.
#pragma once
#include "launcher/call/invocation.h"

namespace veloci {

// The operations of the plan that has just been run, with their times, as debug lines of the log; under a name
// that has stages, those.
void trace_start(Invocation &invocation);

} // namespace veloci
