// What this host can do, tried out: for `doctor`. Unlike the facts it takes time and makes processes.
#pragma once
#include "base/types.h"

namespace veloci {

// Writes the probes as the JSON text that src/engine/doctor/probes.ts describes; the result is a view of `buffer`.
// 0, or ENOBUFS when the buffer is too small.
int host_probes(char *buffer, size_t capacity, Str &text);

} // namespace veloci
