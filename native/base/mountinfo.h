// Lines of /proc/PID/mountinfo (proc_pid_mountinfo(5)).
#pragma once
#include "base/slice.h"

namespace veloci {

struct Mount {
  Slice root; // what of the file system is mounted
  Slice point;
  Slice type;
  Slice options; // of the file system
};

// Parses one line: `36 35 98:0 ROOT POINT OPTIONS [TAGS…] - TYPE SOURCE FSOPTIONS`.
Mount parse_mount(Slice line);

// Resolves \040 and the like in a root or point, in place; the result is not longer.
Slice unescape_mount(Slice text);

} // namespace veloci
