// Changes of a container that runs: update and apply.
#pragma once
#include "launcher/door/request.h"

namespace veloci {

// Runs the plan of an answer as one transaction: what later commands go by is renewed when all of it has been done, and
// everything is taken back when something is refused. 0 or the exit code, with the error shown.
int run_change(Invocation &invocation, const Request &request, EngineVerb verb, const Response &response);

} // namespace veloci
