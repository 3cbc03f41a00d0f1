// --regex: a command on every container whose id matches.
#pragma once
#include "launcher/call/invocation.h"

namespace veloci {

// Runs the command: once, or with --regex once per container whose id matches the first operand, each in a process of
// its own. Returns the exit code; the last failure's when there are several.
int on_matches(Invocation &invocation, int (*command)(Invocation &));

} // namespace veloci
