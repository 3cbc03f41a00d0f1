// A container whose record is lost or damaged: what its other files and its cgroups still say.
#pragma once
#include "executor/context.h"

namespace veloci {

// Makes a record in memory from the pid of state.json, the cgroups of the context's plan (which may be empty) and those
// that carry the mark of the state directory. `whole`: all that may be left of the container is in it; false when it
// may have processes that nothing names. 0 or an errno.
int recover_record(Context &context, bool &whole);

} // namespace veloci
