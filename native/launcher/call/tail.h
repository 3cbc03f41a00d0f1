// The end of a log.
#pragma once
#include "file/files.h"

namespace veloci {

// Reads what a regular file ends in: whole lines, at most that many bytes. 0 or an errno: EINVAL for what is no regular
// file.
int read_tail(Str path, size_t most, Buffer &out);

} // namespace veloci
