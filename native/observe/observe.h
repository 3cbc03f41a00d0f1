// What the kernel shows of a container that runs, for `diff`: raw values, read from outside. Nothing is run in the
// container, and nothing that it can write is taken for more than a text.
#pragma once
#include "generated/plan.gen.h"
#include "generated/protocol.gen.h"
#include "record/record.h"

namespace veloci {

// Reads what was asked for. `started`: the container's program has been started. 0 or an errno: ESRCH when the
// container has ended. What cannot be read alone says so in the observation.
int observe(const Record &record, const List<FileLook> &looks, bool started, ObservationWriter &out);

// Looks for files that give rights below a directory, which may be on a file system that does not answer. 0 or an
// errno.
int write_privileged(PrivilegedFilesWriter out, int root);

} // namespace veloci
