// tmpcopyup: fills a new file system with what its mount point holds.
#pragma once
#include "base/io.h"

namespace veloci {

// Directories below each other.
constexpr unsigned copy_up_depth_max = 64;

// Copies what the directory `path` of the root holds into the directory `to`: files, directories, symbolic links,
// nodes, with mode, owner and time of change. Mounts below are not entered. False and errno on failure, EOVERFLOW
// where directories lie too deep; `detail` names the file.
bool copy_up(int root, Str path, int to, Text &detail);

} // namespace veloci
