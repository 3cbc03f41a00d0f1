// The cgroups that carry the mark of a state directory: what is left of a container whose files are lost.
#pragma once
#include "record/record.h"

namespace veloci {

// Looks through all hierarchies and adds the cgroups with this mark to a record, as many as it has room for.
void add_marked_cgroups(uint64_t mark, Record &record);

} // namespace veloci
