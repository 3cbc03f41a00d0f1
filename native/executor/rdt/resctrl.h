// Classes of service and monitoring groups of resctrl, below a directory that is its root.
#pragma once
#include "base/types.h"

namespace veloci::resctrl {

// The root of a mounted resctrl (/sys/fs/resctrl). -1 and errno on failure: ENODEV when none is mounted.
int open_root();

// Whether every `domain=value` of a line such as "L3:0=ff;1=f0" is in the text of a schemata file.
bool has_schema(Str schemata, Str line);

// Writes lines to the schemata file of a group in one go. 0 or an errno.
int write_schemata(int group, Bytes text);
// Puts a process into a group. 0 or an errno.
int add_task(int group, int pid);

} // namespace veloci::resctrl
