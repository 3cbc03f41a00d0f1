// Durations of the command line, in the form of Go's time.ParseDuration.
#pragma once
#include "base/types.h"

namespace veloci {

// Parses `500ms`, `1m30s`, `0.5s`; a number without a unit is seconds. False when it is not one, not above zero, or
// longer than a year.
bool parse_duration(Str text, int64_t &milliseconds);

} // namespace veloci
