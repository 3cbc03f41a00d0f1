// Templates with their holes filled.
#pragma once
#include "base/io.h"
#include "base/pages.h"
#include "generated/plan.gen.h"

namespace veloci {

// What the holes of a template stand for.
struct HoleValues {
  int64_t pid = 0;
  uint64_t start_time = 0;
  uint64_t created = 0; // CLOCK_REALTIME, nanoseconds
  int64_t exit_code = 0;
  int64_t process = 0;
  Str id;
};

// Appends the filled template; false when it does not fit.
bool fill(const Template &text, const HoleValues &values, Text &out);

// The filled template in memory of its own. False and errno on failure.
bool fill(const Template &text, const HoleValues &values, Pages &memory, Str &out);

} // namespace veloci
