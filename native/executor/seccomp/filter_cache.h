// The cache of compiled seccomp filters in the state root.
#pragma once
#include "base/types.h"
#include "plan/plan_file.h"

namespace veloci {

// Whether the cache of the state root has a file of this name, so that a plan without the program can run.
bool filter_cached(int root, Str name);

// filter.open: the filter's file from the cache, where a program that comes with the operation is stored first; a memfd
// when it can't be stored. A file whose content is not that of its name is removed.
Outcome open_filter(int root, const FilterOpen &op, Fd &filter);

} // namespace veloci
