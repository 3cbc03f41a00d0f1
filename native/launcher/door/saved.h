// Saved plans (src/saved): what they are bound to, and their use.
#pragma once
#include "launcher/door/launch.h"

namespace veloci {

// The moment of a saved plan that is made now, for the request. 0 or the exit code, with the error shown.
int note_occasion(Invocation &invocation, Request &request, Str file, bool detached);

// Reads the file of --plan and lets the engine say whether it still makes what that holds: the launch's answer is then
// the one of create, and the request is complete. 0 or the exit code, with the error shown; nothing has been done.
int take_saved_plan(Invocation &invocation, Launch &launch);

// Notes in the state root that the plan is used. 0 or the exit code, with the error shown: it was used before.
int mark_saved_plan(Invocation &invocation, const Launch &launch);

} // namespace veloci
