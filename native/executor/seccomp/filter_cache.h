// The cache of compiled seccomp filters in the state root.
#pragma once
#include "base/types.h"
#include "plan/plan_file.h"

namespace veloci {

// Whether the cache of the state root has a filter (its name is a SHA-256), so that a plan without the program can run.
bool filter_cached(int root, Str hash);

// filter.open: the filter's file from the cache, where a program that comes with the operation is stored first; a memfd
// when it can't be stored.
Outcome open_filter(int root, const FilterOpen &op, Fd &filter);

} // namespace veloci
