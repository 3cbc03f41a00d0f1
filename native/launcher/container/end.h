// What is said of a container's end, as far as it is known.
#pragma once
#include "base/io.h"
#include "generated/protocol.gen.h"
#include "record/record.h"

namespace veloci {

// Adds members of a JSON object, each after a comma: exitStatus, when somebody has seen it, reason, when the kernel
// has ended the container for the sake of its configuration, and exit, with all that is known.
void add_end(Text &out, const Record &record);
// What this takes at most.
constexpr size_t end_size_max = 2048;

// Writes the record of an end.
void write_exit(ExitWriter exit, const Record &record);

} // namespace veloci
