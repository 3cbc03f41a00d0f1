// run for an owner (launcher/owner/owner.h): a container that the owner starts and removes.
#pragma once
#include "launcher/door/launch.h"
#include "launcher/owner/owner.h"

namespace veloci {

// After `adopt_launch`: from the created container to its removal. Returns the exit code of the command: that of the
// container.
int run_owned(Invocation &invocation, Launch &launch, Owner &owner);

} // namespace veloci
