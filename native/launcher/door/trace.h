// What --debug tells of a start.
#pragma once
#include "launcher/line/invocation.h"

namespace veloci {

// Under the name of runc: the stages of the plan that has just been run, as debug lines of the log.
void trace_start(Invocation &invocation);

} // namespace veloci
