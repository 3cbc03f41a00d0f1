// The time of a clock as one number.
#pragma once
#include <stdint.h>
#include <time.h>

namespace veloci {

inline int64_t nanoseconds_of(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000000000 + now.tv_nsec;
}

// Milliseconds of CLOCK_MONOTONIC.
inline int64_t monotonic_milliseconds() { return nanoseconds_of(CLOCK_MONOTONIC) / 1000000; }

} // namespace veloci
