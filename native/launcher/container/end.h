// What `state` says of a container's end, as far as it is known.
#pragma once
#include "base/io.h"
#include "record/record.h"

namespace veloci {

// Adds members of a JSON object, each after a comma: exitStatus, when somebody has seen it, and reason, when the kernel
// has ended the container for the sake of its configuration.
void add_end(Text &out, const Record &record);

} // namespace veloci
