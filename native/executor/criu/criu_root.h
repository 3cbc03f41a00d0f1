// The root file system of what CRIU restores.
#pragma once
#include "executor/context.h"

namespace veloci {

// Makes it read-only, which CRIU before 4.2 forgets. To be called before the restored processes run on. 0 or an errno.
int close_restored_root(const Record &record);

} // namespace veloci
