// The process that operations on init from outside are about.
#pragma once
#include "executor/context.h"

namespace veloci {

// The init that is being made; else that of the container that runs, if it is still the recorded one. -1 and errno when
// it has ended.
pid_t target_of(const Context &context);

} // namespace veloci
